"""What `analyses/dissection.py` found: which part of the expression each of Table 1's filters fires on."""

from dataclasses import dataclass

from ferpipe.results.common import Estimate


@dataclass(frozen=True)
class Fires:
    """The part that a filter's map overlaps most: intersection over union, that by chance, and their difference."""

    part: str  # an action unit or "hand"
    iou: float
    chance: float
    beyond: Estimate


@dataclass(frozen=True)
class Layer:
    """A layer's first filters."""

    layer: str
    filters: list[Fires]


@dataclass(frozen=True)
class Dissection:
    """Filters by layer; nothing where the faces cannot be drawn again."""

    available: bool
    top: float  # share of all positions at which a filter counts as firing
    seed: int
    layers: list[Layer]
    above: Estimate | None  # share of the filters whose overlap lies above chance with its whole interval
    n: int
    parts: list[str] | None = None  # that enough faces have
    resamples: int | None = None
