"""The picture that stands for a page where its link is shared: mean faces, and where the network looks on them.

Pixels alone: a font could change a byte, and the link's title says the rest.
"""

import numpy as np

from ferpipe.drawing import colours, pictures
from ferpipe.drawing.figure import CARD, Figure
from ferpipe.results.data import Data
from ferpipe.results.saliency import Saliency
from ferpipe.text.language import Language

FILE = "card.png"
_SCALE, _GAP = 3, 12  # of a face's pixels, and between faces


def draw(saliency: Saliency, data: Data, language: Language) -> Figure:
    """Return the mean face of each class above its mean saliency, seven columns on white; the same in all languages."""
    faces = data.arrays.mean_faces  # (7, 48, 48) in [0, 1]
    maps = saliency.arrays.class_maps  # (7, 48, 48)
    grey = np.rint(255 * np.clip(faces, 0, 1)).astype(np.uint8)[..., None].repeat(3, -1)
    palette = np.frombuffer(colours.signed(), np.uint8).reshape(-1, 3)
    painted = palette[colours.indices(maps, pictures.limit(maps))]
    pale = (128 + grey.astype(np.uint16) // 2).astype(np.uint16)  # the face shows through, as on the page
    rows = [grey, (painted.astype(np.uint16) * pale // 255).astype(np.uint8)]
    sheet = np.full((CARD[1], CARD[0], 3), 255, np.uint8)
    side = faces.shape[1] * _SCALE
    left = (CARD[0] - len(faces) * (side + _GAP) + _GAP) // 2
    top = (CARD[1] - 2 * side - _GAP) // 2
    for y, row in enumerate(rows):
        for x, tile in enumerate(row):
            place = top + y * (side + _GAP), left + x * (side + _GAP)
            sheet[place[0] : place[0] + side, place[1] : place[1] + side] = _enlarged(tile)
    return Figure("", "saliency", FILE, {FILE: pictures.colour(sheet)})


def _enlarged(tile: np.ndarray) -> np.ndarray:
    return tile.repeat(_SCALE, 0).repeat(_SCALE, 1)
