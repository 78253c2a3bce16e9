"""A statistic once for each network, with what other faces would make of it.

Faces are resampled once for all networks: a row of weights is a sample, the first row the faces as they are. Networks
that saw the same faces can then be averaged sample by sample.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from ferpipe.results.common import Across
from ferpipe.statistics.intervals import resamples

HIGHEST = 0.999  # of a correlation: Fisher's z of 1 is infinite

Statistic = Callable[[np.ndarray], np.ndarray]  # weights (r, n) -> values (r,), NaN where a sample defines none


def weights(rng: np.random.Generator, n: int, count: int) -> np.ndarray:
    """Return weights (1 + count, n) of n faces, each row summing to 1: all alike, then bootstrap samples."""
    return np.concatenate([np.full((1, n), 1 / n), resamples(rng, n, count)])


def mean(values: np.ndarray) -> Statistic:
    """Return the weighted mean of `values` (n,) as a statistic; NaN stands for faces without a value."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0).astype(float)

    def of(rows: np.ndarray) -> np.ndarray:
        total = rows @ known
        return np.divide(rows @ filled, total, out=np.full(len(rows), np.nan), where=total > 0)

    return of


def correlation(first: np.ndarray, second: np.ndarray) -> Statistic:
    """Return the weighted correlation of two vectors (n,) as a statistic; given ranks, it is Spearman's."""

    def of(rows: np.ndarray) -> np.ndarray:
        a, b = rows @ first, rows @ second
        products = rows @ (first * second) - a * b
        squares = np.maximum(rows @ first**2 - a**2, 0) * np.maximum(rows @ second**2 - b**2, 0)
        return np.divide(products, np.sqrt(squares), out=np.full(len(rows), np.nan), where=squares > 1e-18)

    return of


def across(
    statistics: Sequence[Statistic],
    rows: np.ndarray,
    control: Sequence[Statistic] = (),
    fisher: bool = False,
    n: int | None = None,
) -> Across | None:
    """Return statistics of one network each over the same faces, with weights as `weights` gives; None without any.

    `control` are those of untrained networks, of which no more than the value is asked. A network for which the
    statistic is not defined is left out. `n` is the number of faces that count, where not all do.
    """
    columns = [column for statistic in statistics if not np.isnan((column := statistic(rows))[0])]
    if not columns:
        return None
    values = np.array([column[0] for column in columns])
    drawn = np.array([column[1:] for column in columns])
    untrained = [float(statistic(rows[:1])[0]) for statistic in control]
    drawn = np.where(np.isnan(drawn), values[:, None], drawn)
    if fisher:
        drawn = np.arctanh(np.clip(drawn, -HIGHEST, HIGHEST))
    return Across(
        values.tolist(),
        drawn.std(1, ddof=1).tolist(),
        float(drawn.mean(0).std(ddof=1)),
        rows.shape[1] if n is None else n,
        [value for value in untrained if not np.isnan(value)],
        fisher,
    )


def softened(shares: Across, values: Sequence[np.ndarray]) -> Across:
    """Return a mean of zeros and ones with errors that a share of none or all has too (Agresti & Coull 1998).

    Resamples of such `values`, one array a network, do not differ; of any other values it is returned as it is.
    """
    known = [of_network for of_network in values if len(of_network)]
    if not all(np.isin(of_network, (0, 1)).all() for of_network in known):
        return shares
    least = []
    for of_network in known:
        share = (of_network.sum() + 2) / (len(of_network) + 4)
        least.append(float(np.sqrt(share * (1 - share) / (len(of_network) + 4))))
    errors = [max(pair) for pair in zip(shares.errors, least, strict=True)]
    # of the mean: no less than one network's where none differ, for they may all have seen the same faces
    return replace(shares, errors=errors, error=shares.error or min(least))


def jackknifed(values: np.ndarray, left_out: np.ndarray, n: int) -> Across | None:
    """Return a statistic of networks (k,) with errors from its values without a group of the faces, (groups, k).

    For what resampled faces would distort, as a threshold that is set on them: each face stands once or not at all
    (the grouped jackknife, Efron & Tibshirani 1993). Networks with NaN are left out; None without any.
    """
    known = ~np.isnan(values)
    if not known.any():
        return None
    values, left_out = values[known], left_out[:, known]
    left_out = np.where(np.isnan(left_out), values, left_out)

    def error(replicates: np.ndarray) -> np.ndarray:
        spread: np.ndarray = np.sqrt((len(replicates) - 1) * replicates.var(0))
        return spread

    return Across(values.tolist(), error(left_out).tolist(), float(error(left_out.mean(1))), n, [])


def apart(
    groups: Sequence[np.ndarray],
    rng: np.random.Generator,
    count: int,
    control: Sequence[np.ndarray] = (),
    statistic: Callable[[np.ndarray], Statistic] = mean,
    fisher: bool = False,
    error: float = 0.0,
) -> Across | None:
    """Return a statistic over units that each network has for itself, as filters; None without any.

    Of `groups` of units, the units on the first axis of each; `control` are those of untrained networks. `error` is
    what the faces that networks share leave open of the mean.
    """
    drawn = [
        across([statistic(group)], weights(rng, len(group), count), fisher=fisher) for group in groups if len(group)
    ]
    networks = [of_network for of_network in drawn if of_network is not None]
    if not networks:
        return None
    untrained = [float(statistic(group)(weights(rng, len(group), 0))[0]) for group in control if len(group)]
    return Across(
        [of_network.values[0] for of_network in networks],
        [of_network.errors[0] for of_network in networks],
        error,
        max(of_network.n for of_network in networks),
        [value for value in untrained if not np.isnan(value)],
        fisher,
    )


def shared(groups: Sequence[np.ndarray], faces: Sequence[np.ndarray]) -> float:
    """Return the standard error of the mean over networks of their means, whose units may show the same faces.

    `groups`: values (units,) of a network each; `faces` (units, k): which ones each unit shows. What two units with a
    face in common err by counts together (Cameron, Gelbach & Miller 2011); it is no less than without such units.
    """
    known = [(values, shows) for values, shows in zip(groups, faces, strict=True) if len(values)]
    if not known:
        return 0.0
    errors = np.concatenate([(values - values.mean()) / len(values) for values, _ in known]) / len(known)
    places = np.concatenate([shows for _, shows in known])
    common = (places[:, None, :, None] == places[None, :, None, :]).any((2, 3))
    return float(np.sqrt(max(errors @ common @ errors, errors @ errors)))
