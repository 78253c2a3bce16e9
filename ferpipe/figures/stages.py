"""Layer by layer: what one output sees, how nearly outputs follow their face, how many faces a filter answers to."""

from dataclasses import replace

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file, flat
from ferpipe.drawing.table import Td, number_cell
from ferpipe.drawing.words import estimate
from ferpipe.results.common import Estimate
from ferpipe.results.stages import Layer, Stages
from ferpipe.statistics.verdicts import FEWEST, estimated
from ferpipe.text.formats import integer, number
from ferpipe.text.language import Language


def draw(stages: Stages, language: Language) -> Figure:
    """Return layers by what was measured of each, with intervals."""
    rows: list[list[str | Td]] = [
        [
            layer.layer,
            number_cell(language.words("stages")["pixels"].format(n=integer(layer.receptive))),
            number_cell(number(layer.likeness)),
            estimate(language, layer.above, "number"),
            estimate(language, _caught(layer), "percent"),
        ]
        for layer in stages.layers
    ]
    keys = ["layer", "receptive", "likeness", "above", "above_low", "above_high", "modes", "modes_low", "modes_high"]
    data = [
        [
            layer.layer,
            layer.receptive,
            layer.likeness,
            *flat(layer.above)[:3],
            *flat(_caught(layer))[:3],
        ]
        for layer in stages.layers
    ]
    body = table.table(language.row("stages.head"), rows, "stages")
    return Figure(body, "stages", "stages.csv", {"stages.csv": csv_file(keys, data)})


def _caught(layer: Layer) -> Estimate | None:
    """Return the share of its emotion's faces that excites a filter; None of so few filters that it has no interval."""
    modes = layer.modes
    if modes is None or (len(modes.values) < FEWEST and not all(modes.errors)):
        return None
    caught = estimated(modes)
    return replace(caught, interval=[max(caught.interval[0], 0.0), min(caught.interval[1], 1.0)])
