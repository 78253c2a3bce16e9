"""Two runs' accuracies: by how much they differ, and whether by more than chance."""

from math import hypot

import numpy as np

from ferpipe.results.comparison import Difference, What
from ferpipe.results.ensemble import Accuracy
from ferpipe.statistics.intervals import bootstrap, mcnemar

RESAMPLES, SEED = 2000, 0


def difference(
    what: What, first: Accuracy, second: Accuracy, right: tuple[np.ndarray, np.ndarray] | None
) -> Difference:
    """Return by how much the second accuracy is higher, with a 95% interval.

    `right` says which of the same faces either answered rightly, (n,) bool each: then the interval is a bootstrap's
    over these, and the test McNemar's. None where they did not answer the same: then it is that of two shares.
    """
    value = second.accuracy - first.accuracy
    if right is None:
        return Difference(what, first, second, value, newcombe(first, second), None)
    gain = right[1].astype(float) - right[0]
    interval = bootstrap(gain, np.random.default_rng(SEED), RESAMPLES)
    return Difference(what, first, second, value, interval, mcnemar(*right))


def newcombe(first: Accuracy, second: Accuracy) -> list[float]:
    """Return the interval of the difference of two shares from theirs (Newcombe 1998, his method 10)."""
    low = hypot(second.accuracy - second.interval[0], first.interval[1] - first.accuracy)
    high = hypot(second.interval[1] - second.accuracy, first.accuracy - first.interval[0])
    difference = second.accuracy - first.accuracy
    return [difference - low, difference + high]
