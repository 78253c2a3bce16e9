from dataclasses import fields, replace

import numpy as np
import pytest
import torch
from test_counterfactuals import FEAR, Answering, Reads, drawn
from torch import nn

from ferpipe.analyses import scores, subjects
from ferpipe.analyses.counterfactuals import Counterfactual, counterfactuals, effects
from ferpipe.analyses.scores import Asked, Truth, against, agreement, order, part_correlation, played, trusted
from ferpipe.build import effort as efforts
from ferpipe.explainers import methods
from ferpipe.explainers.inputs import inputs
from ferpipe.results import stored
from ferpipe.results.common import Across, Estimate
from ferpipe.results.scores import Good, Score
from ferpipe.results.stored import plain

TWO, PLAIN = ("gradient", "lime"), ("random", "edges")
SQUARES = [(slice(r, r + 8), slice(c, c + 8)) for r in (4, 24) for c in (4, 24)]


def squares():
    """A face of four parts that do not touch."""
    masks = np.zeros((4, 48, 48), bool)
    for mask, square in zip(masks, SQUARES, strict=True):
        mask[square] = True
    return Counterfactual(("AU1", "AU2", "AU4", "AU5"), np.where(masks, 60, 100).astype(np.uint8), masks)


def smooth(n, seed):
    return np.random.default_rng(seed).standard_normal((n, 48, 48)).astype(np.float32)


def asked(study, images, weights):
    one = drawn(study, Reads(weights), n=len(images))
    return Asked(one, images, np.full(len(images), FEAR), one.quick)


def answering(one, *networks):
    """The study with a member for each network, all of which have the first one's answers on dev."""
    values = {part.name: getattr(one.members[0], part.name) for part in fields(one.members[0])}
    values.pop("answering", None)
    return replace(one, members=tuple(Answering(**values, answering=network) for network in networks), shared={})


@pytest.fixture
def few(monkeypatch):
    """Two methods and two baselines."""
    monkeypatch.setattr(scores, "METHODS", TWO)
    monkeypatch.setattr(scores, "BASELINES", PLAIN)


# what a method is worth on known parts


def test_of_a_network_that_reads_one_part_the_map_of_what_it_reads_ranks_all_parts():
    one, weights = squares(), np.zeros((48, 48))
    weights[SQUARES[2]] = 0.1
    network, images = Reads(weights), np.full((1, 48, 48), 100, np.uint8)
    (own,) = effects(network, images, np.array([FEAR]), [one], torch.device("cpu"))
    assert np.count_nonzero(own) == 1 and own[2] > 0
    assert part_correlation(weights, one, own) == pytest.approx(1)
    assert part_correlation(-weights, one, own) == pytest.approx(-1)


def test_a_random_map_ranks_parts_by_chance_and_an_even_one_not_at_all():
    one, effect = squares(), np.array([0.3, -0.2, 1.0, 0.1])
    found = [part_correlation(own, one, effect) for own in smooth(300, 0)]
    assert abs(np.mean(found)) < 0.1 and np.std(found) > 0.4
    assert part_correlation(np.ones((48, 48)), one, effect) == 0


def test_two_parts_or_equal_effects_make_no_ranking():
    one = squares()
    two = Counterfactual(one.parts[:2], one.pictures[:2], one.masks[:2])
    assert np.isnan(part_correlation(smooth(1, 0)[0], two, np.array([1.0, 2.0])))
    assert np.isnan(part_correlation(smooth(1, 0)[0], one, np.ones(4)))


def test_true_effects_painted_on_the_parts_score_best_everywhere():
    one = squares()
    effect = np.array([0.5, 0.2, 1.0, 0.1])
    truth = Truth(np.array([1]), [one], [effect])
    painted = (one.masks * effect[:, None, None]).sum(0)
    found = against(truth, np.stack([0 * painted, painted]).astype(np.float32))  # the first face is not in the truth
    assert {key: values.tolist() for key, values in found.items()} == {
        "rank_correlation": [pytest.approx(1)],
        "mass_accuracy": [1],
        "rank_accuracy": [1],
        "pointing_game": [True],
    }


def test_a_map_of_all_but_the_parts_scores_nothing_and_an_even_one_their_area():
    one, area = squares(), 256 / 2304
    truth = Truth(np.arange(3), [one] * 3, [np.arange(4.0)] * 3)
    outside = (~one.masks.any(0)).astype(np.float32)
    found = against(truth, np.stack([outside, np.ones_like(outside), -np.ones_like(outside)]))
    np.testing.assert_allclose(found["mass_accuracy"], [0, area, 0])
    assert found["rank_accuracy"][0] == 0 and found["rank_accuracy"][1] == pytest.approx(area, abs=0.06)
    assert not found["pointing_game"][0]
    assert scores.areas(truth)["mass_accuracy"] == pytest.approx([area] * 3)


def test_the_parts_sizes_are_a_baseline_that_ranks_effects_which_grow_with_them():
    masks = np.zeros((3, 48, 48), bool)
    for side, mask in zip((3, 9, 6), masks, strict=True):
        mask[:side, :side] = True
    one = Counterfactual(("AU1", "AU2", "AU4"), np.full((3, 48, 48), 9, np.uint8), masks)
    truth = Truth(np.arange(2), [one] * 2, [np.array([0.1, 0.9, 0.4]), np.array([0.9, 0.1, 0.4])])
    assert scores.areas(truth)["rank_correlation"].tolist() == pytest.approx([1, -1])
    assert scores.areas(None) == {}


# maps played back


def test_the_most_relevant_pixel_comes_first_and_equal_ones_in_a_drawn_order():
    maps = np.zeros((2, 48, 48), np.float32)
    maps[:, 30, 7], maps[:, 3, 40] = 5, -1
    places = order(maps)
    assert places[0, 30, 7] == 0 and places[0, 3, 40] == 2303
    assert np.array_equal(np.sort(places[0].ravel()), np.arange(2304)) and np.array_equal(*places)
    assert abs((places[0] < 1152)[:24].mean() - 0.5) < 0.05  # not from the top downwards


def test_what_the_network_reads_is_inserted_to_the_best_effect_and_deleted_to_the_worst(study):
    weights = np.zeros((48, 48))
    weights[SQUARES[1]] = 0.1
    images = np.full((3, 48, 48), 100, np.uint8)
    images[(slice(None), *SQUARES[1])] = 200
    given = asked(study, images, weights)
    best = played(given, np.repeat(weights[None], 3, 0))
    worst, chance = played(given, np.repeat(-weights[None], 3, 0)), played(given, smooth(3, 0))
    assert (best["insertion"] > chance["insertion"]).all() and (chance["insertion"] > worst["insertion"]).all()
    assert (best["deletion"] < chance["deletion"]).all() and (chance["deletion"] < worst["deletion"]).all()
    np.testing.assert_allclose(best["difference"], best["insertion"] - best["deletion"])
    for values in (*best.values(), *worst.values()):
        assert (np.abs(values) <= 1).all()


class Sees(nn.Module):
    """Remembers what it was shown."""

    def __init__(self):
        super().__init__()
        self.shown = []

    def forward(self, given):
        self.shown.append(given[:, 0].clone())
        return given.mean((2, 3)) * torch.ones(7)


def test_the_metric_hides_a_face_behind_its_own_mean_grey_and_behind_nothing_else(study):
    images = np.random.default_rng(0).integers(0, 256, (2, 48, 48), dtype=np.uint8)
    network = Sees()
    played(replace(asked(study, images, np.zeros((48, 48))), network=network), smooth(2, 1))
    faces, greys = inputs(images)[:, 0], inputs((images / 255).mean((1, 2), keepdims=True).repeat(48, 1).repeat(48, 2))
    for shown in network.shown:
        same = [(shown - other).abs() < 1e-5 for other in (faces, greys[:, 0])]
        assert (same[0] | same[1]).all()
    assert same[1].all() and ((network.shown[0] - greys[:, 0]).abs() < 1e-5).all()  # both ends hide it wholly


def test_an_answer_that_no_pixel_changes_has_its_probability_as_area(study):
    found = played(asked(study, np.full((2, 48, 48), 90, np.uint8), np.zeros((48, 48))), smooth(2, 1))
    np.testing.assert_allclose(found["insertion"], 1 / 7)
    np.testing.assert_allclose(found["difference"], 0, atol=1e-12)


# agreement


def test_methods_agree_with_themselves_and_with_their_opposite_about_size_alone(study):
    one, maps = study(), smooth(5, 0)
    found = agreement(one, {"a": maps, "b": -maps, "c": np.zeros_like(maps)})
    assert found.methods == ["a", "b", "c"]
    correlations, overlaps = found.rank_correlation, found.overlap
    assert correlations[0][0].value == pytest.approx(1) and correlations[0][1].value == pytest.approx(-1)
    assert overlaps[0][0].value == overlaps[1][0].value == 1 and overlaps[0][0].n == 5
    assert correlations[0][2] is None and correlations[2][2] is None
    assert overlaps[0][2].value == pytest.approx(0.1, abs=0.05)


# which method is trusted


NONE = Score(*[None] * 14)
FACES = [30, 30, 30, 30]


def led(values, *, mean=0.5, error=0.01):
    """The score of a method that leads the best baseline by `values`, one a network."""
    criterion = Across([mean] * len(values), [error] * len(values), error, 30, [])
    return replace(NONE, criterion=criterion, lead=Across(values, [error] * len(values), error, 30, []))


@pytest.mark.parametrize(
    ("methods", "expected"),
    [
        ({"a": led([0.3, 0.31, 0.29, 0.3]), "b": led([0.2, 0.21, 0.2, 0.2], mean=0.6)}, "b"),
        ({"a": led([0.3, 0.31, 0.29, 0.3]), "b": led([0.9, 0.9, -0.1, 0.9], mean=0.7)}, "a"),  # but in one network
        ({"a": led([0.1, 0.9, 0.01, 0.02])}, None),  # in all, by a mean that is not clear of zero
        ({"a": led([0.3, 0.31, 0.29, 0.3]), "b": NONE}, "a"),
        ({"a": led([0.3, 0.31, 0.29, 0.3]), "b": led([0.3, 0.31, 0.29, 0.3])}, "a"),
        ({}, None),
    ],
)
def test_the_highest_is_trusted_of_those_above_the_best_baseline_in_every_network(methods, expected):
    assert trusted(methods, FACES) == expected


def test_one_network_or_a_handful_of_faces_of_one_of_them_decides_nothing():
    assert trusted({"a": led([0.5])}, FACES[:1]) is None
    assert trusted({"a": led([0.5, 0.5, 0.51])}, [30, 30, scores.ENOUGH - 1]) is None
    assert trusted({"a": led([0.5, 0.5, 0.51])}, []) is None
    assert trusted({"a": led([0.5, 0.5])}, FACES[:2]) == "a"  # of two each is clear by its own faces
    assert trusted({"a": led([0.5, 0.5], error=0.3)}, FACES[:2]) is None


def test_the_more_methods_are_asked_the_clearer_one_must_be():
    slight = led([0.1, 0.2, 0.15, 0.08])
    assert trusted({"a": slight}, FACES) == "a"
    assert trusted({"a": slight, **dict.fromkeys("bcdefghijklmno", NONE)}, FACES) is None


def test_what_methods_are_good_for_is_decided_by_whole_intervals():
    def at(value):
        return Estimate(value, [value - 0.1, value + 0.1], 30)

    bars = {
        "edges": replace(NONE, mass_accuracy=at(0.3), rank_accuracy=at(0.5)),
        "area": replace(NONE, mass_accuracy=at(0.2)),
    }
    found = scores.good(
        {
            "a": replace(led([0.1, 0.2]), mass_accuracy=at(0.51), rank_accuracy=at(0.71), randomisation=at(0.3)),
            "b": replace(led([0.1, -0.2]), mass_accuracy=at(0.9), rank_accuracy=at(0.69), randomisation=at(0.41)),
            "c": replace(NONE, seeds=at(0.61)),
            "d": replace(NONE, seeds=at(0.59)),
        },
        bars,
    )
    assert found == Good(mass=["a", "b"], top=["a"], ranks=["a"], depends=["a"], stable=["c"])


# the whole card


def oracle(one):
    """A stand-in for `relevance` whose "lime" knows the first network: the least map that sums to its effects."""
    n = len(one.labels)
    found = counterfactuals(one, np.arange(n))
    own = effects(one.model, one.dataset.dev.images, np.full(n, FEAR), found, one.device)
    maps = {
        image.tobytes(): np.linalg.pinv(face.masks.reshape(-1, 2304).astype(float)) @ effect
        for image, face, effect in zip(one.dataset.dev.images, found, own, strict=True)
    }

    def relevance(name, network, images, targets, device, seed, effort=1.0):
        if name == "lime":
            return np.array([maps[image.tobytes()] for image in images], np.float32).reshape(-1, 48, 48)
        if name == "gradient":
            return smooth(len(images), seed)
        return methods.relevance(name, network, images, targets, device, seed, effort)

    return relevance


@pytest.fixture
def three(study, few, monkeypatch):
    """Return a function that scores three networks that read the same but for a sign each, of which lime knows one."""

    def card(*signs):
        weights = smooth(1, 8)[0].cumsum(0).cumsum(1) / 500
        one = answering(drawn(study), *(Reads(sign * weights) for sign in signs))
        monkeypatch.setattr(scores, "relevance", oracle(one))
        return plain(scores.analyse(one))

    return card


def test_a_method_that_knows_the_truth_of_all_networks_is_trusted_and_chance_is_not(three):
    numbers = three(1, 1, 1)
    assert numbers["trusted"] == "lime" and numbers["criterion"] == "rank_correlation" and numbers["n"] == 24
    known, chance = (numbers["methods"][name] for name in ("lime", "gradient"))
    assert known["rank_correlation"]["value"] > 0.99
    assert known["criterion"]["values"] == [pytest.approx(1, abs=0.01)] * 3 and known["criterion"]["n"] >= 10
    assert (
        known["margin"]["value"] == pytest.approx(np.mean(known["lead"]["values"])) and known["lead"]["values"][0] > 0
    )
    assert 0 < known["habit"]["values"][0] < 0.95  # these faces show the same emotion, and so like parts
    assert numbers["faces"] == [known["criterion"]["n"]] * 3 and len(numbers["best"]) == 3
    assert chance["rank_correlation"]["interval"][0] < 0 < chance["rank_correlation"]["interval"][1]
    assert known["mass_accuracy"]["value"] == pytest.approx(1, abs=0.01) and known["pointing_game"]["value"] == 1
    assert known["seeds"]["value"] == pytest.approx(1) and abs(chance["seeds"]["value"]) < 0.1
    assert "lime" in numbers["good"]["mass"] and numbers["good"]["ranks"] == ["lime"]
    assert numbers["baselines"]["edges"]["randomisation"]["value"] == pytest.approx(1)
    area = numbers["baselines"]["area"]
    assert 0 < area["mass_accuracy"]["value"] < 0.5 and -1 <= area["rank_correlation"]["value"] <= 1
    assert len(area["criterion"]["values"]) == 3 and area["difference"] is None and area["lead"] is None


def test_a_methods_habit_is_the_mean_of_its_maps_of_other_faces_each_of_as_much_relevance():
    maps = np.zeros((3, 48, 48), np.float32)
    maps[0, 0, 0], maps[1, 0, 1], maps[2, 0, 2] = 10, -2, 1
    habit = scores.of_others(maps)
    assert habit[0, 0, :3].tolist() == [0, -0.5, 0.5] and habit[2, 0, :3].tolist() == [0.5, -0.5, 0]
    assert (scores.of_others(maps[:1]) == 0).all()  # one face alone tells of no habit


def test_a_method_that_marks_the_same_place_on_every_face_is_not_trusted_however_right_that_is(three, monkeypatch):
    """Most of these faces show one emotion, so that the mean of true maps is near the truth."""
    original = oracle

    def habitual(one):
        known = original(one)

        def relevance(name, network, images, *rest):
            maps = known(name, network, images, *rest)
            return np.broadcast_to(maps.mean(0), maps.shape) if name == "lime" and len(maps) else maps

        return relevance

    monkeypatch.setitem(globals(), "oracle", habitual)
    numbers = three(1, 1, 1)
    lime = numbers["methods"]["lime"]
    assert lime["criterion"]["values"] == pytest.approx(lime["habit"]["values"]) and min(lime["habit"]["values"]) > 0.3
    assert max(lime["lead"]["values"]) < 1e-9 and numbers["trusted"] is None and "lime" not in numbers["good"]["ranks"]


def test_a_method_that_knows_the_truth_of_all_networks_but_one_is_not_trusted(three):
    numbers = three(1, 1, -1)
    assert numbers["trusted"] is None
    assert numbers["methods"]["lime"]["criterion"]["values"][2] == pytest.approx(-1, abs=0.01)
    assert numbers["good"]["ranks"] == []


def test_of_one_network_none_is_trusted_whatever_it_knows(three):
    numbers = three(1)
    assert numbers["trusted"] is None and numbers["good"]["ranks"] == ["lime"]


def test_networks_are_asked_about_faces_that_they_answer_surely_and_rightly_and_share_what_they_can(study):
    one = drawn(study, n=40, members=2)
    two = replace(one.members[1], epoch_logits=one.members[1].epoch_logits.copy())
    two.epoch_logits[:, ::2] = 0  # answers every other face by chance
    one = replace(one, members=(one.members[0], two), effort=efforts.of("default"))
    first, second = (scores.answerable(one, subject) for subject in subjects.trained(one))
    assert len(first) == efforts.of("default")["scores"].own and (second % 2 == 1).all() and 10 < len(second) <= 20
    assert len(np.intersect1d(first, second)) >= len(second) - 10


@pytest.mark.parametrize(("sure", "scale"), [(False, 1), (True, 0.1)], ids=["wrong", "unsure"])
def test_faces_answered_wrongly_or_unsurely_say_nothing_about_parts(study, few, sure, scale):
    one = drawn(study, sure=sure, preset="smoke")
    member = replace(one.members[0], epoch_logits=(one.members[0].epoch_logits * scale).astype(np.float16))
    numbers = plain(scores.analyse(replace(one, members=(member,))))
    assert numbers["trusted"] is None and numbers["baselines"]["area"]["mass_accuracy"] is None
    assert numbers["best"] == [] and all(numbers["methods"][name]["criterion"] is None for name in TWO)
    assert all(numbers["methods"][name][key] is None for name in TWO for key in scores.TRUTH)
    assert numbers["methods"]["gradient"]["difference"]["n"] == numbers["n"]


def test_on_other_data_there_is_no_truth_and_insertion_decides(study, few, tmp_path):
    result = scores.analyse(study(members=2))
    stored.write(tmp_path / "scores", result, {})
    numbers = plain(stored.read(tmp_path / "scores"))
    assert numbers == plain(result) and numbers["criterion"] == "difference"
    for name in TWO:
        found = numbers["methods"][name]
        assert all(found[key] is None for key in scores.TRUTH)
        assert all(found[key]["n"] == numbers["checked"] == 7 for key in scores.CHECKS)
        low, high = found["insertion"]["interval"]
        assert 0 <= low <= found["insertion"]["value"] <= high <= 1
    gradient, edges = numbers["methods"]["gradient"], numbers["baselines"]["edges"]
    assert gradient["seeds"]["value"] == pytest.approx(1)  # nothing in it is drawn
    assert edges["randomisation"]["value"] == edges["members"]["value"] == pytest.approx(1)  # it asks no network
    assert gradient["randomisation"]["value"] < 0.5 and gradient["members"]["value"] < 0.5
    assert abs(numbers["baselines"]["random"]["seeds"]["value"]) < 0.3


def test_one_member_or_one_with_weights_leaves_the_second_out(study, few):
    assert plain(scores.analyse(study(members=1)))["methods"]["lime"]["members"] is None
    one = study(members=2)
    answers_alone = replace(one, members=(one.members[0], replace(one.members[1], weights=None)))
    assert plain(scores.analyse(answers_alone))["methods"]["lime"]["members"] is None


def test_checked_faces_stand_first_and_no_face_twice(study):
    one = study(n=240, preset="default")
    chosen, checked = scores.sampled(one)
    assert (
        abs(len(chosen) - efforts.of("default")["scores"].faces) < 7
        and checked == 7
        and len(set(chosen.tolist())) == len(chosen)
    )
    assert set(one.labels[chosen[:checked]]) == set(range(7))


def test_drawn_faces_are_taken_from_those_that_are_answered_rightly_and_surely_if_those_suffice(study):
    one = study(n=70, known=True, answers=np.arange(70) % 7)
    one = replace(one, dataset=replace(one.dataset, name="rendered"))
    first = subjects.trained(one)[0]
    right = scores.surely_right(one, first)
    assert (one.probabilities.max(1) >= scores.SURE).sum() == right.sum() > efforts.of("smoke")["scores"].faces
    chosen, _ = scores.sampled(one)
    assert right[chosen].all() and len(chosen) >= efforts.of("smoke")["scores"].faces
    wrong = replace(one, dataset=replace(one.dataset, truth={**one.dataset.truth, "emotions": np.ones(70, int)}))
    assert scores.surely_right(wrong, first).sum() == right[1::7].sum() < 14
    few = replace(wrong, effort=efforts.of("default"))
    chosen, _ = scores.sampled(few)
    assert not scores.surely_right(few, first)[chosen].all()
