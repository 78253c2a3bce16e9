"""The atlas: each answer's mean evidence on the 8x8 grid over its mean face, for right answers and for wrong ones."""

from dataclasses import replace

import numpy as np

from ferpipe.drawing import classes, grid, pictures
from ferpipe.drawing.figure import SCALE, Figure, csv_file
from ferpipe.drawing.words import legend, over
from ferpipe.results.atlas import Atlas
from ferpipe.results.data import Data
from ferpipe.text.formats import integer
from ferpipe.text.language import Language


def draw(atlas: Atlas, data: Data, language: Language) -> Figure:
    """Return two rows of seven maps on one scale, and every cell's mean, interval and n as CSV."""
    words = language.words("atlas")
    limit = pictures.limit(np.stack([atlas.arrays.right, atlas.arrays.wrong]), 1.0)
    means, files = classes.means(data.arrays.mean_faces, language)
    files[SCALE] = pictures.scale()
    rows, first = [], list[grid.Cell]()
    for side, (counts, maps, _) in _sides(atlas).items():
        cells = []
        for name, mean, n, evidence in zip(classes.keys(language), means, counts, maps, strict=True):
            count = words["n"].format(n=integer(n)) if n else words["few"]
            if not n:
                cells.append(replace(mean, alt=f"{mean.alt} · {count}", label=f"{mean.label}\n{count}"))
                continue
            file = f"atlas-{side}-{name}.webp"
            files[file] = pictures.signed(evidence.repeat(6, 0).repeat(6, 1), limit)
            what = words["map"].format(label=mean.label)
            cells.append(over(language, mean, file, what, f"{mean.label}\n{count}"))
        rows.append(grid.row(cells, words[side]))
        first = first or cells
    files["atlas.csv"] = csv_file(
        ["answer", "side", "row", "column", "mean", "half", "n", "differs"], _cells(atlas, language)
    )
    body, single = grid.grid(rows, 7, legend(language, "against", "for")), grid.one(first, 7)
    return Figure(body, "atlas", "atlas.csv", files, fades=True, one=single)


def _sides(atlas: Atlas) -> dict[str, tuple[list[int], np.ndarray, np.ndarray]]:
    """Return for either side how many faces each answer has, their mean evidence and half its interval, (7, 8, 8)."""
    maps = atlas.arrays
    return {"right": (atlas.right, maps.right, maps.right_half), "wrong": (atlas.wrong, maps.wrong, maps.wrong_half)}


def _cells(atlas: Atlas, language: Language) -> list[list[object]]:
    return [
        [language.classes[label], side, row, column, f"{mean[label, row, column]:.4f}",
         f"{half[label, row, column]:.4f}", counts[label], int(atlas.arrays.different[label, row, column])]
        for label, row, column in np.ndindex(atlas.arrays.right.shape)
        for side, (counts, mean, half) in _sides(atlas).items()
        if counts[label]
    ]  # fmt: skip
