"""A language of the report, with its words: report/words/<language>.toml has those of figures and pages.

A word may hold nouns, as every text may: {{ faces }} is "faces" on a page of faces and "pictures" on one of anything
else. The tables nouns.face and nouns.picture have them.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from string import Formatter
from typing import NoReturn

from ferpipe.errors import Slip
from ferpipe.storage import fingerprints


def _words(value: object) -> Iterator[str]:
    """Yield every word of a table, of its tables and lists."""
    if isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _words(part)
    elif isinstance(value, str):
        yield value


_NOUN = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def _filled(value: object, nouns: Mapping[str, str]) -> object:
    """Return a table, a list or a word with its nouns filled in."""
    if isinstance(value, dict):
        return {key: _filled(part, nouns) for key, part in value.items()}
    if isinstance(value, list):
        return [_filled(part, nouns) for part in value]
    return _NOUN.sub(lambda match: nouns[match[1]], value) if isinstance(value, str) else value


class Missing(Slip):
    """A word that a language lacks; where a text asks for it, it is told with its line."""


class Words(dict[str, str]):
    """A table of words; a word that it lacks stops the build, by name."""

    def __init__(self, table: object, where: str) -> None:
        super().__init__(table if isinstance(table, dict) else {})
        self.where = where

    def __missing__(self, key: str) -> NoReturn:
        raise Missing(f"{self.where} lacks the word '{key}'")


@lru_cache(maxsize=16)
def _parsed(text: str) -> dict[str, object]:
    """Return the tables of a TOML text: every edition and figure speaks the same few languages."""
    return tomllib.loads(text)


class Language(str):
    """A language by its code, as BCP 47 has it: en, zh; and what its words are about."""

    file: Path
    shows: str  # what a picture shows: "face" or "picture"
    classes: tuple[str, ...]  # a label is an index into them
    _known: dict[str, Words]

    def __new__(cls, code: str, folder: Path, shows: str = "face", classes: tuple[str, ...] = ()) -> "Language":
        """Return the language whose words lie in `folder`, as a data set's page speaks it."""
        language = super().__new__(cls, code)
        language.file, language.shows, language.classes, language._known = folder / f"{code}.toml", shows, classes, {}
        return language

    def about(self, shows: str, classes: tuple[str, ...]) -> "Language":
        """Return the language as another data set's page speaks it."""
        return Language(self, self.file.parent, shows, classes)

    @cached_property
    def nouns(self) -> Words:
        """What this data set's pictures and classes are called, and the same with a capital: faces and Faces."""
        tables = self._read.get("nouns")
        nouns = tables.get(self.shows) if isinstance(tables, dict) else None
        nouns = nouns if isinstance(nouns, dict) else {}
        capitals = {key.capitalize(): noun[:1].upper() + noun[1:] for key, noun in nouns.items()}
        return Words({**capitals, **nouns}, f"{self._where}: [nouns.{self.shows}]")

    def filled(self, text: str) -> str:
        """Return a text with its nouns filled in."""
        return str(_filled(text, self.nouns))

    @cached_property
    def tables(self) -> dict[str, object]:
        """All its words; raises Slip where the file is missing or broken."""
        return {key: part if key == "nouns" else _filled(part, self.nouns) for key, part in self._read.items()}

    @cached_property
    def _read(self) -> dict[str, object]:
        try:
            tables = _parsed(self.file.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise Slip(f"{self.file} is missing: the words of the language '{self}' stand there") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, RecursionError) as error:
            raise Slip(f"{self.file} cannot be read: {error}") from None
        for word in _words(tables):
            try:
                list(Formatter().parse(word))
            except ValueError as error:
                raise Slip(f"{self._where}: {word!r:.60}: {error}") from None
        return tables

    @cached_property
    def fingerprint(self) -> str:
        """The fingerprint of its words, and of what they are about."""
        return fingerprints.of_value([self.tables, self.classes])

    def words(self, table: str) -> Words:
        """Return the words of a table, such as scores.head; raises Slip for a word or table that it lacks."""
        if table not in self._known:
            self._known[table] = Words(self._part(table), f"{self._where}: [{table}]")
        return self._known[table]

    def row(self, name: str) -> list[str]:
        """Return a list of words, such as the heads of a table's columns."""
        words = self._part(name)
        if not isinstance(words, list):
            raise Missing(f"{self._where} lacks the list '{name}'")
        return words

    @property
    def _where(self) -> str:
        return "/".join(self.file.parts[-3:])

    def _part(self, name: str) -> object:
        part: object = self.tables
        for key in name.split("."):
            part = part.get(key) if isinstance(part, dict) else None
        if part is None:
            raise Missing(f"{self._where} lacks '{name}'")
        return part


WORDLESS = Language("en", Path("words"))  # for what is read without its words
