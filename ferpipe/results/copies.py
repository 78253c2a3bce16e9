"""What `analyses/copies.py` found: accuracy with and without the dev faces that have a copy in train."""

from dataclasses import dataclass

from ferpipe.results.common import Estimate


@dataclass(frozen=True)
class Scored:
    """Accuracies of a network, or of the ensemble, on dev."""

    every: Estimate  # on all faces
    without: Estimate | None  # on those without a copy in train; None where all have one
    drop: Estimate | None  # the first less the second, over the same faces; None where none has a copy, or all have


@dataclass(frozen=True)
class OfMember(Scored):
    """A member of the ensemble."""

    name: str
    seed: int


@dataclass(frozen=True)
class Copies:
    """What the copies in train are worth on dev."""

    members: list[OfMember]
    lower: int  # members that are less accurate without them, the interval of the drop being above 0
    higher: int  # members that are more accurate without them
    ensemble: Scored  # the mean of the members' probabilities
    copied: int  # dev faces with a near-duplicate in train
    n: int  # dev faces
    tolerance: float  # grey levels that two copies differ by at most
    resamples: int
    seed: int
