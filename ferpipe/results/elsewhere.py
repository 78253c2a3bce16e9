"""What `analyses/elsewhere.py` found: the evidence outside the face, in wrong answers and in right ones."""

from dataclasses import dataclass

from ferpipe.results.common import Across, Estimate


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
class Elsewhere:
    """Wrong against right answers, by what lies outside the face and by what hiding it does."""

    wrong: Estimate | None  # mean share of positive evidence outside the face, of the analysis model's pairs
    right: Estimate | None
    matched: Across | None  # the difference within pairs of the same answer and like confidence
    misled: Across | None  # how much oftener eyes and mouth speak for a wrong answer than places elsewhere do
    patches: ByAnswer
    hidden: int  # cells
    near: float  # of confidence, by which matched faces differ at most
    seed: int
    resamples: int
