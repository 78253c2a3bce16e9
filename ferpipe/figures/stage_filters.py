"""Six filters of the first convolution in each of the four stages: the pictures that gradient ascent finds for them.

Below each picture, where faces may be shown, those that excite the filter most.
"""

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.results.filters import Filters
from ferpipe.text.formats import number
from ferpipe.text.language import Language


def draw(filters: Filters, language: Language) -> Figure:
    """Return four rows of six pictures; under each its number, its activation over the largest natural one, faces."""
    words, files, rows, table = language.words("stage_filters"), {}, [], []
    strongest = filters.private.strongest if filters.private else None  # (5, 6, k, 24, 24)
    for stage, layer in enumerate(filters.layers[1:], 1):
        cells = []
        for index, picture in enumerate(filters.pictures[stage]):
            file = f"stage-{stage}-filter-{index}.webp"
            files[file] = pictures.grey(filters.arrays.pictures[stage, index], pictures.TEXTURE)
            label = words["label"].format(index=index, ratio=number(picture.ratio, 1))
            cells.append(grid.Cell(words["alt"].format(index=index, layer=layer), face=file, label=label))
            table.append([layer, index, picture.activation, picture.natural, picture.ratio])
        rows.append(grid.row(cells, f"{words['stage'].format(stage=stage)} · {layer}"))
        if strongest is not None:
            cells = []
            for index, faces in enumerate(strongest[stage]):
                sheet, file = pictures.tiled(faces, 3, 0), f"stage-{stage}-faces-{index}.webp"
                files[file] = pictures.coarse(sheet)
                alt = words["faces"].format(n=len(faces), index=index, layer=layer)
                cells.append(grid.Cell(alt, face=file, size=sheet.shape[::-1]))
            rows.append(grid.row(cells, words["strongest"]))
    files["stage-filters.csv"] = csv_file(["layer", "filter", "activation", "natural", "ratio"], table)
    return Figure(grid.grid(rows, 6), "filters", "stage-filters.csv", files)
