"""LIME explanations over faces, or, where faces may not be shown, their mean over each class's mean face."""

from collections.abc import Sequence

import numpy as np

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import SCALE, Figure, numbers_file
from ferpipe.drawing.words import answer, described, over
from ferpipe.emotions import EMOTIONS
from ferpipe.results.data import Data
from ferpipe.results.lime import Explained, Lime
from ferpipe.text.formats import emotion, number
from ferpipe.text.language import Language


def faces(
    name: str,
    faces: Sequence[Explained],
    images: np.ndarray,
    layers: Sequence[tuple[str, np.ndarray, str]],  # title's word, weights (k, 48, 48), which emotion they explain
    language: Language,
    rule: int = 4,
) -> Figure:
    """Return a row of faces for each layer of weights, all rows on one scale; `rule` is how many there should be."""
    words = language.words("shared")
    if not len(faces):
        data = {f"{name}.json": numbers_file([])}
        return Figure(f'<p class="note">{words["none_shown"]}</p>', "lime", f"{name}.json", data)
    limit = pictures.limit(np.stack([weights for _, weights, _ in layers]), 1.0)
    files = {f"{name}-face-{i}.png": pictures.grey(image) for i, image in enumerate(images)}
    files[SCALE] = pictures.scale()
    rows = []
    for title, weights, target in layers:
        cells = []
        for index, face in enumerate(faces):
            file = f"{name}-{target}-{index}.png"
            files[file] = pictures.signed(weights[index], limit)
            label = face.prediction if target == "prediction" else face.label
            what = language.words("explained")["map"].format(label=emotion(language, label))
            alt = over(language, what, described(language, face))
            cells.append(grid.Cell(alt, f"{name}-face-{index}.png", file, _label(face, language, title)))
        rows.append(grid.row(cells, language.words("explained")[title]))
    files[f"{name}.json"] = numbers_file({"faces": list(faces), "end_of_the_scale": limit})
    foot = grid.scale(words["against"], words["for"], words["zero"])
    note = words["fewer"].format(found=len(faces), wanted=rule) if len(faces) < rule else ""
    return Figure(grid.grid(rows, 4, foot), "lime", f"{name}.json", files, wide=True, fades=True, note=note)


def classes(name: str, lime: Lime, data: Data, language: Language) -> Figure:
    """Return each class's mean weights over its mean face."""
    weights = lime.arrays.class_weights  # (7, 48, 48)
    limit, words = pictures.limit(weights, 1.0), language.words("shared")
    numbers = numbers_file(lime, end_of_the_scale=limit)
    files = {f"{name}.json": numbers, SCALE: pictures.scale()}
    faces, cells = [], []
    for label, english in enumerate(EMOTIONS):
        files[f"{name}-mean-{english}.png"] = pictures.grey(data.arrays.mean_faces[label])
        files[f"{name}-class-{english}.png"] = pictures.signed(weights[label], limit)
        spoken = emotion(language, label)
        what = language.words("explained")["map"].format(label=spoken)
        mean = words["mean_of"].format(label=spoken)
        faces.append(grid.Cell(mean, face=f"{name}-mean-{english}.png", label=spoken))
        cells.append(grid.Cell(over(language, what, mean), f"{name}-mean-{english}.png", f"{name}-class-{english}.png"))
    foot = grid.scale(words["against"], words["for"], words["zero"])
    rows = [grid.row(faces, words["mean_face"]), grid.row(cells, language.words("explained")["class"])]
    body = grid.grid(rows, 7, foot)
    return Figure(body, "lime", f"{name}.json", files, fades=True, note=words["not_shown"])


def _label(face: Explained, language: Language, title: str) -> str:
    if title == "true":
        return ""
    fit = language.words("explained")["fit"].format(r2=number(face.r2, 2), stability=number(face.stability, 2))
    return answer(language, face) + "\n" + fit
