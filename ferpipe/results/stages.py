"""What `analyses/stages.py` found: layer by layer, what outputs still show of the face."""

from dataclasses import dataclass

from ferpipe.results.common import Estimate


@dataclass(frozen=True)
class Layer:
    """A layer: how nearly its outputs follow the face, and what share of its emotion's faces excites a filter."""

    layer: str
    likeness: float  # largest |correlation| of an output with the face, its edges or its shading
    above: Estimate  # the same less that against another face
    modes: Estimate  # of Table 1's filters
    receptive: int  # pixels a side that one output can see


@dataclass(frozen=True)
class Stages:
    """The layers of Table 1."""

    layers: list[Layer]
    trend: Estimate | None  # rank correlation of `above` with depth
    modes: Estimate
    loud: float  # quantile of other emotions' faces above which a response counts
    n: int
    seed: int
    resamples: int
