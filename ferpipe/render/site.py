"""The published site: exactly what results, text and templates render to."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NotRequired, TypedDict, Unpack

from ferpipe.drawing import gallery
from ferpipe.drawing.figure import SHARED
from ferpipe.storage import fingerprints, freshness, places
from ferpipe.storage.encoding import JSON
from ferpipe.storage.fingerprints import PACKAGE, Parsed
from ferpipe.text import report as frame

REPORT = PACKAGE.parent / "report"
TEMPLATES = PACKAGE.parent / "templates"
MEMORY = "figures/code.json"  # in the artefacts: parsed code, so that hashing it again costs little
PAGE = "page"  # as a page's list tells it
GENERATOR = "ferpipe"  # in provenance.json
STYLE = "assets/report.css"
ASSETS = (STYLE, "assets/report.js", "assets/try.js", "assets/favicon.svg")
FRAME = ("index.html", ".nojekyll", "numbers.json", "claims.json", "provenance.json")
TEXTS = "figures/texts.bin"  # in the artefacts: what is worked out from the texts alone


@dataclass(frozen=True)
class Site:
    """What was written: which files changed, and what to tell."""

    changed: tuple[str, ...]  # by their paths there, those that were removed too
    notes: tuple[str, ...]


class Sources(TypedDict):
    """What a site is made of beside its results."""

    artefacts: Path
    editions: NotRequired[Sequence[str] | None]  # data sets; None: those of report.toml that have results here
    local: NotRequired[str | None]  # a restricted data set whose page, with faces, is for this machine alone
    address: NotRequired[Mapping[str, str]]  # site_url and repository, instead of what report.toml says
    partial: NotRequired[bool]  # of this page, a trial's, what has no result is left out
    report: NotRequired[Path]


class Asked(Sources):
    """What a site is refused for, too.

    `strict` refuses unused figures, dead links, external requests, pages over budget, and results older than the code;
    those of a restricted data set, which not everybody can make anew, are noted, and refused by `release` alone.
    """

    strict: NotRequired[bool]
    release: NotRequired[bool]
    outdated: NotRequired[Mapping[str, Mapping[str, str]]]  # as the site's recipe has it, where that is known


def render(results: Path, output: Path, **asked: Unpack[Asked]) -> Site:
    """Write the whole site into `output`; raises Problems with everything that is wrong, and then writes nothing."""
    files, notes = gather(results, **asked)
    changed = places.write(output, files, PAGE, earlier(output))
    return Site(tuple(changed), tuple(notes))


def gather(results: Path, **asked: Unpack[Asked]) -> tuple[dict[str, bytes], list[str]]:
    """Return every file of the site by its path, as `render` would write it, and its notes; raises as `render` does."""
    from ferpipe.render import build
    from ferpipe.text import memo

    artefacts, local, report = asked["artefacts"], asked.get("local"), asked.get("report", REPORT)
    strict, release = asked.get("strict", False), asked.get("release", False)
    names = [] if local else asked.get("editions") or published(results, report)
    rules = build.Rules(strict or release, release, asked.get("partial", False))
    with _parsed(artefacts) as known:
        made_by = fingerprints.of_value(fingerprints.code(build.__name__, known=known))
        before = memo.recall(artefacts / TEXTS, made_by)
        content = frame.read(report, asked.get("address"))
        outdated = asked.get("outdated") or _outdated(results, [local] if local else names, known)
        files = build.gather(results, artefacts, content, TEMPLATES, names, local, rules, known, outdated)
        memo.keep(artefacts / TEXTS, made_by, before)
    return files


def recipe(results: Path, **sources: Unpack[Sources]) -> JSON:
    """Return what the site is made of: code, templates, text and results, as JSON; costs milliseconds."""
    artefacts, local, report = sources["artefacts"], sources.get("local"), sources.get("report", REPORT)
    datasets = [local] if local else list(sources.get("editions") or published(results, report))
    with _parsed(artefacts) as known:
        code = fingerprints.code(__name__, *gallery.modules(), known=known)
        outdated = _outdated(results, datasets, known)
    faces = artefacts / local / "faces.npz" if local else None
    return {
        "code": code,
        "templates": _hashes(TEMPLATES),
        "report": {name: value for name, value in _hashes(report).items() if not name.startswith("results/")},
        "editions": datasets,
        "local": local,
        "address": dict(sources.get("address", {})),
        "outdated": outdated,
        **{f"results/{name}": _hashes(results / name) for name in datasets},
        **({"faces": {faces.name: fingerprints.of_file(faces)}} if faces and faces.is_file() else {}),
    }


def published(results: Path, report: Path = REPORT) -> list[str]:
    """Return the data sets that report.toml names and that have results here; all where none has, to be told so."""
    names = list(frame.read(report).editions)
    return [name for name in names if any((results / name).glob("*/numbers.json"))] or names


def absences(results: Path) -> list[str]:
    """Return a line for each data set that report.toml names and that has no results here."""
    present = published(results)
    absent = [name for name in frame.read(REPORT).editions if name not in present]
    return [f"edition '{name}' is left out: it has no results in {results}" for name in absent]


def names(folder: Path, editions: Sequence[str] | None, local: str | None) -> set[str]:
    """Return the paths of the files that a site of these editions in `folder` is sure to have.

    And those that are there, and named as a figure's files are: what a figure will be is known only when it is drawn.
    """
    content = frame.read(REPORT)
    datasets = [local] if local else list(editions or content.editions)
    roots = ["", *(f"{name}/" for name in datasets[1:])]
    pages = {f"{root}{language}/index.html" for root in roots for language in content.languages}
    drawn = re.compile(rf"(?:{'|'.join((*gallery.names(), gallery.CARD, *SHARED))})[-.]")
    assets = [path for name in datasets for path in (folder / "assets" / name).glob("*")]
    figures = {path.relative_to(folder).as_posix() for path in assets if drawn.match(path.name)}
    return pages | figures | {*ASSETS, *FRAME, *(f"{root}numbers.json" for root in roots)}


def earlier(folder: Path) -> places.Evidence:
    """Return what tells whether a file is a build's though no list names it: pages once had none."""

    def ours(name: str) -> bool:
        try:
            return bool(json.loads((folder / "provenance.json").read_bytes())["generator"] == GENERATOR)
        except (OSError, ValueError, KeyError, TypeError):
            return False

    return ours


def _outdated(results: Path, datasets: Sequence[str], known: Parsed) -> dict[str, dict[str, str]]:
    return {name: freshness.outdated(results / name, known) for name in datasets}


def _hashes(folder: Path) -> dict[str, str]:
    """Return the fingerprint of every file below a folder, by its path there; a report's results are left out."""
    return {
        path.relative_to(folder).as_posix(): fingerprints.of_file(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".") and path.relative_to(folder).parts[0] != "results"
    }


@contextmanager
def _parsed(artefacts: Path) -> Iterator[Parsed]:
    """Yield what is known of parsed code, and write it down where the block has found out more."""
    known = freshness.remembered(artefacts / MEMORY)
    before = len(known)
    yield known
    if len(known) != before:
        freshness.remember(artefacts / MEMORY, known if len(known) < 1000 else {})
