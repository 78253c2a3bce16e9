"""What `analyses/network.py` prepared: one network in whole numbers, and what a reader may ask it first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ferpipe.results.common import Single, Whole

if TYPE_CHECKING:
    import numpy as np

ControlName = Literal["brows", "lids", "corners", "lips", "jaw", "light", "hand", "glasses"]
Deed = Literal["mouth", "eyes", "dark", "hand", "brows"]
PartName = Literal["mouth", "eyes", "brows"]


@dataclass(frozen=True)
class Control:
    """One thing that can be changed of a drawn face: as many faces as levels follow the face itself."""

    what: ControlName
    levels: list[int]  # without 0, the face itself


@dataclass(frozen=True)
class Experiment:
    """Something to try, and what comes of it: the probability of one class, averaged over views."""

    what: Deed
    picture: int  # of the mean faces and the photograph behind them or, where faces are drawn, of `faces`
    changed: int  # the same, where another picture is shown instead
    hide: list[int]  # cells, row by row
    bright: int  # grey levels added
    label: int
    before: float
    after: float
    change: float  # after less before


@dataclass(frozen=True)
class Alarm:
    """How often pictures are called unlike those that the network learned from: shares."""

    unseen: float | None  # of pictures that neither training nor threshold saw; None where there are none
    noise: float
    textures: float  # and faceless pictures of scikit-image's
    squares: int  # of these
    ready: float  # of the pictures that a reader can choose


@dataclass(frozen=True)
class Numbers:
    """The weights in the order in which a picture meets them.

    A convolution's weights are (outputs, h, w, inputs), without their normalisation, which is folded into them; a
    whole number times its output's scale is a weight. `alarm` has one more scale and bias.
    """

    weights: Whole  # int16
    scales: Whole  # float32, one an output of each layer
    biases: Whole  # float32, the same
    alarm: Whole  # int16: what the third stage's map weighs


@dataclass(frozen=True)
class Drawn:
    """Drawn faces (people x emotions x levels, 48, 48) uint8."""

    faces: Single


@dataclass(frozen=True)
class Network:
    """The network that can be asked in the page; shares and probabilities are in [0, 1]."""

    name: str
    stem: str
    width: int
    enlarge: int
    outside: float  # what lies beyond a picture's edge, as an input: 0 but of somebody's own network
    accuracy: float  # over views, on dev
    n: int
    people: int
    controls: list[Control]
    sizes: list[int]  # weights of each layer
    grid: int  # cells a side
    parts: dict[PartName, list[int]]  # cells, row by row, of what can be hidden at once
    alarm_scale: float
    alarm_bias: float  # above 0 a picture is called unlike
    alarm: Alarm
    experiments: list[Experiment]
    seed: int
    arrays: Numbers
    private: Drawn | None


def grey(means: np.ndarray) -> np.ndarray:
    """Return mean faces (n, 48, 48) in [0, 1] as uint8, as they are asked about."""
    import numpy as np

    levels: np.ndarray = (255 * means).round().astype(np.uint8)
    return levels


def seen(picture: np.ndarray, cells: int, hide: list[int], bright: int) -> np.ndarray:
    """Return a picture (48, 48) uint8 made brighter, then with cells hidden behind its mean: as in the page."""
    import numpy as np

    pixels = np.clip(picture.astype(np.int64) + bright, 0, 255)
    mean, side = int(np.floor(pixels.mean() + 0.5)), len(picture) // cells
    for cell in hide:
        top, left = cell // cells * side, cell % cells * side
        pixels[top : top + side, left : left + side] = mean
    return pixels.astype(np.uint8)
