"""What `analyses/stages.py` found: layer by layer, what outputs still show of the face."""

from dataclasses import dataclass

from ferpipe.results.common import Across, Estimate


@dataclass(frozen=True)
class Layer:
    """A layer: how nearly its outputs follow the face, and what share of its emotion's faces excites a filter."""

    layer: str
    likeness: float | None  # largest |correlation| of an output with the face, its edges or its shading; None if small
    above: Estimate | None  # the same less that against another face
    modes: Across | None  # share of its emotion's faces to which a filter answers, of filters that prefer one
    preferring: int  # such filters, on average over networks
    receptive: int  # pixels a side that one output can see


@dataclass(frozen=True)
class Stages:
    """The layers of Table 1."""

    layers: list[Layer]
    falling: Across | None  # rank correlation of `above` with depth
    modes: Across | None  # over all layers
    preferring: float  # area under the ROC curve from which on a filter prefers an emotion
    loud: float  # quantile of other emotions' faces above which a response counts
    n: int
    anew: int  # faces that were drawn for `modes`; 0 where it was asked of dev
    seed: int
    resamples: int
