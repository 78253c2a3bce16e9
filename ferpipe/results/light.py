"""What `analyses/light.py` found: whether a good picture makes a right answer."""

from dataclasses import dataclass
from typing import Literal

from ferpipe.results.common import Across, Estimate

ChangeName = Literal["dark", "flat", "blurred"]


@dataclass(frozen=True)
class Thirds:
    """The accuracy in each third of a quality; None where few faces count."""

    bounds: list[float]  # between the thirds
    thirds: list[Estimate | None]
    difference: Estimate | None  # of the upper third and the lower


@dataclass(frozen=True)
class Light:
    """Brightness, contrast and detail of dev faces, in grey levels."""

    brightness: Thirds
    contrast: Thirds
    detail: Thirds
    quiet: Across | None  # rank correlation of a face's detail with its answer's total saliency; None of no face
    done: dict[
        ChangeName, Across | None
    ]  # accuracy lost by the same pictures in poor light, with less contrast, blurred
    turned: Across | None  # answers changed by light from the other side; None where faces are not drawn
    dark: float  # share of the light that is left in poor light
    flat: float  # share of the contrast that is left without it
    n: int
    seed: int
    resamples: int
