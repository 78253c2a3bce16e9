"""Words that several figures share, in both languages: of faces and what lies over them, and of numbers."""

from collections.abc import Sequence
from dataclasses import replace

from markupsafe import Markup

from ferpipe.drawing import grid
from ferpipe.drawing.grid import Cell
from ferpipe.drawing.table import Td, number_cell
from ferpipe.results.common import Estimate, Face
from ferpipe.text.formats import NONE, bracketed, class_name, interval, percent, written
from ferpipe.text.language import Language


def described(language: Language, face: Face) -> str:
    """Return a face's label and prediction in words: an alt."""
    label, prediction = class_name(language, face.label), class_name(language, face.prediction)
    return language.words("shared")["predicted"].format(label=label, prediction=prediction)


def over(language: Language, face: Cell, file: str, what: str, label: str = "") -> Cell:
    """Return a cell with the map of a file, and `what` it shows in words, over the face of another."""
    return replace(face, alt=language.words("shared")["over"].format(what=what, face=face.alt), map=file, label=label)


def legend(language: Language, low: str, high: str) -> str:
    """Return the legend of the signed scale, its ends by the words' names."""
    words = language.words("shared")
    return grid.scale(words[low], words[high], words["zero"])


def answer(language: Language, face: Face) -> Markup:
    """Return the label under a face: its emotion, then prediction and probability."""
    right = face.label == face.prediction
    return Markup('<b>{}</b> <span class="{}">{} {} {}</span>').format(
        class_name(language, face.label),
        "right" if right else "wrong",
        "\N{RIGHTWARDS ARROW}",
        class_name(language, face.prediction),
        percent(face.probability, 0),
    )


def share(language: Language, value: float, bounds: Sequence[float]) -> str:
    """Return a share with its interval in brackets."""
    return percent(value) + bracketed(language, interval(language, bounds))


def estimate(language: Language, statistic: Estimate | None, unit: str) -> Td:
    """Return a table's cell with a statistic in its unit, and small below it its interval."""
    if statistic is None:
        return number_cell(NONE)
    return number_cell(written(language, statistic.value, unit), interval(language, statistic.interval, unit))
