"""Saliency: what the prediction's logit answers to, pixel by pixel, by three methods."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import RISE, SCALE, Figure, numbers_file, picture
from ferpipe.drawing.words import WORDS, answer, described, over
from ferpipe.emotions import EMOTIONS
from ferpipe.text.formats import emotion

if TYPE_CHECKING:
    import numpy as np

    from ferpipe.results.stored import Result

ANALYSES = ("saliency", "data")
_METHODS = {
    "en": {
        "gradient": "Gradient",
        "smoothgrad": "SmoothGrad",
        "integrated": "Integrated gradients",
        "class": "Mean saliency of the class",
        "map": "{method} map",
        "least": "0 (white)",
        "most": "most sensitive",
    },
    "zh": {
        "gradient": "梯度",
        "smoothgrad": "SmoothGrad",
        "integrated": "积分梯度",
        "class": "各类平均显著图",
        "map": "{method}显著图",
        "least": "0（白色）",
        "most": "最敏感",
    },
}


def draw(results: Mapping[str, Result], language: str) -> Figure:
    """Return faces by methods, or the classes' mean maps over their mean faces."""
    result = results["saliency"]
    images = picture(result, "images")  # (6, 48, 48) uint8
    if images is None:
        return _classes(results, language)
    faces, files = result.numbers["faces"], {SCALE: pictures.scale()}
    for index, image in enumerate(images):
        files[f"saliency-face-{index}.png"] = pictures.grey(image)
    shown = [
        grid.Cell(described(language, face), face=f"saliency-face-{index}.png", label=answer(language, face))
        for index, face in enumerate(faces)
    ]
    rows, limits = [grid.row(shown, WORDS[language]["face"])], {}
    for method in result.numbers["methods"]:
        maps = picture(result, method)
        assert maps is not None, method
        limits[method] = pictures.limit(maps)
        rows.append(_method(language, method, maps, limits[method], faces, files))
    files["saliency.json"] = numbers_file({**result.numbers, "ends_of_the_scales": limits})
    words = WORDS[language]
    foot = grid.scale(words["lowers"], words["raises"], words["zero"])
    return Figure(grid.grid(rows, 6, foot), "saliency", "saliency.json", files, wide=True, fades=True)


def _method(
    language: str, method: str, maps: np.ndarray, limit: float, faces: list[Any], files: dict[str, bytes]
) -> str:
    name = _METHODS[language][method]
    cells = []
    for index, face in enumerate(faces):
        file = f"saliency-{method}-{index}.png"
        files[file] = pictures.signed(maps[index], limit)
        alt = over(language, _METHODS[language]["map"].format(method=name), described(language, face))
        cells.append(grid.Cell(alt, face=f"saliency-face-{index}.png", map=file))
    return grid.row(cells, name)


def _classes(results: Mapping[str, Result], language: str) -> Figure:
    maps = results["saliency"].arrays["class_maps"]  # (7, 48, 48), each sums to 1
    limit = pictures.limit(maps)
    data = numbers_file({**results["saliency"].numbers, "end_of_the_scale": limit})
    files = {"saliency.json": data, RISE: pictures.rise()}
    faces, cells = [], []
    for label, name in enumerate(EMOTIONS):
        files[f"saliency-mean-{name}.png"] = pictures.grey(results["data"].arrays["mean_faces"][label])
        files[f"saliency-class-{name}.png"] = pictures.signed(maps[label], limit)
        shown = emotion(language, label)
        mean = WORDS[language]["mean_of"].format(label=shown)
        alt = over(language, _METHODS[language]["class"], mean)
        faces.append(grid.Cell(mean, face=f"saliency-mean-{name}.png", label=shown))
        cells.append(grid.Cell(alt, f"saliency-mean-{name}.png", f"saliency-class-{name}.png"))
    words = _METHODS[language]
    rows = [grid.row(faces, WORDS[language]["mean_face"]), grid.row(cells, words["class"])]
    body = grid.grid(rows, 7, grid.rise(words["least"], words["most"]))
    return Figure(body, "saliency", "saliency.json", files, fades=True, note=WORDS[language]["not_shown"])
