"""Tables: real ones, with headers that say what they head, in a box that scrolls and takes the keyboard."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from ferpipe.drawing.figure import CAPTION, LABEL


@dataclass(frozen=True)
class Td:
    """A cell: its text or Markup, and classes of the style sheet."""

    text: str
    style: str = ""


def number_cell(text: str, below: str = "") -> Td:
    """Return a cell with a number, and small below it what belongs to it."""
    return Td(Markup("{}<small>{}</small>").format(text, below) if below else text, "number")


def table(names: Sequence[str], rows: Sequence[Sequence[str | Td]], style: str = "", foot: str = "") -> str:
    """Return a numbered table; the first cell of each row heads it."""
    return framed(head(names, rows) + body(rows), style, foot=foot)


def framed(inside: str, style: str, name: str = "", foot: str = "") -> str:
    """Return a table's inside within its scroll box, and a note below it; it is numbered, or has an unseen `name`."""
    numbered = f'<caption><span class="caption-text">{CAPTION}</span></caption>'
    caption = f'<caption class="visually-hidden">{name}</caption>' if name else numbered
    note = f'<p class="note">{escape(foot)}</p>' if foot else ""
    box = '<div class="scroll" tabindex="0" role="group"'
    return f'{box} aria-label="{LABEL}"><table class="{style}">{caption}{inside}</table></div>{note}'


def body(rows: Sequence[Sequence[str | Td]]) -> str:
    """Return a table's rows."""
    return f"<tbody>{''.join(_row(cells) for cells in rows)}</tbody>"


def head(names: Sequence[str], rows: Sequence[Sequence[str | Td]] = ()) -> str:
    """Return a table's header row; what heads numbers stands over them."""
    numbers = {
        column for row in rows for column, cell in enumerate(row) if isinstance(cell, Td) and cell.style == "number"
    }
    cells = "".join(
        Markup('<th scope="col"{}>{}</th>').format(Markup(' class="right"' * (column in numbers)), name)
        for column, name in enumerate(names)
    )
    return f"<thead><tr>{cells}</tr></thead>"


def _row(cells: Sequence[str | Td]) -> str:
    first, *rest = (cell if isinstance(cell, Td) else Td(cell) for cell in cells)
    head = Markup('<th scope="row">{}</th>').format(first.text)
    return f"<tr>{head}{''.join(_cell(cell) for cell in rest)}</tr>"


def _cell(cell: Td) -> str:
    return Markup("<td{}>{}</td>").format(Markup(' class="{}"').format(cell.style) if cell.style else "", cell.text)
