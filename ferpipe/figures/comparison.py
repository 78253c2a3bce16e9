"""Two runs beside each other: settings that differ, accuracies, curves, maps, and what is said of each finding."""

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Drawing
from matplotlib.ticker import MaxNLocator

from ferpipe.drawing import grid, pictures, plot, table
from ferpipe.drawing.figure import RISE, Figure
from ferpipe.drawing.plot import Words
from ferpipe.drawing.table import Td, number_cell
from ferpipe.figures.settings import ROWS, described
from ferpipe.results.comparison import Comparison, Run, Said
from ferpipe.results.curves import Curve
from ferpipe.text.claims import SIGNS
from ferpipe.text.formats import NONE, class_name, integer, interval, p_value, percent, points, written
from ferpipe.text.language import Language

SIZE = (704, 300)  # CSS pixels
MODULE = "comparison"
LINES = ((plot.FIRST, "first"), (plot.SECOND, "second"))


def settings(comparison: Comparison, language: Language) -> tuple[Figure, int]:
    """Return a table of the settings in which two runs differ, and how many they share."""
    words, names = language.words("compare"), language.words("settings.rows")
    known = [_settings(run, language) for run in (comparison.first, comparison.second)]
    keys = ["data", "members", *ROWS]
    told = {"data": words["data"], "members": words["members"], **names}
    rows: list[list[str | Td]] = [
        [told[key], *(values.get(key) or NONE for values in known)]
        for key in keys
        if known[0].get(key) != known[1].get(key)
    ]
    inside = table.head([words["setting"], *_titles(comparison)], rows) + table.body(rows)
    return Figure(table.framed(inside, "settings", words["settings_title"]), MODULE, ""), len(keys) - len(rows)


def accuracies(comparison: Comparison, language: Language) -> Figure:
    """Return a table of both runs' accuracies on dev, their difference, and whether it is more than chance."""
    words = language.words("compare")
    head = [words["who"], *_titles(comparison), words["difference"], *([] if comparison.why else [words["p"]])]
    rows: list[list[str | Td]] = [
        [
            words[part.what],
            *(number_cell(percent(a.accuracy), interval(language, a.interval)) for a in (part.first, part.second)),
            number_cell(points(language, part.value), interval(language, part.interval, "points")),
            *([] if part.p is None else [number_cell(p_value(part.p))]),
        ]
        for part in comparison.differences
    ]
    inside = table.head(head, rows) + table.body(rows)
    return Figure(table.framed(inside, "accuracies", words["accuracies_title"]), MODULE, "")


def findings(
    comparison: Comparison, names: Sequence[tuple[str, str, str]], language: Language
) -> tuple[Figure, int, int]:  # fmt: skip
    """Return a table of what both runs say of each finding, those on which they differ first, and two counts.

    `names` are the findings' ids, words and units. The counts: how many both decide, and of these how many alike.
    """
    words = language.words("compare")
    sides = [(comparison.first.said.get(key), comparison.second.said.get(key), text, unit) for key, text, unit in names]
    sides = [side for side in sides if side[0] or side[1]]
    sides.sort(key=lambda side: _verdict(side[0]) == _verdict(side[1]))  # the rest keeps its order
    rows: list[list[str | Td]] = [
        [text, *(_said(side, unit, language) for side in (first, second))] for first, second, text, unit in sides
    ]
    inside = table.head([words["finding"], *_titles(comparison)], rows) + table.body(rows)
    both = [(first, second) for first, second, *_ in sides if _decided(first) and _decided(second)]
    same = sum(_verdict(first) == _verdict(second) for first, second in both)
    return Figure(table.framed(inside, "ledger", words["findings_title"]), MODULE, ""), len(both), same


def curves(comparison: Comparison, language: Language) -> Figure | None:
    """Return loss and accuracy on train and dev of both analysis models; None where either has none."""
    first, second = comparison.first.curve, comparison.second.curve
    if first is None or second is None:
        return None
    words = {
        **language.words("curves"),
        "first": comparison.first.name,
        "second": comparison.second.name,
        "split": language.words("compare")["split"],
    }
    body, files = plot.drawn("curves", language, SIZE, _panels, (first, second), words)
    return Figure(body, MODULE, "", files)


def maps(comparison: Comparison, language: Language) -> Figure | None:
    """Return each class's mean map of both runs, on one scale; None where either has none, or of other classes."""
    first, second = comparison.first.maps, comparison.second.maps
    if first is None or second is None or first.shape != second.shape:
        return None
    words, compare_words = language.words("saliency"), language.words("compare")
    end = pictures.limit(np.stack([first, second]))
    files, rows = {RISE: pictures.rise()}, []
    for place, run, values in (("first", comparison.first, first), ("second", comparison.second, second)):
        cells = []
        for label, name in enumerate(language.classes):
            file = f"{place}-{label}.webp"
            files[file] = pictures.signed(values[label], end)
            called = class_name(language, name)
            cells.append(grid.Cell(compare_words["map"].format(label=called, run=run.name), file, label=called))
        rows.append(grid.row(cells, run.name))
    return Figure(grid.grid(rows, 7, grid.rise(words["least"], words["most"])), MODULE, "", files)


def _titles(comparison: Comparison) -> list[str]:
    return [Markup("<code>{}</code>").format(run.name) for run in (comparison.first, comparison.second)]


def _settings(run: Run, language: Language) -> dict[str, str]:
    values = described(run.settings, language)
    if run.settings.foreign:  # how these were trained is not known
        values = {key: value for key, value in values.items() if not key.startswith(("parameters.", "augmentation"))}
    return {"data": run.data, "members": integer(run.networks), **{key: str(value) for key, value in values.items()}}


def _verdict(said: Said | None) -> str:
    return said.verdict if said else ""


def _decided(said: Said | None) -> bool:
    return _verdict(said) in ("holds", "fails")


def _said(said: Said | None, unit: str, language: Language) -> Td:
    if said is None or said.verdict not in SIGNS:
        return Td(NONE)
    cell = Markup('<span aria-hidden="true">{}</span> {}').format(
        SIGNS[said.verdict], language.words("verdicts")[said.verdict]
    )
    if said.statistic is not None and said.interval is not None:
        bounds = interval(language, said.interval, unit, bar=said.bar)
        cell += Markup("<small><b>{}</b> {}</small>").format(written(language, said.statistic, unit), bounds)
    return Td(cell, f"verdict {said.verdict}")


def _panels(figure: Drawing, pair: tuple[Curve, Curve], words: Words) -> None:
    panels = figure.subplots(1, 2, squeeze=False)[0]
    figure.subplots_adjust(left=0.08, right=0.97, bottom=0.16, top=0.86, wspace=0.2)
    for axes, what in zip(panels, ("loss", "accuracy"), strict=True):
        for curve, (colour, _) in zip(pair, LINES, strict=True):
            _lines(axes, curve, what, colour)
        axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        axes.set_xlabel(words("epoch"))
        axes.set_title(words(what))
    plot.share_axis(panels[1].yaxis)
    for k, (colour, name) in enumerate(LINES):
        panels[1].annotate(
            words(name), (0.98, 0.05 + 0.09 * (1 - k)), xycoords="axes fraction", ha="right", color=colour
        )
    panels[0].annotate(words("split"), (0.98, 0.93), xycoords="axes fraction", ha="right", color=plot.FAINT)


def _lines(axes: Axes, curve: Curve, what: str, colour: str) -> None:
    splits = {"train": (curve.train_loss, curve.train_accuracy), "dev": (curve.dev_loss, curve.dev_accuracy)}
    for split, (loss, accuracy) in splits.items():
        dashes = (3, 1.5) if split == "train" else (1, 0)
        marker = "o" if len(curve.epochs) == 1 else ""
        values = loss if what == "loss" else accuracy
        axes.plot(curve.epochs, values, color=colour, dashes=dashes, marker=marker)
