"""The settings of the run, beside the original's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from ferpipe.figures import table
from ferpipe.figures.figure import Figure, csv_file

if TYPE_CHECKING:
    from ferpipe.results import Result

ANALYSES = ("settings", "original")
_HEAD = {"en": ["Setting", "This run", "The original"], "zh": ["设置", "本次运行", "原报告"]}
_NAMES = {
    "zh": {
        "device": "设备",
        "precision": "精度",
        "threads": "线程数",
        "seed": "随机种子",
        "preset": "预设",
        "stem": "网络起始层",
        "width": "宽度",
        "epochs": "轮数",
        "batch": "批大小",
        "learning_rate": "学习率",
        "weight_decay": "权重衰减",
    }
}

_PROPER = {
    "python": "Python",
    "torch": "PyTorch",
    "torchvision": "torchvision",
    "captum": "Captum",
    "lime": "lime",
    "numpy": "NumPy",
    "scipy": "SciPy",
    "scikit-learn": "scikit-learn",
    "scikit-image": "scikit-image",
    "cuda": "CUDA",
}


def draw(results: Mapping[str, Result], language: str) -> Figure:
    """Return device, versions and parameters, one a row."""
    numbers, original = results["settings"].numbers, results["original"].numbers["settings"]
    plain = [(key, numbers[key]) for key in ("device", "precision", "threads", "seed", "preset") if key in numbers]
    entries = [*plain, *numbers["versions"].items(), *numbers["parameters"].items()]
    shown = [(key, value, original.get(key)) for key, value in entries if not isinstance(value, Mapping)]
    shown += [(key, None, value) for key, value in original.items() if key not in dict(entries)]
    rows = [[_name(key, language), _text(value), _text(old)] for key, value, old in shown]
    data = {"settings.csv": csv_file(["setting", "here", "original"], [list(entry) for entry in shown])}
    return Figure(table.table(_HEAD[language], rows, "settings"), "settings", "settings.csv", data)


def _name(key: str, language: str) -> str:
    return _NAMES.get(language, {}).get(key) or _PROPER.get(key) or key.replace("_", " ").capitalize()


def _text(value: Any) -> str:
    if value is None:
        return Markup("–")
    if isinstance(value, list):
        return ", ".join(str(entry) for entry in value)
    return str(value)
