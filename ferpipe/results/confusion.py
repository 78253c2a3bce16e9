"""What `analyses/confusion.py` found: which emotion is taken for which."""

from dataclasses import dataclass

from ferpipe.results.common import Estimate


@dataclass(frozen=True)
class Confused:
    """A wrong cell of the matrix: how many faces of a class were answered so, and which share of it."""

    label: int
    prediction: int
    count: int
    share: float


@dataclass(frozen=True)
class Taken(Estimate):
    """The share of a class's missed faces that was taken for those which the original names."""

    even: float  # the share if errors were spread evenly over the other classes


@dataclass(frozen=True)
class ByClaim:
    """`Taken` of the classes that the original names, and of both together; None without missed faces."""

    sad: Taken | None
    fear: Taken | None
    both: Taken | None


@dataclass(frozen=True)
class Frequency:
    """Spearman's correlation of a class's recall with its number of training faces; None for fewer than three."""

    all: Estimate | None
    even: Estimate | None  # of the classes that the original calls balanced


@dataclass(frozen=True)
class Confusion:
    """The analysis model's counts on dev and their summaries."""

    n: int
    counts: list[list[int]]  # true classes in rows, predicted ones in columns
    accuracy: Estimate
    balanced_accuracy: float  # over the classes there are
    macro_f1: float
    kappa: float | None  # agreement beyond chance, at most 1
    recall: list[Estimate | None]  # by class, as the next two: None where nothing defines it
    precision: list[float | None]
    f1: list[float | None]
    confused: list[Confused]  # up to five, the largest share of its class first
    frequency: Frequency
    taken: ByClaim
    resamples: int
    seed: int
