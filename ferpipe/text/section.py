"""One section of the report: a file with both languages side by side.

+++
[title]
en = "..." ; zh = "..."
[figures.saliency]      caption.en, caption.zh, alt.en, alt.zh
[tables.accuracies]     caption.en, caption.zh
[claims.locates-face]   statistic, threshold (expressions), side, unit, figure, family; finding, original, why in both
+++
<!-- en -->
Markdown with {{ expressions }}, {fig:saliency}, {table:accuracies}, {claim:locates-face}, and [[saliency]] on a line
of its own
<!-- zh -->
"""

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ferpipe.text.hold import PRIVATE
from ferpipe.text.problems import guess

PLACEMENT = re.compile(r"^\[\[([\w-]+)\]\][ \t]*$", re.MULTILINE)
CLAIM = re.compile(r"\{claim:([\w-]*)\}")
SIDES, UNITS = ("above", "below"), ("percent", "points", "number")
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
        return f"{self.path}:{self.line + self.text.count(chr(10), 0, offset)}"


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
    statistic: Passage  # an expression: an object with value, interval and n
    n: Passage | None  # an expression for n where the object has none
    threshold: Passage  # an expression: a number
    side: str  # of the threshold on which the statistic lies if the finding holds: of SIDES
    unit: str  # in which both are written: of UNITS
    figure: str  # what shows it: fig:atlas
    family: str  # claims that are corrected together; "" for one that stands alone
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

    def passages(self, language: str) -> list[Passage]:
        """Return all that is written in a language."""
        texts = [self.title, self.body, *(text for item in self.items for text in (item.caption, item.alt))]
        return [text[language] for text in texts if language in text]


def read(path: Path, shown: str, languages: Sequence[str]) -> tuple[Section, list[str]]:
    """Return a section and the problems of its form: what is missing, misspelt or not translated."""
    name = path.stem
    try:
        content = path.read_bytes()[: LIMIT + 1].decode().replace("\r\n", "\n")
    except OSError:
        return Section(name, shown, {}, {}, ()), [f"{shown}: missing, though report.toml lists section '{name}'"]
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        return Section(name, shown, {}, {}, ()), [f"{shown}:{line}: byte {error.object[error.start]:#04x} is no UTF-8"]
    if found := _unfit(content):
        return Section(name, shown, {}, {}, ()), [f"{shown}: {found}; wanted a section of text"]
    if not (parts := _FRONT.match(content)):
        return Section(name, shown, {}, {}, ()), [f"{shown}:1: no front matter between two lines of +++"]
    front = Passage(parts[1], shown, 2)
    try:
        values = tomllib.loads(parts[1])
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        place = re.search(r"line (\d+)", str(error))
        return Section(name, shown, {}, {}, ()), [f"{shown}:{int(place[1]) + 1 if place else 2}: {error}"]
    problems = _strangers(front, values)
    title = _translations(front, values.get("title", {}), "title", "title", languages, problems)
    items = [
        _item(front, key, kind, value, languages, problems)
        for table, kind in (("figures", "fig"), ("tables", "table"))
        for key, value in _table(front, values, table, problems).items()
    ]
    claims = [_claim(front, key, value, languages, problems) for key, value in values.get("claims", {}).items()]
    rest = Passage(parts[2], shown, content.count("\n", 0, parts.start(2)) + 1)
    whole = tuple(claim for claim in claims if claim)
    return Section(name, shown, title, _bodies(rest, languages, problems), tuple(items), whole), problems


def _unfit(content: str) -> str:
    if len(content) > LIMIT:
        return f"more than {LIMIT:,} characters"
    if content.count("[") > BRACKETS:
        return f"more than {BRACKETS:,} opening brackets, which Markdown takes minutes for"
    odd = PRIVATE.search(content)
    return f"the private character {odd[0]!a}" if odd else ""


def _table(front: Passage, values: Mapping[str, Any], name: str, problems: list[str]) -> dict[str, Mapping[str, Any]]:
    """Return a table of tables, and add a problem for what is none."""
    table = values.get(name, {})
    wrong = [name] if not isinstance(table, Mapping) else [f"{name}.{k}" for k, v in table.items() if not _is_table(v)]
    problems += [f"{_where(front, path)}: {path} is no table" for path in wrong]
    return {k: v for k, v in table.items() if _is_table(v)} if isinstance(table, Mapping) else {}


def _is_table(value: Any) -> bool:
    return isinstance(value, Mapping)


def _strangers(front: Passage, values: Mapping[str, Any]) -> list[str]:
    known = ("title", "figures", "tables", "claims")
    return [f"{_where(front, key)}: unknown key '{key}'{guess(key, known)}" for key in values if key not in known]


def _item(
    front: Passage, name: str, kind: str, value: Mapping[str, Any], languages: Sequence[str], problems: list[str]
) -> Item:
    table = f"{'figures' if kind == 'fig' else 'tables'}.{name}"
    word = f"{'figure' if kind == 'fig' else 'table'} '{name}'"
    wanted = ("caption", "alt") if kind == "fig" else ("caption",)
    strange = sorted(value.keys() - set(wanted))
    problems += [f"{_where(front, table, key)}: {word} has unknown key '{key}'{guess(key, wanted)}" for key in strange]
    texts = {
        key: _translations(front, value.get(key, {}), table, f"{key} of {word}", languages, problems, key)
        for key in wanted
    }
    return Item(name, kind, _where(front, table), texts["caption"], texts.get("alt", {}))


def _claim(
    front: Passage, name: str, value: Mapping[str, Any], languages: Sequence[str], problems: list[str]
) -> Claim | None:
    table, before = f"claims.{name}", len(problems)
    texts, words = ("finding", "original", "why"), ("statistic", "threshold", "side", "unit", "figure")
    known = (*words, "n", "family", *texts)
    strange = sorted(value.keys() - set(known))
    problems += [f"{_where(front, table, k)}: claim '{name}' has unknown key '{k}'{guess(k, known)}" for k in strange]
    problems += [
        f"{_where(front, table)}: claim '{name}' has no {key}" for key in words if not isinstance(value.get(key), str)
    ]
    for key, allowed in (("side", SIDES), ("unit", UNITS)):
        if isinstance(value.get(key), str) and value[key] not in allowed:
            problems.append(f"{_where(front, table, key)}: {key} is '{value[key]}'; wanted {' or '.join(allowed)}")
    found = {
        key: _translations(front, value.get(key, {}), table, f"{key} of claim '{name}'", languages, problems, key)
        for key in texts
    }
    if len(problems) > before:
        return None
    statistic, threshold, n = (
        Passage(value[key], front.path, int(_where(front, table, key).rsplit(":", 1)[1])) if key in value else None
        for key in ("statistic", "threshold", "n")
    )
    assert statistic and threshold
    return Claim(
        name, _where(front, table), statistic, n, threshold, value["side"], value["unit"], value["figure"],
        str(value.get("family", "")), found["finding"], found["original"], found["why"],
    )  # fmt: skip


def _translations(
    front: Passage, value: Any, table: str, what: str, languages: Sequence[str], problems: list[str], key: str = ""
) -> dict[str, Passage]:
    found = {}
    for language in languages:
        text = value.get(language) if isinstance(value, Mapping) else None
        where = _where(front, table, f"{key}.{language}" if key else language)
        if isinstance(text, str) and text.strip():
            found[language] = Passage(text, front.path, int(where.rsplit(":", 1)[1]))
        else:
            problems.append(f"{where}: no {what} in '{language}'")
    return found


def _where(front: Passage, table: str, key: str = "") -> str:
    """Return `path:line` of a key in the front matter, or of its table, or of the front matter."""
    header = re.search(rf"^\[{re.escape(table)}\]", front.text, re.MULTILINE) or re.search(
        rf"^\[?{re.escape(table)}\b", front.text, re.MULTILINE
    )
    if not header:
        return front.at(0)
    end = re.compile(r"^\[", re.MULTILINE).search(front.text, header.end())
    block = front.text[: end.start() if end else None]
    found = re.compile(rf"(?:^|;)\s*{re.escape(key)}\s*=", re.MULTILINE).search(block, header.end()) if key else None
    return front.at(block.index(key, found.start()) if found else header.start())


def _bodies(rest: Passage, languages: Sequence[str], problems: list[str]) -> dict[str, Passage]:
    marks = list(_MARKER.finditer(rest.text))
    bodies: dict[str, Passage] = {}
    ends = [mark.start() for mark in marks[1:]] + [len(rest.text)]
    for mark, end in zip(marks, ends, strict=False):  # without a mark there is one end too many
        where = rest.at(mark.start())
        if mark[1] not in languages or mark[1] in bodies:
            reason = "stands twice" if mark[1] in bodies else "is no language of report.toml"
            problems.append(f"{where}: <!-- {mark[1]} --> {reason}")
            continue
        line = int(where.rsplit(":", 1)[1]) + 1
        bodies[mark[1]] = Passage(rest.text[mark.end() : end], rest.path, line)
    if stray := rest.text[: marks[0].start() if marks else None].strip():
        problems.append(f"{rest.at(0)}: text before the first <!-- language -->: '{stray[:30]}'")
    for language in languages:
        if language not in bodies or not bodies[language].text.strip():
            bodies.pop(language, None)
            problems.append(f"{rest.at(0)}: no text in '{language}' under <!-- {language} -->")
    return bodies
