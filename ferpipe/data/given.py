"""Pictures that are in memory already, as a notebook has them, to 48x48 grey pixels."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from PIL import Image

from ferpipe.data.pictures import fitted, middle
from ferpipe.size import SIDE


def gathered(pictures: Iterable[Any]) -> np.ndarray:
    """Return pictures as (n, 48, 48) uint8, the middle square of each, in grey; raises ValueError where one is none.

    Each is a PIL picture, or an array or tensor (h, w), (h, w, 1 or 3) or (1 or 3, h, w): uint8, or floats in [0, 1].
    """
    parts = [_levels(picture) for picture in pictures]
    squares = [fitted(part, *middle(*part.shape)) for part in parts]
    return np.stack(squares) if squares else np.zeros((0, SIDE, SIDE), np.uint8)


def _levels(picture: Any) -> np.ndarray:
    """Return one picture as grey levels (h, w) uint8; raises ValueError where it is none."""
    if isinstance(picture, Image.Image):
        return np.asarray(picture.convert("RGB").convert("L"))
    values = np.asarray(picture.detach().cpu() if hasattr(picture, "detach") else picture)  # of torch
    if values.ndim == 3 and values.shape[0] in (1, 3) and values.shape[2] not in (1, 3):
        values = values.transpose(1, 2, 0)
    if values.ndim == 3 and values.shape[2] in (1, 3):
        values = values[:, :, 0] if values.shape[2] == 1 else values
    elif values.ndim != 2:
        raise ValueError(f"a picture is {values.shape}, wanted (h, w), (h, w, 3) or (1 or 3, h, w)")
    if not values.size:
        raise ValueError(f"a picture is {values.shape}: it has no pixels")
    if values.dtype.kind == "f":
        if not 0 <= values.min() <= values.max() <= 1:  # also where there are NaN
            raise ValueError(f"a picture lies from {values.min():.3g} to {values.max():.3g}, wanted floats in [0, 1]")
        values = np.rint(255 * values).astype(np.uint8)
    elif values.dtype != np.uint8:
        raise ValueError(f"a picture is {values.dtype}, wanted uint8, or floats in [0, 1]")
    return np.asarray(Image.fromarray(np.ascontiguousarray(values)).convert("L"))
