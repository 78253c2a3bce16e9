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
_COLUMNS = 7  # that a card has room for


def draw(saliency: Saliency, data: Data, language: Language) -> Figure:
    """Return the mean face of each class above its mean saliency, columns on white; the same in all languages."""
    faces = np.stack([pictures.stretched(mean) for mean in data.arrays.mean_faces[:_COLUMNS]])  # (classes, 48, 48)
    maps = saliency.arrays.class_maps[:_COLUMNS]  # (classes, 48, 48)
    grey = np.rint(255 * np.clip(faces, 0, 1)).astype(np.uint8)[..., None].repeat(3, -1)
    palette = np.frombuffer(colours.signed(), np.uint8).reshape(-1, 3)
    painted = palette[colours.indices(maps, pictures.limit(maps))]
    pale = 128 + grey.astype(np.uint16) // 2  # the face shows through, as on the page
    tiles = np.concatenate([grey, (painted * pale // 255).astype(np.uint8)])
    tiled = pictures.tiled(tiles.repeat(_SCALE, 1).repeat(_SCALE, 2), len(faces), _GAP, 255)
    sheet = np.full((CARD[1], CARD[0], 3), 255, np.uint8)
    height, width = tiled.shape[:2]
    top, left = (CARD[1] - height) // 2, (CARD[0] - width) // 2
    sheet[top : top + height, left : left + width] = tiled
    return Figure("", "saliency", FILE, {FILE: pictures.colour(sheet)})
