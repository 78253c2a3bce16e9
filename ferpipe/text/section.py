"""One section of the report: a file with both languages side by side.

+++
[title]
en = "..." ; zh = "..."
[figures.saliency]      caption.en, caption.zh, alt.en, alt.zh
[tables.accuracies]     caption.en, caption.zh
[claims.locates-face]   statistic, threshold (expressions), side, unit, figure, family; finding, original, why in both;
                        needs = ["face", "sad"]: what else it is about, without which it does not apply
+++
<!-- en -->
Markdown with {{ expressions }}, {fig:saliency}, {table:accuracies}, {claim:locates-face} or, in words,
{verdict:locates-face}, {number:confusion.accuracy.value | percent}, whose place in numbers.json the page tells, and
[[saliency]] on a line of its own
<!-- zh -->
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ferpipe.errors import Slip
from ferpipe.storage.encoding import JSON
from ferpipe.text.hold import PRIVATE
from ferpipe.text.language import Language
from ferpipe.text.problems import guess

PLACEMENT = re.compile(r"^\[\[([\w-]+)\]\][ \t]*$", re.MULTILINE)
CLAIM = re.compile(r"\{(?:claim|verdict):([\w-]*)\}")  # its mark, or its verdict in words
_NUMBER = re.compile(r"\{number:([\w.\[\]]+)((?:\s*\|[^{}]*)?)\}")
SIDES, UNITS = ("above", "below"), ("percent", "points", "number")
ABOUT = ("learned", "data", "architecture")  # what the networks learned, the pictures, or any network of this shape
REFERENCE = re.compile(r"\{(fig|table):([\w-]*)\}")
LIMIT = 1_000_000  # bytes; the longest section has a hundredth of it
BRACKETS = 2000
_FRONT = re.compile(r"\A\+\+\+\n(.*?)^\+\+\+[ \t]*\n(.*)\Z", re.DOTALL | re.MULTILINE)
_MARKER = re.compile(r"^<!-- ([a-z]+) -->[ \t]*\n", re.MULTILINE)


@dataclass(frozen=True)
class Passage:
    """A piece of text and where it stands."""

    text: str
    path: str  # as problems show it: report/sections/lime.md
    line: int  # of its first character

    def at(self, offset: int) -> str:
        """Return `path:line` of the character at `offset`."""
        return f"{self.path}:{self._line(offset)}"

    def part(self, text: str, offset: int) -> "Passage":
        """Return a text that begins on the line of the character at `offset`."""
        return Passage(text, self.path, self._line(offset))

    def _line(self, offset: int) -> int:
        return self.line + self.text.count("\n", 0, offset)


@dataclass(frozen=True)
class Item:
    """A figure or table as its section declares it."""

    name: str
    kind: str  # "fig" or "table": the prefix of its id and of references to it
    where: str
    caption: Mapping[str, Passage]
    alt: Mapping[str, Passage]  # figures only

    @property
    def id(self) -> str:
        """Return the anchor that other people's links rely on."""
        return f"{self.kind}-{self.name}"


@dataclass(frozen=True)
class Claim:
    """A finding of the original report and what decides it, as a section declares it."""

    id: str
    where: str
    statistic: Passage  # a path into the results: a statistic over networks (`Across`)
    threshold: Passage  # an expression: a number
    side: str  # of the threshold on which the statistic lies if the finding holds: of SIDES
    unit: str  # in which both are written: of UNITS
    about: str  # what the finding speaks of: of ABOUT
    figure: str  # what shows it: fig:atlas
    family: str  # claims that are corrected together; "" for one that stands alone
    needs: tuple[str, ...]  # "face", or classes: a data set without these says nothing about it
    finding: Mapping[str, Passage]
    original: Mapping[str, Passage]  # what the original report said
    why: Mapping[str, Passage]  # this statistic and this threshold


@dataclass(frozen=True)
class Section:
    """A section's title, text, figures, tables and claims, in every language."""

    name: str
    path: str
    title: Mapping[str, Passage]
    body: Mapping[str, Passage]
    items: tuple[Item, ...]
    claims: tuple[Claim, ...] = ()

    @property
    def texts(self) -> list[Mapping[str, Passage]]:
        """Return the title, the body, and the captions and alt texts, each by language."""
        return [self.title, self.body, *(text for item in self.items for text in (item.caption, item.alt))]

    def passages(self, language: str) -> list[Passage]:
        """Return all that is written in a language."""
        return [text[language] for text in self.texts if language in text]


def read(path: Path, where: str, languages: Sequence[str]) -> tuple[Section, list[str]]:
    """Return a section, as problems call it `where`, and those of its form: what is missing, misspelt, untranslated.

    A language of its own file beside, <name>.<language>.md of the same form, is read from there.
    """
    try:
        text, values, rest = _parts(path, where)
        files = {language: path.with_name(f"{path.stem}.{language}.md") for language in languages}
        beside = {
            language: _parts(file, f"{where.removesuffix('.md')}.{language}.md")
            for language, file in files.items()
            if file.is_file()
        }
    except Slip as slip:
        return Section(path.stem, where, {}, {}, ()), [str(slip)]
    front = _Front(text, values, languages, {language: _Front(*parts[:2], ()) for language, parts in beside.items()})
    known = ("title", "figures", "tables", "claims")
    strange = [key for key in values if key not in known]
    front.problems += [f"{front.where(key)}: unknown key '{key}'{guess(key, known)}" for key in strange]
    title = front.translations(values.get("title", {}), "title", "title")
    items = [
        front.item(name, kind, value)
        for table, kind in (("figures", "fig"), ("tables", "table"))
        for name, value in front.table(table).items()
    ]
    claims = [front.claim(name, value) for name, value in front.table("claims").items()]
    bodies = _bodies([rest, *(parts[2] for parts in beside.values())], languages, front.problems)
    return Section(path.stem, where, title, bodies, tuple(items), tuple(filter(None, claims))), front.problems


def _parts(path: Path, where: str) -> tuple[Passage, JSON, Passage]:
    """Return a section's front matter, as text and as values, and what follows; raises Slip where it cannot be read."""
    try:
        content = path.read_bytes()[: LIMIT + 1].decode().replace("\r\n", "\n")
    except OSError:
        raise Slip(f"{where}: missing, though report.toml lists section '{path.stem}'") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise Slip(f"{where}:{line}: byte {error.object[error.start]:#04x} is no UTF-8") from None
    if fault := _unfit(content):
        raise Slip(f"{where}: {fault}; wanted a section of text")
    if not (parts := _FRONT.match(content)):
        raise Slip(f"{where}:1: no front matter between two lines of +++")
    try:
        values = tomllib.loads(parts[1])
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"line (\d+)", str(error))
        raise Slip(f"{where}:{int(place[1]) + 1 if place else 2}: {error}") from None
    return Passage(parts[1], where, 2), values, Passage(parts[2], where, content.count("\n", 0, parts.start(2)) + 1)


def _unfit(content: str) -> str:
    if len(content) > LIMIT:
        return f"more than {LIMIT:,} characters"
    if content.count("[") > BRACKETS:
        return f"more than {BRACKETS:,} opening brackets, which Markdown takes minutes for"
    odd = PRIVATE.search(content)
    return f"the private character {odd[0]!a}" if odd else ""


@dataclass
class _Front:
    """The front matter of a section, and what is wrong with it."""

    text: Passage
    values: JSON
    languages: Sequence[str]
    beside: Mapping[str, "_Front"] = field(default_factory=dict)  # of languages that have a file of their own
    problems: list[str] = field(default_factory=list)

    def table(self, name: str) -> dict[str, JSON]:
        """Return a table of tables, and add a problem for what is none."""
        tables = self.values.get(name, {})
        if not isinstance(tables, dict):
            self.problems.append(f"{self.where(name)}: {name} is no table")
            return {}
        wrong = [f"{name}.{key}" for key, value in tables.items() if not isinstance(value, dict)]
        self.problems += [f"{self.where(path)}: {path} is no table" for path in wrong]
        return {key: value for key, value in tables.items() if isinstance(value, dict)}

    def item(self, name: str, kind: str, value: JSON) -> Item:
        """Return a figure or a table."""
        table = f"{'figures' if kind == 'fig' else 'tables'}.{name}"
        word = f"{'figure' if kind == 'fig' else 'table'} '{name}'"
        keys = ("caption", "alt") if kind == "fig" else ("caption",)
        self._check(value, keys, table, word)
        texts = {key: self.translations(value.get(key, {}), table, f"{key} of {word}", key) for key in keys}
        return Item(name, kind, self.where(table), texts["caption"], texts.get("alt", {}))

    def claim(self, name: str, value: JSON) -> Claim | None:
        """Return a claim, None after a problem."""
        table, before = f"claims.{name}", len(self.problems)
        texts, words = ("finding", "original", "why"), ("statistic", "threshold", "side", "unit", "about", "figure")
        self._check(value, (*words, "family", "needs", *texts), table, f"claim '{name}'")
        lacking = [key for key in words if not isinstance(value.get(key), str)]
        self.problems += [f"{self.where(table)}: claim '{name}' has no {key}" for key in lacking]
        for key, allowed in (("side", SIDES), ("unit", UNITS), ("about", ABOUT)):
            if key not in lacking and value[key] not in allowed:
                fault = f"{key} is '{value[key]}'; wanted {' or '.join(allowed)}"
                self.problems.append(f"{self.where(table, key)}: {fault}")
        needs = value.get("needs", [])
        if not isinstance(needs, list) or not all(isinstance(need, str) for need in needs):
            self.problems.append(f"{self.where(table, 'needs')}: needs is {needs!r}; wanted classes, or 'face'")
        translated = [self.translations(value.get(key, {}), table, f"{key} of claim '{name}'", key) for key in texts]
        if len(self.problems) > before:
            return None
        statistic, threshold = (self._passage(value[key], table, key) for key in ("statistic", "threshold"))
        return Claim(
            name, self.where(table), statistic, threshold, value["side"], value["unit"], value["about"],
            value["figure"], str(value.get("family", "")), tuple(needs), *translated,
        )  # fmt: skip

    def translations(self, value: object, table: str, what: str, key: str = "") -> dict[str, Passage]:
        """Return a text by language, and add a problem for each language that it lacks."""
        texts = {}
        for language in self.languages:
            front, place = self.beside.get(language, self), f"{key}.{language}" if key else language
            text = (front._at(table, key) if front is not self else value) or {}
            text = text.get(language) if isinstance(text, dict) else None
            if isinstance(text, str) and text.strip():
                texts[language] = front._passage(text, table, place)
            else:
                self.problems.append(f"{front.where(table, place)}: no {what} in '{language}'")
        return texts

    def where(self, table: str, key: str = "") -> str:
        """Return `path:line` of a key in the front matter, or of its table, or of the front matter."""
        return self.text.at(self._offset(table, key))

    def _passage(self, text: str, table: str, key: str) -> Passage:
        return self.text.part(text, self._offset(table, key))

    def _at(self, table: str, key: str) -> object:
        """Return what stands in a table under a key, None where nothing does."""
        value: object = self.values
        for name in (*table.split("."), *filter(None, [key])):
            value = value.get(name) if isinstance(value, dict) else None
        return value

    def _check(self, value: JSON, known: Sequence[str], table: str, word: str) -> None:
        strange = sorted(value.keys() - set(known))
        self.problems += [f"{self.where(table, k)}: {word} has unknown key '{k}'{guess(k, known)}" for k in strange]

    def _offset(self, table: str, key: str) -> int:
        text, name = self.text.text, re.escape(table)
        header = re.search(rf"^\[{name}\]", text, re.MULTILINE) or re.search(rf"^\[?{name}\b", text, re.MULTILINE)
        if not header:
            return 0
        end = re.compile(r"^\[", re.MULTILINE).search(text, header.end())
        block = text[: end.start() if end else None]
        entry = (
            re.compile(rf"(?:^|;)\s*{re.escape(key)}\s*=", re.MULTILINE).search(block, header.end()) if key else None
        )
        return block.index(key, entry.start()) if entry else header.start()


def _bodies(texts: Sequence[Passage], languages: Sequence[str], problems: list[str]) -> dict[str, Passage]:
    """Return what follows the front matter, by language; a language that the report leaves out is passed over."""
    known = {*languages, *(path.stem for path in _words(languages))}
    bodies: dict[str, Passage] = {}
    for rest in texts:
        marks = list(_MARKER.finditer(rest.text))
        ends = [mark.start() for mark in marks[1:]] + [len(rest.text)]
        for mark, end in zip(marks, ends, strict=False):  # without a mark there is one end too many
            if mark[1] in bodies or mark[1] not in known:
                reason = "stands twice" if mark[1] in bodies else "is no language of report.toml"
                problems.append(f"{rest.at(mark.start())}: <!-- {mark[1]} --> {reason}")
            elif mark[1] in languages:
                bodies[mark[1]] = rest.part(_NUMBER.sub(_numbered, rest.text[mark.end() : end]), mark.end())
        if stray := rest.text[: marks[0].start() if marks else None].strip():
            problems.append(f"{rest.at(0)}: text before the first <!-- language -->: '{stray[:30]}'")
    for language in languages:
        if language not in bodies or not bodies[language].text.strip():
            bodies.pop(language, None)
            problems.append(f"{texts[0].at(0)}: no text in '{language}' under <!-- {language} -->")
    return bodies


def _numbered(match: re.Match[str]) -> str:
    """Return a number of the text as an expression inside an element that names its place in numbers.json."""
    place = re.sub(r"\[([a-z][\w.]*)\]", r".{{ \1 }}", match[1])
    return f'<b data-path="{place}">{{{{ {match[1]}{match[2]} }}}}</b>'


def _words(languages: Sequence[str]) -> list[Path]:
    """Return the files of words that there are, beside those of these languages."""
    folders = {language.file.parent for language in languages if isinstance(language, Language)}
    return [path for folder in folders for path in folder.glob("*.toml")]
