"""Layer by layer: what one output sees, how nearly outputs follow their face, how many faces a filter answers to."""

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td, number_cell
from ferpipe.drawing.words import estimate
from ferpipe.results.stages import Stages
from ferpipe.text.formats import integer, number
from ferpipe.text.language import Language


def draw(stages: Stages, language: Language) -> Figure:
    """Return layers by what was measured of each, with intervals."""
    rows: list[list[str | Td]] = [
        [
            of.layer,
            number_cell(language.words("stages")["pixels"].format(n=integer(of.receptive))),
            number_cell(number(of.likeness)),
            estimate(language, of.above, "number"),
            estimate(language, of.modes, "percent"),
        ]
        for of in stages.layers
    ]
    keys = ["layer", "receptive", "likeness", "above", "above_low", "above_high", "modes", "modes_low", "modes_high"]
    data = [
        [of.layer, of.receptive, of.likeness, of.above.value, *of.above.interval, of.modes.value, *of.modes.interval]
        for of in stages.layers
    ]
    body = table.table(language.row("stages.head"), rows, "stages")
    return Figure(body, "stages", "stages.csv", {"stages.csv": csv_file(keys, data)})
