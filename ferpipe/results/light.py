"""What `analyses/light.py` found: whether a good picture makes a right answer."""

from dataclasses import dataclass

from ferpipe.results.common import Estimate


@dataclass(frozen=True)
class Thirds:
    """The accuracy in each third of a quality; None where few faces count."""

    bounds: list[float]  # between the thirds
    thirds: list[Estimate | None]
    difference: Estimate | None  # of the upper third and the lower


@dataclass(frozen=True)
class Along:
    """Spearman's correlation of a face's detail with its total saliency; None for too few faces."""

    all: Estimate | None
    right: Estimate | None
    wrong: Estimate | None


@dataclass(frozen=True)
class Light:
    """Brightness, contrast and detail of dev faces, in grey levels."""

    brightness: Thirds
    contrast: Thirds
    detail: Thirds
    saliency: Along
    n: int
    seed: int
    resamples: int
