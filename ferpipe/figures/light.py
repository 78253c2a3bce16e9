"""Accuracy by thirds of a picture's brightness, contrast and detail, as a table."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td
from ferpipe.text.formats import interval, percent, points

if TYPE_CHECKING:
    from ferpipe.results.stored import Result

ANALYSES = ("light",)
QUALITIES = ("brightness", "contrast", "detail")
_HEAD = {
    "en": ["Accuracy by", "Lowest third", "Middle third", "Highest third", "Highest less lowest"],
    "zh": ["按此分组的准确率", "最低三分之一", "中间三分之一", "最高三分之一", "最高减最低"],
}
_WORDS = {
    "en": {"brightness": "Brightness", "contrast": "Contrast", "detail": "Fine detail"},
    "zh": {"brightness": "亮度", "contrast": "对比度", "detail": "细节"},
}


def draw(results: Mapping[str, Result], language: str) -> Figure:
    """Return qualities by thirds, with intervals."""
    numbers = results["light"].numbers
    rows: list[list[str | Td]] = []
    data = []
    for name in QUALITIES:
        one = numbers[name]
        cells = [*(_cell(third, language, "percent") for third in one["thirds"])]
        rows.append([_WORDS[language][name], *cells, _cell(one["difference"], language, "points")])
        data += [
            [name, third, *_flat(found)] for third, found in zip(("low", "middle", "high"), one["thirds"], strict=True)
        ]
        data.append([name, "difference", *_flat(one["difference"])])
    body = table.table(_HEAD[language], rows, "light")
    files = {"light.csv": csv_file(["quality", "third", "accuracy", "low", "high", "n"], data)}
    return Figure(body, "light", "light.csv", files)


def _flat(one: Mapping[str, Any] | None) -> list[Any]:
    return [one["value"], *one["interval"], one["n"]] if one else [None, None, None, 0]


def _cell(one: Mapping[str, Any] | None, language: str, kind: str) -> Td:
    if one is None:
        return Td("–", "number")
    value = percent(one["value"]) if kind == "percent" else points(language, one["value"])
    return Td(Markup("{}<small>{}</small>").format(value, interval(language, one["interval"], kind)), "number")
