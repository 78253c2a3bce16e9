"""LIME explanations over faces, or, where faces may not be shown, their mean over each class's mean face."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ferpipe.drawing import classes, grid, pictures
from ferpipe.drawing.figure import FACE, SCALE, Figure, numbers_file
from ferpipe.drawing.words import answer, described, legend, over
from ferpipe.results.data import Data
from ferpipe.results.lime import Explained, Lime
from ferpipe.text.formats import class_name, number
from ferpipe.text.language import Language

FACES = 4  # that there should be


def faces(
    name: str,
    faces: Sequence[Explained],
    images: np.ndarray,
    layers: Sequence[tuple[str, np.ndarray, str]],  # title's word, weights (k, 48, 48), which emotion they explain
    language: Language,
) -> Figure:
    """Return a row of faces for each layer of weights, all rows on one scale."""
    words = language.words("shared")
    if not len(faces):
        data = {f"{name}.json": numbers_file([])}
        return Figure(f'<p class="note">{words["none_shown"]}</p>', "lime", f"{name}.json", data)
    limit = pictures.limit(np.stack([weights for _, weights, _ in layers]), 1.0)
    drawn = [pictures.shared(FACE, image) for image in images]
    cells = [grid.Cell(described(language, face), file) for face, (file, _) in zip(faces, drawn, strict=True)]
    files = {**dict(drawn), SCALE: pictures.scale()}
    clear = int(np.abs(layers[0][1]).max((1, 2)).argmax())  # whose map shows most
    rows, single = [], [replace(cells[clear], label=words["face"])]
    for title, weights, target in layers:
        maps = []
        for index, (face, cell) in enumerate(zip(faces, cells, strict=True)):
            file = f"{name}-{target}-{index}.webp"
            files[file] = pictures.signed(weights[index], limit)
            label = face.prediction if target == "prediction" else face.label
            what = language.words("explained")["map"].format(label=class_name(language, label))
            maps.append(over(language, cell, file, what, _label(face, language, title)))
        rows.append(grid.row(maps, language.words("explained")[title]))
        single.append(maps[clear])
    files[f"{name}.json"] = numbers_file({"faces": list(faces), "end_of_the_scale": limit})
    body = grid.grid(rows, FACES, legend(language, "against", "for"))
    note = words["fewer"].format(found=len(faces), wanted=FACES) if len(faces) < FACES else ""
    return Figure(body, "lime", f"{name}.json", files, wide=True, fades=True, note=note, one=grid.one(single, 7))


def means(name: str, lime: Lime, data: Data, language: Language) -> Figure:
    """Return each class's mean weights over its mean face."""
    weights = lime.arrays.class_weights  # (7, 48, 48)
    limit, words = pictures.limit(weights, 1.0), language.words("explained")
    rows, files = classes.rows(name, data.arrays.mean_faces, weights, limit, language, words["map"], words["class"])
    files |= {f"{name}.json": numbers_file(lime, end_of_the_scale=limit), SCALE: pictures.scale()}
    body = grid.grid(rows, 7, legend(language, "against", "for"))
    return Figure(body, "lime", f"{name}.json", files, fades=True, note=language.words("shared")["not_shown"])


def _label(face: Explained, language: Language, title: str) -> str:
    if title == "true":
        return ""
    fit = language.words("explained")["fit"].format(r2=number(face.r2, 2), stability=number(face.stability, 2))
    return answer(language, face) + "\n" + fit
