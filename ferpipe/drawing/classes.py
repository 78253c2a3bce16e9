"""The mean face of each class, alone or under a map: what is shown where single faces may not be."""

import numpy as np

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.words import over
from ferpipe.emotions import EMOTIONS
from ferpipe.text.formats import emotions
from ferpipe.text.language import Language


def means(name: str, faces: np.ndarray, language: Language) -> tuple[list[grid.Cell], dict[str, bytes]]:
    """Return a cell for the mean face (48, 48) of each class, and their files, each named as its emotion."""
    files = {f"{name}-{emotion}.png": pictures.grey(face) for emotion, face in zip(EMOTIONS, faces, strict=True)}
    alt = language.words("shared")["mean_of"]
    words = zip(files, emotions(language), strict=True)
    return [grid.Cell(alt.format(label=word), face=file, label=word) for file, word in words], files


def rows(
    name: str, faces: np.ndarray, maps: np.ndarray, limit: float, language: Language, what: str, title: str
) -> tuple[list[str], dict[str, bytes]]:
    """Return a row of the classes' mean faces, a titled one of their maps (7, 48, 48) over these, and all files.

    `what` says what a map shows of the class {label}.
    """
    cells, files = means(f"{name}-mean", faces, language)
    painted = {
        f"{name}-class-{key}.png": pictures.signed(evidence, limit)
        for key, evidence in zip(EMOTIONS, maps, strict=True)
    }
    over_means = [
        over(language, mean, file, what.format(label=mean.label)) for mean, file in zip(cells, painted, strict=True)
    ]
    return [grid.row(cells, language.words("shared")["mean_face"]), grid.row(over_means, title)], files | painted
