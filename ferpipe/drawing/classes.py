"""The mean face of each class, alone or under a map: what is shown where single faces may not be."""

import re

import numpy as np

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import MEAN
from ferpipe.drawing.words import over
from ferpipe.text.formats import class_names
from ferpipe.text.language import Language


def keys(language: Language) -> list[str]:
    """Return what each class is called in the names of files: its own name where that is fit for one."""
    plain = [re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower() for name in language.classes]
    return [key if key and plain.count(key) == 1 else f"class-{label}" for label, key in enumerate(plain)]


def means(faces: np.ndarray, language: Language) -> tuple[list[grid.Cell], dict[str, bytes]]:
    """Return a cell for the mean face (48, 48) of each class, in stretched contrast, and the files of these."""
    drawn = [pictures.shared(MEAN, pictures.stretched(face)) for face in faces]
    alt = language.words("shared")["mean_of"]
    cells = [
        grid.Cell(alt.format(label=word), file, label=word) if face.any() else blank(word, language)
        for (file, _), word, face in zip(drawn, class_names(language), faces, strict=True)
    ]
    return cells, dict(picture for picture, face in zip(drawn, faces, strict=True) if face.any())


def blank(word: str, language: Language) -> grid.Cell:
    """Return the cell of a class whose mean is of too few faces, or of faces too much alike, to be shown."""
    withheld = language.words("shared")["withheld"]
    return grid.Cell(f"{word}: {withheld}", label=f"{word}\n{withheld}")


def rows(
    name: str, faces: np.ndarray, maps: np.ndarray, limit: float, language: Language, what: str, title: str
) -> tuple[list[str], dict[str, bytes]]:
    """Return a row of the classes' mean faces, a titled one of their maps (7, 48, 48) over these, and all files.

    `what` says what a map shows of the class {label}.
    """
    cells, files = means(faces, language)
    painted = {
        f"{name}-class-{key}.webp": pictures.signed(evidence, limit)
        for key, evidence in zip(keys(language), maps, strict=True)
    }
    over_means = [
        over(language, mean, file, what.format(label=mean.label)) for mean, file in zip(cells, painted, strict=True)
    ]
    return [grid.row(cells, language.words("shared")["mean_face"]), grid.row(over_means, title)], files | painted
