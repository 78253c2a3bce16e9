"""The part of the expression that each of Table 1's filters fires on most, beside Table 1's emotions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td
from ferpipe.text.formats import number

if TYPE_CHECKING:
    from ferpipe.results.dissection import Dissection, Fires

_WORDS = {
    "en": {
        "filter": "Filter",
        "beyond": "{iou} against {chance}",
        "above": "above chance",
        "foot": "Intersection over union against that by chance; a tick: the interval of what is beyond lies above 0.",
    },
    "zh": {
        "filter": "滤波器",
        "beyond": "{iou}，随机为{chance}",
        "above": "高于随机水平",
        "foot": "重叠度（交并比）与随机水平；带勾：超出随机水平的区间高于0。",
    },
}
PARTS = {  # of the expression: action units (Ekman & Friesen 1978), and the planted hand
    "AU1": ("inner brow raiser", "内眉上扬"),
    "AU2": ("outer brow raiser", "外眉上扬"),
    "AU4": ("brow lowerer", "皱眉"),
    "AU5": ("upper lid raiser", "上睑上抬"),
    "AU6": ("cheek raiser", "脸颊上抬"),
    "AU7": ("lid tightener", "眼睑收紧"),
    "AU9": ("nose wrinkler", "皱鼻"),
    "AU10": ("upper lip raiser", "上唇上抬"),
    "AU12": ("lip corner puller", "嘴角上扬"),
    "AU15": ("lip corner depressor", "嘴角下压"),
    "AU16": ("lower lip depressor", "下唇下拉"),
    "AU17": ("chin raiser", "下巴上抬"),
    "AU20": ("lip stretcher", "嘴唇横拉"),
    "AU23": ("lip tightener", "嘴唇收紧"),
    "AU25": ("lips part", "双唇分开"),
    "AU26": ("jaw drop", "下颌下落"),
    "AU43": ("eyes closed", "闭眼"),
    "hand": ("hand", "手"),
}


def draw(dissection: Dissection, language: str) -> Figure:
    """Return filters by layers: the part, its name in words, and the overlap against that by chance."""
    layers, words = dissection.layers, _WORDS[language]
    rows: list[list[str | Td]] = []
    for index in range(len(layers[0].filters)):
        rows.append([str(index), *(_cell(language, layer.filters[index]) for layer in layers)])
    keys = ["layer", "filter", "part", "iou", "chance", "beyond", "low", "high", "n"]
    data = [
        [layer.layer, index, of.part, of.iou, of.chance, of.beyond.value, *of.beyond.interval, of.beyond.n]
        for layer in layers
        for index, of in enumerate(layer.filters)
    ]
    body = table.table([words["filter"], *(layer.layer for layer in layers)], rows, "winners", words["foot"])
    return Figure(body, "dissection", "dissection.csv", {"dissection.csv": csv_file(keys, data)}, wide=True)


def _cell(language: str, fires: Fires) -> Td:
    words, above = _WORDS[language], fires.beyond.interval[0] > 0
    name, spoken = fires.part, PARTS[fires.part][("en", "zh").index(language)]
    mark = Markup(' <span class="tick" role="img" aria-label="{}">✓</span>').format(words["above"]) if above else ""
    overlap = words["beyond"].format(iou=number(fires.iou), chance=number(fires.chance))
    below = overlap if name == "hand" else f"{name} · {overlap}"
    return Td(Markup("<b>{}</b>{}<small>{}</small>").format(spoken, mark, below), "winner same" if above else "winner")
