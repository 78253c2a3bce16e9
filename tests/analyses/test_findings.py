"""What decides each finding, on constructed networks for which it holds, fails, or stays open."""

from dataclasses import replace

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
from ferpipe.analyses.regions import regions
from ferpipe.analyses.roles import features
from ferpipe.analyses.subjects import Subject
from ferpipe.data.faces import rendered
from ferpipe.explainers.activations import BLOCKS, LAYERS
from ferpipe.statistics.across import across, apart, weights
from ferpipe.statistics.verdicts import decided

ANGRY, DISGUST, FEAR, HAPPY, SAD, SURPRISE, NEUTRAL = range(7)
RNG = np.random.default_rng(0)


def verdict(found, threshold=0.0, side="above", learned=False):
    return None if found is None else decided(found, threshold, side, learned=learned).verdict


def sure(answers, by=None):
    """Logits (n, 7) that give these answers, each as surely as `by` says."""
    logits = np.zeros((len(answers), 7))
    logits[np.arange(len(answers)), answers] = 5.0 if by is None else by
    return logits


def answering(study, *answers, **more):
    """A study whose members give these answers."""
    asked = study(n=len(answers[0]), members=len(answers), preset="default", **more)
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


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({DISGUST: HAPPY, FEAR: HAPPY, SAD: HAPPY}, "holds"),
        ({HAPPY: SAD, SURPRISE: SAD, NEUTRAL: SAD}, "fails"),
        ({DISGUST: HAPPY}, "undecided"),  # one class alone: without it the two are alike
    ],
)
def test_the_best_classes_are_better_whichever_is_left_out(study, wrong, expected):
    asked = answering(study, *mostly(LABELS, wrong), labels=LABELS)
    assert verdict(confusion.findings(asked).best) == expected


def test_networks_that_see_classes_alike_rank_them_as_the_members_do_or_not(study):
    rising = {label: (label + 1) % 7 for label in range(7)}
    rng = np.random.default_rng(1)

    def ranked(order):
        every = []
        for _ in range(3):
            answers = LABELS.copy()
            for place, label in enumerate(order):
                faces = np.flatnonzero(label == LABELS)
                answers[rng.permutation(faces)[: 6 * place]] = rising[label]
            every.append(answers)
        return every

    asked = answering(study, *ranked(range(7)), labels=LABELS)

    def against(answers):
        even = tuple(
            replace(asked.members[0], epoch_logits=np.stack([sure(own)] * 2).astype(np.float16)) for own in answers
        )
        return confusion.findings(replace(asked, balanced=even)).balanced

    assert verdict(against(ranked(range(7))), 0.5) == "holds"
    assert verdict(against(ranked(range(6, -1, -1))), 0.5) == "fails"
    assert verdict(against([*ranked(range(7))[:2], ranked(range(6, -1, -1))[0]]), 0.5) == "undecided"
    assert against([]) is None


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        (({SAD: NEUTRAL, FEAR: SAD}, {FEAR: NEUTRAL}), "holds"),
        (({SAD: ANGRY, FEAR: ANGRY, HAPPY: NEUTRAL}, {ANGRY: SAD}), "fails"),
    ],
)
def test_all_three_cells_must_exceed_what_other_errors_predict(study, wrong, expected):
    first, second = (mostly(LABELS, part, 0.3) for part in wrong)
    spread = mostly(LABELS, {HAPPY: SURPRISE, SURPRISE: HAPPY, ANGRY: DISGUST}, 0.4)
    joined = [
        np.where(a != LABELS, a, np.where(b != LABELS, b, c)) for a, b, c in zip(first, second, spread, strict=True)
    ]
    asked = answering(study, *joined, labels=LABELS)
    assert verdict(confusion.findings(asked).cells) == expected


def test_skill_is_that_beyond_a_drawn_answer(study):
    right = answering(study, *mostly(LABELS, {SAD: FEAR}), labels=LABELS)
    assert verdict(confusion.findings(right).skill) == "holds"
    drawn = answering(study, *(np.random.default_rng(k).permutation(LABELS) for k in range(5)), labels=LABELS)
    assert verdict(confusion.findings(drawn).skill) != "holds"
    alike = answering(study, *[np.full(420, HAPPY)] * 5, labels=LABELS)
    assert confusion.findings(alike).skill.values == pytest.approx([0.0] * 5)


@pytest.mark.parametrize(
    ("gain", "expected"),
    [((4, 5, 6, 4, 5), "holds"), ((-4, -5, -6, -4, -5), "fails"), ((4, -5, 6, -4, 5), "undecided")],
)
def test_saliency_on_the_face_is_more_than_its_area(study, gain, expected):
    asked = study(n=35, known=True, members=5, preset="default")
    masks = asked.dataset.truth["regions"][magnitudes.sampled(asked)][:, 0]
    inside = [np.where(masks, 1 + step / 10, 1.0).astype(np.float32) for step in gain]
    asked.shared["magnitudes"] = (inside, [np.ones_like(inside[0])] * 2)
    found = saliency.excess(asked, "face")
    assert verdict(found, learned=True) == expected
    assert found.control == pytest.approx([0, 0], abs=1e-6)  # even maps have their area's share


def test_faces_with_detail_draw_more_or_less(study):
    asked = study(n=42, members=5, preset="default")
    chosen = magnitudes.sampled(asked)
    face = regions(asked.dataset)["face"][chosen]
    detail = light.qualities(asked.dataset.dev.images[chosen], face)["detail"]
    for sign, expected in ((1, "holds"), (-1, "fails")):
        rng = np.random.default_rng(3)
        maps = [
            (sign * detail + 30 + 0.1 * rng.random(len(detail)))[:, None, None] * np.ones((1, 48, 48)) for _ in range(5)
        ]
        asked.shared["magnitudes"] = (maps, [rng.random((len(detail), 48, 48)) for _ in range(2)])
        assert verdict(light.quiet(asked)) == expected
    asked.shared["magnitudes"] = ([rng.random((len(detail), 48, 48)) for _ in range(5)], [])
    assert verdict(light.quiet(asked)) == "undecided"


class Bright(nn.Module):
    """Answers happy to bright pictures, and else sad: whoever darkens them changes the answer."""

    def __init__(self, level=0.0):
        super().__init__()
        self.level, self.fc = level, nn.Linear(1, 7)

    def forward(self, inputs):
        grey = inputs.mean((1, 2, 3)) - self.level
        return torch.stack([torch.zeros_like(grey)] * 3 + [grey, -grey] + [torch.zeros_like(grey)] * 2, 1)


@pytest.mark.parametrize(("network", "expected"), [(Bright(-0.5), "holds"), (Bright(-9.0), "undecided")])
def test_poor_light_costs_accuracy_or_not(study, network, expected):
    """The second answers happy to all, dark or not."""
    images = np.full((35, 48, 48), 120, np.uint8) + np.arange(35, dtype=np.uint8)[:, None, None]
    asked = study(n=35, labels=np.full(35, HAPPY), images=images, preset="default")
    asked.shared["trained"] = [Subject(network, sure(np.full(35, HAPPY)))] * 4
    asked.shared["untrained"] = []
    lost = light.done(asked)["dark"]
    assert lost.values == pytest.approx([1.0 if expected == "holds" else 0.0] * 4)
    assert verdict(lost) == expected


def grown(reached=1.0, gratings=0.1, ratio=1.0, answers=None, winners=None, k=8):
    """Pictures of one layer's filters; `ratio` says how much of their start's noise they keep."""
    noise = np.random.default_rng(4).random((k, 48, 48)).astype(np.float32)
    waves = np.cos(np.arange(48) / 2)[None, None, :] * np.ones((k, 48, 1))
    answers = np.arange(k) % 7 if answers is None else np.asarray(answers)
    winners = np.arange(k) % 7 if winners is None else np.asarray(winners)
    pictures = (ratio * noise + (1 - ratio) * 5 * waves).astype(np.float32)
    noisy = 1 + 0.01 * np.random.default_rng(5).random(k)
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


def means(study, rising):
    """Mean responses of each layer; `rising` says how selective a block is by its depth in [0, 1]."""
    labels = study.labels[magnitudes.sampled(study)]
    rng = np.random.default_rng(6)
    layers = {name: rng.random((len(labels), 6)) for name in LAYERS}
    for depth, name in enumerate(BLOCKS):
        mine = labels[:, None] == np.arange(6)
        layers[name] = 0.5 + 0.1 * rng.random((len(labels), 6)) + rising(depth / (len(BLOCKS) - 1)) * mine
    return layers


@pytest.mark.parametrize(
    ("rising", "expected"), [(lambda d: 2 * d, "holds"), (lambda d: 2 - 2 * d, "fails"), (lambda d: 0.0, "undecided")]
)
def test_selectivity_rises_with_depth_or_falls(study, rising, expected):
    asked = study(n=210, labels=np.arange(210) % 7, preset="default", members=1)
    labels = asked.labels[magnitudes.sampled(asked)]
    drawn = np.stack([labels, *(np.random.default_rng(k).permutation(labels) for k in range(10))])
    rows = subjects.rows(asked, (1, 2), len(labels))
    found = across([selectivity.rise(means(asked, rising), drawn)] * 3 + [
        selectivity.rise(means(asked, lambda d: 1.1 * rising(d)), drawn)], rows)  # fmt: skip
    assert verdict(found) == expected
    alone = np.zeros_like(drawn)
    assert np.isnan(selectivity.rise(means(asked, rising), alone)(rows)).all()  # one class


def test_a_filter_that_prefers_an_emotion_catches_most_of_it_or_one_mode(study):
    asked = study(n=280, labels=np.arange(280) % 7, preset="default", members=1)
    labels = asked.labels[magnitudes.sampled(asked)]
    rng = np.random.default_rng(7)

    def answers(share):
        values = rng.random((len(labels), 5))
        fires = (labels == SAD) & (rng.random(len(labels)) < share)
        values[:, 0] += 3 * fires
        return dict.fromkeys(LAYERS, values)

    most, few, none = (stages.modes(asked, answers(share))["conv1"] for share in (1.0, 0.5, 0.0))
    assert len(most) >= 1 and most.max() == 1.0
    assert len(few) == 1 and 0.3 < few[0] < 0.75
    assert len(none) <= 1  # without a preference a filter is not asked


def test_own_faces_are_followed_less_with_depth_or_more():
    def above(*means):
        return {
            name: np.full((4, 20), mean) + 0.01 * RNG.random((4, 20)) for name, mean in zip(LAYERS, means, strict=False)
        }

    rows = weights(np.random.default_rng(0), 60, 0)
    assert stages.trend(stages.falling(above(0.5, 0.3, 0.1)))(rows)[0] < -0.9
    assert stages.trend(stages.falling(above(0.1, 0.3, 0.5)))(rows)[0] > 0.9


def test_kinds_of_first_filters_are_counted_in_every_network(study):
    asked = study(members=3, preset="default")
    found = conv1_outputs.fitting(asked, asked.dataset.dev.images)
    assert len(found.values) == 3 and len(found.control) == 5 and found.n == 64 and found.error == 0
    assert all(0 <= share <= 1 for share in (*found.values, *found.control))


def known(study, answers, truth, falls=None, members=5, **more):
    """A study of rendered faces' truth whose networks give the same answers, with pairs whose evidence is given."""
    asked = answering(study, *[answers] * members, known=True, **more)
    asked.dataset.truth["emotions"] = truth
    return asked


def test_the_evidence_of_wrong_answers_lies_outside_the_face_or_inside(study):
    labels = np.arange(42) % 7
    asked = known(study, labels, labels, labels=labels)
    masks = evidence.coverage(asked.dataset.truth["regions"][:, 0])
    places = np.stack([np.arange(20), np.arange(20, 40)], 1)
    for wrong_outside, expected in ((0.8, "holds"), (0.2, "fails"), (0.5, "undecided")):
        group = []
        for k in range(5):
            falls = np.zeros((20, 2, 7, 8, 8), np.float32)
            for row, pair in enumerate(places):
                for side, outside in enumerate((wrong_outside + 0.01 * k * (-1) ** k, 0.5)):
                    inner = masks[pair[side]] > 0.99
                    outer = masks[pair[side]] < 0.01
                    answer = labels[pair[side]]
                    falls[row, side, answer][outer] = outside / outer.sum()
                    falls[row, side, answer][inner] = (1 - outside) / inner.sum()
            group.append(Pairs(Subject(nn.Identity(), sure(labels)), places, falls))
        asked.shared["pairs"] = (group, group[:0])
        found = apart([elsewhere.differences(asked, each) for each in group], np.random.default_rng(0), 100)
        assert verdict(found) == expected


def test_eyes_and_mouth_speak_for_a_wrong_answer_more_than_other_places_or_as_they_do(study):
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

    only = elsewhere.misled(asked, group(1.0, elsewhere_too=False))
    assert (only > 0).all() and only.mean() > 0.2
    assert elsewhere.misled(asked, group(1.0, elsewhere_too=True)).mean() == pytest.approx(0)  # any place favours it
    assert elsewhere.misled(asked, group(-1.0, elsewhere_too=False)).mean() < 0


def test_evidence_along_a_faces_own_edges(study):
    labels = np.arange(42) % 7
    asked = known(study, labels, labels, labels=labels)
    strength = evidence.coverage(features(asked.dataset.dev.images)["edges"])
    places = np.stack([np.arange(20), np.arange(20, 40)], 1)

    def of(maps):
        falls = np.zeros((20, 2, 7, 8, 8), np.float32)
        for row, (_, right) in enumerate(places):
            falls[row, 1, labels[right]] = maps[right]
        return Pairs(Subject(nn.Identity(), sure(labels)), places, falls)

    own = [of(strength + 0.001 * RNG.random(strength.shape)) for _ in range(4)]
    asked.shared["pairs"] = (own, [])
    assert verdict(atlas.along_edges(asked)) == "holds"
    asked.shared["pairs"] = ([of(np.roll(strength, k, axis=0)) for k in (20, 19, 18, 17)], [])
    assert verdict(atlas.along_edges(asked)) != "holds"


def fallen(mouth, others, upper_found=0.5, upper_missed=0.5, n=70):
    """Falls (1, n, 3, 7) of all faces: the mouth's share for happy and for others, the upper face's for sad."""
    labels = np.arange(n) % 7
    falls = np.zeros((1, n, 3, 7))
    share = np.where(labels == HAPPY, mouth, others)
    falls[0, :, parts.MOUTH], falls[0, :, parts.UPPER] = share[:, None], 1 - share[:, None]
    missed = np.arange(n) % 14 >= 7
    upper = np.where(missed, upper_missed, upper_found)
    sad = labels == SAD
    falls[0, sad, parts.UPPER, SAD], falls[0, sad, parts.MOUTH, SAD] = upper[sad], 1 - upper[sad]
    return falls, labels, missed


def test_happy_hangs_on_the_mouth_more_than_every_other_or_not(study):
    asked, rows = study(n=70, labels=np.arange(70) % 7, preset="default"), np.full((1, 70), 1 / 70)
    chosen = np.arange(70)
    for mouth, others, expected in ((0.8, 0.3, 0.3), (0.4, 0.6, -0.2), (0.5, 0.5, 0.0)):
        falls, labels, _ = fallen(mouth, others)
        found = parts.mouth(asked, falls, labels, chosen)(rows)[0]
        assert found == pytest.approx(mouth - max(others, 0.5), abs=1e-6) or found == pytest.approx(expected)
    nobody = parts.mouth(asked, falls, (labels + 1) % 7, chosen)(rows)
    assert np.isnan(nobody).all()  # no answer is right


def test_of_two_fills_the_less_favourable_counts(study):
    asked, rows = study(n=70, labels=np.arange(70) % 7, preset="default"), np.full((1, 70), 1 / 70)
    strong, weak = fallen(0.9, 0.2)[0], fallen(0.6, 0.4)[0]
    labels = np.arange(70) % 7
    both = parts.mouth(asked, np.concatenate([strong, weak]), labels, np.arange(70))(rows)[0]
    assert both == pytest.approx(parts.mouth(asked, weak, labels, np.arange(70))(rows)[0])


def test_found_sadness_hangs_on_the_eyes_more_than_missed_sadness_or_not(study):
    asked, rows = study(n=140, labels=np.arange(140) % 7, preset="default"), np.full((1, 140), 1 / 140)
    for found, missed in ((0.8, 0.4), (0.4, 0.8), (0.5, 0.5)):
        falls, labels, lost = fallen(0.5, 0.5, found, missed, n=140)
        answers = np.where((labels == SAD) & lost, NEUTRAL, labels)
        assert parts.eyes(asked, falls, answers, np.arange(140))(rows)[0] == pytest.approx(found - missed)


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


@pytest.mark.parametrize(("unreadable", "expected"), [(0.6, "holds"), (0.0, "fails")])
def test_errors_that_an_ideal_reader_shares_are_many_or_few(study, unreadable, expected):
    faces = rendered.sample(140, 5, emotions=np.arange(140) % 7)
    units = faces.units.copy()
    wrong = np.arange(140) % 3 == 0
    blank = wrong & (np.arange(140) % 10 < 10 * unreadable) & (faces.emotions != NEUTRAL)
    units[blank] = 0
    answers = np.where(wrong, (faces.emotions + 1) % 7, faces.emotions)
    asked = answering(study, *[np.roll(answers, 0)] * 4, labels=faces.emotions, known=True)
    asked.dataset.truth.update(emotions=faces.emotions, units=units)
    zeros = np.zeros(140, int)
    found = audit.errors(asked, np.arange(140), zeros + 1, faces.emotions)
    assert found.known and verdict(found.common, 0.1) == expected


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


def test_losses_that_rise_past_their_minimum_and_errors_that_stay(study):
    asked = study(n=140, labels=np.arange(140) % 7, preset="default")
    half = np.arange(140) % 2 == 0
    same = np.arange(140)[:56]
    stays = calibration.rise(epochs(asked, (1.5, same), (6.0, same)), half)
    assert verdict(stays.loss) == "holds" and verdict(stays.same, 0.5) == "holds"
    assert stays.same.values == pytest.approx([1.0] * 4) and stays.counted == 4
    moves = calibration.rise(epochs(asked, (1.5, None), (6.0, None)), half)
    assert verdict(moves.loss) == "holds" and verdict(moves.same, 0.5) == "fails"
    assert moves.again.values == pytest.approx([0.4] * 4, abs=0.15)
    falls = calibration.rise(epochs(asked, (0.5, same), (1.2, same), (1.5, same)), half)
    assert falls.loss.values == pytest.approx([0.0] * 4)  # the last epoch is the best: nothing rises
    never = calibration.rise(epochs(asked, (9.0, None), (9.0, None)), half)
    assert (never.loss, never.counted, never.models) == (None, 0, 4)  # worse than the classes' frequencies


@pytest.mark.parametrize(("shared", "expected"), [(0.0, "holds"), (0.9, "fails")])
def test_members_err_apart_or_alike(study, shared, expected):
    rng, every = np.random.default_rng(9), []
    common = rng.random(420) < 0.3
    for k in range(5):
        own = rng.random(420) < 0.3
        wrong = np.where(rng.random(420) < shared, common, own)
        every.append(np.where(wrong, (LABELS + 1 + (0 if shared else (k + rng.integers(6, size=420)) % 6)) % 7, LABELS))
    asked = answering(study, *every, labels=LABELS)
    same, chance = ensemble.shared(asked, np.stack(every))
    assert verdict(same, 0.5, "below") == expected
    assert all(0 < value < 0.5 for value in chance.values)
    assert ensemble.shared(asked, np.stack(every[:1])) == (None, None)


def test_a_vote_helps_members_that_err_apart_and_not_those_that_err_alike(study):
    rng = np.random.default_rng(10)
    own = [np.where(rng.random(420) < 0.3, (LABELS + 1 + k) % 7, LABELS) for k in range(5)]
    asked = answering(study, *own, labels=LABELS)
    assert verdict(ensemble.helped(asked, np.stack([sure(each) / 10 for each in own]))) == "holds"
    alike = np.stack([sure(own[0])] * 5)
    assert ensemble.helped(asked, alike).values == pytest.approx([0.0] * 5)
    assert ensemble.helped(asked, alike[:1]) is None


def test_pairs_are_of_one_answer_and_like_confidence_and_without_hands(study):
    labels = np.arange(70) % 7
    answers = np.where(np.arange(70) % 2, labels, (labels + 1) % 7)
    asked = known(study, answers, labels, labels=labels, members=1)
    asked.dataset.truth["hands"] = np.arange(70) % 5 == 0
    subject = Subject(asked.model, sure(answers, 3.0))
    found = pairs.drawn(asked, subject, 0)
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
