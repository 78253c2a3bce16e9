"""Overconfidence: the overfitting model's loss by right and wrong answers, and both models' reliability diagrams."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from ferpipe.drawing import plot
from ferpipe.drawing.figure import Figure, numbers_file
from ferpipe.drawing.plot import Words
from ferpipe.results.calibration import Calibration, Course
from ferpipe.text.language import Language

SIZE = (704, 360)  # CSS pixels
ROOM = 1.4  # the loss axis over the highest loss: the legend stands above the curves
_MARKS = {"analysis": (plot.FIRST, "o", "\N{BLACK CIRCLE}"), "overfitted": (plot.SECOND, "s", "\N{BLACK SQUARE}")}


def draw(calibration: Calibration, language: Language) -> Figure:
    """Return two panels: the stacked loss over epochs, and accuracy by confidence."""
    words = language.words("calibration")
    body, files = plot.drawn("calibration", language, SIZE, _panels, calibration, words)
    files["calibration.json"] = numbers_file(calibration)
    return Figure(body, "calibration", "calibration.json", files)


def _panels(figure: Drawing, calibration: Calibration, words: Words) -> None:
    left, right = figure.subplots(1, 2, width_ratios=(1.2, 1), squeeze=False)[0]
    figure.subplots_adjust(left=0.075, right=0.98, bottom=0.14, top=0.91, wspace=0.24)
    _losses(left, calibration.overfitted, words)
    _diagram(right, calibration, words)


def _losses(axes: Axes, course: Course, words: Words) -> None:
    epochs: list[float] = [*course.epochs]
    total, scaled = course.loss, course.scaled_loss
    right = [a * (loss or 0) for a, loss in zip(course.accuracy, course.loss_right, strict=True)]
    if len(epochs) == 1:  # an area needs two ends
        epochs = [epochs[0] - 0.4, epochs[0] + 0.4]
        right, total, scaled = 2 * right, 2 * total, 2 * scaled
    axes.fill_between(epochs, 0, right, color=plot.BAND, linewidth=0)
    axes.fill_between(epochs, right, total, color=plot.SECOND, alpha=0.35, linewidth=0)
    axes.plot(epochs, total, color=plot.SECOND)
    axes.plot(epochs, scaled, color=plot.INK, dashes=(3, 1.5))
    highest = max(*total, *scaled)
    axes.set(xlim=(min(epochs), max(epochs)), ylim=(0, ROOM * highest))
    axes.set_yticks([tick for tick in axes.get_yticks() if tick <= highest])  # no line behind the legend
    axes.set(title=words("loss"), xlabel=words("epoch"), ylabel=words("nats"))
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
    entries = (("\N{BLACK SQUARE}", "wrong", plot.SECOND), ("\N{BLACK SQUARE}", "right", plot.BAND))
    for line, (sign, key, colour) in enumerate((*entries, ("--", "scaled", plot.INK))):
        _named(axes, line, sign, colour, words(key))


def _diagram(axes: Axes, calibration: Calibration, words: Words) -> None:
    axes.plot([0, 1], [0, 1], color=plot.FAINT, linewidth=0.75, dashes=(3, 2))
    states = {"analysis": calibration.analysis.chosen, "overfitted": calibration.overfitted.last}
    for line, (model, state) in enumerate(states.items()):
        colour, marker, sign = _MARKS[model]
        for bin in state.reliability:
            axes.plot([bin.confidence] * 2, bin.interval, color=colour, linewidth=1)
            axes.plot([bin.confidence], [bin.accuracy], color=colour, marker=marker, markersize=4)
        _named(axes, line, sign, colour, words(model, epoch=state.epoch))
    axes.set(xlim=(0, 1.02), ylim=(0, 1.2), yticks=[0, 0.2, 0.4, 0.6, 0.8, 1])
    axes.set(title=words("diagram"), xlabel=words("confidence"), ylabel=words("accuracy"))
    plot.share_axis(axes.xaxis)
    plot.share_axis(axes.yaxis)


def _named(axes: Axes, line: int, sign: str, colour: str, text: str) -> None:
    """Write a series' sign, in its colour, and its name into the upper left corner."""
    for words, place, ink in ((sign, 0.02, colour), (text, 0.09, plot.INK)):
        axes.annotate(words, (place, 0.96 - 0.075 * line), xycoords="axes fraction", va="center", color=ink)
