"""Building the site in two steps: gather and check everything, then write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ferpipe import atomic
from ferpipe.errors import Slip
from ferpipe.figures import gallery
from ferpipe.figures.figure import Figure
from ferpipe.render import checks
from ferpipe.render.edition import Edition, editions
from ferpipe.render.page import Pages
from ferpipe.text import chapters, parity, section
from ferpipe.text import report as frame
from ferpipe.text.expressions import flat
from ferpipe.text.problems import Problems, guess
from ferpipe.text.report import Report
from ferpipe.text.section import Section

GENERATOR = "ferpipe"  # in provenance.json: such a folder is ours to replace
ASSETS = ("report.css", "report.js", "favicon.svg")

Files = dict[str, bytes]


def gather(
    results: Path,
    artefacts: Path,
    folder: Path,
    templates: Path,
    names: Sequence[str] | None,
    local: str | None,
    strict: bool,
    known: dict[str, Any],
) -> Files:
    """Return every file of the site by its path; raises Problems with all that is wrong."""
    report = frame.read(folder)
    shown = editions(results, artefacts, names or report.editions, local, report.original)
    sections, problems = _read(report)
    problems += chapters.unplaced(sections) if strict else []
    writers = {
        (edition.name, language): _writer(language, sections, edition, problems)
        for edition in shown
        for language in report.languages
    }
    if problems:
        raise Problems(problems)
    pages = Pages(report, shown, templates)
    files: Files = {f"assets/{name}": (templates / name).read_bytes() for name in ASSETS}
    for edition in shown:
        for language in report.languages:
            writer = writers[edition.name, language]
            figures = {
                placed.item.name: _figure(placed.item.name, language, edition, artefacts, known)
                for placed in writer.placed
            }
            _add(files, f"assets/{edition.name}", figures)
            files[f"{edition.folder}{language}/index.html"] = pages.page(edition, language, writer, figures)
        files |= _records(edition)
    files |= {
        "index.html": pages.chooser(),
        ".nojekyll": b"",
        "claims.json": b"[]\n",
        "provenance.json": _origin(shown),
    }
    if strict and (problems := checks.problems(files)):
        raise Problems(problems)
    return files


def write(output: Path, files: Mapping[str, bytes]) -> None:
    """Put the site in place of the last one; refuses a folder that holds something else."""
    output = output.absolute()
    _refuse_strangers(output)
    with atomic.folder(output) as new:
        for name, content in files.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _read(report: Report) -> tuple[list[Section], list[str]]:
    sections, problems = [], []
    for name in report.sections:
        shown = f"{report.folder.name}/sections/{name}.md"
        found, wrong = section.read(report.folder / "sections" / f"{name}.md", shown, report.languages)
        sections.append(found)
        problems += wrong + parity.problems(found)
    drawn = gallery.names()
    problems += [
        f"{item.where}: unknown figure '{item.name}'{guess(item.name, drawn)}: no ferpipe/figures/"
        f"{item.name.replace('-', '_')}.py draws it"
        for part in sections
        for item in part.items
        if item.name not in drawn
    ]
    return sections, problems + chapters.places(sections, report.languages)


def _writer(language: str, sections: Sequence[Section], edition: Edition, problems: list[str]) -> chapters.Writer:
    """Return the text in one language, and add what is wrong with it, and each result that it needs and lacks."""
    writer = chapters.Writer(language, sections, {**edition.numbers, "edition": edition.frame})
    problems += writer.problems
    drawn = set(gallery.names())
    for item in (placed.item for placed in writer.placed):
        if item.name in drawn:
            lacking = [a for a in gallery.analyses(item.name) if a not in edition.numbers]
            problems += [
                f"{item.where}: figure '{item.name}' is drawn from {edition.name}/{analysis}, which has no result; "
                "python build.py makes it"
                for analysis in lacking
            ]
    return writer


def _figure(name: str, language: str, edition: Edition, artefacts: Path, known: dict[str, Any]) -> Figure:
    folder = artefacts / "figures" / (f"{edition.name}-local" if edition.local else edition.name)
    sources = edition.sources(gallery.analyses(name))
    return gallery.figure(name, language, sources, edition.load, folder, known)


def _add(files: Files, folder: str, figures: Mapping[str, Figure]) -> None:
    for figure in figures.values():
        for name, content in figure.files.items():
            path = f"{folder}/{name}"
            assert files.setdefault(path, content) == content, f"two figures draw {path} differently"


def _records(edition: Edition) -> Files:
    return {f"{edition.folder}numbers.json": _json(dict(flat(edition.numbers)))}


def _origin(shown: Sequence[Edition]) -> bytes:
    return _json({"generator": GENERATOR, "editions": {edition.name: edition.recipes for edition in shown}})


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def _refuse_strangers(output: Path) -> None:
    if not output.exists() or (output.is_dir() and not any(output.iterdir())):
        return
    try:
        ours = json.loads((output / "provenance.json").read_bytes())["generator"] == GENERATOR
    except (OSError, ValueError, KeyError, TypeError):
        ours = False
    if not ours:
        raise Slip(f"{output} holds something else than a site of this project; name another folder with --output")
