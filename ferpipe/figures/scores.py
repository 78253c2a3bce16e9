"""The score card of the explanations: what decides over all networks, and below it every statistic of one."""

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
from ferpipe.results.common import Across, BaselineName, Estimate, MethodName
from ferpipe.results.scores import Score, Scores
from ferpipe.statistics.verdicts import estimated
from ferpipe.text.formats import integer
from ferpipe.text.language import Language

T = TypeVar("T")
WIDTH, ROW = 704, 24  # CSS pixels
GAP = 0.8  # rows between methods and baselines
PANELS = 3
LOWER = 0.26  # rows that the networks' dots stand below their mean
METHODS: tuple[MethodName, ...] = get_args(MethodName)  # in the order of the rows
BASELINES: tuple[BaselineName, ...] = get_args(BaselineName)
_PLOTTED = ("criterion", "lead", "randomisation", "seeds", "difference")  # the first three that were measured
STAR = "\N{BLACK STAR}"


def draw(scores: Scores, language: Language) -> Figure:
    """Return panels of the main statistics, and below them the table of all."""
    words = language.words("scores")
    entries, places = rows(scores.methods, scores.baselines)
    size = WIDTH, round(96 + ROW * (places[-1] + 1))
    names = {**words, "criterion": words[scores.criterion], **language.words("scores.methods")}
    body, files = plot.drawn("scores", language, size, _panels, scores, names)
    body += table.framed(_table(scores, entries, language), "scores", words["caption"], _foot(scores, words))
    data = [[name, key, *flat(value)] for name, score in entries.items() for key, value in statistics(score).items()]
    data += [
        [name, f"{key} in network {place}", value, None, None, across.n]
        for name, score in entries.items()
        for key, across in (("criterion", score.criterion), ("lead", score.lead))
        if across
        for place, value in enumerate(across.values)
    ]
    files["scores.csv"] = csv_file(["method", "statistic", "value", "low", "high", "n"], data)
    return Figure(body, "scores", "scores.csv", files, wide=True)


def statistics(score: Score) -> dict[str, Estimate | None]:
    """Return what decides over all networks, by how much it exceeds the best baseline, and the statistics of one."""
    return {
        "criterion": estimated(score.criterion) if score.criterion else None,
        "lead": score.margin,
        **score.statistics(),
    }


def rows(methods: Mapping[MethodName, T], baselines: Mapping[BaselineName, T]) -> tuple[dict[str, T], list[float]]:
    """Return the entries of methods and, after them, of baselines, and each one's place down a plot, with a gap."""
    entries: dict[str, T] = {name: methods[name] for name in METHODS if name in methods}
    entries |= {name: baselines[name] for name in BASELINES if name in baselines}
    return entries, [index + GAP * (index >= len(methods)) for index in range(len(entries))]


def _foot(scores: Scores, words: Mapping[str, str]) -> str:
    if not scores.best or min(scores.faces) < scores.enough:
        return words["bare"]
    verdict = "trusted" if scores.trusted else "none" if len(scores.best) > 1 else "one"
    return words[verdict].format(star=STAR) + words["dots"].format(methods=integer(len(scores.methods)))


def _table(scores: Scores, entries: Mapping[str, Score], language: Language) -> str:
    by_method, names = {name: statistics(score) for name, score in entries.items()}, language.words("scores.methods")
    keys = [key for key in next(iter(by_method.values())) if any(of_method[key] for of_method in by_method.values())]
    lines: list[list[str | Td]] = [
        [starred(scores, name, names[name]), *(estimate(language, of_method[key], "number") for key in keys)]
        for name, of_method in by_method.items()
    ]
    count = len(scores.methods)
    heads = language.words("scores.head")
    head = table.head([language.words("scores")["method"], *(heads[key] for key in keys)], lines)
    return head + table.body(lines[:count]) + table.body(lines[count:])


def starred(scores: Scores, name: str, words: str) -> str:
    """Return a method's name in words, with a star if it is the trusted one."""
    return f"{words} {STAR}" if name == scores.trusted else words


def _panels(figure: Drawing, scores: Scores, words: Words) -> None:
    entries, places = rows(scores.methods, scores.baselines)
    by_method = {name: statistics(score) for name, score in entries.items()}
    keys = [key for key in _PLOTTED if any(of_method[key] for of_method in by_method.values())][:PANELS]
    panels = figure.subplots(1, len(keys), sharey=True, squeeze=False)[0] if keys else []
    plot.margins(figure, left=0.245, right=0.98, below=50, above=34, between=0.16)
    names = [starred(scores, name, words(name)) for name in entries]
    for axes, key in zip(panels, keys, strict=True):
        plot.rows(axes, places, names)
        axes.axvline(0, color=plot.FAINT, linewidth=0.75, dashes=(3, 2) if key == "lead" else (1, 0))
        for place, (name, score) in zip(places, entries.items(), strict=True):
            _estimate(axes, place, by_method[name][key], name in scores.methods)
            _dots(axes, place, {"criterion": score.criterion, "lead": score.lead}.get(key))
        axes.xaxis.set_major_locator(MaxNLocator(4))
        decides = key in ("criterion", "lead")
        areas = key == "difference" or (decides and scores.criterion == "difference")
        axes.set(title=words(key), xlabel=words("areas" if areas else "correlation"))


def _estimate(axes: Axes, place: float, statistic: Estimate | None, method: bool) -> None:
    if statistic:
        colour = plot.FIRST if method else plot.FAINT
        fill = colour if method else plot.PAPER
        plot.estimate(axes, place, statistic.value, statistic.interval, colour, fill=fill)


def _dots(axes: Axes, place: float, across: Across | None) -> None:
    """Draw one small dot a network below its mean."""
    if across:
        heights = [place + LOWER] * len(across.values)
        axes.plot(across.values, heights, color=plot.SECOND, linestyle="", marker="o", markersize=2.5)
