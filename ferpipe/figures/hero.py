"""The first picture of the page: faces of several classes under the map whose shares the first sentence tells."""

from dataclasses import replace

import numpy as np

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import FACE, MEAN, Figure, numbers_file
from ferpipe.drawing.words import answer, described, over
from ferpipe.results.common import MethodName
from ferpipe.results.data import Data
from ferpipe.results.lime import Lime
from ferpipe.results.portraits import Portraits
from ferpipe.results.saliency import Saliency
from ferpipe.results.scores import Scores
from ferpipe.text.formats import class_name
from ferpipe.text.language import Language

GRADIENT: MethodName = "magnitude"  # whose shares the first sentence tells
SQUARE = 5  # pixels a side over which it is averaged, or a face would be speckled
SHOWN = 6
CELL = 6  # pixels a side of the cells on which LIME's mean is made


def draw(
    portraits: Portraits, scores: Scores, saliency: Saliency, lime: Lime, data: Data, language: Language
) -> Figure:
    """Return faces under maps, or mean faces under mean maps where single ones may not be shown."""
    names = language.words("scores.methods")
    if portraits.private is not None and portraits.faces:
        kind = FACE
        # where on a face, not which part matters most: a method that ranks parts best may peak at one spot of any face
        method = GRADIENT if GRADIENT in scores.good.mass else scores.trusted or GRADIENT
        maps = portraits.private.maps[portraits.methods.index(method)]
        maps = smoothed(maps) if method == GRADIENT else maps
        images, labels = list(portraits.private.images), [face.label for face in portraits.faces]
        alts = [described(language, face) for face in portraits.faces]
    else:
        method = "lime" if scores.trusted == "lime" else GRADIENT
        kind = MEAN
        known = [k for k, mean in enumerate(data.arrays.mean_faces) if mean.any()][:SHOWN]
        maps = _blended(lime.arrays.class_weights[known]) if method == "lime" else saliency.arrays.class_maps[known]
        images, labels = [pictures.stretched(mean) for mean in data.arrays.mean_faces[known]], known
        alts = [language.words("shared")["mean_of"].format(label=class_name(language, label)) for label in labels]
    limits = [pictures.limit(values) for values in maps]  # one each: a map tells what is where, not how much
    files: dict[str, bytes] = {}
    cells = []
    what = language.words("methods")["map"].format(method=names[method])
    for index, (image, values, label, alt) in enumerate(zip(images, maps, labels, alts, strict=True)):
        face, content = pictures.shared(kind, np.asarray(image))
        file = f"hero-map-{index}.webp"
        files |= {face: content, file: pictures.signed(values, limits[index])}
        cell = over(language, grid.Cell(alt, face), file, what)
        caption = answer(language, portraits.faces[index]) if kind == FACE else class_name(language, label)
        cells.append(replace(cell, label=caption))
    files["hero.json"] = numbers_file({"method": method, "labels": labels, "ends_of_the_scales": limits})
    return Figure(grid.grid([grid.row(cells)], 3), "portraits", "hero.json", files, fades=True)


def smoothed(maps: np.ndarray) -> np.ndarray:
    """Return maps (n, 48, 48) whose pixels are means over SQUARE pixels a side, edges repeated."""
    around = SQUARE // 2
    padded = np.pad(maps, ((0, 0), (around, around), (around, around)), mode="edge")
    means: np.ndarray = np.lib.stride_tricks.sliding_window_view(padded, (SQUARE, SQUARE), axis=(1, 2)).mean((3, 4))
    return means


def _blended(maps: np.ndarray) -> np.ndarray:
    """Return maps (n, 48, 48) of even cells with a linear passage from cell to cell, so that a face shows through."""
    cells = maps[:, CELL // 2 :: CELL, CELL // 2 :: CELL]
    places, pixels = np.arange(cells.shape[1]) * CELL + (CELL - 1) / 2, np.arange(maps.shape[1])
    share = np.stack([np.interp(pixels, places, row) for row in np.eye(len(places))])  # (cells, 48)
    smooth: np.ndarray = np.einsum("nij,ia,jb->nab", cells, share, share)
    return smooth
