"""Accuracy by thirds of a picture's brightness, contrast and detail, as a table."""

from markupsafe import Markup

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file, flat
from ferpipe.drawing.table import Td
from ferpipe.results.common import Estimate
from ferpipe.results.light import Light
from ferpipe.text.formats import interval, percent, points
from ferpipe.text.language import Language


def draw(light: Light, language: Language) -> Figure:
    """Return qualities by thirds, with intervals."""
    rows: list[list[str | Td]] = []
    data: list[list[object]] = []
    qualities = {"brightness": light.brightness, "contrast": light.contrast, "detail": light.detail}
    for name, of in qualities.items():
        cells = [*(_cell(third, language, "percent") for third in of.thirds)]
        rows.append([language.words("light")[name], *cells, _cell(of.difference, language, "points")])
        names = ("low", "middle", "high", "difference")
        data += [[name, key, *flat(third)] for key, third in zip(names, (*of.thirds, of.difference), strict=True)]
    body = table.table(language.row("light.head"), rows, "light")
    files = {"light.csv": csv_file(["quality", "third", "accuracy", "low", "high", "n"], data)}
    return Figure(body, "light", "light.csv", files)


def _cell(estimate: Estimate | None, language: Language, kind: str) -> Td:
    if estimate is None:
        return Td("–", "number")
    value = percent(estimate.value) if kind == "percent" else points(language, estimate.value)
    return Td(Markup("{}<small>{}</small>").format(value, interval(language, estimate.interval, kind)), "number")
