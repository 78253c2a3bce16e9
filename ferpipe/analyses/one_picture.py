"""What networks make of single pictures: predictions, every method's map, LIME, and what changes the prediction."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from scipy.ndimage import gaussian_filter, rotate
from torch import nn

from ferpipe.analyses import unlike
from ferpipe.analyses.network import GRID, PARTS
from ferpipe.analyses.study import softmax
from ferpipe.explainers import perturbation, service, superpixels
from ferpipe.explainers.inputs import logits
from ferpipe.explainers.methods import METHODS, relevance
from ferpipe.networks import views
from ferpipe.networks.folding import folded
from ferpipe.results.common import MethodName
from ferpipe.results.network import Network as Alarm
from ferpipe.results.network import seen
from ferpipe.results.one_picture import Change, ChangeName, Given, Network, OnePicture

EFFORT = 0.5  # of each method's samples: fifty pictures in a minute
LIGHT = 60  # grey levels
BLUR = 1.5  # pixels
TURN = 15  # degrees
LONG = 480  # pixels of the longer side in which a face is looked for
SMALL = 40  # pixels of the smallest face that is looked for
GROWN = 1.2  # what the cascade finds, by this, is cut as FER2013's faces are


@dataclass(frozen=True)
class Asked:
    """A network in evaluation mode, and what is said of it."""

    network: nn.Module
    told: Network


def explain(
    pictures: Sequence[Given], asked: Sequence[Asked], classes: Sequence[str], device: torch.device,
    alarm: Alarm | None = None, done: Callable[[int], object] = lambda count: None, seed: int = 0,
) -> list[OnePicture]:  # fmt: skip
    """Return what the networks make of each picture, the maps those of the first network; `done` hears of each.

    `alarm` has the reading of that network's third stage, where one was fitted. Draws are the same for every picture.
    """
    networks = [folded(model.network) for model in asked]
    images = np.stack([picture.image for picture in pictures])
    answers = torch.from_numpy(images).to(device)
    chances = np.stack([softmax(views.averaged(network, answers).double().numpy()) for network in networks])
    together = chances.mean(0)
    strange = _alarm(networks[0], images, alarm)
    explanations = []
    for index, picture in enumerate(pictures):
        label = int(together[index].argmax())
        maps, fit, stability = _maps(networks[0], picture.image, label, device, seed)
        explanations.append(
            OnePicture(
                given=picture,
                classes=list(classes),
                networks=[model.told for model in asked],
                probabilities=chances[:, index].tolist(),
                together=together[index].tolist(),
                label=label,
                methods=list(METHODS),
                maps=maps,
                fit=fit,
                stability=stability,
                changes=_changes(networks, picture.image, device),
                alarm=None if strange is None else float(strange[index]),
                samples=round(perturbation.SAMPLES * EFFORT),
            )
        )
        done(1)
    return explanations


def _maps(
    network: nn.Module, image: np.ndarray, label: int, device: torch.device, seed: int
) -> tuple[np.ndarray, float | None, float | None]:
    """Return the methods' maps (methods, 48, 48) of a label, and LIME's fit and stability."""
    target = np.array([label])
    maps: dict[MethodName, np.ndarray] = {
        name: relevance(name, network, image[None], target, device, seed, EFFORT)[0]
        for name in METHODS
        if name != "lime"
    }
    answers = service.Service([network], image[None], device, seed, EFFORT)
    weights = service.weights(answers, 0, 0)[:, label]
    segments = answers.segments(0)
    masks = answers.cells[:, : len(weights)].astype(np.float64)
    told = answers.answers("lime", 0, 0)[:, label].astype(np.float64)
    model = superpixels.measured(segments, masks, {label: told}, {label: weights})
    maps["lime"] = model.painted()
    return np.stack([maps[name] for name in METHODS]), model.r2[label], model.stability[label]


def _changes(networks: Sequence[nn.Module], image: np.ndarray, device: torch.device) -> list[Change]:
    """Return the picture changed in one thing at a time with the mean of the networks' probabilities."""
    changed = changes(image)
    scaled = np.stack(list(changed.values())).astype(np.float32) / 255
    chances = np.mean([softmax(logits(network, scaled, device)) for network in networks], axis=0)
    return [Change(what, picture, row.tolist()) for (what, picture), row in zip(changed.items(), chances, strict=True)]


def changes(image: np.ndarray) -> dict[ChangeName, np.ndarray]:
    """Return a picture (48, 48) uint8 as it is, then with each change."""
    grey = image.astype(np.float64)
    changed: dict[ChangeName, np.ndarray] = {
        "itself": grey,
        "brighter": seen(image, GRID, [], LIGHT),
        "darker": seen(image, GRID, [], -LIGHT),
        "blurred": gaussian_filter(grey, BLUR, mode="nearest"),
        "left": rotate(grey, TURN, reshape=False, order=1, mode="nearest"),
        "right": rotate(grey, -TURN, reshape=False, order=1, mode="nearest"),
        "mirrored": grey[:, ::-1],
        "mouth": seen(image, GRID, list(PARTS["mouth"]), 0),
        "eyes": seen(image, GRID, list(PARTS["eyes"]), 0),
    }
    return {what: np.rint(picture).clip(0, 255).astype(np.uint8) for what, picture in changed.items()}


def _alarm(network: nn.Module, images: np.ndarray, alarm: Alarm | None) -> np.ndarray | None:
    """Return what the reading of the third stage's map says of each picture, as the page's network does."""
    if alarm is None:
        return None
    reading = unlike.Reading(alarm.arrays.alarm, alarm.alarm_scale, alarm.alarm_bias, alarm.alarm)
    return reading.of(unlike.third(deepcopy(network).cpu(), images))


def largest_face(grey: np.ndarray) -> tuple[float, float, float] | None:
    """Return left, top and side of the largest face in a grey picture (h, w) uint8; None where none is found.

    By scikit-image's cascade of local binary patterns, which finds upright faces seen from the front (Ahonen et al.
    2006). The square is cut closely, from the brows to the chin, as FER2013's faces are.
    """
    shrink = max(1.0, max(grey.shape) / LONG)
    small = grey if shrink == 1 else _shrunk(grey, shrink)
    if min(small.shape) < SMALL:
        return None
    boxes = _cascade().detect_multi_scale(
        small, scale_factor=1.1, step_ratio=1, min_size=(SMALL, SMALL), max_size=(min(small.shape),) * 2
    )
    if not boxes:
        return None
    box = max(boxes, key=lambda face: face["width"])
    side = box["width"] * shrink
    grown = min(GROWN * side, *grey.shape)
    corner = [
        min(max(box[key] * shrink - (grown - side) / 2, 0), length - grown)
        for key, length in (("c", grey.shape[1]), ("r", grey.shape[0]))
    ]
    return corner[0], corner[1], grown


def _shrunk(grey: np.ndarray, times: float) -> np.ndarray:
    from skimage.transform import resize

    size = tuple(max(1, round(side / times)) for side in grey.shape)
    shrunk: np.ndarray = np.rint(resize(grey.astype(np.float64), size, anti_aliasing=True)).astype(np.uint8)
    return shrunk


@lru_cache(1)
def _cascade():  # type: ignore[no-untyped-def]
    from skimage.data import lbp_frontal_face_cascade_filename
    from skimage.feature import Cascade

    return Cascade(lbp_frontal_face_cascade_filename())
