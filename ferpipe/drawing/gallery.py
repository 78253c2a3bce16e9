"""Figures by name, drawn when their recipe changed and taken from the cache when not.

A drawer is a module in figures/, named as the figure with underscores. Its `draw(saliency, data, language)` is given
the results of the analyses that its parameters name, and returns the Figure; it is imported only where it is drawn. The
cache holds one file a figure and language.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from functools import cache
from pathlib import Path

from ferpipe import named
from ferpipe.drawing.figure import Figure
from ferpipe.storage import atomic, fingerprints
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


def figure(
    name: str,
    language: Language,
    sources: Mapping[str, str],  # hashes of what the figure's results are made of
    load: Callable[[str], object],
    folder: Path,
    known: fingerprints.Parsed,
) -> Figure:
    """Return a figure in one language, drawn only when its code or sources differ from the cached one's."""
    module = name.replace("-", "_")
    code = fingerprints.code(__name__, known) | fingerprints.code(f"ferpipe.figures.{module}", known)
    recipe = fingerprints.of_value(
        {"code": code, "sources": dict(sources), "language": language, "words": language.fingerprint}
    )
    path = folder / language / f"{name}.json"
    if cached := _cached(path, recipe):
        return cached
    drawn = drawing(name, language, load)
    if any(file.endswith(".webp") for file in drawn.files):
        from ferpipe.drawing.sheet import sheet  # PIL, which tables do without

        if together := sheet(drawn.body, drawn.files):
            drawn = replace(drawn, files={**drawn.files, f"{name}.png": together})
    files = {file: base64.b64encode(content).decode() for file, content in drawn.files.items()}
    atomic.seal(path, json.dumps({"recipe": recipe, "figure": {**asdict(drawn), "files": files}}).encode())
    return drawn


def drawing(name: str, language: Language, load: Callable[[str], object]) -> Figure:
    """Return a figure in one language as it is drawn from what `load` gives."""
    results = {analysis: load(analysis) for analysis in analyses(name)}
    drawn: Figure = named.module("figures", name.replace("-", "_")).draw(language=language, **results)
    return drawn


def _cached(path: Path, recipe: str) -> Figure | None:
    entry = json.loads(atomic.unseal(path) or b"{}")
    if entry.get("recipe") != recipe:  # none yet, a broken one, or another
        return None
    values = entry["figure"]
    files = {file: base64.b64decode(content) for file, content in values.pop("files").items()}
    return Figure(**values, files=files)
