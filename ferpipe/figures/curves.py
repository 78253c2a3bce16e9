"""Loss and accuracy over the epochs: the early-stopped analysis model and the overfitting one."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from ferpipe.drawing import plot
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.plot import Words
from ferpipe.results.curves import Curve, Curves
from ferpipe.text.language import Language

SIZE = (704, 470)  # CSS pixels
_KEYS = ("train_loss", "dev_loss", "train_accuracy", "dev_accuracy")
_WHAT = ("loss", "accuracy")
_LINES: dict[str, tuple[str, tuple[float, ...]]] = {"train": (plot.SECOND, (3, 1.5)), "dev": (plot.FIRST, ())}


def draw(curves: Curves, language: Language) -> Figure:
    """Return two columns of panels, one a model: loss above, accuracy below."""
    body, files = plot.drawn("curves", language, SIZE, _panels, curves, language.words("curves"))
    rows = [
        [model, *values]
        for model, curve in _models(curves).items()
        for values in zip(
            curve.epochs, curve.train_loss, curve.dev_loss, curve.train_accuracy, curve.dev_accuracy, strict=True
        )
    ]
    files["curves.csv"] = csv_file(["model", "epoch", *_KEYS], rows)
    return Figure(body, "curves", "curves.csv", files)


def _models(curves: Curves) -> dict[str, Curve]:
    return {"analysis": curves.analysis, "overfitted": curves.overfitted}


def _lines(curve: Curve, what: str) -> dict[str, list[float]]:
    """Return the loss or the accuracy on either split."""
    if what == "loss":
        return {"train": curve.train_loss, "dev": curve.dev_loss}
    return {"train": curve.train_accuracy, "dev": curve.dev_accuracy}


def _panels(figure: Drawing, curves: Curves, words: Words) -> None:
    panels = figure.subplots(2, 2, sharey="row", squeeze=False)
    figure.subplots_adjust(left=0.1, right=0.93, bottom=0.1, top=0.93, wspace=0.2, hspace=0.16)
    for column, (model, curve) in enumerate(_models(curves).items()):
        for row, what in enumerate(_WHAT):
            _panel(panels[row, column], curve, what)
        panels[0, column].set_title(words(model))
        panels[1, column].set_xlabel(words("epoch"))
        panels[0, column].tick_params(labelbottom=False)
    for row, what in enumerate(_WHAT):
        panels[row, 0].set_ylabel(words(what))
    low, high = panels[1, 0].get_ylim()
    panels[1, 0].set_ylim(low - 0.15 * (high - low), high)  # room below the curves for the mark of the best epoch
    for column, curve in enumerate(_models(curves).values()):
        _mark_best(panels[1, column], panels[0, column], curve.best, words)
        for row, what in enumerate(_WHAT):
            _name_ends(panels[row, column], curve, what, words)


def _panel(axes: Axes, curve: Curve, what: str) -> None:
    epochs = curve.epochs
    axes.set_xlim(min(epochs) - 0.5, max(epochs) + 0.5)
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    for split, values in _lines(curve, what).items():
        colour, dashes = _LINES[split]
        axes.plot(epochs, values, color=colour, dashes=dashes, marker="o" if len(epochs) == 1 else "")
    if what == "accuracy":
        plot.share_axis(axes.yaxis)


def _name_ends(axes: Axes, curve: Curve, what: str, words: Words) -> None:
    """Write each curve's name at its end, the two apart and inside the panel; after all limits are known."""
    low, high = axes.get_ylim()
    lines = _lines(curve, what)
    ends = {split: (values[-1] - low) / (high - low) for split, values in lines.items()}  # 0 bottom, 1 top
    lower, upper = sorted(ends, key=lambda split: ends[split])
    middle = min(max((ends[lower] + ends[upper]) / 2, 0.1), 0.9)
    heights = {lower: min(ends[lower], middle - 0.06), upper: max(ends[upper], middle + 0.06)}
    for split, height in heights.items():
        axes.annotate(
            words(split),
            (1, min(max(height, 0.04), 0.96)),
            xycoords="axes fraction",
            xytext=(5, 0),
            textcoords="offset points",
            va="center",
            color=_LINES[split][0],
            annotation_clip=False,
        )


def _mark_best(below: Axes, above: Axes, best: int, words: Words) -> None:
    for axes in (below, above):
        axes.axvline(best, color=plot.FAINT, linewidth=0.75, dashes=(1, 2))
    left = best > sum(below.get_xlim()) / 2
    below.annotate(
        words("best", epoch=best),
        (best, 0.04),
        xycoords=("data", "axes fraction"),
        xytext=(-4 if left else 4, 0),
        textcoords="offset points",
        ha="right" if left else "left",
        color=plot.FAINT,
    )
