"""How selective the filters of each layer are beyond chance, from the first convolution to the last."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing

from ferpipe.drawing import plot
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.plot import Words
from ferpipe.results.selectivity import Layer, Selectivity
from ferpipe.text.language import Language

WIDTH, ROW = 704, 22  # CSS pixels


def draw(selectivity: Selectivity, language: Language) -> Figure:
    """Return layers in rows by depth: each member's excess selectivity, its mean and interval, and chance beside it."""
    layers = selectivity.layers
    words, size = language.words("selectivity"), (WIDTH, 160 + ROW * len(layers))
    body, files = plot.drawn("selectivity", language, size, _panel, layers, words)
    keys = ("layer", "filters", "index", "null", "auroc", "eta_squared")
    rows = [
        [layer.layer, layer.filters, layer.index, layer.null, layer.auroc, layer.eta_squared, layer.excess.value,
         *layer.excess.interval] for layer in layers
    ]  # fmt: skip
    files["selectivity.csv"] = csv_file([*keys, "excess", "low", "high"], rows)
    return Figure(body, "selectivity", "selectivity.csv", files)


def _panel(figure: Drawing, layers: list[Layer], words: Words) -> None:
    axes = figure.subplots()
    plot.margins(figure, left=0.2, right=0.97, below=50, above=108)
    axes.axvline(0, color=plot.FAINT, linewidth=0.75)
    for place, layer in enumerate(layers):
        members = layer.excess.by_member
        if len(members) > 1:
            places = [place] * len(members)
            axes.plot(members, places, color=plot.FAINT, marker="o", markersize=3.5, linestyle="", alpha=0.6)
        plot.estimate(axes, place, layer.excess.value, layer.excess.interval, plot.FIRST)
        axes.plot([layer.null], [place], color=plot.SECOND, marker="s", markersize=5, markerfacecolor=plot.PAPER)
    plot.rows(axes, range(len(layers)), [layer.layer for layer in layers])
    axes.set_xlabel(words("index"))
    axes.set_title(words("title"), pad=64, x=-0.25)
    _legend(axes, words, layers[0].excess.over)


def _legend(axes: Axes, words: Words, over: str) -> None:
    """Name the series above the panel, in their colours; a single member is not drawn beside the mean."""
    entries = [("\N{BLACK CIRCLE}", over, plot.FIRST), ("\N{WHITE SQUARE}", "null", plot.SECOND)]
    if over == "members":
        entries.insert(1, ("\N{BULLET}", "member", plot.FAINT))
    for line, (sign, key, colour) in enumerate(entries):
        axes.annotate(f"{sign} {words(key)}", (0, 1), xycoords="axes fraction", xytext=(0, 46 - 15 * line),
                      textcoords="offset points", va="center", color=colour)  # fmt: skip
