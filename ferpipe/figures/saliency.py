"""Saliency: what the prediction's logit answers to, pixel by pixel, by three methods."""

import numpy as np

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import RISE, SCALE, Figure, numbers_file
from ferpipe.drawing.words import answer, described, over
from ferpipe.emotions import EMOTIONS
from ferpipe.results.common import Face
from ferpipe.results.data import Data
from ferpipe.results.saliency import Saliency
from ferpipe.text.formats import emotion
from ferpipe.text.language import Language


def draw(saliency: Saliency, data: Data, language: Language) -> Figure:
    """Return faces by methods, or the classes' mean maps over their mean faces."""
    private, faces, files = saliency.private, saliency.faces, {SCALE: pictures.scale()}
    if private is None:
        return _classes(saliency, data, language)
    for index, image in enumerate(private.images):
        files[f"saliency-face-{index}.png"] = pictures.grey(image)
    cells = [
        grid.Cell(described(language, face), face=f"saliency-face-{index}.png", label=answer(language, face))
        for index, face in enumerate(faces)
    ]
    rows, limits = [grid.row(cells, language.words("shared")["face"])], {}
    of_method = {
        "gradient": private.gradient,
        "smoothgrad": private.smoothgrad,
        "integrated": private.integrated,
    }
    for method in saliency.methods:
        maps = of_method[method]
        limits[method] = pictures.limit(maps)
        rows.append(_method(language, method, maps, limits[method], faces, files))
    files["saliency.json"] = numbers_file(saliency, ends_of_the_scales=limits)
    words = language.words("shared")
    foot = grid.scale(words["lowers"], words["raises"], words["zero"])
    return Figure(grid.grid(rows, 6, foot), "saliency", "saliency.json", files, wide=True, fades=True)


def _method(
    language: Language, method: str, maps: np.ndarray, limit: float, faces: list[Face], files: dict[str, bytes]
) -> str:
    name = language.words("saliency")[method]
    cells = []
    for index, face in enumerate(faces):
        file = f"saliency-{method}-{index}.png"
        files[file] = pictures.signed(maps[index], limit)
        alt = over(language, language.words("saliency")["map"].format(method=name), described(language, face))
        cells.append(grid.Cell(alt, face=f"saliency-face-{index}.png", map=file))
    return grid.row(cells, name)


def _classes(saliency: Saliency, data: Data, language: Language) -> Figure:
    maps = saliency.arrays.class_maps  # (7, 48, 48), each sums to 1
    limit = pictures.limit(maps)
    files = {"saliency.json": numbers_file(saliency, end_of_the_scale=limit), RISE: pictures.rise()}
    faces, cells = [], []
    for label, name in enumerate(EMOTIONS):
        files[f"saliency-mean-{name}.png"] = pictures.grey(data.arrays.mean_faces[label])
        files[f"saliency-class-{name}.png"] = pictures.signed(maps[label], limit)
        spoken = emotion(language, label)
        mean = language.words("shared")["mean_of"].format(label=spoken)
        alt = over(language, language.words("saliency")["class"], mean)
        faces.append(grid.Cell(mean, face=f"saliency-mean-{name}.png", label=spoken))
        cells.append(grid.Cell(alt, f"saliency-mean-{name}.png", f"saliency-class-{name}.png"))
    words = language.words("saliency")
    rows = [grid.row(faces, language.words("shared")["mean_face"]), grid.row(cells, words["class"])]
    body = grid.grid(rows, 7, grid.rise(words["least"], words["most"]))
    return Figure(body, "saliency", "saliency.json", files, fades=True, note=language.words("shared")["not_shown"])
