"""The confusion matrix as a real table: counts, shares of each true class by shade and in words, recall."""

from markupsafe import Markup

from ferpipe.drawing import table
from ferpipe.drawing.figure import ALT, Figure, csv_file
from ferpipe.drawing.table import Td, number_cell
from ferpipe.drawing.words import share
from ferpipe.results.confusion import Confusion
from ferpipe.text.formats import NONE, class_name, class_names, integer, percent
from ferpipe.text.language import Language

SHADES = 10


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
    return Figure(body, "confusion", "confusion.csv", {"confusion.csv": data}, wide=True)


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
