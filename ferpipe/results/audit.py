"""What `analyses/audit.py` found: copies within and across splits, blank pictures, brightness and contrast."""

from dataclasses import dataclass
from typing import Literal

from ferpipe.results.common import Across, Estimate, SplitName

PairName = Literal["train_dev", "train_test", "dev_test"]
Shared = Literal["groups", "train", "dev", "test"]  # what two splits have in common: groups, faces in them by split


@dataclass(frozen=True)
class Levels:
    """Mean and quantiles (see `Audit.quantiles`) of a quality of a split's pictures, in grey levels from 0 to 255."""

    mean: float
    quantiles: list[float]


@dataclass(frozen=True)
class Pictures:
    """A split's pictures."""

    n: int
    blank: int
    brightness: Levels
    contrast: Levels


@dataclass(frozen=True)
class Repeated:
    """Groups of two or more copies within a split, and the faces in these."""

    groups: int
    faces: int


@dataclass(frozen=True)
class Conflicts:
    """Groups of copies with different labels, the labelled faces in these, and how many of them each split has."""

    groups: int
    faces: int
    train: int | None
    dev: int | None
    test: int | None


@dataclass(frozen=True)
class Copies:
    """What is counted of groups of copies; None for a split that there is not, or whose labels are withheld."""

    within: dict[SplitName, Repeated | None]
    across: dict[PairName, dict[Shared, int] | None]
    conflicts: Conflicts


@dataclass(frozen=True)
class Seen:
    """Dev faces with a copy in train, and the analysis model's accuracy on them and on the rest; None without any."""

    share: Estimate
    accuracy: Estimate | None
    rest: Estimate | None


@dataclass(frozen=True)
class Errors:
    """The share of each network's errors on dev that nobody could have avoided."""

    common: Across | None
    reader: float | None  # the share of all such faces that cannot be read: what an error would have by chance
    known: bool  # from what was drawn, else from copies of another label


@dataclass(frozen=True)
class Audit:
    """The audit of the data."""

    splits: dict[SplitName, Pictures | None]
    exact: Copies  # equal pixel by pixel
    near: Copies  # and all that differ by no more than the tolerance
    seen: Seen
    errors: Errors
    wrong_labels: dict[SplitName, float | None] | None  # shares, of rendered faces alone
    tolerance: float  # grey levels, root mean square
    correlation: float  # of coarse pictures, from which on two are compared
    quantiles: list[float]
    n: int
