"""LIME for faces that were answered wrongly: what spoke for the answer, and what for the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ferpipe.drawing import table
from ferpipe.drawing.figure import ALT, Figure, csv_file
from ferpipe.drawing.words import WORDS
from ferpipe.figures.explained import faces
from ferpipe.text.formats import emotion, number, percent

if TYPE_CHECKING:
    from ferpipe.results.lime import Lime

_HEAD = {
    "en": ["True emotion", "Predicted", "Probability", "R²", "Stability"],
    "zh": ["真实情绪", "预测", "概率", "R²", "稳定性"],
}
_NOTE = {
    "en": "Single faces of this data set may not be published: only the answers are shown.",
    "zh": "该数据集的单张人脸不得公开，因此只列出模型的回答。",
}


def draw(lime: Lime, language: str) -> Figure:
    """Return the faces with the evidence for both emotions, or a list of the answers without faces."""
    if (private := lime.private) is None:
        return _listed(lime, language)
    layers = [("predicted", private.wrong_weights, "prediction"), ("true", private.wrong_true_weights, "label")]
    return faces("lime-wrong", lime.wrong, private.wrong_images, layers, language)


def _listed(lime: Lime, language: str) -> Figure:
    keys = ["label", "prediction", "probability", "r2", "stability"]
    data = {"lime-wrong.csv": csv_file(keys, [[getattr(face, key) for key in keys] for face in lime.wrong])}
    rows: list[list[str | table.Td]] = [
        [
            emotion(language, face.label),
            emotion(language, face.prediction),
            table.Td(percent(face.probability), "number"),
            table.Td(number(face.r2), "number"),
            table.Td(number(face.stability), "number"),
        ]
        for face in lime.wrong
    ]
    caption = f'<caption class="visually-hidden">{ALT}</caption>'
    body = table.framed(table.head(_HEAD[language]) + table.body(rows), "answers", caption)
    body = body if rows else f'<p class="note">{WORDS[language]["none_shown"]}</p>'
    return Figure(body, "lime", "lime-wrong.csv", data, note=_NOTE[language])
