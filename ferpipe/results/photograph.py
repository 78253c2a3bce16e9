"""What `analyses/photograph.py` found: one photograph in the public domain, seen by networks that never met it."""

from dataclasses import dataclass

from ferpipe.results.common import MethodName, Public


@dataclass(frozen=True)
class Seen:
    """The photograph (48, 48) uint8, every method's map (methods, 48, 48), and the first layer's outputs (64, h, w)."""

    image: Public
    maps: Public
    outputs: Public


@dataclass(frozen=True)
class Photograph:
    """What the networks say of the photograph; maps explain the analysis model's prediction."""

    name: str  # of the picture in scikit-image
    prediction: int
    probability: float
    members: list[int]  # each trained network's prediction
    methods: list[MethodName]
    effort: float
    arrays: Seen
