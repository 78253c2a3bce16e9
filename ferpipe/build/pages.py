"""The page of a build: whether it is as it would be rendered now, and rendering it."""

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from ferpipe.build.layout import PAGE, Layout
from ferpipe.render import site
from ferpipe.storage import fingerprints, places
from ferpipe.storage.encoding import JSON
from ferpipe.storage.freshness import Log, Recipe, changed, reasons, remember, remembered


@dataclass(frozen=True)
class Request:
    """How strictly a page is asked for, and whether it is though it is fresh."""

    strict: bool
    release: bool
    rebuild: bool
    address: Mapping[str, str] = field(default_factory=dict)  # instead of what report.toml says of it


def sources(layout: Layout, address: Mapping[str, str] | None = None) -> site.Sources:
    """Return what a layout's page is made of."""
    known: site.Sources = {"artefacts": layout.base, "editions": layout.editions, "local": layout.local}
    return {**known, "partial": not layout.published, "address": address or {}}


def export(layout: Layout, folder: Path, kind: str) -> None:
    """Write every figure of a build's page as a file of its own."""
    from ferpipe.render import export as figures  # matplotlib, which a fresh page does without
    from ferpipe.text import report

    names = [] if layout.local else layout.editions or site.published(layout.results)
    written = figures.export(layout.results, layout.base, report.read(site.REPORT), names, layout.local, folder, kind)
    print(f"{len(written)} figures in {folder}")


@contextmanager
def _uncollected() -> Iterator[None]:
    """Let nothing be searched for garbage: a first render makes so many objects, of code and drawings, that it pays."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@_uncollected()
def render(layout: Layout, request: Request, log: Log) -> None:
    """Render the page of a build, unless it is as it would be."""
    stage = "site" if layout.published else "page"
    place, key = layout.base / "pages.json", os.path.realpath(layout.page)
    pages = remembered(place)
    record = pages.get(key)
    asked = {"strict": request.strict, "release": request.release}
    recipe = site.recipe(layout.results, **sources(layout, request.address))
    known = record["recipe"] if record else {}
    if {key: value for key, value in known.items() if key not in asked} == recipe:
        asked = {name: value or known[name] for name, value in asked.items()}  # strict enough is so for less
    recipe = {**recipe, **asked}
    why = _reasons(record, recipe, request.rebuild)
    if record and not why and record["files"] != _listing(layout.page):
        why = ["a file of the page was changed"]
    if record and not why:
        log.fresh(stage)
    else:
        with log.making(stage, why):
            parts = sources(layout, request.address)
            rules = {"strict": request.strict, "release": request.release, "outdated": recipe["outdated"]}
            made = site.render(layout.results, layout.page, **parts, **rules)
            log.changed += [layout.page / name for name in made.changed]
            notes = [*made.notes, *(site.absences(layout.results) if layout.published else [])]
            record = pages[key] = {"recipe": recipe, "files": _listing(layout.page), "notes": notes}
            remember(place, pages)
    for note in record["notes"]:
        print(note)


def _reasons(record: JSON | None, recipe: Recipe, rebuild: bool) -> list[str]:
    """Return why a page is rendered, each kind of change once."""
    if record is None or rebuild:
        return reasons(record, recipe, rebuild)
    before, lines = record["recipe"], []
    words = {
        "code": "the code that draws", "templates": "the templates", "report": "the text", "faces": "the faces",
        "editions": "the data sets on the page", "outdated": "the list of results that are older than the code",
        "address": "the page's address", "strict": "what is asked by --strict", "release": "what is asked by --release",
    }  # fmt: skip
    for key in changed(before, recipe):
        old, new = before.get(key), recipe.get(key)
        if key.startswith("results/"):
            names = sorted({name.split("/")[0] for name in changed(old or {}, new or {})})
            told = ", ".join(names) if len(names) < 5 else f"{len(names)} of them"
            lines.append(f"results of {key.removeprefix('results/')} changed: {told}")
        elif key == "report" and old and new:
            lines.append(f"{', '.join(changed(old, new))} edited")
        else:
            lines.append(f"{words.get(key, f'--{key}')} changed")
    return lines


def _listing(folder: Path) -> dict[str, str]:
    """Return the hash of each file of a page by its path there; of what somebody else put there, nothing."""
    names = places.listed(folder, PAGE) or ()
    return {name: fingerprints.of_file(folder / name) for name in sorted(names) if (folder / name).is_file()}
