"""Layer by layer: what one output sees, how nearly outputs follow their face, how many faces a filter answers to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td
from ferpipe.text.formats import integer, interval, number, percent

if TYPE_CHECKING:
    from ferpipe.results.stored import Result

ANALYSES = ("stages",)
_HEAD = {
    "en": ["Layer", "One output sees", "Follows the face", "its own more than another's", "Its emotion's faces"],
    "zh": ["层", "单个输出所见", "跟随人脸", "比跟随别的脸更强", "所属情绪的人脸"],
}
_PIXELS = {"en": "{n} px", "zh": "{n}像素"}


def draw(results: Mapping[str, Result], language: str) -> Figure:
    """Return layers by what was measured of each, with intervals."""
    layers = results["stages"].numbers["layers"]
    rows: list[list[str | Td]] = [
        [
            one["layer"],
            Td(_PIXELS[language].format(n=integer(one["receptive"])), "number"),
            Td(number(one["likeness"]), "number"),
            _cell(number(one["above"]["value"]), interval(language, one["above"]["interval"], "number")),
            _cell(percent(one["modes"]["value"]), interval(language, one["modes"]["interval"])),
        ]
        for one in layers
    ]
    keys = ["layer", "receptive", "likeness", "above", "above_low", "above_high", "modes", "modes_low", "modes_high"]
    data = [
        [one["layer"], one["receptive"], one["likeness"], *_flat(one["above"]), *_flat(one["modes"])] for one in layers
    ]
    body = table.table(_HEAD[language], rows, "stages")
    return Figure(body, "stages", "stages.csv", {"stages.csv": csv_file(keys, data)})


def _flat(one: Mapping[str, Any]) -> list[float]:
    return [one["value"], *one["interval"]]


def _cell(value: str, bounds: str) -> Td:
    return Td(Markup("{}<small>{}</small>").format(value, bounds), "number")
