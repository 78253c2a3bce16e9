"""The data: six faces of each emotion, or the mean face of each where single ones may not be shown."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ferpipe.drawing import grid, pictures
from ferpipe.drawing.figure import Figure, numbers_file, picture
from ferpipe.drawing.words import WORDS
from ferpipe.emotions import EMOTIONS, SIDE
from ferpipe.text.formats import emotion, integer

if TYPE_CHECKING:
    from ferpipe.results.stored import Result

ANALYSES = ("data",)
_WORDS = {
    "en": {"strip": "{count} faces labelled {name}", "n": "{n} in train"},
    "zh": {"strip": "标注为{name}的{count}张人脸", "n": "训练集{n}张"},
}


def draw(results: Mapping[str, Result], language: str) -> Figure:
    """Return a strip of faces for each emotion, or the mean faces."""
    data = results["data"]
    examples = picture(data, "examples")  # (7, 6, 48, 48) uint8
    if examples is None:
        return _means(data, language)
    files, rows = {}, []
    for label, name in enumerate(EMOTIONS):
        count = int(data.numbers["examples"][label])
        if not count:
            continue
        files[f"faces-{name}.png"] = pictures.grey(pictures.tiled(examples[label][:count], count, 0))
        alt = _WORDS[language]["strip"].format(count=count, name=emotion(language, label))
        strip = grid.image(f"faces-{name}.png", alt, (SIDE * count, SIDE), "strip")
        size = _size(data, label, language)
        title = f'<b>{emotion(language, label)}</b><span class="cell-label">{size}</span>'
        rows.append(f'<li class="strip-{count}"><p class="row-title">{title}</p>{strip}</li>')
    files["faces.json"] = numbers_file(data.numbers)
    body = grid.grid([f'<ul class="strips">{"".join(rows)}</ul>'], 6)
    return Figure(body, "data", "faces.json", files)


def _means(data: Result, language: str) -> Figure:
    files, cells = {"faces.json": numbers_file(data.numbers)}, []
    for label, name in enumerate(EMOTIONS):
        files[f"mean-{name}.png"] = pictures.grey(data.arrays["mean_faces"][label])
        shown = emotion(language, label)
        alt = WORDS[language]["mean_of"].format(label=shown)
        cells.append(grid.Cell(alt, face=f"mean-{name}.png", label=f"{shown}"))
    body = grid.grid([grid.row(cells)], 7)
    return Figure(body, "data", "faces.json", files, note=WORDS[language]["not_shown"])


def _size(data: Result, label: int, language: str) -> str:
    return _WORDS[language]["n"].format(n=integer(data.numbers["splits"]["train"]["counts"][label]))
