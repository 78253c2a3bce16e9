"""Abstaining: the error by the share of faces kept, and coverage and size of the prediction sets by class."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from ferpipe.drawing import plot
from ferpipe.drawing.figure import Figure, numbers_file
from ferpipe.drawing.plot import Words
from ferpipe.results.abstaining import Abstaining, OfClass
from ferpipe.text.formats import class_names
from ferpipe.text.language import Language

WIDTH, ROW = 704, 26  # CSS pixels
ROOM = 1.45  # the error's axis over the whole error: the legend stands above the curves
_Drawn = tuple[Abstaining, int]  # and how many classes there are


def draw(abstaining: Abstaining, language: Language) -> Figure:
    """Return three panels: the risk-coverage curves; coverage by class; mean size of the sets by class."""
    names = class_names(language)
    size, words = (WIDTH, 90 + ROW * max(len(names) + 1, 8)), plot.with_classes(language.words("abstaining"), names)
    body, files = plot.drawn("abstaining", language, size, _panels, (abstaining, len(names)), words)
    files["abstaining.json"] = numbers_file(abstaining)
    return Figure(body, "abstaining", "abstaining.json", files)


def _panels(figure: Drawing, drawn: _Drawn, words: Words) -> None:
    abstaining, classes = drawn
    curves, coverage, sizes = figure.subplots(1, 3, width_ratios=(1.6, 1, 0.8), squeeze=False)[0]
    plot.margins(figure, left=0.086, right=0.985, below=54, above=34, between=0.12)
    place = coverage.get_position()
    coverage.set_position((place.x0 + 0.07, place.y0, place.width - 0.07, place.height))  # room for the names
    _curves(curves, abstaining, words)
    sets, places = abstaining.sets, range(classes + 1)
    rows = [*sets.by_class, OfClass(sets.coverage, sets.size)]
    for axes in (coverage, sizes):
        plot.rows(axes, places, [*(words(f"class{label}") for label in range(classes)), words("every")])
        axes.axhline(classes - 0.5, color=plot.RULE, linewidth=0.75)
    sizes.tick_params(labelleft=False)
    for at, row in enumerate(rows):
        colour = plot.FIRST if at == classes else plot.SECOND if at in sets.short else plot.FAINT
        for axes, estimate in ((coverage, row.coverage), (sizes, row.size)):
            if estimate:
                plot.estimate(axes, at, estimate.value, estimate.interval, colour)
    coverage.axvline(sets.target, color=plot.INK, linewidth=0.75, dashes=(3, 2))
    plot.share_axis(coverage.xaxis)
    coverage.set(title=words("coverage"), xlabel=words("holds"))
    sizes.set(title=words("sizes"), xlabel=words("classes"), xlim=(0, None))
    for axes in (coverage, sizes):
        axes.xaxis.set_major_locator(MaxNLocator(3))


def _curves(axes: Axes, abstaining: Abstaining, words: Words) -> None:
    shares, error = abstaining.shares, abstaining.ensemble.error.value
    best = [max(0, share - (1 - error)) / share for share in shares]
    lines = (
        ("analysis", abstaining.analysis.risk, plot.SECOND, (3, 1.5)),
        ("ensemble", abstaining.ensemble.risk, plot.FIRST, ()),
        ("best", best, plot.FAINT, (1, 1.5)),
        ("chance", [error] * len(shares), plot.FAINT, (6, 2)),
    )
    top = max(error, *abstaining.analysis.risk, *abstaining.ensemble.risk)
    axes.set(xlim=(0, 1), ylim=(0, ROOM * top or 1))
    for row, (key, risk, colour, dashes) in enumerate(lines):
        axes.plot(shares, risk, color=colour, dashes=dashes)
        height = 0.97 - 0.075 * row
        axes.plot([0.02, 0.1], [height] * 2, transform=axes.transAxes, color=colour, dashes=dashes)
        axes.annotate(words(key), (0.12, height), xycoords="axes fraction", va="center", color=plot.INK)
    axes.set(title=words("curves"), xlabel=words("kept"), ylabel=words("risk"))
    plot.share_axis(axes.xaxis)
    plot.share_axis(axes.yaxis)
