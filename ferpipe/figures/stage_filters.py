"""Six filters of the first convolution in each of the four stages: the pictures that gradient ascent finds for them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ferpipe.figures import grid, pictures
from ferpipe.figures.figure import Figure, csv_file
from ferpipe.text.formats import number

if TYPE_CHECKING:
    from ferpipe.results import Result

ANALYSES = ("filters",)
_WORDS = {
    "en": {
        "alt": "Ascent picture of filter {index} in {layer}",
        "label": "{index} · {ratio}×",
        "stage": "Stage {stage}",
    },
    "zh": {"alt": "{layer}第{index}号滤波器的梯度上升图像", "label": "{index} · {ratio}×", "stage": "第{stage}级"},
}


def draw(results: Mapping[str, Result], language: str) -> Figure:
    """Return four rows of six pictures; under each its number and its activation over the largest natural one."""
    result, words = results["filters"], _WORDS[language]
    files, rows, table = {}, [], []
    for stage, layer in list(enumerate(result.numbers["layers"]))[1:]:
        cells = []
        for index, found in enumerate(result.numbers["pictures"][stage]):
            file = f"stage-{stage}-filter-{index}.png"
            files[file] = pictures.grey(result.arrays["pictures"][stage, index])
            label = words["label"].format(index=index, ratio=number(found["ratio"], 1))
            cells.append(grid.Cell(words["alt"].format(index=index, layer=layer), face=file, label=label))
            table.append([layer, index, found["activation"], found["natural"], found["ratio"]])
        rows.append(grid.row(cells, f"{words['stage'].format(stage=stage)} · {layer}"))
    files["stage-filters.csv"] = csv_file(["layer", "filter", "activation", "natural", "ratio"], table)
    return Figure(grid.grid(rows, 6), "filters", "stage-filters.csv", files)
