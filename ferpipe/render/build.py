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
    figures = {
        (edition.name, language): _figures(
            language, writers[edition.name, language], edition, artefacts, known, problems
        )
        for edition in shown
        for language in report.languages
    }
    if problems:
        raise Problems(problems)
    pages = Pages(report, shown, templates, artefacts / "figures" / "templates")
    files = _files(report, shown, templates, pages, writers, figures)
    if strict:
        _check(files)
    return files


def _check(files: Files) -> None:
    from ferpipe.render import checks

    if problems := checks.problems(files):
        raise Problems(problems)


def write(output: Path, files: Mapping[str, bytes]) -> None:
    """Put the site in place of the last one; refuses a folder that holds something else."""
    output = output.absolute()
    _refuse_strangers(output)
    with atomic.folder(output) as new:
        for name, content in files.items():
            path = new / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)


def _files(
    report: Report,
    shown: Sequence[Edition],
    templates: Path,
    pages: Pages,
    writers: Mapping[tuple[str, str], chapters.Writer],
    figures: Mapping[tuple[str, str], Mapping[str, Figure]],
) -> Files:
    files: Files = {f"assets/{name}": (templates / name).read_bytes() for name in ASSETS}
    for edition in shown:
        for language in report.languages:
            key = edition.name, language
            _add(files, f"assets/{edition.name}", figures[key])
            files[f"{edition.folder}{language}/index.html"] = pages.page(edition, language, writers[key], figures[key])
        files[f"{edition.folder}numbers.json"] = _json(dict(flat(edition.numbers)))
    origin = {"generator": GENERATOR, "editions": {edition.name: edition.recipes for edition in shown}}
    return files | {
        "index.html": pages.chooser(),
        ".nojekyll": b"",
        "claims.json": b"[]\n",  # claims come with their own stage
        "provenance.json": _json(origin),
    }


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
    drawn = set(gallery.names())
    items = [item for part in sections for item in part.items if item.name in drawn]
    lacking = [(item, name) for item in items for name in gallery.analyses(item.name) if name not in edition.numbers]
    problems += [
        f"{item.where}: figure '{item.name}' is drawn from {edition.name}/{name}, which has no result; "
        "python build.py makes it"
        for item, name in lacking
    ]
    absent = tuple(f"unknown number '{name}" for _, name in lacking)  # told above, once
    problems += [line for line in writer.problems if not absent or not line.split(": ", 1)[1].startswith(absent)]
    return writer


def _figures(
    language: str,
    writer: chapters.Writer,
    edition: Edition,
    artefacts: Path,
    known: dict[str, Any],
    problems: list[str],
) -> dict[str, Figure]:
    """Return the page's figures, and add a problem for each whose result has not the shape that it draws."""
    folder = artefacts / "figures" / (f"{edition.name}-local" if edition.local else edition.name)
    figures = {}
    for item in (placed.item for placed in writer.placed):
        sources = edition.sources(gallery.analyses(item.name))
        try:
            figures[item.name] = gallery.figure(item.name, language, sources, edition.load, folder, known)
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            places = ", ".join(f"{edition.name}/{name}" for name in gallery.analyses(item.name))
            found = f"finds no {error} in" if isinstance(error, KeyError) else f"cannot be drawn ({error}) from"
            problems.append(f"{item.where}: figure '{item.name}' {found} {places}; python build.py remakes it")
    return figures


def _add(files: Files, folder: str, figures: Mapping[str, Figure]) -> None:
    for figure in figures.values():
        for name, content in figure.files.items():
            path = f"{folder}/{name}"
            assert files.setdefault(path, content) == content, f"two figures draw {path} differently"


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
        raise Slip(
            f"{output} holds something else than a site of this project, or its provenance.json is damaged; "
            "name another folder with --output, or remove this one"
        )
