"""Figures by name, drawn when their recipe changed and taken from the cache when not.

A drawer is a module in figures/, named as the figure with underscores. Its `draw(saliency, data, language)` is given
the results of the analyses that its parameters name, and returns the Figure; it is imported only where it is drawn. The
cache holds one file a figure and language.
"""

import marshal
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from functools import cache
from pathlib import Path

from ferpipe import named
from ferpipe.drawing.figure import Figure
from ferpipe.storage import atomic, fingerprints
from ferpipe.storage.encoding import JSON
from ferpipe.text.language import Language

FOLDER = fingerprints.PACKAGE / "figures"
CARD = "card"  # drawn for each edition, and placed by no text
_DRAW = re.compile(r"^def draw\(([^)]*)\)", re.MULTILINE)
_PARAMETER = re.compile(r"(\w+)[^,]*")  # its name, and its type


@cache
def _drawers() -> dict[str, list[str]]:
    """Return the analyses that each figure is drawn from, as its drawer's text has them: to import one takes long."""
    texts = {path.stem.replace("_", "-"): path.read_text(encoding="utf-8") for path in sorted(FOLDER.glob("*.py"))}
    drawn = {name: draw[1] for name, text in texts.items() if (draw := _DRAW.search(text))}
    return {
        name: [parameter for parameter in _PARAMETER.findall(parameters) if parameter != "language"]
        for name, parameters in drawn.items()
    }


def names() -> list[str]:
    """Return the names of all figures and tables that a text can place."""
    return [name for name in _drawers() if name != CARD]


def modules() -> list[str]:
    """Return the names of all that draw: a site is made of them, though it imports them by name alone."""
    return [f"ferpipe.figures.{path.stem}" for path in sorted(FOLDER.glob("*.py"))]


def analyses(name: str) -> list[str]:
    """Return the analyses whose results a figure is drawn from."""
    return _drawers()[name]


@dataclass(frozen=True)
class Recipe:
    """What a figure in one language is made of, and where it is kept."""

    name: str
    language: Language
    made_of: str  # the hash of its code, its results and its words
    path: Path
    known: JSON = field(default_factory=dict, repr=False)  # the figure that is kept, once it has been read

    def kept(self) -> JSON:
        """Return the figure that is kept and made of the same; nothing where there is none, or a broken file."""
        if not self.known:
            with suppress(EOFError, ValueError, TypeError):  # there is none, or it is another Python's
                made_of, figure = marshal.loads(atomic.unseal(self.path) or b"")
                if made_of == self.made_of:
                    self.known.update(figure)
        return self.known


def code(name: str, known: fingerprints.Parsed) -> dict[str, str]:
    """Return the fingerprints of the code that draws a figure."""
    drawer = f"ferpipe.figures.{name.replace('-', '_')}"
    return fingerprints.code(__name__, drawer, known=known)


def recipe(name: str, language: Language, code: Mapping[str, str], sources: Mapping[str, str], folder: Path) -> Recipe:
    """Return the recipe of a figure in one language; `sources`: hashes of what its results are made of."""
    made_of = {"code": code, "sources": dict(sources), "language": language, "words": language.fingerprint}
    return Recipe(name, language, fingerprints.of_value(made_of), folder / language / f"{name}.bin")


def figure(made: Recipe, load: Callable[[str], object]) -> Figure:
    """Return a figure in one language, drawn only when its recipe differs from that of the one that is kept."""
    name = made.name
    if kept := made.kept():
        return Figure(**kept)
    drawn = drawing(name, made.language, load)
    if any(file.endswith(".webp") for file in drawn.files):
        from ferpipe.drawing.sheet import sheet  # PIL, which tables do without

        if together := sheet(drawn.body, drawn.files):
            drawn = replace(drawn, files={**drawn.files, f"{name}.png": together})
    atomic.seal(made.path, marshal.dumps((made.made_of, asdict(drawn))))
    return drawn


def drawing(name: str, language: Language, load: Callable[[str], object]) -> Figure:
    """Return a figure in one language as it is drawn from what `load` gives."""
    results = {analysis: load(analysis) for analysis in analyses(name)}
    drawn: Figure = named.module("figures", name.replace("-", "_")).draw(language=language, **results)
    return drawn
