"""The data audit as a table: copies, contradicting labels, blank pictures, brightness and contrast of each split."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from markupsafe import Markup

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td
from ferpipe.text.formats import bracketed, integer, interval, number, percent

if TYPE_CHECKING:
    from ferpipe.results.audit import Audit, Copies, Seen

_SPLITS = ("train", "dev", "test")
_LEVELS = ("brightness", "contrast")
_HEAD = {"en": ["Pictures", "Train", "Dev", "Test"], "zh": ["图片", "训练集", "开发集", "测试集"]}
_WORDS = {
    "en": {
        "n": "In all",
        "within": "With a copy in the same split",
        "train": "With a copy in train",
        "dev": "With a copy in dev",
        "test": "With a copy in test",
        "conflicts": "With a copy of another label",
        "blank": "Blank",
        "brightness": "Brightness, grey levels: median (middle half)",
        "contrast": "Contrast, grey levels: median (middle half)",
        "wrong_labels": "Wrongly labelled on purpose",
        "exact": "{n} to the pixel",
        "foot": "Dev faces with a copy in train are answered rightly in {seen} of cases, the others in {rest}.",
    },
    "zh": {
        "n": "总数",
        "within": "同一集合内有副本",
        "train": "在训练集中有副本",
        "dev": "在开发集中有副本",
        "test": "在测试集中有副本",
        "conflicts": "副本的标签不同",
        "blank": "空白",
        "brightness": "亮度（灰度级）：中位数（四分位区间）",
        "contrast": "对比度（灰度级）：中位数（四分位区间）",
        "wrong_labels": "有意标错",
        "exact": "其中{n}张逐像素相同",
        "foot": "在训练集中有副本的开发集人脸，答对率为{seen}；其余为{rest}。",
    },
}


def draw(audit: Audit, language: str) -> Figure:
    """Return what was found by splits; small below a count, how many of the copies are exact."""
    words = _WORDS[language]
    counts = {key: [(_count(audit.near, key, split), _count(audit.exact, key, split)) for split in _SPLITS]
              for key in ("within", *_SPLITS, "conflicts")}  # fmt: skip
    rows: list[list[str | Td]] = [
        [words["n"], *(_whole(of.n if (of := audit.splits[split]) else None) for split in _SPLITS)],
        *(_row(words[key], [_copies(*pair, words["exact"]) for pair in pairs]) for key, pairs in counts.items()),
        [words["blank"], *(_whole(of.blank if (of := audit.splits[split]) else None) for split in _SPLITS)],
        *(_row(words[key], [_levels(audit, split, key, language) for split in _SPLITS]) for key in _LEVELS),
    ]
    if wrong := audit.wrong_labels:
        rows.append([words["wrong_labels"], *(_share(wrong.get(split)) for split in _SPLITS)])
    data = [[key, split, *pair] for key, pairs in counts.items() for split, pair in zip(_SPLITS, pairs, strict=True)]
    files = {"audit.csv": csv_file(["copies", "split", "near", "exact"], data)}
    body = table.table(_HEAD[language], rows, "audit", _foot(audit.seen, language))
    return Figure(body, "audit", "audit.csv", files)


def _row(head: str, cells: Sequence[Td]) -> list[str | Td]:
    return [head, *cells]


def _count(copies: Copies, key: str, split: str) -> int | None:
    """Return how many faces of a split have a copy in itself, in the split `key`, or of another label."""
    if key == "conflicts":
        return {"train": copies.conflicts.train, "dev": copies.conflicts.dev, "test": copies.conflicts.test}[split]
    if key == "within":
        return repeated.faces if (repeated := copies.within[split]) else None
    shared = copies.across.get("_".join(sorted((key, split), key=_SPLITS.index)))
    return shared[split] if shared else None


def _copies(near: int | None, exact: int | None, words: str) -> Td:
    if near is None or exact is None:
        return Td("–", "number")
    small = Markup("<small>{}</small>").format(words.format(n=integer(exact))) if near else ""
    return Td(Markup("{}{}").format(integer(near), small), "number")


def _whole(count: int | None) -> Td:
    return Td("–" if count is None else integer(count), "number")


def _levels(audit: Audit, split: str, key: str, language: str) -> Td:
    of = audit.splits[split]
    if of is None:
        return Td("–", "number")
    quality = {"brightness": of.brightness, "contrast": of.contrast}[key]
    levels = dict(zip(audit.quantiles, quality.quantiles, strict=True))
    half = interval(language, (levels[0.25], levels[0.75]), "number", 0)
    return Td(number(levels[0.5], 0) + bracketed(language, half), "number")


def _share(value: float | None) -> Td:
    return Td("–" if value is None else percent(value), "number")


def _foot(seen: Seen, language: str) -> str:
    """Return what the copies in train are worth, or nothing where there are none."""
    if not (seen.accuracy and seen.rest):
        return ""
    shares = {name: percent(share.value) + bracketed(language, interval(language, share.interval))
              for name, share in (("seen", seen.accuracy), ("rest", seen.rest))}  # fmt: skip
    return _WORDS[language]["foot"].format(**shares)
