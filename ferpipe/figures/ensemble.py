"""The ensemble: its members, their hard vote and their mean, and how accuracy grows with size."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from ferpipe.drawing import plot
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.plot import Words
from ferpipe.results.ensemble import Accuracy, Ensemble, OfSize
from ferpipe.text.language import Language

WIDTH, ROW = 704, 24  # CSS pixels


def draw(ensemble: Ensemble, language: Language) -> Figure:
    """Return two panels: models with intervals, and accuracy by size."""
    size = WIDTH, 110 + ROW * max(len(ensemble.members) + 2, 6)
    body, files = plot.drawn("ensemble", language, size, _panels, ensemble, language.words("ensemble"))
    rows: list[list[object]] = [[m.name, m.seed, m.accuracy, *m.interval] for m in ensemble.members]
    together = (("vote", ensemble.vote), ("mean", ensemble.mean))
    rows += [[key, None, model.accuracy, *model.interval] for key, model in together]
    files["ensemble.csv"] = csv_file(["model", "seed", "accuracy", "low", "high"], rows)
    return Figure(body, "ensemble", "ensemble.csv", files)


def _panels(figure: Drawing, ensemble: Ensemble, words: Words) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1), squeeze=False)[0]
    plot.margins(figure, left=0.2, right=0.98, below=54, above=34, between=0.24)
    _models(left, ensemble, words)
    _sizes(right, ensemble.by_size, words)


def _models(axes: Axes, ensemble: Ensemble, words: Words) -> None:
    models: list[tuple[str, Accuracy, str]] = [
        *((words("member", index=i), member, plot.FAINT) for i, member in enumerate(ensemble.members)),
        (words("vote"), ensemble.vote, plot.SECOND),
        (words("mean"), ensemble.mean, plot.FIRST),
    ]
    for place, (_, model, colour) in enumerate(models):
        plot.estimate(axes, place, model.accuracy, model.interval, colour)
    plot.rows(axes, range(len(models)), [name for name, _, _ in models])
    axes.xaxis.set_major_locator(MaxNLocator(5))
    plot.share_axis(axes.xaxis)
    axes.set_xlabel(words("accuracy"))
    axes.set_title(words("each"), x=-0.43)


def _sizes(axes: Axes, sizes: list[OfSize], words: Words) -> None:
    count = [subsets.size for subsets in sizes]
    axes.fill_between(
        count,
        [subsets.lowest for subsets in sizes],
        [subsets.highest for subsets in sizes],
        color=plot.BAND,
        linewidth=0,
    )
    axes.plot(count, [subsets.accuracy for subsets in sizes], color=plot.FIRST, marker="o", markersize=5)
    axes.set(title=words("size"), xlabel=words("k"), xlim=(0.5, max(count, default=1) + 0.5))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True, min_n_ticks=1))
    plot.share_axis(axes.yaxis)
