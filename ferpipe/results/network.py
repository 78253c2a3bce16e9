"""What `analyses/network.py` prepared: one network in whole numbers, and what a reader may ask it first."""

from dataclasses import dataclass
from typing import Literal

from ferpipe.results.common import Mean, Single, Whole

ControlName = Literal["brows", "lids", "corners", "lips", "jaw", "light", "hand", "glasses"]
Deed = Literal["mouth", "eyes", "dark", "hand", "brows"]


@dataclass(frozen=True)
class Control:
    """One thing that can be changed of a drawn face: as many faces as levels follow the face itself."""

    what: ControlName
    levels: list[int]  # without 0, the face itself


@dataclass(frozen=True)
class Experiment:
    """Something to try, and what comes of it: the probability of one class, averaged over views."""

    what: Deed
    picture: int  # of `shown` or, of drawn faces, of `faces`
    changed: int  # the same, where another picture is shown instead
    hide: list[int]  # cells, row by row
    bright: int  # grey levels added
    label: int
    before: float
    after: float


@dataclass(frozen=True)
class Alarm:
    """How often pictures are called unlike those that the network learned from: shares."""

    unseen: float | None  # of pictures that neither training nor threshold saw; None where there are none
    noise: float
    textures: float  # and faceless pictures of scikit-image's


@dataclass(frozen=True)
class Numbers:
    """The weights in the order in which a picture meets them, and the classes' mean pictures.

    A convolution's weights are (outputs, h, w, inputs), without their normalisation, which is folded into them; a
    whole number times its output's scale is a weight. `alarm` has one more scale and bias.
    """

    weights: Whole  # int16
    scales: Whole  # float32, one an output of each layer
    biases: Whole  # float32, the same
    alarm: Whole  # int16: what the third stage's map weighs
    shown: Mean  # (classes, 48, 48) uint8


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
    bits: int
    accuracy: float  # over views, on dev
    n: int
    people: int
    controls: list[Control]
    grid: int  # cells a side
    parts: dict[Deed, list[int]]  # cells, row by row, of what can be hidden at once
    alarm_scale: float
    alarm_bias: float  # above 0 a picture is called unlike
    alarm: Alarm
    experiments: list[Experiment]
    seed: int
    arrays: Numbers
    private: Drawn | None
