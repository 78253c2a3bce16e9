"""The score card of the explanations: methods by statistics with intervals, baselines apart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar

from markupsafe import Markup

from ferpipe.drawing import plot, table
from ferpipe.drawing.figure import Figure, csv_file, flat
from ferpipe.drawing.table import Td
from ferpipe.text.formats import interval, number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Drawing

    from ferpipe.drawing.plot import Words
    from ferpipe.results.common import Estimate
    from ferpipe.results.scores import Score, Scores

T = TypeVar("T")
WIDTH, ROW = 704, 24  # CSS pixels
GAP = 0.8  # rows between methods and baselines
PANELS = 3
_PLOTTED = ("rank_correlation", "difference", "randomisation", "seeds")  # the first three that were measured
METHODS = {  # in the order of the rows
    "en": {
        "gradient": "Gradient",
        "smoothgrad": "SmoothGrad",
        "integrated": "Integrated gradients",
        "layercam": "LayerCAM",
        "lime": "LIME",
        "rise": "RISE",
        "occlusion": "Occlusion",
        "random": "Baseline: random",
        "edges": "Baseline: edges",
        "centre": "Baseline: centre",
    },
    "zh": {
        "gradient": "梯度",
        "smoothgrad": "SmoothGrad",
        "integrated": "积分梯度",
        "layercam": "LayerCAM",
        "lime": "LIME",
        "rise": "RISE",
        "occlusion": "遮挡",
        "random": "基线：随机",
        "edges": "基线：边缘",
        "centre": "基线：中心",
    },
}
_HEAD = {  # the columns: of the table in full, of the plot where it has another word
    "en": {
        "rank_correlation": "True effects",
        "mass_accuracy": "Mass inside",
        "rank_accuracy": "Top inside",
        "pointing_game": "Pointing",
        "insertion": "Insertion",
        "deletion": "Deletion",
        "difference": "Insertion − deletion",
        "randomisation": "Random weights",
        "seeds": "Other seed",
        "members": "Other member",
    },
    "zh": {
        "rank_correlation": "真实影响",
        "mass_accuracy": "质量占比",
        "rank_accuracy": "排名占比",
        "pointing_game": "指向",
        "insertion": "插入",
        "deletion": "删除",
        "difference": "插入 − 删除",
        "randomisation": "随机权重",
        "seeds": "另一种子",
        "members": "另一成员",
    },
}
_WORDS = {
    "en": {
        "method": "Method",
        "caption": "All statistics, each a mean over faces with its 95% interval",
        "rank_correlation": "Ranks the true effects",
        "difference": "Insertion − deletion",
        "randomisation": "Same with random weights",
        "seeds": "Same with another seed",
        "correlation": "Rank correlation",
        "area": "Difference of the areas",
        "trusted": "{star} trusted: the highest of the methods whose interval lies above the dashed line, the upper "
        "end of the best baseline's interval.",
        "none": "No method is trusted: none has its interval above the dashed line, the upper end of the best "
        "baseline's interval.",
        "bare": "No method is trusted: too few faces can be scored.",
    },
    "zh": {
        "method": "方法",
        "caption": "全部指标：各为人脸上的平均值及其95%区间",
        "rank_correlation": "与真实影响的排序一致",
        "difference": "插入 − 删除",
        "randomisation": "换成随机权重后的一致",
        "seeds": "换种子后的一致",
        "correlation": "秩相关",
        "area": "曲线下面积之差",
        "trusted": "{star} 可信：区间整个位于虚线（最佳基线区间的上端）之上的方法中最高的一个。",
        "none": "没有方法可信：没有一个方法的区间整个位于虚线（最佳基线区间的上端）之上。",
        "bare": "没有方法可信：可评分的人脸太少。",
    },
}
STAR = "\N{BLACK STAR}"


def draw(scores: Scores, language: str) -> Figure:
    """Return panels of the main statistics, and below them the table of all."""
    words = _WORDS[language]
    entries, places = rows(scores.methods, scores.baselines)
    height = round(96 + ROW * (places[-1] + 1))
    file = f"scores.{language}.svg"
    drawing = plot.svg(WIDTH, height, _panels, scores, {**words, **METHODS[language]})
    caption = f'<caption class="visually-hidden">{words["caption"]}</caption>'
    body = plot.image(file, WIDTH, height)
    body += table.framed(_table(scores, entries, language), "scores", caption, _foot(scores, words))
    data = [[name, key, *flat(getattr(score, key))] for name, score in entries.items() for key in _HEAD["en"]]
    files = {file: drawing, "scores.csv": csv_file(["method", "statistic", "value", "low", "high", "n"], data)}
    return Figure(body, "scores", "scores.csv", files, wide=True)


def rows(methods: Mapping[str, T], baselines: Mapping[str, T]) -> tuple[dict[str, T], list[float]]:
    """Return the entries of methods and, after them, of baselines, and each one's place down a plot, with a gap."""
    entries = {name: of[name] for of in (methods, baselines) for name in METHODS["en"] if name in of}
    return entries, [index + GAP * (index >= len(methods)) for index in range(len(entries))]


def method(language: str, name: str) -> str:
    """Return a method's or baseline's name in the page's language."""
    return METHODS[language][name]


def _foot(scores: Scores, words: Mapping[str, str]) -> str:
    if scores.trusted:
        return words["trusted"].format(star=STAR)
    return words["bare" if bar(scores) is None else "none"]


def bar(scores: Scores) -> float | None:
    """Return what a trusted method's interval must lie above: the upper end of the best baseline's; None without."""
    known: list[Estimate] = [of for score in scores.baselines.values() if (of := getattr(score, scores.criterion))]
    return max(known, key=lambda estimate: estimate.value).interval[1] if known else None


def _table(scores: Scores, entries: Mapping[str, Score], language: str) -> str:
    keys = [key for key in _HEAD["en"] if any(getattr(score, key) for score in entries.values())]
    lines: list[list[str | Td]] = [
        [starred(scores, name, method(language, name)), *(_cell(getattr(score, key), language) for key in keys)]
        for name, score in entries.items()
    ]
    count = len(scores.methods)
    head = table.head([_WORDS[language]["method"], *(_HEAD[language][key] for key in keys)])
    return head + table.body(lines[:count]) + table.body(lines[count:])


def starred(scores: Scores, name: str, words: str) -> str:
    """Return a method's name in words, with a star if it is the trusted one."""
    return f"{words} {STAR}" if name == scores.trusted else words


def _cell(statistic: Estimate | None, language: str) -> Td:
    if statistic is None:
        return Td("–", "number")
    bounds = interval(language, statistic.interval, "number")
    return Td(Markup("{}<small>{}</small>").format(number(statistic.value), bounds), "number")


def _panels(figure: Drawing, scores: Scores, words: Words) -> None:
    entries, places = rows(scores.methods, scores.baselines)
    height = plot.height_of(figure)
    keys = [key for key in _PLOTTED if any(getattr(score, key) for score in entries.values())][:PANELS]
    panels = figure.subplots(1, len(keys), sharey=True, squeeze=False)[0] if keys else []
    figure.subplots_adjust(left=0.225, right=0.98, bottom=50 / height, top=1 - 34 / height, wspace=0.16)
    for axes, key in zip(panels, keys, strict=True):
        _panel(axes, scores, key)
        axes.set_title(words(key), pad=10)
        axes.set_xlabel(words("area" if key == "difference" else "correlation"))
    if len(panels):
        panels[0].set_yticks(places, [starred(scores, name, words(name)) for name in entries])
        panels[0].set_ylim(places[-1] + 0.5, -0.5)


def _panel(axes: Axes, scores: Scores, key: str) -> None:
    from matplotlib.ticker import MaxNLocator

    entries, places = rows(scores.methods, scores.baselines)
    axes.axvline(0, color=plot.FAINT, linewidth=0.75)
    limit = bar(scores) if key == scores.criterion else None
    if limit is not None:
        axes.axvline(limit, color=plot.FAINT, linewidth=0.75, dashes=(3, 2))
    for place, (name, score) in zip(places, entries.items(), strict=True):
        estimate: Estimate | None = getattr(score, key)
        if estimate:
            colour = plot.FIRST if name in scores.methods else plot.FAINT
            fill = colour if name in scores.methods else plot.PAPER
            axes.plot(estimate.interval, [place, place], linewidth=1.5, color=colour)
            axes.plot([estimate.value], [place], marker="o", markersize=6, markerfacecolor=fill, color=colour)
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(4))
