"""The parts of a face: exact on rendered faces, those of the mean face where the truth is not known."""

from collections.abc import Mapping

import numpy as np

from ferpipe.data.dataset import Dataset
from ferpipe.results.common import RegionName
from ferpipe.size import SIDE

REGIONS: tuple[RegionName, ...] = ("face", "brows", "eyes", "nose", "mouth", "hand", "background")  # as in the truth
ELLIPSE = (22.0, 17.0)  # half-axes in pixels, rows and columns: FER2013's faces fill their frame
Box = tuple[int, int, int, int]  # rows and columns (from, to) in pixels
BOXES: dict[RegionName, tuple[Box, ...]] = {  # read off the mean of FER2013's training faces
    "brows": ((11, 15, 8, 21), (11, 15, 27, 40)),
    "eyes": ((15, 21, 8, 21), (15, 21, 27, 40)),
    "nose": ((21, 32, 18, 30),),
    "mouth": ((33, 43, 13, 35),),
}


def ellipse(half_axes: tuple[float, float] = ELLIPSE) -> np.ndarray:
    """Return the mask (48, 48) bool of a centred ellipse."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    inside: np.ndarray = (rows / half_axes[0]) ** 2 + (columns / half_axes[1]) ** 2 <= 1
    return inside


def regions(dataset: Dataset) -> Mapping[RegionName, np.ndarray]:
    """Return the masks of each region in each dev face, (n, 48, 48) bool, by name; `features` unites those of BOXES.

    None of pictures that are no faces.
    """
    if dataset.shows != "face":
        return {}
    if "regions" in dataset.truth:
        masks = {name: dataset.truth["regions"][:, index] for index, name in enumerate(REGIONS)}
    else:
        face = ellipse()
        parts = {"face": face, **{name: _boxed(boxes) & face for name, boxes in BOXES.items()}, "background": ~face}
        masks = {name: np.broadcast_to(mask, dataset.dev.images.shape) for name, mask in parts.items()}
    features = masks["brows"] | masks["eyes"] | masks["nose"] | masks["mouth"]
    return {**masks, "features": features}


def _boxed(boxes: tuple[Box, ...]) -> np.ndarray:
    inside = np.zeros((SIDE, SIDE), bool)
    for top, bottom, left, right in boxes:
        inside[top:bottom, left:right] = True
    return inside
