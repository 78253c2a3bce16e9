"""Accuracy by thirds of a picture's brightness, contrast and detail, as a table."""

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file, flat
from ferpipe.drawing.table import Td
from ferpipe.drawing.words import estimate
from ferpipe.results.light import Light
from ferpipe.text.language import Language


def draw(light: Light, language: Language) -> Figure:
    """Return qualities by thirds, with intervals."""
    rows: list[list[str | Td]] = []
    data: list[list[object]] = []
    qualities = {"brightness": light.brightness, "contrast": light.contrast, "detail": light.detail}
    for name, quality in qualities.items():
        cells = [estimate(language, third, "percent") for third in quality.thirds]
        rows.append([language.words("light")[name], *cells, estimate(language, quality.difference, "points")])
        names = ("low", "middle", "high", "difference")
        data += [
            [name, key, *flat(third)] for key, third in zip(names, (*quality.thirds, quality.difference), strict=True)
        ]
    body = table.table(language.row("light.head"), rows, "light")
    files = {"light.csv": csv_file(["quality", "third", "accuracy", "low", "high", "n"], data)}
    return Figure(body, "light", "light.csv", files)
