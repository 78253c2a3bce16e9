"""Accuracy with and without the dev faces that have a copy in train: each network's, and the difference."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from ferpipe.drawing import plot
from ferpipe.drawing.figure import Figure, csv_file, flat
from ferpipe.drawing.plot import Words
from ferpipe.results.copies import Copies, Scored
from ferpipe.text.language import Language

WIDTH, ROW = 704, 24  # CSS pixels


def draw(copies: Copies, language: Language) -> Figure:
    """Return two panels of the members and the ensemble: both accuracies, and their difference with its interval."""
    size = WIDTH, 100 + ROW * (len(copies.members) + 1)
    body, files = plot.drawn("copies", language, size, _panels, copies, language.words("copies"))
    rows: list[list[object]] = [
        [name, key, *flat(value)]
        for name, network in (*((m.name, m) for m in copies.members), ("ensemble", copies.ensemble))
        for key, value in (("every", network.every), ("without", network.without), ("drop", network.drop))
    ]
    files["copies.csv"] = csv_file(["network", "statistic", "value", "low", "high", "n"], rows)
    return Figure(body, "copies", "copies.csv", files)


def _panels(figure: Drawing, copies: Copies, words: Words) -> None:
    left, right = figure.subplots(1, 2, squeeze=False)[0]
    plot.margins(figure, left=0.15, right=0.98, below=54, above=34, between=0.1)
    members: list[tuple[str, Scored, str]] = [
        (words("member", index=index), member, plot.FAINT) for index, member in enumerate(copies.members)
    ]
    networks = [*members, (words("ensemble"), copies.ensemble, plot.FIRST)]
    for axes in (left, right):
        plot.rows(axes, range(len(networks)), [name for name, _, _ in networks])
    right.tick_params(labelleft=False)
    _accuracies(left, networks, words)
    _drops(right, networks, words)


def _accuracies(axes: Axes, networks: list[tuple[str, Scored, str]], words: Words) -> None:
    for place, (_, network, colour) in enumerate(networks):
        if without := network.without:
            axes.plot([without.value, network.every.value], [place, place], color=colour, linewidth=1)
            axes.plot([without.value], [place], color=colour, marker="o", markersize=6, markerfacecolor=plot.PAPER)
        axes.plot([network.every.value], [place], color=colour, marker="o", markersize=6)
    axes.xaxis.set_major_locator(MaxNLocator(5))
    plot.share_axis(axes.xaxis)
    axes.set_xlabel(words("accuracy"))
    signs = (("\N{BLACK CIRCLE}", "every"), ("\N{WHITE CIRCLE}", "without"))
    axes.set_title("   ".join(f"{sign} {words(key)}" for sign, key in signs))


def _drops(axes: Axes, networks: list[tuple[str, Scored, str]], words: Words) -> None:
    for place, (_, network, colour) in enumerate(networks):
        if drop := network.drop:
            plot.estimate(axes, place, 100 * drop.value, [100 * end for end in drop.interval], colour)
    axes.axvline(0, color=plot.INK, linewidth=0.75, dashes=(3, 2))
    axes.xaxis.set_major_locator(MaxNLocator(5))
    axes.set(xlabel=words("points"))
    axes.set_title(words("drop"))
