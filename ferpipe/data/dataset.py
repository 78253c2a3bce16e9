"""What every data set is made into: splits of 48x48 grey pictures with labels."""

from dataclasses import dataclass, field

import numpy as np

from ferpipe.storage.encoding import JSON

SPLITS = ("train", "dev", "test")
UNKNOWN = -1  # a withheld label, while splits are put together


@dataclass(frozen=True)
class Split:
    """Pictures and, where they are known, their labels."""

    images: np.ndarray  # (n, 48, 48) uint8
    labels: np.ndarray | None  # (n,) int64, indices of classes; None where they are withheld
    names: np.ndarray  # (n,) str: the file's stem, or the row number from 0 in a CSV

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True)
class Dataset:
    """A data set's splits, where they came from, and what had to be done to them."""

    name: str  # "rendered", "fer2013", or its folder's
    restricted: bool  # True: no single picture may be published
    classes: tuple[str, ...]  # their names: a label is an index into them
    train: Split
    dev: Split
    test: Split | None
    notes: JSON  # facts that the report states: conversions, held-out dev, missing classes
    truth: dict[str, np.ndarray] = field(default_factory=dict)  # of rendered faces: each dev face's, and train_emotions
    shows: str = "face"  # or "picture": what one is called

    @property
    def splits(self) -> dict[str, Split]:
        """The splits that there are, by name."""
        return {name: split for name in SPLITS if (split := getattr(self, name)) is not None}
