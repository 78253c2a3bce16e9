"""What `analyses/confusion.py` found: which emotion is taken for which."""

from dataclasses import dataclass

from ferpipe.results.common import Across, Estimate


@dataclass(frozen=True)
class Confused:
    """A wrong cell of the matrix: how many faces of a class were answered so, and which share of it."""

    label: int
    prediction: int
    count: int
    share: float
    wrong_labels: int | None  # how many of them carry a wrong label; None where the truth is not known


@dataclass(frozen=True)
class Moved:
    """The class whose mean recall differs most between networks that saw classes alike and the members."""

    label: int
    members: float
    balanced: float
    without: float  # correlation of both kinds' mean recalls over the other classes


@dataclass(frozen=True)
class Findings:
    """What all networks' answers say; None where classes are missing that are asked about."""

    skill: Across | None  # mean recall less what a drawn answer reaches
    best: Across | None  # recall of the original's best classes less its worst, whichever one is left out
    balanced: Across | None  # correlation of both kinds' recalls, the smallest with one class left out
    moved: Moved | None
    anew: int  # faces that were drawn for the two above; 0 where these were asked of dev
    cells: Across | None  # share that the least of the cells which the original names has beyond what is expected


@dataclass(frozen=True)
class Confusion(Findings):
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
    truly: list[Confused] | None  # the same of faces whose label is right; None where the truth is not known
    frequency: Estimate | None  # rank correlation of recall with a class's number of training faces
    seed: int
