"""The atlas: each answer's mean evidence on the 8x8 grid over its mean face, for right answers and for wrong ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import SCALE, Figure, csv_file
from ferpipe.drawing.words import WORDS, over
from ferpipe.emotions import EMOTIONS
from ferpipe.text.formats import emotion, integer

if TYPE_CHECKING:
    import numpy as np

    from ferpipe.results.stored import Result

ANALYSES = ("atlas", "data")
SIDES = ("right", "wrong")
_WORDS = {
    "en": {
        "right": "Answered rightly",
        "wrong": "Answered wrongly",
        "map": "evidence for the answer {label}",
        "n": "{n} faces",
        "few": "too few faces",
    },
    "zh": {
        "right": "答对",
        "wrong": "答错",
        "map": "对回答{label}的证据",
        "n": "{n}张脸",
        "few": "人脸太少",
    },
}


def draw(results: Mapping[str, Result], language: str) -> Figure:
    """Return two rows of seven maps on one scale, and every cell's mean, interval and n as CSV."""
    import numpy as np

    numbers, arrays, words = results["atlas"].numbers, results["atlas"].arrays, WORDS[language]
    limit = pictures.limit(np.stack([arrays[side] for side in SIDES]), 1.0)
    files = {SCALE: pictures.scale()}
    for label, name in enumerate(EMOTIONS):
        files[f"atlas-mean-{name}.png"] = pictures.grey(results["data"].arrays["mean_faces"][label])
    rows = []
    for side in SIDES:
        cells = []
        for label, name in enumerate(EMOTIONS):
            shown, n = emotion(language, label), numbers[side][label]
            count = _WORDS[language]["n"].format(n=integer(n)) if n else _WORDS[language]["few"]
            mean = words["mean_of"].format(label=shown)
            if not n:
                cells.append(grid.Cell(f"{mean} · {count}", face=f"atlas-mean-{name}.png", label=f"{shown}\n{count}"))
                continue
            files[f"atlas-{side}-{name}.png"] = pictures.signed(arrays[side][label].repeat(6, 0).repeat(6, 1), limit)
            alt = over(language, _WORDS[language]["map"].format(label=shown), mean)
            cells.append(grid.Cell(alt, f"atlas-mean-{name}.png", f"atlas-{side}-{name}.png", f"{shown}\n{count}"))
        rows.append(grid.row(cells, _WORDS[language][side]))
    files["atlas.csv"] = csv_file(
        ["answer", "side", "row", "column", "mean", "half", "n", "differs"], _cells(numbers, arrays)
    )
    foot = grid.scale(words["against"], words["for"], words["zero"])
    return Figure(grid.grid(rows, 7, foot), "atlas", "atlas.csv", files, fades=True)


def _cells(numbers: Mapping[str, list[int]], arrays: Mapping[str, np.ndarray]) -> list[list[object]]:
    import numpy as np

    return [
        [EMOTIONS[label], side, row, column, f"{arrays[side][label, row, column]:.4f}",
         f"{arrays[f'{side}_half'][label, row, column]:.4f}", numbers[side][label],
         int(arrays["different"][label, row, column])]
        for label, row, column in np.ndindex(arrays["right"].shape)
        for side in SIDES
        if numbers[side][label]
    ]  # fmt: skip
