"""The atlas: each answer's mean evidence on the 8x8 grid over its mean face, for right answers and for wrong ones."""

import numpy as np

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import SCALE, Figure, csv_file
from ferpipe.drawing.words import over
from ferpipe.emotions import EMOTIONS
from ferpipe.results.atlas import Atlas
from ferpipe.results.data import Data
from ferpipe.text.formats import emotion, integer
from ferpipe.text.language import Language

SIDES = ("right", "wrong")


def draw(atlas: Atlas, data: Data, language: Language) -> Figure:
    """Return two rows of seven maps on one scale, and every cell's mean, interval and n as CSV."""
    maps, counts = _maps(atlas), {"right": atlas.right, "wrong": atlas.wrong}
    words, ours = language.words("shared"), language.words("atlas")
    limit = pictures.limit(np.stack([maps[side][0] for side in SIDES]), 1.0)
    files = {SCALE: pictures.scale()}
    for label, name in enumerate(EMOTIONS):
        files[f"atlas-mean-{name}.png"] = pictures.grey(data.arrays.mean_faces[label])
    rows = []
    for side in SIDES:
        cells = []
        for label, name in enumerate(EMOTIONS):
            answer, n = emotion(language, label), counts[side][label]
            count = language.words("atlas")["n"].format(n=integer(n)) if n else language.words("atlas")["few"]
            mean = words["mean_of"].format(label=answer)
            if not n:
                cells.append(grid.Cell(f"{mean} · {count}", face=f"atlas-mean-{name}.png", label=f"{answer}\n{count}"))
                continue
            files[f"atlas-{side}-{name}.png"] = pictures.signed(maps[side][0][label].repeat(6, 0).repeat(6, 1), limit)
            alt = over(language, ours["map"].format(label=answer), mean)
            cells.append(grid.Cell(alt, f"atlas-mean-{name}.png", f"atlas-{side}-{name}.png", f"{answer}\n{count}"))
        rows.append(grid.row(cells, ours[side]))
    files["atlas.csv"] = csv_file(["answer", "side", "row", "column", "mean", "half", "n", "differs"], _cells(atlas))
    foot = grid.scale(words["against"], words["for"], words["zero"])
    return Figure(grid.grid(rows, 7, foot), "atlas", "atlas.csv", files, fades=True)


def _maps(atlas: Atlas) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Return for either side the mean evidence and half its interval, (7, 8, 8) each."""
    maps = atlas.arrays
    return {"right": (maps.right, maps.right_half), "wrong": (maps.wrong, maps.wrong_half)}


def _cells(atlas: Atlas) -> list[list[object]]:
    counts = {"right": atlas.right, "wrong": atlas.wrong}
    return [
        [EMOTIONS[label], side, row, column, f"{mean[label, row, column]:.4f}", f"{half[label, row, column]:.4f}",
         counts[side][label], int(atlas.arrays.different[label, row, column])]
        for label, row, column in np.ndindex(atlas.arrays.right.shape)
        for side, (mean, half) in _maps(atlas).items()
        if counts[side][label]
    ]  # fmt: skip
