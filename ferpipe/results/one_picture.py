"""What `analyses/one_picture.py` found of one picture; written nowhere, but shown on a page of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ferpipe.results.common import MethodName

if TYPE_CHECKING:
    import numpy as np

Cut = Literal["whole", "middle", "face", "faceless"]
ChangeName = Literal["itself", "brighter", "darker", "blurred", "left", "right", "mirrored", "mouth", "eyes"]


@dataclass(frozen=True)
class Given:
    """A picture as it was given, and the square of it that is looked at."""

    name: str
    image: np.ndarray  # (48, 48) uint8
    preview: np.ndarray  # (h, w) uint8, of a few hundred pixels
    square: tuple[float, float, float]  # left, top and side in the preview
    cut: Cut  # whole: it is square; face: found; faceless: none was found, so the middle


@dataclass(frozen=True)
class Network:
    """A network that was asked."""

    name: str
    data: str  # the data set that it learned
    accuracy: float | None  # on dev; None where it is not known
    n: int
    guessed: bool = False  # whether how pictures enter it is a guess


@dataclass(frozen=True)
class Change:
    """The picture changed in one thing, and the mean of the networks' probabilities, of one view."""

    what: ChangeName
    image: np.ndarray  # (48, 48) uint8
    probabilities: list[float]


@dataclass(frozen=True)
class OnePicture:
    """Predictions, maps of the first network, and what changes the networks' mean."""

    given: Given
    classes: list[str]
    networks: list[Network]
    probabilities: list[list[float]]  # by network, over views
    together: list[float]  # their mean
    label: int  # of the highest; what the maps explain
    methods: list[MethodName]
    maps: np.ndarray  # (methods, 48, 48) float32
    fit: float | None  # LIME's weighted R^2, and its rank correlation between two halves of its samples
    stability: float | None
    changes: list[Change]  # the picture itself first
    alarm: float | None  # above 0 it is unlike what the network learned from; None where that is not known
    samples: int  # of LIME
