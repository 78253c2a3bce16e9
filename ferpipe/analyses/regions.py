"""The parts of a face: exact on rendered faces, an ellipse where the truth is not known."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ferpipe.data.dataset import Dataset
from ferpipe.emotions import SIDE

REGIONS = ("face", "brows", "eyes", "nose", "mouth", "hand", "background")  # the order of truth["regions"]
ELLIPSE = (22.0, 17.0)  # half-axes in pixels, rows and columns: FER2013's faces fill their frame


def ellipse(half_axes: tuple[float, float] = ELLIPSE) -> np.ndarray:
    """Return the mask (48, 48) bool of a centred ellipse."""
    rows, columns = np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2
    inside: np.ndarray = (rows / half_axes[0]) ** 2 + (columns / half_axes[1]) ** 2 <= 1
    return inside


def regions(dataset: Dataset) -> Mapping[str, np.ndarray]:
    """Return the masks of each region in each dev face, (n, 48, 48) bool, by name."""
    if "regions" in dataset.truth:
        return {name: dataset.truth["regions"][:, index] for index, name in enumerate(REGIONS)}
    face = np.broadcast_to(ellipse(), dataset.dev.images.shape)
    return {"face": face, "background": ~face}
