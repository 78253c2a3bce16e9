"""What `analyses/portraits.py` found: a few faces under every method, and one face changed in one thing at a time."""

from dataclasses import dataclass
from typing import Literal

from ferpipe.results.common import Face, MethodName, Single

Thing = Literal["none", "mouth", "brows", "hand", "glasses", "light"]


@dataclass(frozen=True)
class Change:
    """A drawn face that differs from the first in one thing, and the analysis model's answer to it."""

    what: Thing  # differs; "none" of the first
    prediction: int
    probability: float  # of that prediction
    before: float  # probability of the first one's prediction


@dataclass(frozen=True)
class Portrayed:
    """Faces (k, 48, 48) uint8 and every method's maps of them (methods, k, 48, 48), and the same of the strip's."""

    images: Single
    maps: Single
    changed_images: Single
    changed_maps: Single


@dataclass(frozen=True)
class Portraits:
    """A face of each class but neutral, and the strip; maps explain the analysis model's own prediction."""

    faces: list[Face]
    methods: list[MethodName]
    changes: list[Change]  # none where faces cannot be drawn again
    sure: float  # the probability that the first one's prediction has at least, where there is such a face
    effort: float
    private: Portrayed | None
