"""Building the site in two steps: gather and check everything, then write."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferpipe.drawing import gallery
from ferpipe.drawing.figure import Figure
from ferpipe.errors import Slip
from ferpipe.render.edition import Edition, editions
from ferpipe.render.page import Pages
from ferpipe.render.site import ASSETS, GENERATOR
from ferpipe.results import restricted
from ferpipe.storage import freshness
from ferpipe.text import chapters, claims, loose, parity, section
from ferpipe.text import report as frame
from ferpipe.text.expressions import flat
from ferpipe.text.problems import Problems, guess
from ferpipe.text.report import Report
from ferpipe.text.section import Passage, Section

if TYPE_CHECKING:
    from ferpipe.render.checks import Fault

Files = dict[str, bytes]


@dataclass(frozen=True)
class Rules:
    """What a site is refused for, beside what would make a page wrong."""

    strict: bool = False  # unused figures, dead links, requests elsewhere, heavy pages, results older than the code
    release: bool = False  # such results of restricted data sets too
    partial: bool = False  # a trial's page: what has no result is left out of it


def gather(
    results: Path,
    artefacts: Path,
    folder: Path,
    templates: Path,
    names: Sequence[str],  # of the editions
    local: str | None,
    rules: Rules,
    known: dict[str, Any],
) -> tuple[Files, list[str]]:
    """Return every file of the site by its path, and a line for each thing to know; raises Problems with all faults."""
    report = frame.read(folder)
    shown = editions(results, artefacts, names, local, report.original)
    asked = [(edition, language) for edition in shown for language in report.languages]
    sections, problems = _read(report)
    problems += chapters.unplaced(sections) if rules.strict else []
    outdated = {edition.name: freshness.outdated(edition.results, known) for edition in shown}
    wrong, notes = _aged(shown, outdated, rules)
    problems += wrong
    absent = {
        edition.name: edition.absent(outdated[edition.name]) if edition.restricted or rules.partial else set()
        for edition in shown
    }
    for edition in shown:
        edition.verdicts.extend(claims.judged(sections, edition.numbers, problems, absent[edition.name]))
    leaks = {edition.name: restricted.problems(edition.results) for edition in shown if edition.restricted}
    problems += [line for lines in leaks.values() for line in lines]
    writers: dict[tuple[str, str], chapters.Writer] = {}
    figures: dict[tuple[str, str], dict[str, Figure]] = {}
    for edition, language in asked:
        writers[edition.name, language] = _writer(language, sections, edition, problems, absent[edition.name])
    for edition, language in asked:
        key = edition.name, language
        given = not leaks.get(edition.name)
        figures[key] = _figures(language, writers[key], edition, artefacts, known, problems) if given else {}
    pages = Pages(report, shown, templates)
    cards = {
        edition.name: _figure(edition, gallery.CARD, report.languages[0], artefacts, known)
        for edition in shown
        if not edition.local and not problems and edition.analyses.keys() >= set(gallery.analyses(gallery.CARD))
    }
    files = _files(report, shown, outdated, templates, pages, writers, figures, cards)
    if rules.strict:
        problems += _faults(files, sections, templates, whole=not problems)
    if problems:
        raise Problems(problems)
    return files, notes


def _aged(
    shown: Sequence[Edition], outdated: Mapping[str, Mapping[str, str]], rules: Rules
) -> tuple[list[str], list[str]]:
    """Return a problem for each result that must not be older than the code, and a note for an edition with such."""
    problems, notes = [], []
    for edition in shown:
        old = {name: why for name, why in outdated[edition.name].items() if name in edition.analyses}
        lacking = sorted(outdated[edition.name].keys() - old.keys())
        if rules.release or (rules.strict and not edition.restricted):
            for why in sorted(set(old.values())):
                names = ", ".join(name for name, one in old.items() if one == why)
                place = f"results/{edition.name}/{names if ',' not in names else ''}"
                told = f": {names}" if "," in names else ""
                problems.append(f"{place}: {why} since{told}; {_cure(edition, why)} makes it again")
            problems += [f"results/{edition.name}/{name}: there is none; {_cure(edition)} makes it" for name in lacking]
        elif old:
            notes.append(f"{edition.name}: older than the code: {', '.join(old)}")
        if lacking and (edition.restricted or rules.partial):
            notes.append(f"{edition.name}: left out for want of a result: {', '.join(lacking)}")
    return problems, notes


def _cure(edition: Edition, why: str = "") -> str:
    if edition.restricted:
        return "python build.py --data PATH --publish"
    return "python build.py" + " --rebuild train" * ("trains" in why)


def _faults(files: Files, sections: Sequence[Section], templates: Path, whole: bool) -> list[str]:
    """Return a line for each fault of the pages, with its place in the text or the template where it is found there.

    Of a site that is not whole, since something else is wrong too, an anchor that is missing for that is no fault.
    """
    from ferpipe.render import checks

    expected = {part.name for part in sections} | {item.id for part in sections for item in part.items}
    expected |= {f"claim-{claim.id}" for part in sections for claim in part.claims}
    frame = [
        Passage(path.read_text(encoding="utf-8"), f"{templates.name}/{path.name}", 1)
        for path in sorted(templates.iterdir())
        if path.is_file() and not path.name.startswith(".")
    ]
    told = []
    for fault in checks.faults(files):
        if not whole and fault.what.startswith("dead anchor") and fault.text.partition("#")[2] in expected:
            continue
        language = Path(fault.page).parent.name  # of a page, en/index.html
        sources = [passage for part in sections for passage in part.passages(language)] + frame
        told.append(f"{_source(fault, sources)}: {fault}")
    return told


def _source(fault: Fault, sources: Sequence[Passage]) -> str:
    for source in sources:
        if fault.text and (offset := source.text.find(fault.text)) >= 0:
            return source.at(offset)
    return f"{fault.page}:{fault.line}"


def _files(
    report: Report,
    shown: Sequence[Edition],
    outdated: Mapping[str, Mapping[str, str]],
    templates: Path,
    pages: Pages,
    writers: Mapping[tuple[str, str], chapters.Writer],
    figures: Mapping[tuple[str, str], Mapping[str, Figure]],
    cards: Mapping[str, Figure],
) -> Files:
    files: Files = {name: (templates / Path(name).name).read_bytes() for name in ASSETS}
    for edition in shown:
        for language in report.languages:
            key = edition.name, language
            _add(files, f"assets/{edition.name}", figures[key])
            files[f"{edition.folder}{language}/index.html"] = pages.page(
                edition, language, writers[key], figures[key], cards.get(edition.name)
            )
        if card := cards.get(edition.name):
            _add(files, f"assets/{edition.name}", {gallery.CARD: card})
        judged = {claims.name(one.claim.id): one.numbers() for one in edition.verdicts}
        numbers = dict(flat({**edition.numbers, "claims": judged}))
        numbers |= writers[edition.name, report.languages[0]].computed()
        files[f"{edition.folder}numbers.json"] = _lines(numbers)
    origin = {
        "generator": GENERATOR,
        "editions": {edition.name: edition.recipes for edition in shown},
        "outdated": {name: dict(old) for name, old in outdated.items()},  # results that are not today's code's
    }
    return files | {
        "index.html": pages.chooser(),
        ".nojekyll": b"",
        "claims.json": _json(
            [{"edition": edition.name, **one.record()} for edition in shown for one in edition.verdicts]
        ),
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
    problems += claims.problems(sections, report.languages) + loose.problems(sections)
    return sections, problems + chapters.places(sections, report.languages)


def _writer(
    language: str, sections: Sequence[Section], edition: Edition, problems: list[str], absent: Collection[str]
) -> chapters.Writer:
    """Return the text in one language, and add what is wrong with it, and each result that it needs and lacks.

    Of `absent` analyses nothing is said.
    """
    judged = {claims.name(one.claim.id): one.numbers() for one in edition.verdicts}
    drawn = set(gallery.names())
    values = {**edition.numbers, "edition": edition.frame, "claims": judged}
    sources = {name: gallery.analyses(name) for name in drawn} if absent else {}
    writer = chapters.Writer(language, sections, values, absent, sources)
    # of an edition whose text leaves a figure out, nothing is lacking; a text that could not be filled in places all
    items = [
        item
        for part in sections
        for item in part.items
        if item.name in drawn and (item.name in writer.labels or part.name in writer.failed)
    ]
    there = edition.drawable
    lacking = [(item, name) for item in items for name in gallery.analyses(item.name) if name not in there]
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
    drawn, figures = set(gallery.names()), {}
    for item in (placed.item for placed in writer.placed):
        if item.name not in drawn or not edition.drawable.issuperset(gallery.analyses(item.name)):
            continue  # told already, with the text that places it
        try:
            figures[item.name] = _figure(edition, item.name, language, artefacts, known)
        except Slip as slip:  # a result of another type
            problems.append(f"{item.where}: figure '{item.name}': {slip}")
        except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
            places = ", ".join(f"{edition.name}/{name}" for name in gallery.analyses(item.name))
            cannot = f"cannot be drawn ({error}) from {places}; python build.py remakes it"
            problems.append(f"{item.where}: figure '{item.name}' {cannot}")
    return figures


def _figure(edition: Edition, name: str, language: str, artefacts: Path, known: dict[str, Any]) -> Figure:
    """Return a figure of an edition in one language, out of the cache or drawn."""
    sources, folder = edition.sources(gallery.analyses(name)), f"{edition.name}{'-local' * edition.local}"
    return gallery.figure(name, language, sources, edition.load, artefacts / "figures" / folder, known)


def _add(files: Files, folder: str, figures: Mapping[str, Figure]) -> None:
    for figure in figures.values():
        for name, content in figure.files.items():
            path = f"{folder}/{name}"
            assert files.setdefault(path, content) == content, f"two figures draw {path} differently"


def _lines(numbers: Mapping[str, Any]) -> bytes:
    """Return as `_json` does what has no inner parts, in a tenth of the time: with an indent, json does without C."""
    body = json.dumps(numbers, ensure_ascii=False, sort_keys=True, separators=(",\n ", ": "))
    return f"{{\n {body[1:-1]}\n}}\n".encode()


def _json(value: Any) -> bytes:
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()
