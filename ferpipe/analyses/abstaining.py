"""Abstaining: how the error falls where a network may decline to predict, and sets of classes with a promise.

Confidence is the largest probability. Selective prediction keeps the most confident faces (Geifman & El-Yaniv 2017);
the area under its curve is that of Geifman, Uziel & El-Yaniv (2019). Split-conformal sets hold the label with a chosen
probability, whatever the network (Angelopoulos & Bates 2021). Of the scores in use this is the plain one, a class's own
probability: with the right probabilities no sets of the same coverage are smaller on average (Sadinle et al. 2019), and
one number tells which classes a set holds. Adaptive scores (Romano et al. 2020) would spread coverage more evenly, at
the price of larger sets and of chance within them; how unevenly it is spread is measured here.
"""

import numpy as np

from ferpipe.analyses.study import Study, softmax
from ferpipe.results.abstaining import Abstaining, OfClass, Selective, Sets
from ferpipe.results.common import Estimate
from ferpipe.statistics.intervals import LEAST, averaged, mean, percentiles, proportion, resamples

TARGET = 0.9  # coverage that the sets promise
SHARES = tuple(k / 100 for k in range(1, 101))  # of the faces kept, at which the curve is told
DRAW = 182  # marks this analysis's generators


def analyse(study: Study) -> Abstaining:
    """Return the curves of ensemble and analysis model on dev, and the ensemble's sets.

    Both are resampled alike, over faces, so that their areas can be compared.
    """
    labels, count = study.labels, study.effort["abstaining"].resamples
    weights = resamples(np.random.default_rng([study.seed, DRAW, 0]), len(labels), count)
    together = np.mean([softmax(member.dev_logits) for member in study.members], axis=0)
    ties = np.random.default_rng([study.seed, DRAW, 1]).random(len(labels))
    ensemble, areas = selective(together, labels, ties, weights)
    analysis, others = selective(study.probabilities, labels, ties, weights)
    difference = analysis.area.value - ensemble.area.value
    return Abstaining(
        shares=list(SHARES),
        ensemble=ensemble,
        analysis=analysis,
        difference=Estimate(difference, percentiles(others - areas), len(labels)),
        sets=sets(together, labels, study.seed, count),
        members=len(study.members),
        n=len(labels),
        resamples=count,
        seed=study.seed,
    )


def selective(
    probabilities: np.ndarray, labels: np.ndarray, ties: np.ndarray, weights: np.ndarray
) -> tuple[Selective, np.ndarray]:
    """Return the curve of probabilities (n, classes), and its area in each resample, (count,).

    The numbers `ties` (n,) put equally confident faces in an order.
    """
    order = np.lexsort((ties, -probabilities.max(1)))
    wrong = (probabilities.argmax(1) != labels)[order]
    n, errors = len(wrong), int(wrong.sum())
    whole = np.full((1, n), 1 / n)
    (risk,), (area,), (half,) = curve(wrong, whole)
    _, areas, halves = curve(wrong, weights[:, order])
    gains = weights[:, order] @ wrong - areas
    error = proportion(wrong)
    best = float(np.mean(np.maximum(0, np.arange(1, n + 1) - (n - errors)) / np.arange(1, n + 1)))
    measures = Selective(
        error=error,
        risk=[float(risk[int(np.ceil(share * n)) - 1]) for share in SHARES],
        half=Estimate(float(half), percentiles(halves), n) if errors else None,
        area=Estimate(float(area), percentiles(areas), n),
        best=best,
        gain=Estimate(error.value - float(area), percentiles(gains), n),
    )
    return measures, areas


def curve(wrong: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return risk (count, n), area (count,) and the share kept at half the error (count,).

    Of predictions that are wrong or not, (n,) bool, the most confident first, with the faces' weights (count, n).
    """
    coverage = weights.cumsum(1)  # (count, n): coverage after each face
    missed = (weights * wrong).cumsum(1)
    risk = np.divide(missed, coverage, out=np.zeros_like(coverage), where=coverage > 0)
    low_enough = (risk <= missed[:, -1:] / 2) & (coverage > 0)
    half = np.where(low_enough, coverage, 0).max(1)
    return risk, (weights * risk).sum(1), np.minimum(half, 1)


def sets(probabilities: np.ndarray, labels: np.ndarray, seed: int, count: int) -> Sets:
    """Return the split-conformal sets of probabilities (n, classes): each half of dev calibrates those of the other.

    With the halves swapped, the coverage of all faces comes close to the target by construction; that of each class
    need not.
    """
    n, classes = probabilities.shape
    first = np.random.default_rng([seed, DRAW, 2]).permutation(n) < n // 2
    conformity = probabilities[np.arange(n), labels]
    least = [threshold(conformity[half]) for half in (first, ~first)]
    inside = probabilities >= np.where(first, least[1], least[0])[:, None]  # (n, classes)
    covered, size = inside[np.arange(n), labels], inside.sum(1)
    single, rng = size == 1, np.random.default_rng([seed, DRAW, 3])
    by_class = [
        OfClass(proportion(covered[of]) if of.sum() >= LEAST else None, mean(size[of], rng, count))
        for of in (labels == label for label in range(classes))
    ]
    return Sets(
        target=TARGET,
        least=least,
        coverage=proportion(covered),
        size=averaged(size, rng, count),
        counts=np.bincount(size, minlength=classes + 1).tolist(),
        single=proportion(covered[single]) if single.any() else None,
        by_class=by_class,
        short=[label for label, of in enumerate(by_class) if of.coverage and of.coverage.interval[1] < TARGET],
    )


def threshold(conformity: np.ndarray) -> float:
    """Return the probability that the label's own, `conformity` (n,), reaches for a share TARGET of faces like these.

    0 where there are too few faces to promise that: then every class is in the set.
    """
    rank = int(np.ceil((len(conformity) + 1) * TARGET))  # from the largest; one more than the faces, for the new one
    return float(-np.sort(-conformity)[rank - 1]) if rank <= len(conformity) else 0.0
