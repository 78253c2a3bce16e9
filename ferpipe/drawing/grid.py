"""Small multiples: rows of faces and maps, each with its own label as text and its own alt."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from ferpipe.drawing.figure import ALT, ASSETS, RISE, SCALE
from ferpipe.size import SIDE


@dataclass(frozen=True)
class Cell:
    """One picture of a grid: a face, a map, or a map over a face."""

    alt: str
    face: str = ""  # names of files
    map: str = ""
    label: str = ""  # text, or Markup
    size: tuple[int, int] = (SIDE, SIDE)  # width and height in pixels of the file


def image(name: str, alt: str, size: tuple[int, int], kind: str) -> str:
    """Return an img element of one of the figure's files."""
    return Markup('<img class="{}" src="{}" width="{}" height="{}" alt="{}" loading="lazy">').format(
        kind, ASSETS + name, *size, alt
    )


def row(cells: Sequence[Cell], title: str = "") -> str:
    """Return a titled row of cells."""
    head = Markup('<p class="row-title">{}</p>').format(title) if title else ""
    return f'{head}<ul class="cells">{"".join(_cell(cell) for cell in cells)}</ul>'


def grid(rows: Sequence[str], columns: int, foot: str = "") -> str:
    """Return rows as the body of a figure; the figure's alt names the group."""
    return f'<div class="grid columns-{columns}" role="group" aria-label="{ALT}">{"".join(rows)}{foot}</div>'


def one(cells: Sequence[Cell], columns: int) -> str:
    """Return a row of cells as it stands on the page of another data set."""
    return f'<div class="grid columns-{columns}">{row(cells)}</div>'


def scale(low: str, high: str, zero: str) -> str:
    """Return the legend of the signed scale: what its ends mean, and where its zero is."""
    words = "".join(
        Markup('<span class="{}">{}</span>').format(place, word)
        for place, word in (("low", low), ("zero", zero), ("high", high))
    )
    return f'<div class="scale">{image(SCALE, "", (127, 1), "bar")}{words}</div>'


def rise(zero: str, high: str) -> str:
    """Return the legend of an unsigned map: its zero and its end."""
    words = Markup('<span class="low">{}</span><span></span><span class="high">{}</span>').format(zero, high)
    return f'<div class="scale">{image(RISE, "", (64, 1), "bar")}{words}</div>'


def _cell(cell: Cell) -> str:
    both = bool(cell.face and cell.map)
    face = image(cell.face, "" if both else cell.alt, cell.size, "face") if cell.face else ""
    over = image(cell.map, cell.alt, cell.size, "map") if cell.map else ""
    label = f'<span class="cell-label">{escape(cell.label)}</span>' if cell.label else ""
    picture = f'<span class="both">{face}{over}</span>' if both else face + over
    return f"<li>{picture}{label}</li>"
