"""What decides each finding, on constructed networks for which it holds, fails, or stays open."""

from collections.abc import Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch import nn

from ferpipe.analyses import (
    ascents,
    atlas,
    audit,
    calibration,
    confusion,
    conv1_outputs,
    elsewhere,
    ensemble,
    evidence,
    light,
    magnitudes,
    pairs,
    parts,
    responses,
    saliency,
    selectivity,
    stages,
    subjects,
)
from ferpipe.analyses.ascents import Grown
from ferpipe.analyses.pairs import Pairs
from ferpipe.analyses.parts import Asked
from ferpipe.analyses.regions import regions
from ferpipe.analyses.roles import features
from ferpipe.analyses.subjects import Subject
from ferpipe.build import effort as efforts
from ferpipe.data.faces import rendered
from ferpipe.explainers.activations import BLOCKS, LAYERS
from ferpipe.networks.resnet import initialised
from ferpipe.statistics.across import across, weights
from ferpipe.statistics.verdicts import decided
from ferpipe.storage.fingerprints import PACKAGE
from ferpipe.text import report, section
from ferpipe.text.claims import VERDICTS

ANGRY, DISGUST, FEAR, HAPPY, SAD, SURPRISE, NEUTRAL = range(7)
RNG = np.random.default_rng(0)


def declared():
    """The claims of the report, by id."""
    folder = PACKAGE.parent / "report"
    names = report.read(folder).sections
    sections = [section.read(folder / "sections" / f"{name}.md", name, ("en",))[0] for name in names]
    return {claim.id: claim for one in sections for claim in one.claims}


CLAIMS = declared()
CONSTRUCTED = {}  # claim -> the verdicts for which a test makes networks


def finding(claim, **made):
    """Run a test once for each verdict on a claim, with what is made so that this is the verdict."""
    CONSTRUCTED[claim] = set(made)
    cases = [pytest.param(claim, how, expected, id=f"{claim}-{expected}") for expected, how in made.items()]
    return pytest.mark.parametrize(("claim", "made", "expected"), cases)


def said(claim, **results):
    """The verdict on a claim of the report by its own statistic in `results`, threshold, side and family."""
    this, found = CLAIMS[claim], results
    for name in this.statistic.text.split("."):
        found = found[name] if isinstance(found, Mapping) else getattr(found, name)
    family = sum(other.family == this.family for other in CLAIMS.values()) if this.family else 1
    return decided(found, float(this.threshold.text), this.side, family, this.about == "learned", repeated=True).verdict


def test_every_finding_of_the_report_is_made_to_hold_to_fail_and_to_stay_open():
    assert {claim: set(VERDICTS) for claim in CLAIMS} == CONSTRUCTED


def sure(answers, by=None):
    """Logits (n, 7) that give these answers, each as surely as `by` says."""
    logits = np.zeros((len(answers), 7))
    logits[np.arange(len(answers)), answers] = 5.0 if by is None else by
    return logits


def answering(study, *answers, **more):
    """A study whose members give these answers, and whose untrained networks draw theirs."""
    asked = study(n=len(answers[0]), members=len(answers), answers=answers[0], preset="default", **more)
    drawn = [np.random.default_rng([11, k]).permutation(asked.labels) for k in range(5)]
    asked.shared["untrained"] = [Subject(nn.Identity(), sure(own)) for own in drawn]
    members = tuple(
        replace(member, epoch_logits=np.stack([sure(own)] * 2).astype(np.float16))
        for member, own in zip(asked.members, answers, strict=True)
    )
    return replace(asked, members=members)


def mostly(labels, wrong, share=0.5, seeds=5):
    """Answers of several networks: those `wrong` says, label -> answer, to a share of the label's faces."""
    rng = np.random.default_rng(0)
    every = []
    for _ in range(seeds):
        answers = labels.copy()
        for label, answer in wrong.items():
            faces = np.flatnonzero(labels == label)
            answers[rng.permutation(faces)[: int(share * len(faces))]] = answer
        every.append(answers)
    return every


LABELS = np.repeat(np.arange(7), 60)


@finding(
    "best-classes",
    holds={DISGUST: HAPPY, FEAR: HAPPY, SAD: HAPPY},
    fails={HAPPY: SAD, SURPRISE: SAD, NEUTRAL: SAD},
    undecided={DISGUST: HAPPY},  # one class alone: without it the two are alike
)
def test_the_best_classes_are_better_whichever_is_left_out(study, claim, made, expected):
    asked = answering(study, *mostly(LABELS, made), labels=LABELS)
    assert said(claim, confusion=confusion.findings(asked)) == expected


def ranked(*orders):
    """Answers of a network for each order of the classes, whose recalls fall along it."""
    rng, every = np.random.default_rng(1), []
    for order in orders:
        answers = LABELS.copy()
        for place, label in enumerate(order):
            faces = np.flatnonzero(label == LABELS)
            answers[rng.permutation(faces)[: 6 * place]] = (label + 1) % 7
        every.append(answers)
    return every


FORTH, BACK = range(7), range(6, -1, -1)


@finding("not-imbalance", holds=[FORTH] * 3, fails=[BACK] * 3, undecided=[FORTH, FORTH, BACK])
def test_networks_that_see_classes_alike_rank_them_as_the_members_do_or_not(study, claim, made, expected):
    asked = answering(study, *ranked(*[FORTH] * 3), labels=LABELS)
    even = answering(study, *ranked(*made), labels=LABELS).members
    assert said(claim, confusion=confusion.findings(replace(asked, balanced=even))) == expected
    assert confusion.findings(asked).balanced is None and confusion.findings(asked).moved is None


def missing(shares):
    """Answers of three networks that miss these shares of the classes' faces."""
    rng, every = np.random.default_rng(1), []
    for _ in range(3):
        answers = LABELS.copy()
        for label, share in enumerate(shares):
            answers[rng.permutation(np.flatnonzero(label == LABELS))[: round(60 * share)]] = (label + 1) % 7
        every.append(answers)
    return every


def test_one_class_alone_does_not_rank_them_alike(study):
    asked = answering(study, *missing([0, 1, 0.1, 0.1, 0.2, 0.2, 0.3]), labels=LABELS)  # disgust is hard for both
    even = answering(study, *missing([0.3, 0.8, 0.2, 0.2, 0.1, 0.1, 0]), labels=LABELS).members
    found = confusion.findings(replace(asked, balanced=even))
    assert max(found.balanced.values) < 0
    assert found.moved.label == ANGRY and (found.moved.members, found.moved.balanced) == pytest.approx((1, 0.7))
    assert found.anew == 0  # on dev


def test_a_class_that_alone_changes_the_order_is_named_with_the_correlation_of_the_others(study):
    asked = answering(study, *missing([0.1, 1, 0.2, 0, 0.1, 0.3, 0.3]), labels=LABELS)
    even = answering(study, *missing([0.1, 0, 0.2, 0, 0.1, 0.3, 0.3]), labels=LABELS).members
    found = confusion.findings(replace(asked, balanced=even))
    assert max(found.balanced.values) < 0.5 and found.moved.label == DISGUST
    assert found.moved.without == pytest.approx(1)


@finding("sad-fear-confused", holds=5, fails=0, undecided=3)
def test_all_three_cells_must_exceed_what_other_errors_predict(study, claim, made, expected):
    """Of five networks, as many as are made do so; the others take sad and fear for the same, but all else as well."""

    def joined(*wrong):
        first, second, third = (mostly(LABELS, part, 0.3) for part in wrong)
        return [
            np.where(a != LABELS, a, np.where(b != LABELS, b, c)) for a, b, c in zip(first, second, third, strict=True)
        ]

    taken = {SAD: NEUTRAL, FEAR: SAD}, {FEAR: NEUTRAL, SAD: ANGRY}
    named = joined(*taken, {HAPPY: SURPRISE, SURPRISE: HAPPY, ANGRY: DISGUST})
    others = joined(*taken, {HAPPY: NEUTRAL, SURPRISE: NEUTRAL, ANGRY: NEUTRAL})
    asked = answering(study, *named[:made], *others[made:], labels=LABELS)
    assert said(claim, confusion=confusion.findings(asked)) == expected


def test_skill_is_that_beyond_a_drawn_answer(study):
    right = answering(study, *mostly(LABELS, {SAD: FEAR}), labels=LABELS)
    assert decided(confusion.findings(right).skill, 0, "above").verdict == "holds"
    drawn = answering(study, *(np.random.default_rng(k).permutation(LABELS) for k in range(5)), labels=LABELS)
    assert decided(confusion.findings(drawn).skill, 0, "above").verdict != "holds"
    alike = answering(study, *[np.full(420, HAPPY)] * 5, labels=LABELS)
    assert confusion.findings(alike).skill.values == pytest.approx([0.0] * 5)


@finding("locates-face", holds=(4, 5, 6, 4, 5), fails=(-4, -5, -6, -4, -5), undecided=(4, -5, 6, -4, 5))
def test_saliency_on_the_face_is_more_than_its_area(study, claim, made, expected):
    asked = study(n=35, known=True, preset="default")
    masks = asked.dataset.truth["regions"][magnitudes.sampled(asked)][:, 0]
    inside = [np.where(masks, 1 + step / 10, 1.0).astype(np.float32) for step in made]
    asked.shared["magnitudes"] = (inside, [np.ones_like(inside[0])] * 2)
    found = saliency.excess(asked, "face")
    assert said(claim, saliency={"locates": found}) == expected
    assert found.control == pytest.approx([0, 0], abs=1e-6)  # even maps have their area's share


@finding("reads-features", holds=(4, 1), fails=(-4, 1), undecided=(4, 4))
def test_saliency_on_the_features_is_more_than_their_area_and_more_than_before_training(study, claim, made, expected):
    """All of it lies on the face, more or less of it on the features: of trained networks and of untrained ones."""
    asked = study(n=35, known=True, preset="default")
    known = regions(asked.dataset)
    face, inside = (known[name][magnitudes.sampled(asked)].astype(np.float32) for name in ("face", "features"))
    own, before = ([face * (1 + 0.2 * (size + k / 4) * inside) / 4 + 1e-3 for k in range(5)] for size in made)
    asked.shared["magnitudes"] = (own, before)
    assert said(claim, saliency={"reads": saliency.excess(asked, "features")}) == expected


@finding("smooth-faces-quiet", holds=1, fails=-1, undecided=0)
def test_faces_with_detail_draw_more_or_less(study, claim, made, expected):
    asked = study(n=42, preset="default")
    chosen = magnitudes.sampled(asked)
    face = regions(asked.dataset)["face"][chosen]
    detail = light.qualities(asked.dataset.dev.images[chosen], face)["detail"]
    rng = np.random.default_rng(3)
    totals = [made * detail + 30 + 0.1 * rng.random(len(detail)) for _ in range(5)]
    maps = [total[:, None, None] * np.ones((1, 48, 48)) for total in totals]
    asked.shared["magnitudes"] = (maps, [rng.random((len(detail), 48, 48)) for _ in range(2)])
    assert said(claim, light={"quiet": light.quiet(asked)}) == expected


class Bright(nn.Module):
    """Answers happy to bright pictures, and else sad: whoever darkens them changes the answer."""

    def __init__(self, level=0.0):
        super().__init__()
        self.level, self.fc = level, nn.Linear(1, 7)

    def forward(self, inputs):
        grey = inputs.mean((1, 2, 3)) - self.level
        return torch.stack([torch.zeros_like(grey)] * 3 + [grey, -grey] + [torch.zeros_like(grey)] * 2, 1)


@finding("good-light-good-result", holds=(-0.5, HAPPY, 1), fails=(-0.5, SAD, -1), undecided=(-9.0, HAPPY, 0))
def test_poor_light_costs_accuracy_or_helps_or_does_nothing(study, claim, made, expected):
    """By the level: the last answers happy to all, dark or not."""
    level, label, costs = made
    images = np.full((35, 48, 48), 120, np.uint8) + np.arange(35, dtype=np.uint8)[:, None, None]
    asked = study(n=35, labels=np.full(35, label), images=images, preset="default")
    asked.shared["trained"] = [Subject(Bright(level), sure(np.full(35, HAPPY)))] * 4
    asked.shared["untrained"] = []
    found = light.done(asked)
    assert found["dark"].values == pytest.approx([costs] * 4)
    assert said(claim, light={"done": found}) == expected


def grown(reached=1.0, gratings=0.1, ratio=1.0, answers=None, winners=None, k=8, seed=5):
    """Pictures of one layer's filters; `ratio` says how much of their start's noise they keep."""
    noise = np.random.default_rng(4).random((k, 48, 48)).astype(np.float32)
    waves = np.cos(np.arange(48) / 2)[None, None, :] * np.ones((k, 48, 1))
    answers = np.arange(k) % 7 if answers is None else np.asarray(answers)
    winners = np.arange(k) % 7 if winners is None else np.asarray(winners)
    pictures = (ratio * noise + (1 - ratio) * 5 * waves).astype(np.float32)
    noisy = 1 + 0.01 * np.random.default_rng(seed).random(k)
    return Grown(pictures, noise, np.full(k, reached), gratings * noisy, answers, winners)


def test_a_picture_that_is_its_noise_has_kept_all_and_a_wave_hardly_any():
    assert ascents.regularity([grown(ratio=1.0)]) == pytest.approx(1.0)
    assert (ascents.regularity([grown(ratio=0.0)]) < 0.3).all()


def test_complexity_is_what_no_grating_reaches_and_rises_with_depth_or_not():
    deeper = ascents.complexities([grown(gratings=share) for share in (0.9, 0.7, 0.5, 0.3, 0.1)])
    rows = weights(np.random.default_rng(0), len(deeper), 0)
    assert ascents.trend(deeper)(rows)[0] > 0.95
    assert ascents.trend(ascents.complexities([grown(gratings=0.5)] * 5))(rows)[0] == pytest.approx(0, abs=0.05)
    silent = ascents.complexities([grown(reached=0.0), grown()])
    assert len(silent) == 8  # a filter that its picture does not excite is left out


def test_readable_pictures_agree_beyond_chance():
    rows = weights(np.random.default_rng(0), 8, 0)
    alike = ascents.readings([grown()])
    assert ascents.agreement(alike, 7)(rows)[0] == pytest.approx(1)
    other = ascents.readings([grown(winners=(np.arange(8) + 1) % 7)])
    assert ascents.agreement(other, 7)(rows)[0] < 0
    happy = ascents.readings([grown(answers=[HAPPY] * 8, winners=[HAPPY, SAD] * 4)])
    assert ascents.agreement(happy, 7)(rows)[0] == pytest.approx(0)  # as often as chance


@pytest.fixture
def ascended(study, monkeypatch):
    """Return a function that says what is found of networks whose pictures these are: a list of layers for each."""

    def find(*networks):
        asked = study(preset="default")
        monkeypatch.setattr(ascents, "grown", lambda study, subject, means: subject)
        asked.shared.update({"trained": networks, "untrained": [], "responses of each": ([{}] * len(networks), [])})
        return dict(zip(("regular", "complexity", "readable"), ascents.findings(asked), strict=True))

    return find


@finding(
    "early-filters-simple",
    holds=(1.0, 0.98, 0.96, 0.99, 1.0),
    fails=(0.3, 0.2, 0.1, 0.0, 0.2),
    undecided=(1.0, 0.2, 0.9, 0.1, 1.0),
)
def test_first_pictures_keep_their_noise_or_lose_it(ascended, claim, made, expected):
    assert said(claim, filters=ascended(*([grown(ratio=kept)] for kept in made))) == expected


@finding(
    "deep-filters-complex",
    holds=(0.9, 0.7, 0.5, 0.3, 0.1),
    fails=(0.1, 0.3, 0.5, 0.7, 0.9),
    undecided=(0.5, 0.5, 0.5, 0.5, 0.5),
)
def test_gratings_reach_less_of_later_filters_or_more(ascended, claim, made, expected):
    networks = [[grown(gratings=share, seed=[5, k, depth]) for depth, share in enumerate(made)] for k in range(5)]
    assert said(claim, filters=ascended(*networks)) == expected


@finding("filters-not-readable", holds=(0, 1, 2, 1, 0), fails=(7, 8, 6, 7, 8), undecided=(3, 5, 3, 6, 4))
def test_pictures_are_taken_for_the_emotion_of_their_filter_or_not(ascended, claim, made, expected):
    """Of eight filters, as many as are made."""
    networks = [
        [grown(winners=np.where(np.arange(8) < right, np.arange(8) % 7, (np.arange(8) + 1) % 7))] for right in made
    ]
    assert said(claim, filters=ascended(*networks)) == expected


def means(study, rising):
    """Mean responses of each layer; `rising` says how selective a block is by its depth in [0, 1]."""
    labels = study.labels[magnitudes.sampled(study)]
    rng = np.random.default_rng(6)
    layers = {name: rng.random((len(labels), 6)) for name in LAYERS}
    for depth, name in enumerate(BLOCKS):
        mine = labels[:, None] == np.arange(6)
        layers[name] = 0.5 + 0.1 * rng.random((len(labels), 6)) + rising(depth / (len(BLOCKS) - 1)) * mine
    return layers


@finding(
    "deeper-more-selective",
    holds=lambda depth: 2 * depth,
    fails=lambda depth: 2 - 2 * depth,
    undecided=lambda depth: 0.0,
)
def test_selectivity_rises_with_depth_or_falls(study, claim, made, expected):
    asked = study(n=210, labels=np.arange(210) % 7, preset="default", members=1)
    labels = asked.labels[magnitudes.sampled(asked)]
    drawn = np.stack([labels, *(np.random.default_rng(k).permutation(labels) for k in range(10))])
    rows = subjects.rows(asked, (1, 2), len(labels))
    found = across([selectivity.rise(means(asked, made), drawn)] * 3 + [
        selectivity.rise(means(asked, lambda depth: 1.1 * made(depth)), drawn)], rows)  # fmt: skip
    assert said(claim, selectivity={"rise": found}) == expected
    alone = np.zeros_like(drawn)
    assert np.isnan(selectivity.rise(means(asked, made), alone)(rows)).all()  # one class


def test_a_filter_that_prefers_an_emotion_catches_most_of_it_or_one_mode(study):
    asked = study(n=840, labels=np.arange(840) % 7, preset="default", members=1)
    labels = asked.labels[magnitudes.sampled(asked)]
    rng = np.random.default_rng(7)

    def answers(share):
        values = rng.random((len(labels), 5))
        fires = (labels == SAD) & (rng.random(len(labels)) < share)
        values[:, 0] += 3 * fires
        return dict.fromkeys(LAYERS, values)

    every = np.ones(len(labels), bool)
    most, few, none = (stages.caught(labels, answers(share), every) for share in (1.0, 0.5, 0.0))
    assert most["conv1"] == (1.0, 1) and most[stages.ALL] == (1.0, len(LAYERS))
    assert few["conv1"][1] == 1 and 0.3 < few["conv1"][0] < 0.75
    assert none["conv1"][1] <= 1  # without a preference a filter is not asked
    assert np.isnan(
        stages.caught(labels[:20], {name: values[:20] for name, values in answers(1.0).items()}, every[:20])["conv1"][0]
    )  # emotions of few faces


def test_own_faces_are_followed_less_with_depth_or_more():
    def above(*means):
        return {
            name: np.full((4, 20), mean) + 0.01 * RNG.random((4, 20)) for name, mean in zip(LAYERS, means, strict=False)
        }

    rows = weights(np.random.default_rng(0), 60, 0)
    assert stages.trend(stages.falling(above(0.5, 0.3, 0.1)))(rows)[0] < -0.9
    assert stages.trend(stages.falling(above(0.1, 0.3, 0.5)))(rows)[0] > 0.9


@pytest.fixture
def related(splits):
    """Return a function that makes n pictures of which most is the same in all, as faces are."""
    return lambda n: splits(n, 1).images // 4 + splits(1, 9).images // 4 * 3


@pytest.fixture
def staged(study, related, monkeypatch):
    """Return a function that says what is found of networks, and of others' mean responses to labels, by stages."""

    def find(networks, answers):
        labels = np.arange(280) % 7
        asked = study(n=280, labels=labels, answers=labels, images=related(280), members=1, preset="default")
        asked.shared["trained"] = [Subject(network, sure(asked.labels)) for network in networks]
        asked.shared["untrained"] = []
        asked.shared["responses of each"] = ([answer(asked.labels) for answer in answers], [])
        monkeypatch.setattr(stages, "receptive", lambda study, layer: 0)
        return stages.analyse(replace(asked, effort={**asked.effort, "stages": efforts.of("smoke")["stages"]}))

    return find


@finding(
    "filter-sees-one-mode",
    holds=(0.15, 0.2, 0.15, 0.2, 0.15),
    fails=(0.9, 0.8, 0.9, 1.0, 0.8),
    undecided=(0.3, 0.9, 0.3, 0.8, 0.9),
)
def test_filters_catch_a_mode_of_their_emotion_or_most_of_it(staged, claim, made, expected):
    """The emotion's other faces excite it more than most, yet less than the loudest do."""

    def sees(share, seed):
        def of(labels):
            rng = np.random.default_rng([12, seed])
            values = rng.random((len(labels), 5))
            sad = np.flatnonzero(labels == SAD)
            values[sad, 0] = rng.uniform(0.6, 0.85, len(sad))
            values[sad[np.arange(len(sad)) // 2 % 20 < 20 * share], 0] = 2
            return dict.fromkeys(LAYERS, values)

        return of

    found = staged([], [sees(share, k) for k, share in enumerate(made)])
    assert said(claim, stages=found) == expected


def fading(kept, seed):
    """A network whose layers show of a face what is its own, as far as that is kept, and else what is in all faces."""
    network, given = initialised("small", 8, seed).eval(), {}
    network.register_forward_pre_hook(lambda module, inputs: given.update(faces=inputs[0]))

    def shown(share, module, inputs, out):
        faces = torch.nn.functional.adaptive_avg_pool2d(given["faces"], out.shape[-1])
        common = faces.mean(0, keepdim=True)
        noise = torch.randn(out.shape[1:], generator=torch.Generator().manual_seed(seed))
        return share * (faces - common) / (faces - common).std() + (1 - share) * common / common.std() + 0.1 * noise

    for name, share in zip(LAYERS, kept, strict=True):
        network.get_submodule(name).register_forward_hook(partial(shown, share))
    return network


LESS, MORE = (0.9, 0.6, 0.4, 0.2, 0.0), (0.0, 0.2, 0.4, 0.6, 0.9)


@finding("later-outputs-unreadable", holds=[LESS] * 3, fails=[MORE] * 3, undecided=[LESS, MORE, LESS])
def test_later_outputs_show_less_of_their_own_face_or_more(staged, claim, made, expected):
    networks = [fading(kept, k) for k, kept in enumerate(made)]
    found = staged(networks, [lambda labels: dict.fromkeys(LAYERS, np.zeros((len(labels), 5)))])
    assert said(claim, stages=found) == expected


def stem(sloping, seed=0):
    """A network of which a share of the first filters are slopes, and the others dead."""
    network, rng = initialised("small", 8, seed).eval(), np.random.default_rng(seed)
    with torch.no_grad():
        network.conv1.weight[:] = 0
        for channel in range(int(64 * sloping)):
            slope = torch.tensor([-1.0, 0.0, 1.0]) * rng.uniform(1, 2)
            network.conv1.weight[channel, 0] = slope if channel % 2 else slope[:, None]
    return network


@finding(
    "conv1-roles", holds=((0.8, 0.9, 0.85), 0.2), fails=((0.1, 0.2, 0.15), 0.2), undecided=((0.8, 0.9, 0.85), 0.85)
)
def test_first_filters_have_a_role_or_none_or_had_it_before_training(study, claim, made, expected):
    shares, before = made
    asked = study(n=7, preset="default")
    asked.shared["trained"] = [Subject(stem(share, k), sure(asked.labels)) for k, share in enumerate(shares)]
    asked.shared["untrained"] = [Subject(stem(before, 7), sure(asked.labels))] * 2
    found = conv1_outputs.fitting(asked, asked.dataset.dev.images[:2])
    assert found.values == pytest.approx(shares, abs=1 / 64)
    assert said(claim, conv1_outputs={"fitting": found}) == expected


def test_kinds_of_first_filters_are_counted_in_every_network(study):
    asked = study(members=3, preset="default")
    found = conv1_outputs.fitting(asked, asked.dataset.dev.images[:7])
    assert len(found.values) == 3 and len(found.control) == 5 and found.n == 64 and found.error == 0
    assert all(0 <= share <= 1 for share in (*found.values, *found.control))


def known(study, answers, truth, falls=None, members=5, **more):
    """A study of rendered faces' truth whose networks give the same answers, with pairs whose evidence is given."""
    asked = answering(study, *[answers] * members, known=True, **more)
    asked.dataset.truth["emotions"] = truth
    return asked


@finding("wrong-looks-elsewhere", holds=0.8, fails=0.2, undecided=0.5)
def test_the_evidence_of_wrong_answers_lies_outside_the_face_or_inside(study, claim, made, expected):
    labels = np.arange(42) % 7
    asked = known(study, labels, labels, labels=labels)
    masks = evidence.coverage(asked.dataset.truth["regions"][:, 0])
    places = np.stack([np.arange(20), np.arange(20, 40)], 1)
    group = []
    for k in range(5):
        falls = np.zeros((20, 2, 7, 8, 8), np.float32)
        for row, pair in enumerate(places):
            for side, outside in enumerate((made + 0.01 * k * (-1) ** k, 0.5)):
                inner = masks[pair[side]] > 0.99
                outer = masks[pair[side]] < 0.01
                answer = labels[pair[side]]
                falls[row, side, answer][outer] = outside / outer.sum()
                falls[row, side, answer][inner] = (1 - outside) / inner.sum()
        group.append(Pairs(Subject(nn.Identity(), sure(labels)), places, falls))
    asked.shared["pairs"] = (group, [])
    assert said(claim, elsewhere=elsewhere.analyse(asked)) == expected


@finding("misled-by-likeness", holds=(1, False), fails=(-1, False), undecided=(1, True))
def test_eyes_and_mouth_speak_for_a_wrong_answer_more_than_other_places_or_as_they_do(study, claim, made, expected):
    labels = np.arange(42) % 7
    asked = known(study, labels, (labels + 1) % 7, labels=labels)
    masks = asked.dataset.truth["regions"]
    inside = evidence.coverage(masks[:, 2] | masks[:, 4])
    face = evidence.coverage(masks[:, 0])
    places = np.stack([np.arange(20), np.arange(20, 40)], 1)

    def group(value, elsewhere_too):
        falls = np.zeros((20, 2, 7, 8, 8), np.float32)
        for row, (wrong, _) in enumerate(places):
            where = face[wrong] if elsewhere_too else inside[wrong]
            falls[row, 0, labels[wrong]] = value * where
            if not elsewhere_too:
                falls[row, 0, labels[wrong]] -= 0.2 * value * (inside[wrong] == 0)
        return Pairs(Subject(nn.Identity(), sure(labels)), places, falls)

    value, too = made
    asked.shared["pairs"] = ([group(value * size, too) for size in (0.8, 1.0, 1.2, 1.1)], [])
    found = elsewhere.analyse(asked)
    assert said(claim, elsewhere=found) == expected
    if too:  # any place favours it
        assert found.misled.values == pytest.approx([0] * 4)


@finding("features-and-shadows", holds=(1, 0), fails=(-0.2, 1), undecided=(0, 1))
def test_evidence_follows_a_faces_own_edges_or_those_of_others(study, related, claim, made, expected):
    """The edges of all are much alike: to follow those that all have is not enough."""
    labels = np.arange(42) % 7
    asked = known(study, labels, labels, labels=labels, images=related(42))
    strength = evidence.coverage(features(asked.dataset.dev.images)["edges"])
    places, (own, others) = np.stack([np.arange(20), np.arange(20, 40)], 1), made

    def of(maps):
        falls = np.zeros((20, 2, 7, 8, 8), np.float32)
        for row, side in np.ndindex(places.shape):
            falls[row, side, labels[places[row, side]]] = maps[places[row, side]]
        return Pairs(Subject(nn.Identity(), sure(labels)), places, falls)

    seen = own * strength + others * strength.mean(0)
    noise = np.random.default_rng(13)
    asked.shared["pairs"] = ([of(seen + 0.001 * noise.random(seen.shape)) for _ in range(4)], [])
    assert said(claim, atlas={"edges": atlas.along_edges(asked)}) == expected


def faces(labels, units=None):
    """A sample of faces of these labels, whose pictures nobody asks for."""
    blank = np.zeros((len(labels), 48, 48))
    return parts.Sample(blank, labels, blank[:0], np.zeros(0, int), np.zeros((0, 2), int), units)


def fallen(mouth, others, upper_found=0.5, upper_missed=0.5, n=70):
    """What a network says of n faces, and their labels: the mouth's share for happy and for others, and of every second
    sad face, which it misses, another share of the upper face than of the rest."""
    labels = np.arange(n) % 7
    falls = np.zeros((1, n, 3, 7))
    share = np.where(labels == HAPPY, mouth, others)
    falls[0, :, parts.MOUTH], falls[0, :, parts.UPPER] = share[:, None], 1 - share[:, None]
    missed = np.arange(n) % 14 >= 7
    upper = np.where(missed, upper_missed, upper_found)
    sad = labels == SAD
    falls[0, sad, parts.UPPER, SAD], falls[0, sad, parts.MOUTH, SAD] = upper[sad], 1 - upper[sad]
    return Asked(falls, np.where(sad & missed, NEUTRAL, labels)), labels


def test_happy_hangs_on_the_mouth_more_than_every_other_or_not(study):
    asked, rows = study(n=70, labels=np.arange(70) % 7, preset="default"), np.full((1, 70), 1 / 70)
    for mouth, others, expected in ((0.8, 0.3, 0.3), (0.4, 0.6, -0.2), (0.5, 0.5, 0.0)):
        told, labels = fallen(mouth, others)
        found = parts.mouth(asked, faces(labels), told)(rows)[0]
        assert found == pytest.approx(mouth - max(others, 0.5), abs=1e-6) or found == pytest.approx(expected)
    nobody = parts.mouth(asked, faces(labels), told._replace(answers=(labels + 1) % 7))(rows)
    assert np.isnan(nobody).all()  # no answer is right


@pytest.fixture
def lacking_parts(study, monkeypatch):
    """Return a function that says what is found of networks of which each loses as is told, sad faces missed or not."""

    def find(*networks):
        labels = np.arange(140) % 7
        asked = study(n=140, labels=labels, answers=labels, preset="default")
        for name in ("of_each_class", "of_sadness"):
            monkeypatch.setattr(parts, name, lambda study: faces(labels))
        monkeypatch.setattr(parts, "ask", lambda study, sample, subject: subject.network)
        asked.shared["trained"] = [Subject(fallen(*shares, n=140)[0], sure(labels)) for shares in networks]
        asked.shared["untrained"] = []
        return parts.findings(asked)._asdict()

    return find


@finding(
    "happy-mouth",
    holds=((0.80, 0.3), (0.75, 0.4), (0.85, 0.2)),
    fails=((0.34, 0.1), (0.33, 0.1), (0.35, 0.2)),  # less than for sad alone
    undecided=((0.80, 0.3), (0.30, 0.6), (0.75, 0.4)),
)
def test_happy_loses_more_without_the_mouth_than_every_other_does_or_not(lacking_parts, claim, made, expected):
    assert said(claim, atlas=lacking_parts(*made)) == expected


@finding(
    "sad-in-the-eyes",
    holds=((0.80, 0.4), (0.75, 0.4), (0.85, 0.4)),
    fails=((0.40, 0.8), (0.45, 0.8), (0.35, 0.8)),
    undecided=((0.80, 0.4), (0.40, 0.8), (0.60, 0.5)),
)
def test_found_sadness_loses_more_without_the_eyes_than_missed_sadness_or_not(lacking_parts, claim, made, expected):
    assert said(claim, atlas=lacking_parts(*((0.5, 0.5, *shares) for shares in made))) == expected


def test_of_two_fills_the_less_favourable_counts(study):
    asked, rows = study(n=70, labels=np.arange(70) % 7, preset="default"), np.full((1, 70), 1 / 70)
    (strong, labels), (weak, _) = fallen(0.9, 0.2), fallen(0.6, 0.4)
    both = strong._replace(falls=np.concatenate([strong.falls, weak.falls]))
    sample = faces(labels)
    assert parts.mouth(asked, sample, both)(rows)[0] == pytest.approx(parts.mouth(asked, sample, weak)(rows)[0])


def test_found_sadness_hangs_on_the_eyes_more_than_missed_sadness_or_not(study):
    asked, rows = study(n=140, labels=np.arange(140) % 7, preset="default"), np.full((1, 140), 1 / 140)
    for found, missed in ((0.8, 0.4), (0.4, 0.8), (0.5, 0.5)):
        told, labels = fallen(0.5, 0.5, found, missed, n=140)
        assert parts.eyes(asked, faces(labels), told)(rows)[0] == pytest.approx(found - missed)


def test_a_network_whose_missed_faces_lose_nothing_shows_no_difference(study):
    asked, rows = study(n=140, labels=np.arange(140) % 7, preset="default"), np.full((1, 140), 1 / 140)
    told, labels = fallen(0.5, 0.5, 0.8, 0.4, n=140)
    told.falls[:, (labels == SAD) & (told.answers != SAD)] *= -1
    assert parts.eyes(asked, faces(labels), told)(rows)[0] == 0


def test_missed_sad_faces_are_held_against_found_ones_that_show_as_much(study):
    """Of half of the found faces the brows say more, and show more: nothing that was missed shows as much."""
    asked, rows = study(n=140, labels=np.arange(140) % 7, preset="default"), np.full((1, 140), 1 / 140)
    told, labels = fallen(0.5, 0.5, 0.4, 0.4, n=140)
    strong = (labels == SAD) & (np.arange(140) % 28 < 7)
    told.falls[0, strong, parts.UPPER, SAD] *= 3
    units = np.where(strong[:, None], 1.0, 0.3) + 0.01 * np.random.default_rng(0).random((140, 17))
    assert parts.eyes(asked, faces(labels), told)(rows)[0] > 0.1
    assert parts.eyes(asked, faces(labels, units), told)(rows)[0] == pytest.approx(0)


def test_what_helps_counts_and_what_does_harm_does_not():
    rows = np.full((1, 2), 0.5)
    assert parts.portion(rows, np.array([[1.0, 1.0, -5.0]] * 2), parts.MOUTH)[0] == pytest.approx(0.5)
    assert np.isnan(parts.portion(rows, -np.ones((2, 3)), parts.MOUTH)[0])


def test_an_ideal_reader_reads_what_is_drawn_and_errs_where_nothing_shows():
    faces = rendered.sample(300, 4)
    answers = rendered.posterior(faces.units).argmax(1)
    assert (answers == faces.emotions).mean() > 0.95
    nothing = rendered.posterior(np.zeros((1, len(rendered.UNITS))))
    assert nothing.argmax() == NEUTRAL and nothing.sum() == pytest.approx(1)
    smile = np.zeros((1, len(rendered.UNITS)))
    smile[0, [rendered.UNITS.index(name) for name in ("AU6", "AU12", "AU25")]] = 0.6, 0.66, 0.58
    assert rendered.posterior(smile).argmax() == HAPPY


@finding("humans-fail-too", holds=0.6, fails=0.0, undecided=0.2)
def test_errors_that_an_ideal_reader_shares_are_many_or_few(study, claim, made, expected):
    faces = rendered.sample(140, 5, emotions=np.arange(140) % 7)
    units = faces.units.copy()
    wrong = np.arange(140) % 3 == 0
    blank = wrong & (np.arange(140) % 10 < 10 * made) & (faces.emotions != NEUTRAL)
    units[blank] = 0
    answers = np.where(wrong, (faces.emotions + 1) % 7, faces.emotions)
    asked = answering(study, *[np.roll(answers, 0)] * 4, labels=faces.emotions, known=True)
    asked.dataset.truth.update(emotions=faces.emotions, units=units)
    zeros = np.zeros(140, int)
    found = audit.errors(asked, np.arange(140), zeros + 1, faces.emotions)
    assert found.known and said(claim, audit={"errors": found}) == expected


@finding("humans-fail-too", holds=0.6, fails=0.0, undecided=0.1)
def test_errors_on_pictures_whose_copies_carry_another_label_are_many_or_few(study, claim, made, expected):
    """Each picture of dev stands there twice, in some pairs of the errors with two labels; a third is missed."""
    pairs = np.arange(140)
    doubtful = (pairs % 3 == 0) & (pairs % 10 < 10 * made)
    labels = np.concatenate([pairs % 7, (pairs + doubtful) % 7])
    answers = np.where(np.tile(pairs, 2) % 3 == 0, (labels + 2) % 7, labels)
    asked = answering(study, *[answers] * 4, labels=labels)
    found = audit.errors(asked, np.tile(pairs, 2), np.ones(280, int), labels)
    assert not found.known and found.reader == pytest.approx(doubtful.mean())
    assert found.common.values == pytest.approx([doubtful.sum() / (pairs % 3 == 0).sum()] * 4)
    assert said(claim, audit={"errors": found}) == expected


def epochs(asked, *losses, seeds=4):
    """Overfitting models whose logits give the true label less and less: by epoch the margin of each half's faces."""
    rng = np.random.default_rng(8)
    labels, models = asked.labels, []
    for _ in range(seeds):
        every = []
        for margin, flipped in losses:
            logits = sure(labels, margin + 0.1 * rng.random(len(labels)))
            wrong = rng.permutation(len(labels))[: int(0.4 * len(labels))] if flipped is None else flipped
            logits[wrong] = sure((labels[wrong] + 1) % 7, margin + 0.1 * rng.random(len(wrong)))
            every.append(logits)
        models.append(replace(asked.overfitted[0], epoch_logits=np.stack(every).astype(np.float16)))
    return replace(asked, overfitted=tuple(models))


SAME = np.arange(56)  # faces that are wrong at every epoch
EVEN, ODD = (start + 14 * np.arange(10).repeat(3) + np.tile([0, 2, 4], 10) for start in (0, 1))  # of either half of dev


@pytest.fixture
def overfitting(study):
    return study(n=140, labels=np.arange(140) % 7, answers=np.arange(140) % 7, preset="default")


@finding(
    "early-stop",
    holds=((1.5, SAME), (6.0, SAME)),
    fails=((3.0, EVEN), (3.0, ODD), (3.0, SAME[:28])),  # what is best on one half is worst on the other
    undecided=((1.5, SAME), (1.5, SAME)),
)
def test_losses_rise_past_the_epoch_that_other_faces_chose_or_fall(overfitting, claim, made, expected):
    found = calibration.rise(epochs(overfitting, *made), np.arange(140) % 2 == 0)
    assert found.counted == 4 and said(claim, calibration={"rise": found}) == expected


@finding("sure-when-wrong", holds=(SAME,) * 4, fails=(SAME + 40,) * 4, undecided=(SAME, SAME + 40) * 2)
def test_late_errors_are_the_same_as_before_or_others(overfitting, claim, made, expected):
    models = tuple(epochs(overfitting, (1.5, early), (6.0, SAME)).overfitted[k] for k, early in enumerate(made))
    found = calibration.rise(replace(overfitting, overfitted=models), np.arange(140) % 2 == 0)
    assert said(claim, calibration={"rise": found}) == expected


def test_losses_that_rise_past_their_minimum_and_errors_that_stay(overfitting):
    asked, half, same = overfitting, np.arange(140) % 2 == 0, SAME
    stays = calibration.rise(epochs(asked, (1.5, same), (6.0, same)), half)
    assert stays.same.values == pytest.approx([1.0] * 4) and stays.counted == 4
    moves = calibration.rise(epochs(asked, (1.5, None), (6.0, None)), half)
    assert moves.again.values == pytest.approx([0.4] * 4, abs=0.15)
    doubts = calibration.rise(epochs(asked, (1.5, same), (1.0, same)), half)
    assert doubts.same.values == [0.0] * 4  # the same errors, but none is surer
    falls = calibration.rise(epochs(asked, (0.5, same), (1.2, same), (1.5, same)), half)
    assert falls.loss.values == pytest.approx([0.0] * 4)  # the last epoch is the best: nothing rises
    never = calibration.rise(epochs(asked, (9.0, None), (9.0, None)), half)
    assert (never.loss, never.counted, never.models) == (None, 0, 4)  # worse than the classes' frequencies


@finding("members-overfit-apart", holds=(0.0,) * 5, fails=(0.9,) * 5, undecided=(0.9, 0.9, 0.9, 0.9, 0.0))
def test_members_err_apart_or_alike(study, claim, made, expected):
    rng, every = np.random.default_rng(9), []
    common = rng.random(420) < 0.3
    for k, alike in enumerate(made):
        own = rng.random(420) < 0.3
        wrong = np.where(rng.random(420) < alike, common, own)
        every.append(np.where(wrong, (LABELS + 1 + (0 if alike else (k + rng.integers(6, size=420)) % 6)) % 7, LABELS))
    asked = answering(study, *every, labels=LABELS)
    same, chance = ensemble.shared(asked, np.stack(every))
    assert said(claim, ensemble={"shared": same}) == expected
    assert 0 < np.mean(chance.values) < 0.5
    for few in (1, 2):  # one pair shows nothing of how pairs vary
        alone = answering(study, *every[:few], labels=LABELS)
        assert ensemble.shared(alone, np.stack(every[:few])) == (None, None)


def test_a_network_counts_once_however_many_pairs_it_is_in():
    """Of pairs that are sums of what two networks have, the value of each is twice its own."""
    has = np.array([0.1, 0.5, 0.2, 0.9])
    of_pair = {(i, j): has[i] + has[j] for i in range(4) for j in range(4) if i != j}
    assert ensemble.pseudo_values(of_pair, 4) == pytest.approx(2 * has)


def test_members_that_others_taught_are_not_asked_what_they_have_in_common(study):
    rng = np.random.default_rng(3)
    every = [np.where(rng.random(420) < 0.3, rng.integers(7, size=420), LABELS) for _ in range(4)]
    alone = answering(study, *every, labels=LABELS)
    copies = [*every, every[0], every[0]]
    asked = answering(study, *copies, labels=LABELS)
    taught = [replace(m, recipe=replace(m.recipe, distil=0.7 * (k > 3))) for k, m in enumerate(asked.members)]
    found = ensemble.shared(replace(asked, members=tuple(taught)), np.stack(copies))
    assert found == ensemble.shared(alone, np.stack(every))
    assert found != ensemble.shared(asked, np.stack(copies))


@finding("ensemble-gain", holds=(0.3,) * 5, fails=(0.7,) * 5, undecided=(0.1, 0.5, 0.5, 0.5, 0.5))
def test_a_vote_helps_members_that_are_mostly_right_apart_and_harms_those_mostly_wrong(study, claim, made, expected):
    """All are wrong in the same way, and surest where they are right: a mean of probabilities would do better."""
    rng = np.random.default_rng(10)
    own = [np.where(rng.random(420) < share, (LABELS + 1) % 7, LABELS) for share in made]
    asked = answering(study, *own, labels=LABELS)
    found = ensemble.helped(asked, np.stack([sure(each, np.where(each == LABELS, 0.9, 0.4)) for each in own]))
    assert said(claim, ensemble={"helped": found}) == expected


def test_a_vote_does_nothing_for_members_that_err_alike(study):
    own = mostly(LABELS, {SAD: FEAR}, seeds=1)[0]
    asked, alike = answering(study, *[own] * 5, labels=LABELS), np.stack([sure(own)] * 5)
    assert ensemble.helped(asked, alike).values == pytest.approx([0.0] * 5)
    assert ensemble.helped(asked, alike[:1]) is None


def test_pairs_are_of_one_answer_and_like_confidence_and_without_hands(study):
    labels = np.arange(70) % 7
    answers = np.where(np.arange(70) % 2, labels, (labels + 1) % 7)
    asked = known(study, answers, labels, labels=labels, members=1)
    asked.dataset.truth["hands"] = np.arange(70) % 5 == 0
    subject = Subject(asked.model, sure(answers, 3.0))
    found = pairs.drawn(asked, subject, 0, 120)
    assert len(found.places) and found.falls.shape == (len(found.places), 2, 7, 8, 8)
    wrong, right = found.places.T
    assert (answers[wrong] == answers[right]).all() and (answers[wrong] != labels[wrong]).all()
    assert (answers[right] == labels[right]).all() and not asked.dataset.truth["hands"][found.places].any()


def test_untrained_networks_are_of_the_members_shape_and_the_same_in_every_run(study):
    asked, again = study(preset="default"), study(preset="default")
    first, second = subjects.untrained(asked), subjects.untrained(again)
    assert len(first) == 5 and subjects.untrained(asked) is first
    for one, other in zip(first, second, strict=True):
        assert torch.equal(one.network.conv1.weight, other.network.conv1.weight)
        assert one.logits.shape == (42, 7) and one.network.layer1[0].conv1.out_channels == 8
    assert not torch.equal(first[0].network.conv1.weight, first[1].network.conv1.weight)
    kept = [set(layer) for layer in responses.of_each(asked)[1]]
    assert kept[0] == {*LAYERS, *BLOCKS}
