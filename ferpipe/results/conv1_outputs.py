"""What `analyses/conv1_outputs.py` found: the first layer's outputs for one face, and what kind each filter is."""

from dataclasses import dataclass
from typing import Literal

from ferpipe.results.common import Across, Face, Mean, Single, Weights

Kind = Literal["outline", "shade", "passes", "dead", "other"]


@dataclass(frozen=True)
class Thresholds:
    """From which value on a filter is of a kind, see analyses/roles.py."""

    likeness: float
    dead: float
    duplicate: float
    shade_blur: float  # pixels


@dataclass(frozen=True)
class Kernels:
    """All kernels of the first convolution, (64, k, k), and its mean outputs (64, h, w) over `mean_n` faces.

    A convolution is linear, so that these are its outputs for the faces' mean.
    """

    kernels: Weights
    mean_outputs: Mean


@dataclass(frozen=True)
class Outputs:
    """The face (48, 48) uint8 and the filters' outputs for it, (64, h, w)."""

    image: Single
    outputs: Single


@dataclass(frozen=True)
class Conv1Outputs:
    """The first convolution's filters."""

    face: Face
    order: list[int]  # in which to show them: by orientation, then frequency
    kinds: dict[Kind, int]  # how many filters are of each kind
    kind: list[Kind]  # by filter
    fitting: Across | None  # share of the filters that trace, shade or pass a face on
    likeness: dict[Kind, list[float]]  # by kind and filter, in [0, 1]
    thresholds: Thresholds
    size: int  # pixels a side of an output
    duplicates: int  # pairs of kernels that are the same
    n: int
    mean_n: int  # rightly answered faces of the shown one's class; 0 for too few, and then the outputs are zero
    seed: int
    arrays: Kernels
    private: Outputs | None
