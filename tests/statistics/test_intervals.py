import numpy as np
import pytest

from ferpipe.statistics.intervals import bootstrap, mcnemar, resamples, wilson


def test_wilson_agrees_with_newcombe_1998():
    assert wilson(81, 263) == pytest.approx([0.2553, 0.3662], abs=5e-5)
    assert wilson(15, 148) == pytest.approx([0.0624, 0.1605], abs=5e-5)
    assert wilson(0, 20) == pytest.approx([0.0, 0.1611], abs=5e-5)


def test_wilson_of_nothing_says_nothing():
    assert wilson(0, 0) == [0.0, 1.0]


def test_wilson_never_leaves_the_unit_interval():
    for n in range(1, 40):
        for k in (0, n):
            low, high = wilson(k, n)
            assert 0 <= low <= k / n <= high <= 1


def test_mcnemar_is_a_sign_test_of_the_faces_that_differ():
    first = np.array([True] * 8 + [False] * 2 + [True] * 50)
    second = np.array([False] * 8 + [True] * 2 + [True] * 50)
    assert mcnemar(first, second) == pytest.approx(2 * (1 + 10 + 45) / 1024)
    assert mcnemar(first, first) == 1.0


def test_resamples_are_weights_of_as_many_draws():
    weights = resamples(np.random.default_rng(0), 7, 100)
    assert weights.shape == (100, 7)
    np.testing.assert_allclose(weights.sum(1), 1)
    np.testing.assert_allclose(weights * 7, np.rint(weights * 7), atol=1e-12)


def test_bootstrap_of_the_mean_is_as_wide_as_the_normal_one():
    values = np.random.default_rng(1).standard_normal(400)
    low, high = bootstrap(values, np.random.default_rng(2), 2000)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert bootstrap(np.ones(5), np.random.default_rng(3), 50) == pytest.approx([1, 1])
