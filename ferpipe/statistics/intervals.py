"""Intervals and paired tests: how far a number from n faces may be trusted."""

import numpy as np
from scipy.stats import binomtest, rankdata, spearmanr

from ferpipe.results.common import Estimate

LEVEL = 0.95  # of every interval in the report
LEAST = 5  # values below which a mean has no interval worth printing
QUANTILE = 1.959963984540054  # of the standard normal, for LEVEL on both sides


def wilson(successes: int, n: int) -> list[float]:
    """Return the score interval [low, high] of a share (Wilson 1927); [0, 1] when nothing was observed."""
    if not n:
        return [0.0, 1.0]
    share, square = successes / n, QUANTILE**2 / n
    centre = (share + square / 2) / (1 + square)
    half = QUANTILE * float(np.sqrt(share * (1 - share) / n + square / (4 * n))) / (1 + square)
    return [centre - half if successes else 0.0, centre + half if successes < n else 1.0]  # exact at both ends


def proportion(right: np.ndarray) -> Estimate:
    """Return the share of true values in `right` (n,) bool with its Wilson interval and n."""
    return Estimate(float(right.mean()), wilson(int(right.sum()), len(right)), len(right))


def resamples(rng: np.random.Generator, n: int, count: int) -> np.ndarray:
    """Return the weights of `count` bootstrap samples of n values, (count, n), each row summing to 1 (Efron 1979)."""
    drawn = rng.integers(0, n, (count, n)) + n * np.arange(count)[:, None]
    return np.bincount(drawn.ravel(), minlength=count * n).reshape(count, n) / n


def bootstrap(values: np.ndarray, rng: np.random.Generator, count: int) -> list[float]:
    """Return the percentile interval [low, high] of the mean of `values` (n,), from `count` resamples."""
    return percentiles(resamples(rng, len(values), count) @ values)


def mean(values: np.ndarray, rng: np.random.Generator, count: int) -> Estimate | None:
    """Return the mean of `values` (n,) with its bootstrap interval and n; None for fewer than LEAST."""
    return averaged(values, rng, count) if len(values) >= LEAST else None


def averaged(values: np.ndarray, rng: np.random.Generator, count: int) -> Estimate:
    """Return the mean of `values` (n,), of which there is one at least, with its bootstrap interval and n."""
    return Estimate(float(values.mean()), bootstrap(values, rng, count), len(values))


def contrast(first: np.ndarray, second: np.ndarray, rng: np.random.Generator, count: int) -> Estimate | None:
    """Return how much larger the mean of `first` (n,) is than that of `second` (m,), each resampled on its own.

    None for fewer than LEAST of either; `n` counts both.
    """
    if min(len(first), len(second)) < LEAST:
        return None
    drawn = resamples(rng, len(first), count) @ first - resamples(rng, len(second), count) @ second
    value = float(first.mean() - second.mean())
    return Estimate(value, percentiles(drawn), len(first) + len(second))


def correlation(first: np.ndarray, second: np.ndarray, rng: np.random.Generator, count: int) -> Estimate | None:
    """Return Spearman's correlation (1904) of two vectors (n,), with its bootstrap interval over pairs and n.

    None for fewer than LEAST pairs, or where one of the two is constant.
    """
    if len(first) < LEAST or np.ptp(first) == 0 or np.ptp(second) == 0:
        return None
    value = float(spearmanr(first, second).statistic)
    chosen = rng.integers(0, len(first), (count, len(first)))
    a, b = (rankdata(values[chosen], axis=1) - (len(first) + 1) / 2 for values in (first, second))
    length = np.sqrt((a**2).sum(1) * (b**2).sum(1))  # zero where a resample is constant
    drawn = (a * b).sum(1)[length > 0] / length[length > 0]
    interval = percentiles(drawn) if len(drawn) else [-1.0, 1.0]
    return Estimate(value, interval, len(first))


def percentiles(drawn: np.ndarray) -> list[float]:
    """Return the percentile interval [low, high] of a statistic's resamples (count,)."""
    low, high = np.quantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
    return [float(low), float(high)]


def mcnemar(first: np.ndarray, second: np.ndarray) -> float:
    """Return the exact two-sided p that two answers to the same faces, right or not (n,) bool, are equally often right.

    McNemar 1947: only the faces on which they differ count, as tosses of a fair coin.
    """
    only_first, only_second = int((first & ~second).sum()), int((second & ~first).sum())
    if only_first + only_second == 0:
        return 1.0
    return float(binomtest(only_first, only_first + only_second).pvalue)
