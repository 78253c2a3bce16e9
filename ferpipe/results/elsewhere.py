"""What `analyses/elsewhere.py` found: whether the evidence for a wrong answer lies outside the face more often."""

from dataclasses import dataclass

from ferpipe.results.common import Estimate


@dataclass(frozen=True)
class Matched(Estimate):
    """The mean difference of wrong and right faces of the same answer and about the same confidence."""

    level: float  # of the interval
    p: float  # of Mann & Whitney
    delta: float  # Cliff's, in [-1, 1]


@dataclass(frozen=True)
class Compared:
    """The mean share of positive evidence outside the face; None where few faces count."""

    wrong: Estimate | None
    right: Estimate | None
    matched: Matched | None


@dataclass(frozen=True)
class OfSize(Compared):
    """The same for a face so many times as large, which covers `area` less of the picture."""

    size: float
    area: float  # share of the picture outside it


@dataclass(frozen=True)
class Patches:
    """The share of answers that change when the strongest cells outside the face are hidden, beside drawn ones."""

    strongest: Estimate
    drawn: Estimate
    mcnemar: float
    n: int


@dataclass(frozen=True)
class ByAnswer:
    """`Patches` of wrong and of right answers; None without faces."""

    wrong: Patches | None
    right: Patches | None


@dataclass(frozen=True)
class Elsewhere(Compared):
    """Wrong against right answers, by what lies outside the face and by what hiding it does."""

    sizes: list[OfSize]
    patches: ByAnswer
    hidden: int  # cells
    near: float  # of confidence, by which matched faces differ at most
    n: int
    seed: int
    resamples: int
