"""Verdicts over networks: on statistics whose answer is known, and on many drawn ones."""

import numpy as np
import pytest
from scipy.stats import t

from ferpipe.results.common import Across
from ferpipe.statistics import student
from ferpipe.statistics.across import across, apart, correlation, jackknifed, mean, shared, weights
from ferpipe.statistics.verdicts import decided, estimated


def found(*values, error=0.001, control=(), fisher=False, errors=None):
    return Across(list(values), [error] * len(values) if errors is None else errors, error, 100, list(control), fisher)


@pytest.mark.parametrize(
    ("values", "side", "verdict", "past"),
    [
        ((0.10, 0.11, 0.12, 0.10, 0.11), "above", "holds", 5),
        ((-0.10, -0.11, -0.12, -0.10, -0.11), "above", "fails", 0),
        ((-0.10, -0.11, -0.12, -0.10, -0.11), "below", "holds", 5),
        ((0.10, 0.11, 0.12, 0.10, 0.11), "below", "fails", 0),
        ((0.10, 0.11, 0.12, 0.10, -0.01), "above", "undecided", 4),  # one network lies on the other side
        ((0.10, 0.90, 0.02, 0.60, 0.01), "above", "undecided", 5),  # all do, but they are too far apart
        ((0.0, 0.0, 0.0, 0.0, 0.0), "above", "undecided", 0),
    ],
)
def test_a_verdict_asks_for_every_network_and_for_the_interval_over_them(values, side, verdict, past):
    decision = decided(found(*values), 0.0, side)
    assert (decision.verdict, decision.past) == (verdict, past)
    assert decision.value == pytest.approx(np.mean(values))


def test_faces_that_all_networks_saw_widen_the_interval_though_networks_agree():
    values = (0.10, 0.101, 0.102, 0.10, 0.101)
    assert decided(found(*values, error=0.01), 0.0, "above").verdict == "holds"
    assert decided(found(*values, error=0.10), 0.0, "above").verdict == "undecided"


def test_networks_that_agree_by_chance_make_no_interval_narrower_than_their_faces_do():
    values = (0.10, 0.101, 0.102, 0.10, 0.101)
    apart = decided(found(*values, error=0.06, errors=[0.13] * 5), 0.0, "above")  # as far apart as faces put them: more
    assert apart.value - apart.interval[0] == pytest.approx(1.96 * 0.06, rel=0.001)
    assert apart.verdict == "undecided"


def test_one_network_decides_nothing_and_of_two_each_must_be_clear():
    assert decided(found(0.5), 0.0, "above").verdict == "undecided"
    assert decided(found(0.5, 0.4, error=0.01), 0.0, "above").verdict == "holds"
    assert decided(found(0.5, 0.01, error=0.01), 0.0, "above").verdict == "undecided"
    assert decided(found(-0.5, -0.4, error=0.01), 0.0, "above").verdict == "fails"


def test_what_is_learned_must_lie_beyond_what_untrained_networks_reach():
    values, control = (0.30, 0.31, 0.32, 0.30, 0.31), (0.29, 0.33, 0.30)
    assert decided(found(*values), 0.0, "above", learned=True).verdict == "holds"
    assert decided(found(*values, control=control), 0.0, "above").verdict == "holds"
    learned = decided(found(*values, control=control), 0.0, "above", learned=True)
    assert learned.verdict == "undecided" and learned.bar == pytest.approx(np.mean(control))
    low = decided(found(*values, control=(0.01, 0.02, 0.015)), 0.0, "above", learned=True)
    assert (low.verdict, low.bar) == ("holds", pytest.approx(0.015))
    below = decided(found(*values, control=(-0.2, -0.1, -0.15)), 0.0, "above", learned=True)
    assert (below.verdict, below.bar) == ("holds", 0.0)  # the threshold is the more demanding of the two


def test_several_claims_of_a_family_ask_for_more():
    values = (0.05, 0.06, 0.07, 0.08, 0.09)
    alone, family = (decided(found(*values, error=0.0), 0.04, "above", size) for size in (1, 7))
    assert alone.interval[0] > family.interval[0] and alone.verdict == "holds"
    half = t.ppf(1 - 0.025 / 7, 4) * np.std(values, ddof=1) / np.sqrt(5)
    assert family.value - family.interval[0] == pytest.approx(half, rel=0.01)
    assert family.smallest == pytest.approx(half, rel=0.01)


def test_correlations_stay_between_minus_one_and_one():
    decision = decided(found(0.9, 0.95, 0.99, 0.97, 1.0, fisher=True), 0.0, "above", family=8)
    assert decision.verdict == "holds" and -1 < decision.interval[0] < decision.value < decision.interval[1] < 1


def test_what_could_have_been_shown_does_not_depend_on_the_side_that_was_found():
    values = (0.5, 0.6, 0.55, 0.62, 0.58)
    up, down = (decided(found(*(sign * v for v in values), fisher=True), 0.0, "above").smallest for sign in (1, -1))
    assert up == pytest.approx(down)
    z = np.arctanh(values)
    half = t.ppf(0.975, 4) * np.std(z, ddof=1) / np.sqrt(5)
    assert up == pytest.approx(np.tanh(half), rel=0.02)
    for bar, side, sign in ((0.4, "above", 1), (0.4, "below", -1), (-0.7, "above", 1)):  # from the bar on, on its scale
        smallest = decided(found(*values, fisher=True), bar, side).smallest
        assert smallest == pytest.approx(abs(np.tanh(np.arctanh(bar) + sign * half) - bar), rel=0.02)


def test_the_interval_covers_the_truth_over_networks_and_faces():
    """Networks and faces are drawn again and again: about 95 of 100 intervals must hold the true mean."""
    rng = np.random.default_rng(2)
    inside = 0
    for _ in range(600):
        networks, faces = rng.normal(0, 0.3, (5, 1)), rng.normal(0, 1.0, (1, 60))
        values = 0.5 + networks + faces + rng.normal(0, 0.5, (5, 60))
        result = across([mean(row) for row in values], weights(rng, 60, 200))
        low, high = estimated(result).interval
        inside += low <= 0.5 <= high
    assert 0.925 <= inside / 600 <= 0.975


def test_a_repetitions_mean_falls_into_its_interval():
    """Networks and faces are drawn twice: about 95 of 100 intervals must hold the mean of the second draw."""
    rng = np.random.default_rng(5)
    inside = {True: 0, False: 0}

    def drawn():
        return 0.5 + rng.normal(0, 0.3, (5, 1)) + rng.normal(0, 1.0, (1, 60)) + rng.normal(0, 0.5, (5, 60))

    for _ in range(600):
        result, again = across([mean(row) for row in drawn()], weights(rng, 60, 200)), drawn().mean()
        for repeated in inside:
            low, high = decided(result, 0.0, "above", repeated=repeated).interval
            inside[repeated] += low <= again <= high
    assert 0.925 <= inside[True] / 600 <= 0.975 and inside[False] / 600 < 0.88


def test_a_finding_that_a_repetition_may_not_show_is_left_open():
    values = (0.05, 0.06, 0.07, 0.08, 0.09)
    known = found(*values, error=0.0)
    of_the_mean, of_a_repetition = (decided(known, 0.045, "above", repeated=repeated) for repeated in (False, True))
    assert (of_the_mean.verdict, of_a_repetition.verdict) == ("holds", "undecided")
    assert of_a_repetition.smallest == pytest.approx(np.sqrt(2) * of_the_mean.smallest)
    two = found(0.5, 0.025, error=0.01)
    assert decided(two, 0.0, "above").verdict == "holds"
    assert decided(two, 0.0, "above", repeated=True).verdict == "undecided"


def test_shared_faces_are_resampled_alike():
    rng = np.random.default_rng(1)
    faces = rng.normal(0, 1, 200)
    alike = across([mean(faces + k) for k in range(5)], weights(rng, 200, 500))
    assert alike.error == pytest.approx(np.mean(alike.errors), rel=1e-6)  # the mean varies as much as each
    own = across([mean(rng.normal(0, 1, 200)) for _ in range(5)], weights(rng, 200, 500))
    assert own.error < 0.7 * np.mean(own.errors)


def test_faces_without_a_value_are_left_out_and_networks_without_one_too():
    rows = weights(np.random.default_rng(0), 4, 50)
    some = across([mean(np.array([1.0, np.nan, 3.0, np.nan])), mean(np.full(4, np.nan))], rows, [mean(np.ones(4))])
    assert (some.values, some.control) == ([2.0], [1.0])
    assert across([mean(np.full(4, np.nan))], rows) is None


def test_units_of_their_own_add_nothing_to_what_networks_share():
    rng = np.random.default_rng(0)
    filters = apart([np.array([0.0, 1.0, 1.0]), np.array([1.0, 1.0]), np.zeros(0)], rng, 100, [np.array([0.0, 0.0])])
    assert filters.values == pytest.approx([2 / 3, 1.0])
    assert (filters.error, filters.n, filters.control) == (0.0, 3, [0.0])
    assert apart([np.zeros(0)], rng, 100) is None


def test_units_that_show_the_same_face_err_together():
    rng = np.random.default_rng(3)
    faces, inside = np.arange(40), {"shared": 0, "alone": 0}
    for _ in range(400):
        of_face = rng.normal(0, 1, 100)
        shows = [rng.permutation(100)[:40, None] for _ in range(5)]  # of 100 faces, each network has 40
        groups = [0.5 + of_face[which[:, 0]] + rng.normal(0, 0.5, 40) for which in shows]
        for name, error in (("shared", shared(groups, shows)), ("alone", 0.0)):
            low, high = estimated(apart(groups, rng, 100, error=error)).interval
            inside[name] += low <= 0.5 <= high
    assert 0.92 <= inside["shared"] / 400 <= 0.98 and inside["alone"] / 400 < 0.9
    apart_from = [faces[:, None] + 40 * k for k in range(5)]
    alone = np.sqrt(np.sum([group.var() / 40 for group in groups])) / 5
    assert shared(groups, apart_from) == pytest.approx(alone)  # no face in common
    two = [np.stack([which[:, 0], 1000 + which[:, 0]], 1) for which in shows]
    assert shared(groups, two) == pytest.approx(shared(groups, shows))  # a pair counts once
    assert shared([np.zeros(0)], [np.zeros((0, 1), int)]) == 0


def test_a_statistic_without_each_group_of_faces_has_the_error_of_their_mean():
    rng = np.random.default_rng(4)
    values = rng.normal(0, 1, (200, 3)) + rng.normal(0, 1, (200, 1))  # of three networks, which the faces move alike
    groups = np.arange(200) % 20
    left_out = np.stack([values[groups != group].mean(0) for group in range(20)])
    result = jackknifed(values.mean(0), left_out, 200)
    assert result.errors == pytest.approx(values.std(0) / 200**0.5, rel=0.4)
    assert result.error == pytest.approx(values.mean(1).std() / 200**0.5, rel=0.4) and result.n == 200
    gap = np.where(np.arange(3) == 1, np.nan, left_out)
    assert jackknifed(np.array([1.0, np.nan, 2.0]), gap, 200).values == [1.0, 2.0]
    assert jackknifed(np.array([np.nan]), gap[:, :1], 200) is None


def test_a_weighted_correlation_is_the_usual_one():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 50))
    assert correlation(a, b)(weights(rng, 50, 0))[0] == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert np.isnan(correlation(a, np.ones(50))(weights(rng, 50, 0))[0])


@pytest.mark.parametrize("freedom", [1, 2, 2.5, 4, 7.3, 30, 400, 1e5, 1e7])
@pytest.mark.parametrize("tail", [0.025, 0.0125, 0.003, 1e-4])
def test_students_quantile_is_scipys(freedom, tail):
    assert student.quantile(tail, freedom) == pytest.approx(t.isf(tail, freedom), rel=1e-6)
