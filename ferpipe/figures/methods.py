"""The methods of explanation side by side on the same faces, or their mean maps where faces may not be shown."""

from dataclasses import replace

import numpy as np

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import FACE, SCALE, Figure, numbers_file
from ferpipe.drawing.words import answer, described, legend, over
from ferpipe.figures.scores import starred
from ferpipe.results.data import Data
from ferpipe.results.scores import Scores
from ferpipe.text.language import Language

SHOWN = 2  # faces: that methods differ is seen on these, and each more weighs as much as a section


def draw(scores: Scores, data: Data, language: Language) -> Figure:
    """Return faces by methods, a row a face, each method on a scale of its own with white at zero."""
    faces = scores.shown[:SHOWN]
    if scores.private is None or not faces:
        return _means(scores, data, language)
    words, names, files = language.words("methods"), language.words("scores.methods"), {SCALE: pictures.scale()}
    maps = dict(zip(scores.agreement.methods, scores.private.maps, strict=True))  # (k, 48, 48) each
    limits = {name: pictures.limit(relevances) for name, relevances in maps.items()}
    rows, of_face = [], []
    for index, (image, face) in enumerate(zip(scores.private.images[:SHOWN], faces, strict=True)):
        bare, content = pictures.shared(FACE, image)
        files[bare] = content
        cell = grid.Cell(described(language, face), bare)
        cells = [replace(cell, label=language.words("shared")["face"])]
        for name, relevances in maps.items():
            file = f"methods-{name}-{index}.webp"
            files[file] = pictures.signed(relevances[index], limits[name])
            what, label = words["map"].format(method=names[name]), starred(scores, name, names[name])
            cells.append(over(language, cell, file, what, label))
        of_face.append(cells)
        rows.append(grid.row([replace(cell, label="") for cell in cells] if index else cells, answer(language, face)))
    strength = [np.abs(values[:SHOWN]).mean((1, 2)) / (limits[name] or 1) for name, values in maps.items()]
    clear = int(np.mean(strength, 0).argmax())  # the face whose maps show most
    files["methods.json"] = numbers_file({"faces": faces, "ends_of_the_scales": limits})
    body = grid.grid(rows, 10, legend(language, "against", "for"))
    return Figure(body, "scores", "methods.json", files, wide=True, fades=True, one=grid.one(of_face[clear], 10))


def _means(scores: Scores, data: Data, language: Language) -> Figure:
    """Return each method's mean map over the mean of the classes' mean faces."""
    means = data.arrays.mean_faces
    known = means[means.any((1, 2))]  # blank for a class of too few faces
    face = known.mean(0) if len(known) else means[0]
    words, names = language.words("methods"), language.words("scores.methods")
    mean_cell = grid.Cell(words["mean"], "methods-mean.webp")
    files, cells, limits = {SCALE: pictures.scale(), mean_cell.face: pictures.grey(pictures.stretched(face))}, [], {}
    for name, mean in zip(scores.agreement.methods, scores.arrays.means, strict=True):
        limits[name] = pictures.limit(mean)
        files[f"methods-mean-{name}.webp"] = pictures.signed(mean, limits[name])
        what, label = words["map"].format(method=names[name]), starred(scores, name, names[name])
        cells.append(over(language, mean_cell, f"methods-mean-{name}.webp", what, label))
    files["methods.json"] = numbers_file({"n": scores.n, "ends_of_the_scales": limits})
    title = words["means"].format(n=scores.n)
    body = grid.grid([grid.row(cells, title)], 10, legend(language, "against", "for"))
    return Figure(body, "scores", "methods.json", files, fades=True, note=language.words("shared")["not_shown_all"])
