"""The published site: exactly what results, text and templates render to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferpipe import fingerprints
from ferpipe.fingerprints import PACKAGE

REPORT = PACKAGE.parent / "report"
TEMPLATES = PACKAGE.parent / "templates"
MEMORY = "figures/code.json"  # in the artefacts: parsed code, so that hashing it again costs little

TEXTS = "figures/texts.bin"  # in the artefacts: what is worked out from the texts alone


@dataclass(frozen=True)
class Site:
    """What was written: the folder, its pages, and how many files and bytes it holds."""

    folder: Path
    pages: tuple[Path, ...]
    files: int
    size: int


def render(
    results: Path,
    output: Path,
    *,
    artefacts: Path,
    editions: Sequence[str] | None = None,
    local: str | None = None,
    strict: bool = False,
    report: Path = REPORT,
) -> Site:
    """Write the whole site into `output`; raises Problems with everything that is wrong, and then writes nothing.

    Without `editions` those of report.toml that have results here. `local` names a restricted data set whose page, with
    faces, is for this machine alone. `strict` also refuses unused figures, dead links, external requests and pages over
    budget.
    """
    from ferpipe.render import build

    files = gather(results, artefacts=artefacts, editions=editions, local=local, strict=strict, report=report)
    build.write(output, files)
    pages = tuple(output / name for name in files if name.endswith("/index.html"))
    return Site(output, pages, len(files), sum(map(len, files.values())))


def gather(
    results: Path,
    *,
    artefacts: Path,
    editions: Sequence[str] | None = None,
    local: str | None = None,
    strict: bool = False,
    report: Path = REPORT,
) -> dict[str, bytes]:
    """Return every file of the site by its path, as `render` would write it; raises as `render` does."""
    from ferpipe.render import build
    from ferpipe.text import memo

    memory = _remembered(artefacts)
    known = dict(memory)
    names = [] if local else editions or published(results, report)
    made_by = fingerprints.of_value(fingerprints.code(build.__name__, known))
    before = memo.recall(artefacts / TEXTS, made_by)
    files = build.gather(results, artefacts, report, TEMPLATES, names, local, strict, known)
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
    from ferpipe.figures import gallery

    memory = _remembered(artefacts)
    known = dict(memory)
    code: dict[str, str] = {}
    for module in (__name__, *gallery.modules()):
        code |= fingerprints.code(module, known)
    _remember(artefacts, known, memory)
    wanted = [local] if local else editions or published(results, report)
    hashes = {f"results/{name}": _hashes(results / name) for name in wanted}
    if local and (faces := artefacts / local / "faces.npz").is_file():
        hashes["faces"] = {faces.name: fingerprints.of_file(faces)}
    return {
        "code": dict(sorted(code.items())),
        "templates": _hashes(TEMPLATES),
        "report": {name: value for name, value in _hashes(report).items() if not name.startswith("results/")},
        "editions": list(wanted),
        "local": local,
        **hashes,
    }


def published(results: Path, report: Path = REPORT) -> list[str]:
    """Return the data sets that report.toml names and that have results here; all where none has, to be told so."""
    from ferpipe.text import report as frame

    names = list(frame.read(report).editions)
    return [name for name in names if any((results / name).glob("*/numbers.json"))] or names


def absent(results: Path, report: Path = REPORT) -> list[str]:
    """Return the data sets that report.toml names and that have no results here."""
    from ferpipe.text import report as frame

    return [name for name in frame.read(report).editions if name not in published(results, report)]


def _hashes(folder: Path) -> dict[str, str]:
    """Return the fingerprint of every file below a folder, by its path there; a report's results are left out."""
    return {
        path.relative_to(folder).as_posix(): fingerprints.of_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.relative_to(folder).parts[0] != "results"
    }


def _remembered(artefacts: Path) -> dict[str, Any]:
    import json

    from ferpipe import atomic

    memory: dict[str, Any] = json.loads(atomic.unseal(artefacts / MEMORY) or b"{}")
    return memory


def _remember(artefacts: Path, known: dict[str, Any], memory: dict[str, Any]) -> None:
    import json

    from ferpipe import atomic

    if known != memory:
        atomic.seal(artefacts / MEMORY, json.dumps(known if len(known) < 1000 else {}).encode())
