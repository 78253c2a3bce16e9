"""Copies: accuracy with and without the dev faces that have a near-duplicate in train.

A network may remember such a face instead of reading it (Barz & Denzler 2020 on CIFAR). The copies are the audit's.
"""

import numpy as np

from ferpipe.analyses.audit import TOLERANCE, copied_in_train, grouped
from ferpipe.analyses.study import Study, softmax
from ferpipe.results.common import Estimate
from ferpipe.results.copies import Copies, OfMember, Scored
from ferpipe.statistics.intervals import percentiles, proportion, resamples

DRAW = 181  # marks this analysis's generator


def analyse(study: Study) -> Copies:
    """Return the accuracy of each member and of the ensemble on all dev faces and on those without a copy in train.

    All are resampled alike, over faces, so that their differences can be compared.
    """
    copied, count = copied_in_train(grouped(study)), study.effort["copies"].resamples
    weights = resamples(np.random.default_rng([study.seed, DRAW]), len(copied), count)
    each = np.stack([softmax(member.dev_logits) for member in study.members])  # (members, n, classes)
    right = each.argmax(2) == study.labels  # (members, n)
    members = [
        OfMember(**vars(scored(correct, copied, weights)), name=member.name, seed=member.recipe.seed)
        for member, correct in zip(study.members, right, strict=True)
    ]
    drops = [member.drop for member in members if member.drop]
    return Copies(
        members=members,
        lower=sum(drop.interval[0] > 0 for drop in drops),
        higher=sum(drop.interval[1] < 0 for drop in drops),
        ensemble=scored(each.mean(0).argmax(1) == study.labels, copied, weights),
        copied=int(copied.sum()),
        n=len(copied),
        tolerance=TOLERANCE,
        resamples=count,
        seed=study.seed,
    )


def scored(right: np.ndarray, copied: np.ndarray, weights: np.ndarray) -> Scored:
    """Return the accuracies of predictions that are right or not, (n,) bool, with and without the `copied` (n,) bool.

    The weights (count, n) of resamples give the interval of their difference.
    """
    every = proportion(right)
    if copied.all():
        return Scored(every, None, None)
    without = proportion(right[~copied])
    return Scored(every, without, drop(right, copied, weights) if copied.any() else None)


def drop(right: np.ndarray, copied: np.ndarray, weights: np.ndarray) -> Estimate:
    """Return the accuracy on all faces less that on those without a copy, with its interval and the n of all."""
    others = weights @ ~copied  # (count,) the share of each resample without a copy
    some = others > 0
    drawn = (weights @ right)[some] - (weights @ (right & ~copied))[some] / others[some]
    return Estimate(float(right.mean() - right[~copied].mean()), percentiles(drawn), len(right))
