"""The score card of the explanations: methods by statistics with intervals, baselines apart."""

from collections.abc import Mapping
from typing import TypeVar, get_args

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from ferpipe.drawing import plot, table
from ferpipe.drawing.figure import Figure, csv_file, flat
from ferpipe.drawing.plot import Words
from ferpipe.drawing.table import Td
from ferpipe.drawing.words import estimate
from ferpipe.results.common import BaselineName, MethodName
from ferpipe.results.scores import Score, Scores
from ferpipe.text.language import Language

T = TypeVar("T")
WIDTH, ROW = 704, 24  # CSS pixels
GAP = 0.8  # rows between methods and baselines
PANELS = 3
METHODS: tuple[MethodName, ...] = get_args(MethodName)  # in the order of the rows
BASELINES: tuple[BaselineName, ...] = get_args(BaselineName)
_PLOTTED = ("rank_correlation", "difference", "randomisation", "seeds")  # the first three that were measured
STAR = "\N{BLACK STAR}"


def draw(scores: Scores, language: Language) -> Figure:
    """Return panels of the main statistics, and below them the table of all."""
    words = language.words("scores")
    entries, places = rows(scores.methods, scores.baselines)
    size = WIDTH, round(96 + ROW * (places[-1] + 1))
    names = {**words, **language.words("scores.methods")}
    body, files = plot.drawn("scores", language, size, _panels, scores, names)
    body += table.framed(_table(scores, entries, language), "scores", words["caption"], _foot(scores, words))
    data = [[name, key, *flat(value)] for name, score in entries.items() for key, value in score.statistics().items()]
    files["scores.csv"] = csv_file(["method", "statistic", "value", "low", "high", "n"], data)
    return Figure(body, "scores", "scores.csv", files, wide=True)


def rows(methods: Mapping[MethodName, T], baselines: Mapping[BaselineName, T]) -> tuple[dict[str, T], list[float]]:
    """Return the entries of methods and, after them, of baselines, and each one's place down a plot, with a gap."""
    entries: dict[str, T] = {name: methods[name] for name in METHODS if name in methods}
    entries |= {name: baselines[name] for name in BASELINES if name in baselines}
    return entries, [index + GAP * (index >= len(methods)) for index in range(len(entries))]


def _foot(scores: Scores, words: Mapping[str, str]) -> str:
    if scores.trusted:
        return words["trusted"].format(star=STAR)
    return words["bare" if bar(scores) is None else "none"]


def bar(scores: Scores) -> float | None:
    """Return what a trusted method's interval must lie above: the upper end of the best baseline's; None without."""
    estimates = [score.statistics()[scores.criterion] for score in scores.baselines.values()]
    known = [estimate for estimate in estimates if estimate]
    return max(known, key=lambda estimate: estimate.value).interval[1] if known else None


def _table(scores: Scores, entries: Mapping[str, Score], language: Language) -> str:
    statistics, names = {name: score.statistics() for name, score in entries.items()}, language.words("scores.methods")
    keys = [key for key in next(iter(statistics.values())) if any(of_method[key] for of_method in statistics.values())]
    lines: list[list[str | Td]] = [
        [starred(scores, name, names[name]), *(estimate(language, of_method[key], "number") for key in keys)]
        for name, of_method in statistics.items()
    ]
    count = len(scores.methods)
    head = table.head([language.words("scores")["method"], *(language.words("scores.head")[key] for key in keys)])
    return head + table.body(lines[:count]) + table.body(lines[count:])


def starred(scores: Scores, name: str, words: str) -> str:
    """Return a method's name in words, with a star if it is the trusted one."""
    return f"{words} {STAR}" if name == scores.trusted else words


def _panels(figure: Drawing, scores: Scores, words: Words) -> None:
    entries, places = rows(scores.methods, scores.baselines)
    keys = [key for key in _PLOTTED if any(score.statistics()[key] for score in entries.values())][:PANELS]
    panels = figure.subplots(1, len(keys), sharey=True, squeeze=False)[0] if keys else []
    plot.margins(figure, left=0.225, right=0.98, below=50, above=34, between=0.16)
    names = [starred(scores, name, words(name)) for name in entries]
    for axes, key in zip(panels, keys, strict=True):
        plot.rows(axes, places, names)
        _panel(axes, scores, key)
        axes.set(title=words(key), xlabel=words("area" if key == "difference" else "correlation"))


def _panel(axes: Axes, scores: Scores, key: str) -> None:
    entries, places = rows(scores.methods, scores.baselines)
    axes.axvline(0, color=plot.FAINT, linewidth=0.75)
    limit = bar(scores) if key == scores.criterion else None
    if limit is not None:
        axes.axvline(limit, color=plot.FAINT, linewidth=0.75, dashes=(3, 2))
    for place, (name, score) in zip(places, entries.items(), strict=True):
        if statistic := score.statistics()[key]:
            colour = plot.FIRST if name in scores.methods else plot.FAINT
            fill = colour if name in scores.methods else plot.PAPER
            plot.estimate(axes, place, statistic.value, statistic.interval, colour, fill=fill)
    axes.xaxis.set_major_locator(MaxNLocator(4))
