"""What several results share: estimates, faces that are shown, and the kinds of arrays that may be published."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

if TYPE_CHECKING:
    import numpy as np

# Shares lie in [0, 1], losses are in nats; a label is an index into the data set's classes, of which a list by class
# has an entry each.

# What results are kept by; a text that asks for another is told so, see text/paths.py.

SplitName = Literal["train", "dev", "test"]
RegionName = Literal["face", "brows", "eyes", "nose", "mouth", "hand", "background", "features"]
MethodName = Literal[
    "gradient", "magnitude", "times_input", "smoothgrad", "integrated", "layercam", "lime", "rise", "occlusion"
]
BaselineName = Literal["random", "edges", "centre", "area"]


@dataclass(frozen=True)
class Estimate:
    """A statistic of n values with its 95% interval [low, high]."""

    value: float
    interval: list[float]
    n: int


@dataclass(frozen=True)
class Across:
    """What decides a finding: its statistic, once for each network; verdicts.py judges it."""

    values: list[float]  # one a network
    errors: list[float]  # the standard error of each, over faces; of correlations on Fisher's z
    error: float  # of their mean, over the faces that all of them saw; 0 where each has units of its own, as filters
    n: int  # faces, or other units that one network has
    control: list[float]  # the same statistic of untrained networks; empty where they cannot be asked
    fisher: bool = False  # correlations, whose intervals are made on Fisher's z


@dataclass(frozen=True)
class Face:
    """A dev face that is shown, with the analysis model's prediction and its probability."""

    label: int
    prediction: int
    probability: float
    name: str  # of its file


# Arrays, each with the kind that a restricted data set may publish; no single picture can be recognised from these.
KINDS = MEAN, WEIGHTS, ASCENT, TABLE, PUBLIC, WHOLE = (
    "a mean over many faces", "weights of a filter", "a picture grown from noise", "a number for each filter and class",
    "of the photograph in the public domain", "weights of a whole network",
)  # fmt: skip
Mean = Annotated["np.ndarray", MEAN]
Weights = Annotated["np.ndarray", WEIGHTS]
Ascent = Annotated["np.ndarray", ASCENT]
Table = Annotated["np.ndarray", TABLE]
Public = Annotated["np.ndarray", PUBLIC]  # of the analysis `photograph` alone, see restricted.py
Whole = Annotated["np.ndarray", WHOLE]
SINGLE = "a picture of one face"  # which could be recognised: in `private` alone, which stays on the machine
Single = Annotated["np.ndarray", SINGLE]
