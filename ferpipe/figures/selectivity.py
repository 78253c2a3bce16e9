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
    height, name = 160 + ROW * len(layers), f"selectivity.{language}.svg"
    drawing = plot.svg(WIDTH, height, _panel, layers, language.words("selectivity"))
    keys = ("layer", "filters", "index", "null", "auroc", "eta_squared")
    rows = [[*(getattr(of, key) for key in keys), of.excess.value, *of.excess.interval] for of in layers]
    files = {name: drawing, "selectivity.csv": csv_file([*keys, "excess", "low", "high"], rows)}
    return Figure(plot.image(name, WIDTH, height), "selectivity", "selectivity.csv", files)


def _panel(figure: Drawing, layers: list[Layer], words: Words) -> None:
    axes, height = figure.subplots(), plot.height_of(figure)
    figure.subplots_adjust(left=0.2, right=0.97, bottom=50 / height, top=1 - 108 / height)
    axes.axvline(0, color=plot.FAINT, linewidth=0.75)
    for place, layer in enumerate(layers):
        members = layer.excess.by_member
        if len(members) > 1:
            places = [place] * len(members)
            axes.plot(members, places, color=plot.FAINT, marker="o", markersize=3.5, linestyle="", alpha=0.6)
        axes.plot(layer.excess.interval, [place, place], color=plot.FIRST, linewidth=1.5)
        axes.plot([layer.excess.value], [place], color=plot.FIRST, marker="o", markersize=6)
        axes.plot([layer.null], [place], color=plot.SECOND, marker="s", markersize=5, markerfacecolor=plot.PAPER)
    axes.set_yticks(range(len(layers)), [layer.layer for layer in layers])
    axes.set_ylim(len(layers) - 0.5, -0.5)
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    axes.spines["left"].set_visible(False)
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
