"""The published site: exactly what results, text and templates render to."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferpipe.storage import fingerprints, freshness, places
from ferpipe.storage.fingerprints import PACKAGE

REPORT = PACKAGE.parent / "report"
TEMPLATES = PACKAGE.parent / "templates"
MEMORY = "figures/code.json"  # in the artefacts: parsed code, so that hashing it again costs little
PAGE = "page"  # as a page's list tells it
GENERATOR = "ferpipe"  # in provenance.json
ASSETS = ("assets/report.css", "assets/report.js", "assets/favicon.svg")
FRAME = ("index.html", ".nojekyll", "numbers.json", "claims.json", "provenance.json")
TEXTS = "figures/texts.bin"  # in the artefacts: what is worked out from the texts alone


@dataclass(frozen=True)
class Site:
    """What was written: the folder, its pages, how many files and bytes it holds, which changed, and what to tell."""

    folder: Path
    pages: tuple[Path, ...]
    files: int
    size: int
    changed: tuple[str, ...]  # by their paths there, those that were removed too
    notes: tuple[str, ...]


def render(
    results: Path,
    output: Path,
    *,
    artefacts: Path,
    editions: Sequence[str] | None = None,
    local: str | None = None,
    strict: bool = False,
    release: bool = False,
    partial: bool = False,
    report: Path = REPORT,
) -> Site:
    """Write the whole site into `output`; raises Problems with everything that is wrong, and then writes nothing.

    Without `editions` those of report.toml that have results here. `local` names a restricted data set whose page, with
    faces, is for this machine alone. `strict` also refuses unused figures, dead links, external requests, pages over
    budget, and results older than the code; those of a restricted data set, which not everybody can make anew, are
    noted, and refused by `release` alone. Of a `partial` page, a trial's, what has no result is left out.
    """

    files, notes = gather(
        results, artefacts=artefacts, editions=editions, local=local, strict=strict, release=release, partial=partial,
        report=report,
    )  # fmt: skip
    changed = places.write(output, files, PAGE, earlier(output))
    pages = tuple(output / name for name in files if name.endswith("/index.html"))
    return Site(output, pages, len(files), sum(map(len, files.values())), tuple(changed), tuple(notes))


def gather(
    results: Path,
    *,
    artefacts: Path,
    editions: Sequence[str] | None = None,
    local: str | None = None,
    strict: bool = False,
    release: bool = False,
    partial: bool = False,
    report: Path = REPORT,
) -> tuple[dict[str, bytes], list[str]]:
    """Return every file of the site by its path, as `render` would write it, and its notes; raises as `render` does."""
    from ferpipe.render import build
    from ferpipe.text import memo

    memory = _remembered(artefacts)
    known = dict(memory)
    names = [] if local else editions or published(results, report)
    made_by = fingerprints.of_value(fingerprints.code(build.__name__, known))
    before = memo.recall(artefacts / TEXTS, made_by)
    rules = build.Rules(strict or release, release, partial)
    files = build.gather(results, artefacts, report, TEMPLATES, names, local, rules, known)
    memo.keep(artefacts / TEXTS, made_by, before)
    _remember(artefacts, known, memory)
    return files


def recipe(
    results: Path,
    *,
    artefacts: Path,
    editions: Sequence[str] | None = None,
    local: str | None = None,
    report: Path = REPORT,
) -> dict[str, Any]:
    """Return what the site is made of: code, templates, text and results, as JSON; costs milliseconds."""
    from ferpipe.drawing import gallery

    memory = _remembered(artefacts)
    known = dict(memory)
    code: dict[str, str] = {}
    for module in (__name__, *gallery.modules()):
        code |= fingerprints.code(module, known)
    wanted = [local] if local else editions or published(results, report)
    hashes: dict[str, Any] = {f"results/{name}": _hashes(results / name) for name in wanted}
    old = {name: freshness.outdated(results / name, known) for name in wanted}
    if local and (faces := artefacts / local / "faces.npz").is_file():
        hashes["faces"] = {faces.name: fingerprints.of_file(faces)}
    _remember(artefacts, known, memory)
    return {
        "code": dict(sorted(code.items())),
        "templates": _hashes(TEMPLATES),
        "report": {name: value for name, value in _hashes(report).items() if not name.startswith("results/")},
        "editions": list(wanted),
        "local": local,
        "outdated": old,
        **hashes,
    }


def published(results: Path, report: Path = REPORT) -> list[str]:
    """Return the data sets that report.toml names and that have results here; all where none has, to be told so."""
    from ferpipe.text import report as frame

    names = list(frame.read(report).editions)
    return [name for name in names if any((results / name).glob("*/numbers.json"))] or names


def absences(results: Path, report: Path = REPORT) -> list[str]:
    """Return a line for each data set that report.toml names and that has no results here."""
    from ferpipe.text import report as frame

    there = published(results, report)
    absent = [name for name in frame.read(report).editions if name not in there]
    return [f"edition '{name}' is left out: it has no results in {results}" for name in absent]


def names(folder: Path, editions: Sequence[str] | None, local: str | None, report: Path = REPORT) -> set[str]:
    """Return the paths of the files that a site of these editions in `folder` is sure to have.

    And those that are there, and named as a figure's files are: what a figure will be is known only when it is drawn.
    """
    from ferpipe.drawing import gallery
    from ferpipe.text import report as frame

    shown = frame.read(report)
    wanted = [local] if local else list(editions or shown.editions)
    pages = {f"{'' if k == 0 else f'{name}/'}{language}/index.html"
             for k, name in enumerate(wanted) for language in shown.languages}  # fmt: skip
    drawn = re.compile(rf"(?:{'|'.join((*gallery.names(), gallery.CARD))})[-.]")
    assets = [path for one in wanted for path in (folder / "assets" / one).glob("*")]
    figures = {path.relative_to(folder).as_posix() for path in assets if drawn.match(path.name)}
    return pages | figures | {*ASSETS, *FRAME, *(f"{name}/numbers.json" for name in wanted[1:])}


def earlier(folder: Path) -> places.Evidence:
    """Return what tells whether a file is a build's though no list names it: pages once had none."""

    def ours(name: str) -> bool:
        try:
            return bool(json.loads((folder / "provenance.json").read_bytes())["generator"] == GENERATOR)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    return ours


def _hashes(folder: Path) -> dict[str, str]:
    """Return the fingerprint of every file below a folder, by its path there; a report's results are left out."""
    return {
        path.relative_to(folder).as_posix(): fingerprints.of_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.relative_to(folder).parts[0] != "results"
    }


def _remembered(artefacts: Path) -> dict[str, Any]:
    from ferpipe.storage import atomic

    memory: dict[str, Any] = json.loads(atomic.unseal(artefacts / MEMORY) or b"{}")
    return memory


def _remember(artefacts: Path, known: dict[str, Any], memory: dict[str, Any]) -> None:
    from ferpipe.storage import atomic

    if known != memory:
        atomic.seal(artefacts / MEMORY, json.dumps(known if len(known) < 1000 else {}).encode())
