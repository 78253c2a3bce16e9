"""Suspect labels: margins with the cut-off, precision and recall by cut-off, and the most suspect faces."""

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from ferpipe.drawing import grid, plot
from ferpipe.drawing.figure import Figure, numbers_file
from ferpipe.drawing.pictures import grey
from ferpipe.drawing.plot import Words
from ferpipe.results.suspects import Ranking, Suspect, Suspects
from ferpipe.text.formats import class_name
from ferpipe.text.language import Language

SIZE = (704, 270)  # CSS pixels


def draw(suspects: Suspects, language: Language) -> Figure:
    """Return three panels and, where faces are shown, the most suspect of them in two rows."""
    ranking, words = suspects.ranking, language.words("suspects")
    assert ranking is not None  # a text without any places no figure
    body, files = plot.drawn("suspects", language, SIZE, _panels, ranking, words)
    if suspects.private is not None:
        pictures = {f"suspect-{index}.webp": grey(face) for index, face in enumerate(suspects.private.suspects)}
        cells = [_cell(language, face, file) for face, file in zip(suspects.shown, pictures, strict=True)]
        body += grid.grid([grid.row(cells, words["shown"])], 6)
        files |= pictures
    files["suspects.json"] = numbers_file(suspects)
    return Figure(body, "suspects", "suspects.json", files)


def _cell(language: Language, face: Suspect, file: str) -> grid.Cell:
    """Return a face with its label and, where it is known, its true emotion."""
    words, label = language.words("suspects"), class_name(language, face.label)
    if face.emotion is None:
        return grid.Cell(words["labelled"].format(label=label), file, label=Markup("<b>{}</b>").format(label))
    emotion = class_name(language, face.emotion)
    right = face.emotion == face.label
    text = Markup('<b>{}</b> <span class="{}">{}</span>').format(
        label, "right" if right else "wrong", words["correct" if right else "true"].format(emotion=emotion)
    )
    return grid.Cell(words["is"].format(label=label, emotion=emotion), file, label=text)


def _panels(figure: Drawing, ranking: Ranking, words: Words) -> None:
    margins, precision, recall = figure.subplots(1, 3, width_ratios=(1.5, 1, 1), squeeze=False)[0]
    plot.margins(figure, left=0.1, right=0.985, below=54, above=34, between=0.32)
    _margins(margins, ranking, words)
    places = range(len(ranking.cutoffs))
    for place, cutoff in zip(places, ranking.cutoffs, strict=True):
        precision.plot([place] * 2, cutoff.precision.interval, color=plot.FIRST, linewidth=1.5)
        precision.plot([place], [cutoff.precision.value], color=plot.FIRST, marker="o", markersize=6)
    precision.axhline(ranking.wrong.value, color=plot.INK, linewidth=0.75, dashes=(3, 2))
    recalls = [(place, cutoff.recall) for place, cutoff in enumerate(ranking.cutoffs) if cutoff.recall is not None]
    recall.plot(
        [p for p, _ in recalls], [r for _, r in recalls], color=plot.FIRST, marker="o", markersize=6, linewidth=1
    )
    recall.plot(places, [cutoff.share for cutoff in ranking.cutoffs], color=plot.INK, linewidth=0.75, dashes=(3, 2))
    for axes, key in ((precision, f"precision_{ranking.check}"), (recall, "recall")):
        axes.set_xticks(places, [f"{100 * cutoff.share:g}%" for cutoff in ranking.cutoffs])
        axes.set(title=words(key), xlabel=words("share"), xlim=(-0.5, len(places) - 0.5), ylim=(0, None))
        axes.yaxis.set_major_locator(MaxNLocator(5))
        plot.share_axis(axes.yaxis)


def _margins(axes: Axes, ranking: Ranking, words: Words) -> None:
    """Draw both kinds of faces as shares of their kind: the wrong ones are few."""
    bins, cut = ranking.bins, ranking.chosen.highest
    right, wrong = _shares(bins.right), _shares(bins.wrong)
    axes.stairs(right, bins.edges, fill=True, color=plot.BAND)
    axes.stairs(wrong, bins.edges, color=plot.SECOND, linewidth=1.5)
    axes.axvline(cut, color=plot.INK, linewidth=0.75, dashes=(3, 2))
    axes.set(ylim=(0, 1.4 * max(*right, *wrong)))  # the legend stands above, right of the cut-off
    signs = (("right", plot.BAND), (ranking.check, plot.SECOND))
    for row, (key, colour) in enumerate(signs):
        height = 0.96 - 0.085 * row
        axes.annotate("\N{BLACK SQUARE}", (0.5, height), xycoords="axes fraction", va="center", color=colour)
        axes.annotate(words(key), (0.575, height), xycoords="axes fraction", va="center", color=plot.INK)
    axes.set(title=words("margins"), xlabel=words("margin"), ylabel=words("faces"))
    axes.xaxis.set_major_locator(MaxNLocator(6))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    plot.share_axis(axes.yaxis)


def _shares(counts: list[int]) -> np.ndarray:
    total = np.asarray(counts, float)
    return total / max(total.sum(), 1)
