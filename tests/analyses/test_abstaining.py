import re
from dataclasses import replace

import numpy as np
import pytest
from languages import LANGUAGES

from ferpipe.analyses import abstaining
from ferpipe.figures import abstaining as drawer
from ferpipe.results.stored import plain
from ferpipe.statistics.intervals import resamples


def probabilities(confidence, answers, classes=7):
    """Probabilities (n, classes): of the answer `confidence` (n,), and the rest in equal parts."""
    confidence = np.asarray(confidence, float)
    rest = ((1 - confidence) / (classes - 1))[:, None]
    return np.where(np.eye(classes)[answers] == 1, confidence[:, None], rest)


def selective(confidence, wrong, count=200):
    labels = np.zeros(len(wrong), int)
    weights = resamples(np.random.default_rng(1), len(wrong), count)
    ties = np.random.default_rng(2).random(len(wrong))
    return abstaining.selective(probabilities(confidence, np.asarray(wrong, int)), labels, ties, weights)[0]


def test_the_curve_of_four_faces_is_the_one_by_hand():
    found = selective([0.9, 0.8, 0.7, 0.6], [0, 1, 0, 1])  # risks 0, 1/2, 1/3, 1/2
    assert found.error.value == 0.5 and found.half is not None
    assert found.area.value == pytest.approx((1 / 2 + 1 / 3 + 1 / 2) / 4)
    assert found.best == pytest.approx((1 / 3 + 1 / 2) / 4)
    assert found.half.value == 0.25  # the first face alone: risks of a quarter at most
    assert found.gain.value == pytest.approx(0.5 - found.area.value)
    assert [found.risk[k] for k in (0, 24, 25, 49, 74, 99)] == pytest.approx([0, 0, 1 / 2, 1 / 2, 1 / 3, 1 / 2])


def test_the_best_order_has_the_best_area_and_chance_the_error():
    wrong, rng = np.arange(1000) >= 800, np.random.default_rng(0)
    best = selective(np.linspace(0.9, 0.3, 1000), wrong)
    assert best.area.value == pytest.approx(best.best)
    assert best.best == pytest.approx(0.2 + 0.8 * np.log(0.8), abs=1e-3)  # of the continuous curve
    assert best.half is not None and best.half.value == pytest.approx(800 / 0.9 / 1000, abs=2e-3)
    chance = selective(0.3 + 0.6 * rng.random(1000), wrong)
    assert chance.gain.interval[0] < 0 < chance.gain.interval[1]
    worst = selective(np.linspace(0.3, 0.9, 1000), wrong)
    assert worst.gain.interval[1] < 0 and worst.half is not None and worst.half.value == 0


def test_equal_confidences_are_no_order():
    tied = selective(np.full(2000, 0.5), np.arange(2000) < 500)
    assert tied.area.value == pytest.approx(0.25, abs=0.03)


def test_without_an_error_there_is_no_half_of_it():
    found = selective([0.9, 0.8], [0, 0])
    assert found.half is None and found.area.value == found.best == found.error.value == 0


def test_the_threshold_counts_the_new_face():
    own = np.linspace(0.01, 0.19, 19)
    assert abstaining.threshold(own) == pytest.approx(0.02)  # the 18th of 20 from the top
    assert abstaining.threshold(own[:8]) == 0  # 9 of 9, which 8 faces cannot promise
    assert abstaining.threshold(own[:9]) == own[0]


def test_sets_hold_the_label_as_often_as_they_promise():
    rng = np.random.default_rng(3)
    logits = 2 * rng.standard_normal((4000, 7))
    true = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    labels = (true.cumsum(1) < rng.random((4000, 1))).sum(1).clip(0, 6)
    for answered in (true, np.roll(true, 1, axis=1)):  # a good network and a bad one
        found = abstaining.sets(answered, labels, 0, 100)
        assert found.coverage.value == pytest.approx(0.9, abs=0.01)
        assert sum(found.counts) == 4000 and len(found.counts) == 8
        assert found.size.value == pytest.approx(np.average(np.arange(8), weights=found.counts))
    assert abstaining.sets(true, labels, 0, 100).size.value < found.size.value


def test_each_half_is_judged_by_the_other():
    """Faces of one half alone are sure: its threshold leaves the other half's labels out, and the other way round."""
    first = np.random.default_rng([0, abstaining.DRAW, 2]).permutation(100) < 50
    found = abstaining.sets(probabilities(np.where(first, 0.95, 0.4), np.zeros(100, int)), np.zeros(100, int), 0, 100)
    assert found.least == pytest.approx([0.95, 0.4])
    assert found.counts[:2] == [50, 50]  # none of those that are less sure than the others; one of each of these
    assert found.coverage.value == 0.5 and found.single is not None and found.single.value == 1


def test_a_class_that_is_covered_less_is_named():
    labels = np.repeat([0, 1], [900, 60])
    answered = probabilities(np.full(960, 0.8), np.zeros(960, int))  # whatever the label
    found = abstaining.sets(answered, labels, 0, 100)
    assert found.short == [1] and found.by_class[1].coverage is not None and found.by_class[1].coverage.value == 0
    assert found.by_class[2].coverage is None and found.by_class[2].size is None


def test_the_ensemble_is_the_mean_and_a_difference_is_paired(study):
    one = study(members=1, labels=np.arange(42) % 7, answers=np.arange(42) % 7)
    found = plain(abstaining.analyse(one))
    assert found["difference"] == {"value": 0, "interval": [0, 0], "n": 42} and found["ensemble"] == found["analysis"]
    wrong = replace(one.members[0], epoch_logits=np.roll(one.members[0].epoch_logits, 1, axis=2) / 2)
    found = plain(abstaining.analyse(replace(one, members=(wrong, *one.members))))
    assert found["analysis"]["error"]["value"] == 1 and found["ensemble"]["error"]["value"] == 0
    assert [found["difference"]["value"], *found["difference"]["interval"]] == pytest.approx([1, 1, 1])


@pytest.mark.parametrize("answers", [np.arange(42) % 7, (np.arange(42) + 1) % 7, np.arange(42) % 5])
def test_all_panels_can_be_drawn_in_both_languages(study, answers):
    result = abstaining.analyse(study(labels=np.arange(42) % 7, answers=answers))
    for language, word in zip(LANGUAGES, ("best possible order", "最优排序"), strict=True):
        figure = drawer.draw(result, language)
        svg = figure.files[f"abstaining.{language}.svg"].decode()
        assert word in svg and figure.data in figure.files
        assert not re.search(r"(?:fill|stroke): #", svg)
