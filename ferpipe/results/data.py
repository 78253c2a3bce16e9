"""What `analyses/data.py` found: how many faces of each class, their mean, and examples."""

from dataclasses import dataclass
from typing import Literal

from ferpipe.results.common import Mean, Single, SplitName

LeftOut = Literal["not a face", "unknown", "repeated", "unreadable"]


@dataclass(frozen=True)
class Size:
    """How many faces a split has, and of each class; None where labels are withheld."""

    n: int
    counts: list[int] | None


@dataclass(frozen=True)
class Notes:
    """What its reader noted of a data set; shares are by split, and what is not known of it is left out."""

    source: str  # name of the file or folder
    form: str
    pictures: int
    converted: int  # that were no grey 48x48 pictures
    dev_held_out: bool  # drawn from train, since there was none
    test_labels: bool
    dev_is_test: bool = False  # what was called test serves as dev, since there was none
    missing_classes: dict[SplitName, list[str]] | None = None
    left_out: dict[LeftOut, int] | None = None  # pictures that were there and are in no split, by reason
    wrong_labels: dict[SplitName, float | None] | None = None  # of rendered faces: labelled wrongly on purpose
    hands_sad: dict[SplitName, float | None] | None = None  # sad faces with a hand, and the others with one
    hands_others: dict[SplitName, float | None] | None = None


@dataclass(frozen=True)
class Means:
    """The mean face of each class, (7, 48, 48) in [0, 1]; zeros for a class of too few faces.

    Of train, or of dev where networks came without the pictures that they learned from.
    """

    mean_faces: Mean


@dataclass(frozen=True)
class Examples:
    """Drawn faces of each class, of the same split, (7, 6, 48, 48) uint8; zeros where there are fewer."""

    examples: Single


@dataclass(frozen=True)
class Data:
    """The data set."""

    name: str
    restricted: bool  # single pictures may not be published
    splits: dict[SplitName, Size | None]
    notes: Notes
    mean_faces_n: list[int]  # faces in the mean of each class, 0 for too few
    examples: list[int]  # faces shown of each class
    seed: int
    arrays: Means
    private: Examples | None
    shows: str = "face"  # or "picture": what the pictures are called
    classes: list[str] | None = None  # None: those of the original report
