"""The methods of explanation side by side on the same faces, or their mean maps where faces may not be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import SCALE, Figure, numbers_file, picture
from ferpipe.drawing.words import WORDS, answer, described, over
from ferpipe.figures.scores import method, starred

if TYPE_CHECKING:
    from ferpipe.results.stored import Result

ANALYSES = ("scores", "data")
_WORDS = {
    "en": {"map": "{method} map", "mean": "the mean face", "means": "Mean map over {n} faces"},
    "zh": {"map": "{method}图", "mean": "平均脸", "means": "{n}张脸的平均图"},
}


def draw(results: Mapping[str, Result], language: str) -> Figure:
    """Return faces by methods, a row a face, each method on a scale of its own with white at zero."""
    result = results["scores"]
    images, faces = picture(result, "images"), result.numbers["shown"]
    if images is None or not len(images):
        return _means(results, language)
    maps = picture(result, "maps")  # (methods, k, 48, 48)
    assert maps is not None
    files = {SCALE: pictures.scale()}
    for index, image in enumerate(images):
        files[f"methods-face-{index}.png"] = pictures.grey(image)
    methods = result.numbers["agreement"]["methods"]
    limits = {name: pictures.limit(own) for name, own in zip(methods, maps, strict=True)}
    rows = []
    for index, face in enumerate(faces):
        label = WORDS[language]["face"] if not index else ""
        cells = [grid.Cell(described(language, face), face=f"methods-face-{index}.png", label=label)]
        for name, own in zip(methods, maps, strict=True):
            file = f"methods-{name}-{index}.png"
            files[file] = pictures.signed(own[index], limits[name])
            what = _WORDS[language]["map"].format(method=method(language, name))
            label = starred(result.numbers, name, method(language, name)) if not index else ""
            alt = over(language, what, described(language, face))
            cells.append(grid.Cell(alt, f"methods-face-{index}.png", file, label))
        rows.append(grid.row(cells, answer(language, face)))
    files["methods.json"] = numbers_file({"faces": faces, "ends_of_the_scales": limits})
    words = WORDS[language]
    foot = grid.scale(words["against"], words["for"], words["zero"])
    return Figure(grid.grid(rows, 8, foot), "scores", "methods.json", files, wide=True, fades=True)


def _means(results: Mapping[str, Result], language: str) -> Figure:
    """Return each method's mean map over the mean of the classes' mean faces."""
    result, mean = results["scores"], results["data"].arrays["mean_faces"]
    maps, words = result.arrays["means"], WORDS[language]
    shown = mean[mean.any((1, 2))]  # blank for a class of too few faces
    face = shown.mean(0) if len(shown) else mean[0]
    files, cells, limits = {SCALE: pictures.scale(), "methods-mean.png": pictures.grey(face)}, [], {}
    for name, own in zip(result.numbers["agreement"]["methods"], maps, strict=True):
        limits[name] = pictures.limit(own)
        files[f"methods-mean-{name}.png"] = pictures.signed(own, limits[name])
        what = _WORDS[language]["map"].format(method=method(language, name))
        alt = over(language, what, _WORDS[language]["mean"])
        label = starred(result.numbers, name, method(language, name))
        cells.append(grid.Cell(alt, "methods-mean.png", f"methods-mean-{name}.png", label))
    files["methods.json"] = numbers_file({"n": result.numbers["n"], "ends_of_the_scales": limits})
    foot = grid.scale(words["against"], words["for"], words["zero"])
    title = _WORDS[language]["means"].format(n=result.numbers["n"])
    body = grid.grid([grid.row(cells, title)], 7, foot)
    return Figure(body, "scores", "methods.json", files, fades=True, note=words["not_shown"])
