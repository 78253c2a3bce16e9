"""Figures by name, drawn when their recipe changed and taken from the cache when not.

A drawer is a module in figures/, named as the figure with underscores. Its `draw(saliency, data, language)` is given
the results of the analyses that its parameters name, and returns the Figure. The cache holds one file a figure and
language.
"""

import base64
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import ModuleType

from ferpipe import named
from ferpipe.drawing.figure import Figure
from ferpipe.storage import atomic, fingerprints
from ferpipe.text.language import Language

FOLDER = fingerprints.PACKAGE / "figures"
CARD = "card"  # drawn for each edition, and placed by no text


def names() -> list[str]:
    """Return the names of all figures and tables that a text can place."""
    drawers = (path for path in sorted(FOLDER.glob("*.py")) if "\ndef draw(" in path.read_text(encoding="utf-8"))
    return [path.stem.replace("_", "-") for path in drawers if path.stem != CARD]


def modules() -> list[str]:
    """Return the names of all that draw: a site is made of them, though it imports them by name alone."""
    return [f"ferpipe.figures.{path.stem}" for path in sorted(FOLDER.glob("*.py"))]


def analyses(name: str) -> list[str]:
    """Return the analyses whose results a figure is drawn from."""
    return [parameter for parameter in inspect.signature(_drawer(name).draw).parameters if parameter != "language"]


def figure(
    name: str,
    language: Language,
    sources: Mapping[str, str],  # hashes of what the figure's results are made of
    load: Callable[[str], object],
    folder: Path,
    known: fingerprints.Parsed,
) -> Figure:
    """Return a figure in one language, drawn only when its code or sources differ from the cached one's."""
    code = fingerprints.code(__name__, known) | fingerprints.code(_drawer(name).__name__, known)
    recipe = fingerprints.of_value(
        {"code": code, "sources": dict(sources), "language": language, "words": language.fingerprint}
    )
    path = folder / language / f"{name}.json"
    if cached := _cached(path, recipe):
        return cached
    drawn: Figure = _drawer(name).draw(language=language, **{analysis: load(analysis) for analysis in analyses(name)})
    files = {file: base64.b64encode(content).decode() for file, content in drawn.files.items()}
    atomic.seal(path, json.dumps({"recipe": recipe, "figure": {**asdict(drawn), "files": files}}).encode())
    return drawn


def _drawer(name: str) -> ModuleType:
    return named.module("figures", name.replace("-", "_"))


def _cached(path: Path, recipe: str) -> Figure | None:
    entry = json.loads(atomic.unseal(path) or b"{}")
    if entry.get("recipe") != recipe:  # none yet, a broken one, or another
        return None
    values = entry["figure"]
    files = {file: base64.b64decode(content) for file, content in values.pop("files").items()}
    return Figure(**values, files=files)
