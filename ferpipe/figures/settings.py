"""The settings of the run, beside the original's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file

if TYPE_CHECKING:
    from ferpipe.results.original import Original
    from ferpipe.results.settings import Settings

_HEAD = {"en": ["Setting", "This run", "The original"], "zh": ["设置", "本次运行", "原报告"]}
# the rows in their order: a number of the run, by its path there -> its name in each language
_ROWS = {
    "device": ("Device", "设备"),
    "versions.python": ("Python", "Python"),
    "versions.torch": ("PyTorch", "PyTorch"),
    "cuda": ("CUDA", "CUDA"),
    "libraries": ("Other libraries", "其他库"),
    "precision": ("Precision", "数值精度"),
    "threads": ("Threads", "线程数"),
    "preset": ("Preset", "预设"),
    "seed": ("Seed of the first member", "首个成员的随机种子"),
    "network": ("Network", "网络"),
    "parameters.epochs": ("Epochs", "训练轮数"),
    "parameters.batch": ("Images a step", "每步图片数"),
    "parameters.small": ("of these at 32×32 pixels", "其中 32×32 像素的轮数"),
    "parameters.learning_rate": ("Peak learning rate", "学习率峰值"),
    "parameters.muon": ("Peak rate of Muon, for the stages' convolutions", "Muon 学习率峰值（各阶段的卷积）"),
    "parameters.momentum": ("Momentum (Nesterov)", "动量（Nesterov）"),
    "parameters.weight_decay": ("Weight decay", "权重衰减"),
    "parameters.label_smoothing": ("Label smoothing", "标签平滑"),
    "parameters.average": ("Weights averaged over, epochs", "权重平均的范围（轮）"),
    "augmentation": ("Augmentation, at most", "数据增强（上限）"),
}
# what a recipe may do to a face: its name there, and how each language says it; what is off is left out
_AUGMENTATION = (
    ("flip", "mirrored every other epoch", "隔轮镜像"),
    ("rotate", "rotation {:g}°", "旋转 {:g}°"),
    ("scale", "scale {:.0%}", "缩放 {:.0%}"),
    ("shift", "shift {:g} pixels", "平移 {:g} 像素"),
    ("light", "light {:.0%}", "明暗 {:.0%}"),
    ("erase", "erasing {:.0%} of faces", "擦除 {:.0%} 的人脸"),
    ("mask", "blurred cells in {:.0%} of faces", "遮蔽 {:.0%} 的人脸"),
    ("mixup", "mixup {:g}", "mixup {:g}"),
    ("cutmix", "cutmix in {:.0%} of batches", "cutmix 用于 {:.0%} 的批次"),
)


def draw(settings: Settings, original: Original, language: str) -> Figure:
    """Return device, versions and parameters, one a row."""
    values, old = _values(settings, language), vars(original.settings)
    column = ("en", "zh").index(language)
    old = {"versions.python": old["python"], "versions.torch": old["torch"], **old}
    rows = [[names[column], str(values.get(key, "–")), str(old.get(key, "–"))] for key, names in _ROWS.items()]
    plain = _values(settings, "en")  # one file for both languages
    data = csv_file(["setting", "here", "original"], [[key, plain.get(key), old.get(key)] for key in _ROWS])
    return Figure(table.table(_HEAD[language], rows, "settings"), "settings", "settings.csv", {"settings.csv": data})


def _values(settings: Settings, language: str) -> dict[str, object]:
    """Return what the run has for each row, by its path; several numbers that belong together share a row."""
    versions, parameters = settings.versions, settings.parameters
    others = [f"{name} {version}" for name, version in versions.items() if name not in ("python", "torch")]
    return {
        **vars(settings),
        **{f"versions.{name}": version for name, version in versions.items()},
        **{f"parameters.{name}": value for name, value in parameters.items()},
        "libraries": ", ".join(others),
        "network": f"ResNet-18, {parameters['stem']}, {parameters['width']}",
        "augmentation": _augmentation(parameters, language),
    }


def _augmentation(parameters: Mapping[str, object], language: str) -> str:
    parts = [(en if language == "en" else zh).format(parameters[key])
             for key, en, zh in _AUGMENTATION if parameters.get(key)]  # fmt: skip
    return {"en": ", ", "zh": "，"}[language].join(parts)
