"""The first six filters of the first convolution: each kernel beside the picture that gradient ascent finds for it."""

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import SCALE, Figure, numbers_file
from ferpipe.results.filters import Filters
from ferpipe.text.language import Language


def draw(filters: Filters, language: Language) -> Figure:
    """Return six kernels on one scale, and below each its ascent picture."""
    words = language.words("conv1_filters")
    kernels, grown = filters.arrays.kernels, filters.arrays.pictures[0]  # (6, k, k), (6, 48, 48) in [0, 1]
    limit = pictures.limit(kernels, 1.0)
    data = numbers_file({"kernels": kernels.tolist(), "pictures": filters.pictures[0]})
    files = {"conv1-filters.json": data, SCALE: pictures.scale()}
    tops, bottoms = [], []
    for index in range(len(kernels)):
        files[f"conv1-kernel-{index}.webp"] = pictures.signed(kernels[index], limit)
        files[f"conv1-ascent-{index}.webp"] = pictures.grey(grown[index], pictures.TEXTURE)
        alts = [words["of"].format(what=words[what], index=index) for what in ("kernel", "ascent")]
        size = (kernels.shape[2], kernels.shape[1])
        tops.append(grid.Cell(alts[0], map=f"conv1-kernel-{index}.webp", size=size))
        bottoms.append(grid.Cell(alts[1], face=f"conv1-ascent-{index}.webp", label=str(index)))
    rows = [grid.row(tops, words["kernel"]), grid.row(bottoms, words["ascent"])]
    foot = grid.scale(words["low"], words["high"], language.words("shared")["zero"])
    return Figure(grid.grid(rows, 6, foot), "filters", "conv1-filters.json", files)
