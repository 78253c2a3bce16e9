"""For our own faces and networks: all methods by name behind one call, beside baselines that ask no network.

Of other networks and pictures, `attributions` and `perturbation` have the same methods one by one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from scipy.ndimage import gaussian_filter, sobel
from torch import Tensor, nn

from ferpipe.explainers import attributions, service
from ferpipe.explainers.activations import mapped
from ferpipe.explainers.inputs import BATCH, batches, inputs
from ferpipe.explainers.superpixels import BLUR
from ferpipe.networks.folding import folded
from ferpipe.networks.resnet import ResNet18
from ferpipe.size import SIDE

Method = Literal[
    "gradient", "magnitude", "times_input", "smoothgrad", "integrated", "layercam", "lime", "rise", "occlusion"
]
Baseline = Literal["random", "edges", "centre"]
METHODS: tuple[Method, ...] = get_args(Method)
BASELINES: tuple[Baseline, ...] = get_args(Baseline)
SIGNED = {  # what a value means; where it can fall below zero, it then speaks against the target
    "gradient": "logit per unit of input, of either sign",
    "magnitude": "logit per unit of input, zero or more",
    "times_input": "logit, of either sign; by the slope, the change from the mean grey to the pixel",
    "smoothgrad": "logit per unit of input, of either sign",
    "integrated": "logit, of either sign; a map's sum is the change from the blurred face to the face",
    "layercam": "activation times logit per activation, zero or more",
    "lime": "log-odds, of either sign, of the pixel's whole segment",
    "rise": "log-odds per deviation of the mask, of either sign",
    "occlusion": "log-odds, of either sign, of a patch around the pixel",
    "random": "no unit, of either sign",
    "edges": "grey levels per pixel, zero or more",
    "centre": "no unit, above zero",
}

SAMPLES, SIGMA = 50, 0.15  # SmoothGrad: noisy copies, and their noise's deviation as a share of the face's range
STEPS = 32  # of the path integral, Gauss-Legendre
PATHS = 4  # faces whose paths are forwarded at once
STAGES = ("layer2", "layer3", "layer4")  # of a ResNet of ours
SMALLEST = 6  # a side of LayerCAM's map: the coarser ones of a 48x48 face say little of where
GRAIN = 3.0  # pixels: deviation of the blur that makes random relevance smooth
SPREAD = 12.0  # pixels: deviation of the centred Gaussian
DRAW_NOISE, DRAW_RANDOM = 133, 134  # mark these methods' generators


def relevance(
    name: str, network: nn.Module, images: np.ndarray, targets: np.ndarray, device: torch.device, seed: int,
    effort: float = 1.0,
) -> np.ndarray:  # fmt: skip
    """Return each pixel's relevance for the target's logit or log-odds, (n, 48, 48) float32, in the unit of SIGNED.

    For images (n, 48, 48) uint8, labels `targets` (n,) and a network in evaluation mode. `effort` scales the number of
    samples, steps and masks. Draws depend on the seed and a face's index alone. Raises ValueError for an unknown name.
    """
    if name not in _BY_NAME:
        raise ValueError(f"name is {name!r}; it must be one of {', '.join(_BY_NAME)}")
    if len(images) != len(targets):
        raise ValueError(f"images (={len(images)}) and targets (={len(targets)}) must be equally many")
    if not len(images):
        return np.zeros((0, SIDE, SIDE), np.float32)
    return _BY_NAME[name](_Asked(folded(network), images, targets, device, seed, effort)).astype(np.float32, copy=False)


@dataclass(frozen=True)
class _Asked:
    """What `relevance` was asked."""

    network: nn.Module
    images: np.ndarray
    targets: np.ndarray
    device: torch.device
    seed: int
    effort: float

    def scaled(self, count: int) -> int:
        """Return a number of samples or steps at this effort."""
        return max(2, round(count * self.effort))

    def batched(self, explain: Callable[[slice, Tensor], np.ndarray], size: int = BATCH) -> np.ndarray:
        """Return what `explain` makes of the place and the inputs of each batch, together."""
        return np.concatenate([explain(*batch) for batch in batches(self.images, self.device, size)])


def stage(network: nn.Module, device: torch.device) -> str:
    """Return the last stage whose map of a 48x48 face has SMALLEST pixels a side; ValueError if none has.

    Of a network that is no ResNet the last of all its layers.
    """
    ours = isinstance(network, ResNet18)
    shapes = mapped(network, inputs(np.zeros((1, SIDE, SIDE), np.uint8), device))
    sides = {name: min(shape[-2:]) for name, shape in shapes.items() if not ours or name in STAGES}
    if large := [name for name, side in sides.items() if side >= SMALLEST]:
        return large[-1]
    raise ValueError(f"no stage has a map of {SMALLEST} pixels a side or more; they have {sides}")


def _gradient(asked: _Asked) -> np.ndarray:
    return asked.batched(lambda place, faces: attributions.gradient(asked.network, faces, asked.targets[place]))


def _magnitude(asked: _Asked) -> np.ndarray:
    return np.abs(_gradient(asked))


def _times_input(asked: _Asked) -> np.ndarray:
    """Shrikumar et al. 2017; a slope alone says how to change the answer, times the input what the pixel adds to it."""
    return _gradient(asked) * inputs(asked.images)[:, 0].numpy()


def _smoothgrad(asked: _Asked) -> np.ndarray:
    faces = inputs(asked.images, asked.device)  # all at once: a face's noise depends on its index
    seed = (asked.seed, DRAW_NOISE)
    return attributions.smoothgrad(asked.network, faces, asked.targets, asked.scaled(SAMPLES), SIGMA, seed)


def _integrated(asked: _Asked) -> np.ndarray:
    baselines, steps = inputs(attributions.blurred(asked.images, BLUR), asked.device), asked.scaled(STEPS)

    def explain(place: slice, faces: Tensor) -> np.ndarray:
        return attributions.integrated(asked.network, faces, asked.targets[place], baselines[place], steps)[0]

    return asked.batched(explain, PATHS)


def _layercam(asked: _Asked) -> np.ndarray:
    layer = stage(asked.network, asked.device)
    return asked.batched(lambda place, faces: attributions.layercam(asked.network, layer, faces, asked.targets[place]))


def _masked(method: Callable[[service.Service, int, int], np.ndarray], asked: _Asked) -> np.ndarray:
    answers = service.Service([asked.network], asked.images, asked.device, asked.seed, asked.effort)
    return np.stack([method(answers, 0, face)[target] for face, target in enumerate(asked.targets)])


def _random(asked: _Asked) -> np.ndarray:
    rngs = [np.random.default_rng([asked.seed, DRAW_RANDOM, index]) for index in range(len(asked.images))]
    return np.stack([gaussian_filter(rng.standard_normal((SIDE, SIDE)), GRAIN, mode="wrap") for rng in rngs])


def _edges(asked: _Asked) -> np.ndarray:
    faces = asked.images.astype(np.float32)
    return np.stack([np.hypot(*(sobel(face, axis, mode="nearest") for axis in (0, 1))) / 8 for face in faces])


def _centre(asked: _Asked) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    gaussian = np.exp(-(rows**2 + columns**2) / (2 * SPREAD**2))
    return np.repeat(gaussian[None], len(asked.images), axis=0)


_BY_NAME: dict[str, Callable[[_Asked], np.ndarray]] = {
    "gradient": _gradient,
    "magnitude": _magnitude,
    "times_input": _times_input,
    "smoothgrad": _smoothgrad,
    "integrated": _integrated,
    "layercam": _layercam,
    "lime": lambda asked: _masked(service.lime, asked),
    "rise": lambda asked: _masked(service.rise, asked),
    "occlusion": lambda asked: _masked(service.occlusion, asked),
    "random": _random,
    "edges": _edges,
    "centre": _centre,
}
