"""What `analyses/filters.py` found: pictures that filters answer to most."""

from dataclasses import dataclass

from ferpipe.results.common import Across, Ascent, Single, Weights


@dataclass(frozen=True)
class Picture:
    """What a picture reached."""

    activation: float
    natural: float  # the largest that a face reaches
    ratio: float | None  # of the two; None if no face reaches any
    variation: float  # of neighbouring pixels: 1.13 for white noise, less for what is smooth
    entropy: float  # spectral, over that of noise
    answer: int  # what the network takes it for


@dataclass(frozen=True)
class Pictures:
    """Pictures (5, 6, 48, 48) float32 in [0, 1], and the first layer's kernels (6, k, k)."""

    kernels: Weights
    pictures: Ascent


@dataclass(frozen=True)
class Strongest:
    """The dev faces of largest mean response to each filter at half size, (5, 6, k, 24, 24) uint8."""

    strongest: Single


@dataclass(frozen=True)
class Filters:
    """Six filters of each of five convolutions."""

    layers: list[str]
    pictures: list[list[Picture]]  # by layer and filter
    regular: Across | None  # spectral entropy of the first layer's pictures over that of their starts
    complexity: Across | None  # rank correlation with depth of what no grating excites of a filter
    readable: Across | None  # agreement of what pictures are taken for with the emotion that excites the filter, kappa
    steps: int
    starts: int
    n: int
    seed: int
    arrays: Pictures
    private: Strongest | None
