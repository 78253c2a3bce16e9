"""Our accuracies beside the original's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td
from ferpipe.text.formats import bracketed, interval, percent

if TYPE_CHECKING:
    from ferpipe.results.stored import Result

ANALYSES = ("settings", "ensemble", "original")
_KEYS = ("train", "dev", "test")
_HEAD = {
    "en": ["Model", "Train", "Dev (95% interval)", "Test (95% interval)"],
    "zh": ["模型", "训练集", "开发集（95%区间）", "测试集（95%区间）"],
}
_WORDS = {
    "en": {
        "original": "Original: single model",
        "kaggle": "Original: ensemble (Kaggle, public leaderboard)",
        "analysis": "This run: analysis model",
        "vote": "This run: ensemble, hard vote",
        "mean": "This run: ensemble, mean of probabilities",
    },
    "zh": {
        "original": "原报告：单个模型",
        "kaggle": "原报告：集成模型（Kaggle公开榜）",
        "analysis": "本次运行：分析模型",
        "vote": "本次运行：集成，硬投票",
        "mean": "本次运行：集成，概率平均",
    },
}


def draw(results: Mapping[str, Result], language: str) -> Figure:
    """Return models by splits; the best of ours on dev is marked."""
    entries = _entries(results)
    best = max((e["dev"] for name, e in entries.items() if name not in ("original", "kaggle")), default=None)
    rows: list[list[str | Td]] = [
        [_WORDS[language][name], *(_cell(entry, key, language, key == "dev" and entry["dev"] == best) for key in _KEYS)]
        for name, entry in entries.items()
    ]
    data = csv_file(["model", *_KEYS], [[name, *(entry.get(key) for key in _KEYS)] for name, entry in entries.items()])
    body = table.table(_HEAD[language], rows, "accuracies")
    return Figure(body, "settings", "accuracies.csv", {"accuracies.csv": data})


def _entries(results: Mapping[str, Result]) -> dict[str, dict[str, Any]]:
    """Return each model's accuracies by split, with intervals under <split>_interval."""
    original, ours = results["original"].numbers, results["settings"].numbers["analysis_model"]
    group = results["ensemble"].numbers
    test = group.get("test") or {}
    return {
        "original": {"train": original["train_accuracy"], "dev": original["dev_accuracy"]},
        "kaggle": {"dev": None, "test": original["leaderboard_accuracy"]},
        "analysis": {
            "train": ours["train_accuracy"],
            "dev": ours["dev_accuracy"],
            "dev_interval": ours["dev_interval"],
            "test": ours.get("test_accuracy"),
            "test_interval": ours.get("test_interval"),
        },
        "vote": {"dev": group["vote"]["accuracy"], "dev_interval": group["vote"]["interval"]},
        "mean": {
            "dev": group["mean"]["accuracy"],
            "dev_interval": group["mean"]["interval"],
            "test": test.get("accuracy"),
            "test_interval": test.get("interval"),
        },
    }


def _cell(entry: Mapping[str, Any], key: str, language: str, best: bool) -> Td:
    if entry.get(key) is None:
        return Td("–", "number")
    bounds = entry.get(f"{key}_interval")
    text = percent(entry[key]) + (bracketed(language, interval(language, bounds)) if bounds else "")
    return Td(f"{text} \N{BLACK STAR}" if best else text, "number best" if best else "number")
