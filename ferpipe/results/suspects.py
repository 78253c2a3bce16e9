"""What `analyses/suspects.py` found: train faces whose labels the networks resisted while they learned."""

from dataclasses import dataclass
from typing import Literal

from ferpipe.results.common import Estimate, Single

Check = Literal["truth", "copies"]  # true emotions, or copies of another label


@dataclass(frozen=True)
class Cutoff:
    """The most suspect faces, so many of them, and what the check says of their labels."""

    share: float  # of all ranked faces
    n: int
    highest: float  # margin among them
    precision: Estimate  # share whose label the check contradicts
    recall: float | None  # share of all contradicted faces that are among them; None without any


@dataclass(frozen=True)
class Bins:
    """Faces by margin; the check contradicts the label of the wrong ones."""

    edges: list[float]  # logits, one more than there are bins
    right: list[int]
    wrong: list[int]


@dataclass(frozen=True)
class Suspect:
    """A train face that is shown; `emotion` is the true label, None where it is not known."""

    label: int
    emotion: int | None
    margin: float
    name: str  # of its file


@dataclass(frozen=True)
class Ranking:
    """The train faces in the order of their mean margins, the lowest first."""

    check: Check
    wrong: Estimate  # share of all ranked faces whose label the check contradicts: the precision of chance
    cutoffs: list[Cutoff]
    chosen: Cutoff  # which the text speaks of
    bins: Bins


@dataclass(frozen=True)
class Faces:
    """The most suspect faces, (k, 48, 48) uint8."""

    suspects: Single


@dataclass(frozen=True)
class Suspects:
    """Label errors by training dynamics."""

    members: int
    measured: int  # members with margins
    n: int  # train faces that have a mean margin
    ranking: Ranking | None  # None where no member has margins
    shown: list[Suspect]  # none of a restricted data set
    private: Faces | None  # None, too, where no face is shown
