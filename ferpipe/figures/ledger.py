"""The ledger: every finding of the original report, what this run measured, and its verdict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup, escape

from ferpipe.drawing import table
from ferpipe.drawing.figure import REFERRED, Figure, numbers_file
from ferpipe.drawing.table import Td
from ferpipe.text.formats import integer, interval, number, percent, points
from ferpipe.text.words import VERDICT_SIGNS, VERDICT_WORDS

if TYPE_CHECKING:
    from ferpipe.results.stored import Result

ANALYSES = ("claims",)
_HEAD = {
    "en": ["Finding, and what the original said", "Verdict", "This run, and why it decides"],
    "zh": ["结论与原报告的说法", "判定", "本次运行及判定理由"],
}
_WORDS = {
    "en": {
        "above": "wanted: above {threshold}",
        "below": "wanted: below {threshold}",
        "n": "n = {n}",
        "none": "not measured in this run",
        "smallest": "could have shown {smallest} and more",
        "few": "n is too small for an interval",
    },
    "zh": {
        "above": "要求高于{threshold}",
        "below": "要求低于{threshold}",
        "n": "n = {n}",
        "none": "本次运行未测量",
        "smallest": "至少可检出{smallest}",
        "few": "n 太小，给不出区间",
    },
}


def draw(results: Mapping[str, Result], language: str) -> Figure:
    """Return a row for each claim: finding, the original's view, statistic with interval and n, verdict, figure."""
    rows = results["claims"].numbers["rows"]
    cells: list[list[str | Td]] = [
        [
            Markup('<span id="claim-{}">{}</span><small>{}</small>').format(
                row["id"], row["finding"][language], row["original"][language]
            ),
            Td(_verdict(row, language), f"verdict {row['verdict']}"),
            Td(_measured(row, language)),
        ]
        for row in rows
    ]
    body = table.table(_HEAD[language], cells, "ledger")
    return Figure(body, "claims", "ledger.json", {"ledger.json": numbers_file(rows)})


def _measured(row: Mapping[str, Any], language: str) -> Markup:
    words, why = _WORDS[language], escape(row["why"][language])
    if row["statistic"] is None:
        return Markup("{}<small>{}</small>").format(words["none"], why)
    wanted = words[row["side"]].format(threshold=_written(row, row["threshold"], language))
    bounds = interval(language, _bounds(row), row["unit"])
    size = words["n"].format(n=integer(row["n"]))
    found = Markup('<b>{}</b> <span class="interval">{} · {}</span><small>{} · {}</small>')
    return found.format(_written(row, row["statistic"], language), bounds, size, wanted, why)


def _bounds(row: Mapping[str, Any]) -> list[float]:
    """Return the interval, within what a share can be."""
    low, high = row["interval"]
    return [max(low, 0.0), min(high, 1.0)] if row["unit"] == "percent" else [low, high]


def _written(row: Mapping[str, Any], value: float, language: str) -> str:
    if row["unit"] == "percent":
        return percent(value)
    return points(language, value) if row["unit"] == "points" else number(value)


def _verdict(row: Mapping[str, Any], language: str) -> Markup:
    shown = Markup('<span aria-hidden="true">{}</span> {}').format(
        VERDICT_SIGNS[row["verdict"]], VERDICT_WORDS[language][row["verdict"]]
    )
    words = _WORDS[language]
    if row["verdict"] == "undecided" and row["smallest"] is not None:
        smallest = _written(row, row["smallest"], language).lstrip("+")
        shown += Markup("<small>{}</small>").format(words["smallest"].format(smallest=smallest))
    elif row["verdict"] == "undecided" and row["statistic"] is not None:
        shown += Markup("<small>{}</small>").format(words["few"])
    return shown + Markup("<small>{}</small>").format(REFERRED.format(row["figure"]))
