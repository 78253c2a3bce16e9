"""The confusion matrix as a real table: counts, shares of each true class by shade and in words, recall."""

from markupsafe import Markup
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import Rectangle

from ferpipe.drawing import plot, table
from ferpipe.drawing.figure import ALT, Figure, csv_file
from ferpipe.drawing.plot import Words
from ferpipe.drawing.table import Td, number_cell
from ferpipe.drawing.words import share
from ferpipe.results.confusion import Confusion
from ferpipe.text.formats import NONE, class_name, class_names, integer, percent
from ferpipe.text.language import Language

SHADES = 10
CELL, MARGIN = 76, 110  # CSS pixels of the picture: a side of a cell, and room for names


def draw(confusion: Confusion, language: Language) -> Figure:
    """Return the table of true by predicted classes."""
    words = language.words("confusion")
    rows = [_row(confusion, label, language) for label in range(len(language.classes))]
    names = "".join(Markup('<th scope="col">{}</th>').format(name) for name in class_names(language))
    head = (
        f'<thead><tr><th scope="col" rowspan="2">{words["true"]}</th>'
        f'<th scope="colgroup" colspan="{len(language.classes)}">{words["predicted"]}</th>'
        f'<th scope="col" rowspan="2">{words["n"]}</th><th scope="col" rowspan="2">{words["recall"]}</th></tr>'
        f"<tr>{names}</tr></thead>"
    )
    body = table.framed(head + table.body(rows), "confusion", ALT)
    counts = zip(language.classes, confusion.counts, strict=True)
    data = csv_file(["true", *language.classes], [[name, *row] for name, row in counts])
    size = CELL * len(language.classes) + MARGIN
    told = plot.with_classes(words, class_names(language))
    _, picture = plot.drawn("confusion", language, (size + MARGIN // 4, size), _picture, confusion.counts, told)
    return Figure(body, "confusion", "confusion.csv", {"confusion.csv": data, **picture}, wide=True)


def _picture(figure: Drawing, counts: list[list[int]], words: Words) -> None:
    """Draw the table as a picture, to be taken away."""
    n = len(counts)
    axes = figure.subplots()
    figure.subplots_adjust(left=0.15, right=0.98, top=0.86, bottom=0.02)
    axes.set(xlim=(0, n), ylim=(n, 0))
    axes.grid(False)
    for row, line in enumerate(counts):
        total = sum(line)
        for column, count in enumerate(line):
            part = count / total if total else 0.0
            axes.add_patch(Rectangle((column, row), 1, 1, facecolor=plot.FIRST, alpha=0.7 * part, linewidth=0))
            axes.text(column + 0.5, row + 0.45, percent(part, 0) if total else NONE, ha="center", va="center")
            axes.text(column + 0.5, row + 0.75, integer(count), ha="center", va="center", color=plot.FAINT, fontsize=8)
    places = [label + 0.5 for label in range(n)]
    axes.set_xticks(places, [words(f"class{label}") for label in range(n)])
    axes.set_yticks(places, [words(f"class{label}") for label in range(n)])
    axes.xaxis.tick_top()
    axes.tick_params(length=0)
    axes.xaxis.set_label_position("top")
    axes.set_xlabel(words("predicted"), labelpad=8)
    axes.set_ylabel(words("true"))
    for side in ("left", "bottom"):
        axes.spines[side].set_visible(False)


def _row(confusion: Confusion, label: int, language: Language) -> list[str | Td]:
    counts = confusion.counts[label]
    total = sum(counts)
    cells = [_cell(count, total, label == column) for column, count in enumerate(counts)]
    recall = confusion.recall[label]
    shares = share(language, recall.value, recall.interval) if recall else NONE
    return [class_name(language, label), *cells, number_cell(integer(total)), Td(shares, "number recall")]


def _cell(count: int, total: int, right: bool) -> Td:
    part = count / total if total else 0.0
    style = f"share shade-{round(SHADES * part)}{' right' if right else ''}"
    return Td(Markup("{}<small>{}</small>").format(percent(part, 0) if total else NONE, integer(count)), style)
