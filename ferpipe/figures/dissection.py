"""The part of the expression that each of Table 1's filters fires on most, beside Table 1's emotions."""

from markupsafe import Markup

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td
from ferpipe.results.dissection import Dissection, Fires
from ferpipe.text.formats import number
from ferpipe.text.language import Language


def draw(dissection: Dissection, language: Language) -> Figure:
    """Return filters by layers: the part, its name in words, and the overlap against that by chance."""
    layers, words = dissection.layers, language.words("dissection")
    rows: list[list[str | Td]] = []
    for index in range(len(layers[0].filters)):
        rows.append([str(index), *(_cell(language, layer.filters[index]) for layer in layers)])
    keys = ["layer", "filter", "part", "iou", "chance", "beyond", "low", "high", "n"]
    data = [
        [
            layer.layer,
            index,
            fires.part,
            fires.iou,
            fires.chance,
            fires.beyond.value,
            *fires.beyond.interval,
            fires.beyond.n,
        ]
        for layer in layers
        for index, fires in enumerate(layer.filters)
    ]
    body = table.table([words["filter"], *(layer.layer for layer in layers)], rows, "winners", words["foot"])
    return Figure(body, "dissection", "dissection.csv", {"dissection.csv": csv_file(keys, data)}, wide=True)


def _cell(language: Language, fires: Fires) -> Td:
    words, above = language.words("dissection"), fires.beyond.interval[0] > 0
    name, spoken = fires.part, language.words("dissection.parts")[fires.part]
    mark = Markup(' <span class="tick" role="img" aria-label="{}">✓</span>').format(words["above"]) if above else ""
    overlap = words["beyond"].format(iou=number(fires.iou), chance=number(fires.chance))
    below = overlap if name == "hand" else f"{name} · {overlap}"
    return Td(Markup("<b>{}</b>{}<small>{}</small>").format(spoken, mark, below), "winner same" if above else "winner")
