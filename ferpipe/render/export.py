"""Every figure as a file of its own, for a paper or a talk: written where its user says, never a part of the site."""

from collections.abc import Sequence
from pathlib import Path

from ferpipe.drawing import gallery, pictures, plot
from ferpipe.drawing.sheet import sheet
from ferpipe.errors import Slip
from ferpipe.render import build
from ferpipe.render.edition import Edition, editions
from ferpipe.storage import atomic, freshness
from ferpipe.text.language import Language
from ferpipe.text.report import Report


def export(
    results: Path, artefacts: Path, report: Report, names: Sequence[str], local: str | None, folder: Path, kind: str
) -> list[Path]:
    """Write each figure that these editions' pages show, in every language, and return where; raises Slip if it cannot.

    <folder>/<data set>/<figure>.<language>.pdf of a plot, <folder>/<data set>/<figure>.pdf of a grid of pictures.
    """
    if folder.exists() and not folder.is_dir():
        raise Slip(f"{folder} is no folder; figures are written into one")
    written: dict[Path, bytes] = {}
    chosen = editions(results, artefacts, names, local, report)
    outdated = {edition.name: freshness.outdated(edition.results, {}) for edition in chosen}
    _, pages, _ = build.compose(chosen, report, outdated, partial=True)  # a text's faults are for a render to tell
    for page in pages:
        for name in page.writer.labels:
            if page.edition.drawable.issuperset(gallery.analyses(name)):
                made = _exported(page.edition, page.language, name, kind)
                written |= {folder / page.edition.name / f"{file}.{kind}": content for file, content in made.items()}
    for path, content in written.items():
        atomic.write(path, content)
    return sorted(written)


def _exported(edition: Edition, language: Language, name: str, kind: str) -> dict[str, bytes]:
    """Return a figure's pictures by their names, none of a table or of what this edition has no numbers for."""
    with plot.exporting(kind) as plots:
        try:
            figure = gallery.drawing(name, language, edition.load)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError, AssertionError):
            return {}  # a figure that this edition's text does not place
    together = sheet(figure.body, figure.files)
    return {**plots, **({name: pictures.pdf(together) if kind == "pdf" else together} if together else {})}
