"""LIME for faces that were answered wrongly: what spoke for the answer, and what for the truth."""

from ferpipe.drawing import table
from ferpipe.drawing.figure import ALT, Figure, csv_file
from ferpipe.figures.explained import faces
from ferpipe.results.lime import Lime
from ferpipe.text.formats import class_name, number, percent
from ferpipe.text.language import Language


def draw(lime: Lime, language: Language) -> Figure:
    """Return the faces with the evidence for both emotions, or a list of the answers without faces."""
    if (private := lime.private) is None:
        return _listed(lime, language)
    layers = [("predicted", private.wrong_weights, "prediction"), ("true", private.wrong_true_weights, "label")]
    return faces("lime-wrong", lime.wrong, private.wrong_images, layers, language)


def _listed(lime: Lime, language: Language) -> Figure:
    keys = ["label", "prediction", "probability", "r2", "stability"]
    values = [[face.label, face.prediction, face.probability, face.r2, face.stability] for face in lime.wrong]
    data = {"lime-wrong.csv": csv_file(keys, values)}
    rows: list[list[str | table.Td]] = [
        [
            class_name(language, face.label),
            class_name(language, face.prediction),
            *map(table.number_cell, (percent(face.probability), number(face.r2), number(face.stability))),
        ]
        for face in lime.wrong
    ]
    body = table.framed(table.head(language.row("lime_wrong.head"), rows) + table.body(rows), "answers", ALT)
    body = body if rows else f'<p class="note">{language.words("shared")["none_shown"]}</p>'
    return Figure(body, "lime", "lime-wrong.csv", data, note=language.words("lime_wrong")["note"])
