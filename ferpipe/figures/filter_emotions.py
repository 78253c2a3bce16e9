"""The emotion that activates each filter most, beside the original's Table 1."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td
from ferpipe.emotions import EMOTIONS
from ferpipe.text.formats import emotion, number, percent

if TYPE_CHECKING:
    from ferpipe.results.stored import Result

ANALYSES = ("filter_emotions", "original")
_WORDS = {
    "en": {
        "filter": "Filter",
        "old": "original: {name}",
        "same": "same as the original",
        "foot": "Same emotion as in the original: {same} of {cells} filters; guessing would give {chance}.",
    },
    "zh": {
        "filter": "滤波器",
        "old": "原报告：{name}",
        "same": "与原报告一致",
        "foot": "与原报告一致的滤波器：{cells}个中的{same}个；随机猜测的期望为{chance}个。",
    },
}


def draw(results: Mapping[str, Result], language: str) -> Figure:
    """Return filters by layers: our winner, its share of the bootstrap samples, the original's winner below."""
    ours, original = results["filter_emotions"].numbers, results["original"].numbers["filter_emotions"]
    words = _WORDS[language]
    rows: list[list[str | Td]] = []
    for index, winners in enumerate(ours["winners"]):
        cells = [
            _cell(language, winner, ours["share"][index][layer], original[index][layer])
            for layer, winner in enumerate(winners)
        ]
        rows.append([str(index), *cells])
    found = agreement(ours["winners"], original)
    foot = words["foot"].format(same=found["same"], cells=found["cells"], chance=number(found["chance"], 1))
    data = [
        [index, layer, EMOTIONS[winner], ours["share"][index][column], original[index][column]]
        for index, winners in enumerate(ours["winners"])
        for column, (layer, winner) in enumerate(zip(ours["layers"], winners, strict=True))
    ]
    files = {"filter-emotions.csv": csv_file(["filter", "layer", "emotion", "share", "original"], data)}
    body = table.table([words["filter"], *ours["layers"]], rows, "winners", foot)
    return Figure(body, "filter_emotions", "filter-emotions.csv", files, wide=True)


def agreement(winners: list[list[int]], original: list[list[str]]) -> dict[str, Any]:
    """Return how many cells name the same emotion, of how many, and how many guessing would."""
    pairs = [(EMOTIONS[w], o) for ws, os in zip(winners, original, strict=True) for w, o in zip(ws, os, strict=True)]
    return {"same": sum(w == o for w, o in pairs), "cells": len(pairs), "chance": len(pairs) / len(EMOTIONS)}


def _cell(language: str, winner: int, share: float, old: str) -> Td:
    same = EMOTIONS[winner] == old
    words = _WORDS[language]
    mark = Markup(' <span class="tick" role="img" aria-label="{}">✓</span>').format(words["same"]) if same else ""
    shown = Markup("<b>{}</b> {}{}<small>{}</small>").format(
        emotion(language, winner), percent(share, 0), mark, words["old"].format(name=emotion(language, old))
    )
    return Td(shown, "winner same" if same else "winner")
