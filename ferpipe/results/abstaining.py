"""What `analyses/abstaining.py` found: how the error falls where a network may abstain, and sets with a promise."""

from dataclasses import dataclass

from ferpipe.results.common import Estimate


@dataclass(frozen=True)
class Selective:
    """A network that predicts only where it is most confident; a risk is the error among the faces that it keeps."""

    error: Estimate  # on all faces
    risk: list[float]  # at each of `Abstaining.shares`
    half: Estimate | None  # the largest share kept at half that error, 0 for none; None where nothing is wrong
    area: Estimate  # under the curve: the mean risk over all shares
    best: float  # the area if every correct prediction were surer than every wrong one
    gain: Estimate  # error less area: 0 if confidence said nothing


@dataclass(frozen=True)
class OfClass:
    """The faces of one label: how often the set holds it, and how many classes the set has; None for few faces."""

    coverage: Estimate | None
    size: Estimate | None


@dataclass(frozen=True)
class Sets:
    """Sets of classes that shall hold the label with a probability of `target`."""

    target: float
    least: list[float]  # the probability from which on a class is in the set, as either half of dev says
    coverage: Estimate
    size: Estimate  # classes in a set
    counts: list[int]  # faces by the size of their set, from 0
    single: Estimate | None  # the accuracy where the set is one class; None without such a set
    by_class: list[OfClass]
    short: list[int]  # labels whose coverage is below the target, the whole interval


@dataclass(frozen=True)
class Abstaining:
    """Selective prediction of the ensemble and of the analysis model, and the ensemble's prediction sets."""

    shares: list[float]  # of the faces that are kept
    ensemble: Selective  # the mean of the members' probabilities
    analysis: Selective
    difference: Estimate  # the analysis model's area less the ensemble's
    sets: Sets
    members: int
    n: int
    resamples: int
    seed: int
