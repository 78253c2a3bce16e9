"""Building the site in two steps: gather and check everything, then write."""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from ferpipe.drawing import gallery
from ferpipe.drawing.figure import Figure, numbers_file
from ferpipe.errors import Slip
from ferpipe.render import ahead
from ferpipe.render.edition import Edition
from ferpipe.render.edition import editions as read_editions
from ferpipe.render.page import Pages
from ferpipe.render.site import ASSETS, GENERATOR, STYLE
from ferpipe.results import restricted
from ferpipe.storage.encoding import JSON
from ferpipe.storage.fingerprints import Parsed
from ferpipe.text import chapters, claims, loose, palette, parity, references, section
from ferpipe.text.expressions import flat
from ferpipe.text.language import WORDLESS, Language
from ferpipe.text.problems import Problems, guess
from ferpipe.text.report import Report
from ferpipe.text.section import Item, Passage, Section

_COMMENTS = {  # and indentation: the browser needs neither
    ".js": re.compile(rb"^[ \t]*//.*\n|^[ \t]+", re.MULTILINE),
    ".css": re.compile(rb"/\*.*?\*/[ \t]*|^[ \t]+|\n(?=\s*\n)", re.MULTILINE | re.DOTALL),
}

Files = dict[str, bytes]
Draw = Callable[[Edition, str, Language], Figure]


@dataclass(frozen=True)
class Rules:
    """What a site is refused for, beside what would make a page wrong."""

    strict: bool = False  # unused figures, dead links, requests elsewhere, heavy pages, results older than the code
    release: bool = False  # such results of restricted data sets too
    partial: bool = False  # a trial's page: what has no result is left out of it


@dataclass(frozen=True)
class Sheet:
    """An edition's page in one language."""

    edition: Edition
    language: Language
    writer: chapters.Writer
    figures: dict[str, Figure] = field(default_factory=dict)  # those that can be drawn, by name


def gather(
    results: Path,
    artefacts: Path,
    report: Report,
    templates: Path,
    names: Sequence[str],  # of the editions
    local: str | None,
    rules: Rules,
    known: Parsed,
    outdated: Mapping[str, Mapping[str, str]],  # each data set's results that are not today's code's, and why
) -> tuple[Files, list[str]]:
    """Return every file of the site by its path, and a line for each thing to know; raises Problems with all faults."""

    recipes: dict[tuple[str, str, str], gallery.Recipe] = {}
    code = cache(lambda name: gallery.code(name, known))

    def recipe(edition: Edition, name: str, language: Language) -> gallery.Recipe:
        key = edition.name, str(language), name
        if key not in recipes:
            sources, place = edition.sources(gallery.analyses(name)), f"{edition.name}{'-local' * edition.local}"
            recipes[key] = gallery.recipe(name, language, code(name), sources, artefacts / "figures" / place)
        return recipes[key]

    def draw(edition: Edition, name: str, language: Language) -> Figure:
        return gallery.figure(recipe(edition, name, language), edition.load)

    editions = read_editions(results, artefacts, names, local, report)
    judged = judge(editions, report, outdated, rules.partial)
    leaks = {edition.name: restricted.problems(edition.results) for edition in editions if edition.restricted}
    asked = [
        (edition, name, language)
        for edition in editions
        if not leaks.get(edition.name)
        for language in map(edition.spoken, report.languages)
        for name in (*gallery.names(), *[gallery.CARD] * (str(language) == str(report.languages[0])))
        if edition.drawable.issuperset(gallery.analyses(name))
    ]
    stale: dict[tuple[str, str], list[tuple[Edition, str, Language]]] = {}
    for figure in asked:
        if not recipe(*figure).kept():
            stale.setdefault((figure[0].name, figure[1]), []).append(figure)
    together = list(stale.values())  # all languages of a figure, which share all but its words

    def drawn_ahead(number: int) -> None:
        for figure in together[number]:
            with suppress(Exception):  # of a figure that no text places, too; of the others a page tells
                draw(*figure)

    with ahead.drawing(drawn_ahead, len(together)):
        sheets, problems = write(editions, report, judged)
    problems += chapters.unplaced(judged.sections) if rules.strict else []
    notes = _aged(editions, outdated, rules, problems)
    problems += [line for lines in leaks.values() for line in lines]
    for sheet in sheets:
        if not leaks.get(sheet.edition.name):
            _draw(sheet, draw, problems)
    cards = {
        edition.name: card
        for edition in editions
        if not edition.local and not problems and edition.analyses.keys() >= set(gallery.analyses(gallery.CARD))
        if (card := _drawn(edition, gallery.CARD, edition.spoken(report.languages[0]), draw, "", problems))
    }
    files = _files(Pages(report, editions, templates), outdated, templates, sheets, cards)
    if rules.strict:
        problems += _faults(files, judged.sections, templates, whole=not problems)
    if problems:
        raise Problems(problems)
    return files, notes


def compose(
    editions: Sequence[Edition], report: Report, outdated: Mapping[str, Mapping[str, str]], partial: bool
) -> tuple[list[Section], list[Sheet], list[str]]:
    """Return the sections, each edition's text in each language without its figures drawn, and what is wrong."""
    judged = judge(editions, report, outdated, partial)
    return judged.sections, *write(editions, report, judged)


@dataclass(frozen=True)
class Judged:
    """The sections, whose claims are judged for each edition, before any text of them is written."""

    sections: list[Section]
    works: Mapping[str, str]  # references by their names
    absent: Mapping[str, Collection[str]]  # analyses without a result, by edition
    problems: list[str]


def judge(
    editions: Sequence[Edition], report: Report, outdated: Mapping[str, Mapping[str, str]], partial: bool
) -> Judged:
    """Return the sections, and give each edition its verdicts, and the other editions to stand beside it."""
    sections, works, problems = read(report)
    absent = {
        edition.name: edition.apart
        | (edition.absent(outdated[edition.name]) if edition.restricted or partial else set())
        for edition in editions
    }
    for edition in editions:
        words = edition.spoken(WORDLESS)
        edition.verdicts.extend(claims.judged(sections, edition.numbers, problems, absent[edition.name], words))
    for edition in editions:
        edition.beside.extend(other for other in editions if other is not edition)
    return Judged(sections, works, absent, problems)


def write(editions: Sequence[Edition], report: Report, judged: Judged) -> tuple[list[Sheet], list[str]]:
    """Return each edition's text in each language without its figures drawn, and what is wrong."""
    problems = [*judged.problems]
    sheets = [
        Sheet(
            edition,
            language,
            _writer(language, judged.sections, edition, problems, judged.absent[edition.name], judged.works),
        )
        for edition in editions
        for language in map(edition.spoken, report.languages)
    ]
    return sheets, problems


def _aged(
    editions: Sequence[Edition], outdated: Mapping[str, Mapping[str, str]], rules: Rules, problems: list[str]
) -> list[str]:
    """Add a problem for each result that must not be older than the code, and return a note on each edition's."""
    notes = []
    for edition in editions:
        old = {name: why for name, why in outdated[edition.name].items() if name in edition.analyses}
        lacking = sorted(outdated[edition.name].keys() - old.keys())
        if rules.release or (rules.strict and not edition.restricted):
            for why in sorted(set(old.values())):
                names = ", ".join(name for name, reason in old.items() if reason == why)
                place = f"results/{edition.name}/{names if ',' not in names else ''}"
                told = f": {names}" if "," in names else ""
                problems.append(f"{place}: {why} since{told}; {_cure(edition, why)} makes it again")
            problems += [f"results/{edition.name}/{name}: there is none; {_cure(edition)} makes it" for name in lacking]
        elif old:
            notes.append(f"{edition.name}: older than the code: {', '.join(old)}")
        if lacking and (edition.restricted or rules.partial):
            notes.append(f"{edition.name}: left out for want of a result: {', '.join(lacking)}")
    return notes


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
    written = [
        Passage(path.read_text(encoding="utf-8"), f"{templates.name}/{path.name}", 1)
        for path in sorted(templates.iterdir())
        if path.is_file() and not path.name.startswith(".")
    ]
    told = []
    for fault in checks.faults(files):
        if not whole and fault.what.startswith("dead anchor") and fault.text.partition("#")[2] in expected:
            continue
        language = Path(fault.page).parent.name  # of a page, en/index.html
        sources = [passage for part in sections for passage in part.passages(language)] + written
        source = next((source for source in sources if fault.text and fault.text in source.text), None)
        place = source.at(source.text.index(fault.text)) if source else f"{fault.page}:{fault.line}"
        told.append(f"{place}: {fault}")
    return told


def _files(
    pages: Pages,
    outdated: Mapping[str, Mapping[str, str]],
    templates: Path,
    sheets: Sequence[Sheet],
    cards: Mapping[str, Figure],
) -> Files:
    report = pages.report
    files: Files = {name: (templates / Path(name).name).read_bytes() for name in ASSETS}
    files[STYLE] = files[STYLE].replace(
        b"  /* palette */", palette.sheet({**palette.PALETTE, **report.colours}).encode()
    )
    for name, comment in ((name, _COMMENTS.get(Path(name).suffix)) for name in ASSETS):
        if comment:
            files[name] = comment.sub(b"", files[name])
    if report.logo:
        files[f"assets/{report.logo}"] = (report.folder / report.logo).read_bytes()
    for sheet in sheets:
        edition, card = sheet.edition, cards.get(sheet.edition.name)
        twin = _twin(sheet, sheets)
        same = [other for other in sheets if other.language.file == sheet.language.file]
        written = {other.edition.name: {chapter.name for chapter in other.writer.chapters} for other in same}
        page = pages.page(edition, sheet.language, sheet.writer, sheet.figures, card, twin, written)
        files[f"{edition.folder}{sheet.language}/index.html"] = page
        for figure in [*sheet.figures.values(), *filter(None, [card])]:
            for name, content in figure.files.items():
                path = f"assets/{edition.name}/{name}"
                content = palette.recoloured(content, report.colours) if name.endswith(".svg") else content
                if files.setdefault(path, content) != content:
                    raise RuntimeError(f"two figures draw {path} differently")
        if sheet.language == pages.report.languages[0]:
            judged = {"claims": _judged(edition), "findings": edition.findings}
            numbers = dict(flat({**edition.numbers, **judged})) | sheet.writer.computed()
            files[f"{edition.folder}numbers.json"] = _lines(numbers)
    origin = {
        "generator": GENERATOR,
        "editions": {edition.name: edition.recipes for edition in pages.editions},
        "outdated": outdated,  # results that are not today's code's
    }
    records = [record for edition in pages.editions for record in edition.records]
    return files | {
        "index.html": pages.chooser(),
        ".nojekyll": b"",
        "claims.json": numbers_file(records),
        "provenance.json": numbers_file(origin),
    }


def _twin(sheet: Sheet, sheets: Sequence[Sheet]) -> tuple[Edition, Mapping[str, Figure]] | None:
    """Return the edition whose figures stand for faces that this page may not show, and these figures."""
    if sheet.edition.frame["faces"]:
        return None
    beside = (other for other in sheets if other.language.file == sheet.language.file)
    return next(((other.edition, other.figures) for other in beside if other.edition.frame["faces"]), None)


def read(report: Report) -> tuple[list[Section], Mapping[str, str], list[str]]:
    """Return the sections, the works that they may cite, and what is wrong with them."""
    sections, problems, works = [], [], references.read(report.folder)
    for name in report.sections:
        path = f"sections/{name}.md"
        part, wrong = section.read(report.folder / path, f"{report.folder.name}/{path}", report.languages)
        sections.append(part)
        problems += wrong + parity.problems(part)
    drawn = gallery.names()
    problems += [
        f"{item.where}: unknown figure '{item.name}'{guess(item.name, drawn)}: no ferpipe/figures/"
        f"{item.name.replace('-', '_')}.py draws it"
        for part in sections
        for item in part.items
        if item.name not in drawn
    ]
    problems += claims.problems(sections, report.languages) + loose.problems(sections)
    return sections, works, problems + chapters.places(sections, report.languages, works)


def _writer(
    language: Language,
    sections: Sequence[Section],
    edition: Edition,
    problems: list[str],
    absent: Collection[str],
    works: Mapping[str, str],
) -> chapters.Writer:
    """Return the text in one language, and add what is wrong with it, and each result that it needs and lacks.

    Of `absent` analyses nothing is said.
    """
    sources = {name: gallery.analyses(name) for name in gallery.names()}
    judged = {"claims": _judged(edition), "findings": edition.findings}
    values = {**edition.numbers, "edition": edition.frame, **judged}
    writer = chapters.Writer(language, sections, values, absent, sources, works)
    # of an edition whose text leaves a figure out, nothing is lacking; a text that could not be filled in places all
    items = [
        item
        for part in sections
        for item in part.items
        if item.name in sources and (item.name in writer.labels or part.name in writer.failed)
    ]
    drawable = edition.drawable
    lacking = [(item, name) for item in items for name in sources[item.name] if name not in drawable]
    problems += [
        f"{item.where}: figure '{item.name}' is drawn from {edition.name}/{name}, which has no result; "
        "python build.py makes it"
        for item, name in lacking
    ]
    absent = tuple(f"unknown number '{name}" for _, name in lacking)  # told above, once
    problems += [line for line in writer.problems if not absent or not line.split(": ", 1)[1].startswith(absent)]
    return writer


def _judged(edition: Edition) -> JSON:
    return {claims.name(verdict.claim.id): verdict.numbers() for verdict in edition.verdicts}


def _items(sheet: Sheet) -> list[Item]:
    """Return the figures that the page's text places and that can be drawn; of the others it is told already."""
    drawn, drawable = set(gallery.names()), sheet.edition.drawable
    items = [placed.item for placed in sheet.writer.placed]
    return [item for item in items if item.name in drawn and drawable.issuperset(gallery.analyses(item.name))]


def _draw(sheet: Sheet, draw: Draw, problems: list[str]) -> None:
    """Draw the page's figures, and add a problem for each whose result has not the shape that it draws."""
    for item in _items(sheet):
        if figure := _drawn(sheet.edition, item.name, sheet.language, draw, f"{item.where}: ", problems):
            sheet.figures[item.name] = figure


def _drawn(
    edition: Edition, name: str, language: Language, draw: Draw, where: str, problems: list[str]
) -> Figure | None:
    """Return a figure, or None after a problem, where its result or the language's words are not what it draws."""
    try:
        return draw(edition, name, language)
    except Slip as slip:  # a result of another type, or a word that is missing
        problems.append(f"{where}figure '{name}': {slip}")
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        places = ", ".join(f"{edition.name}/{analysis}" for analysis in gallery.analyses(name))
        cannot = f"cannot be drawn ({error!r}) from {places} with the words of words/{language}.toml"
        problems.append(f"{where}figure '{name}' {cannot}; python build.py remakes a result")
    return None


def _lines(numbers: JSON) -> bytes:
    """Return what `numbers_file` does of a flat table, in a tenth of the time: with an indent, json does without C."""
    body = json.dumps(numbers, ensure_ascii=False, sort_keys=True, separators=(",\n ", ": "))
    return f"{{\n {body[1:-1]}\n}}\n".encode()
