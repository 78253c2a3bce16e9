"""The report's frame: what report.toml says."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from ferpipe.errors import Slip
from ferpipe.storage.encoding import JSON
from ferpipe.text.language import Language
from ferpipe.text.palette import PALETTE


@dataclass(frozen=True)
class Report:
    """The keys of report.toml."""

    folder: Path
    title: JSON  # by language; also a table of such, by what the pictures show: title.picture
    description: JSON
    languages: tuple[Language, ...]  # the first is the default one of the chooser and of hreflang's x-default
    editions: tuple[str, ...]  # data sets to publish; the first lies at the site's root
    sections: tuple[str, ...]  # names of files in sections/, in their order on the page
    site_url: str = ""  # where the site is published, with a slash at the end; without it no link is absolute
    repository: str = ""  # address of the code, for links to it; without one its path is printed
    authors: tuple[str, ...] = ()
    date: str = ""  # of publication, 2026-11-30 or a part of it: typed, since no page says what a clock says
    logo: str = ""  # a picture's file in this folder, shown above the title
    colours: Mapping[str, list[str]] = field(default_factory=dict)  # instead of the palette's: light and dark
    names: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # on the page, by data set and language
    publishable: tuple[str, ...] = ()  # data sets of which single pictures may be published: no other's are
    original: JSON = field(default_factory=dict)  # figures of the report that this one rebuilds: {{ original.… }}

    def titled(self, language: Language) -> str:
        """Return the title of a page: that of its data set's kind of pictures where there is one."""
        return self._of("title", language)

    def described(self, language: Language) -> str:
        """Return the description of a page, as `titled` does."""
        return self._of("description", language)

    def _of(self, key: str, language: Language) -> str:
        texts = getattr(self, key)
        return str(texts.get(language.shows, texts).get(language, texts[language]))


def read(folder: Path, address: Mapping[str, str] | None = None) -> Report:
    """Return the frame of the report in `folder`; raises Slip naming what is missing or wrong.

    `address` tells site_url and repository instead.
    """
    path = folder / "report.toml"
    name = f"{folder.name}/report.toml"
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Slip(f"{path} is missing; the report's title, languages and sections stand there") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError, RecursionError) as error:
        raise Slip(f"{name} cannot be read: {error}") from None
    known = Report.__dataclass_fields__.keys() - {"folder"}
    if strange := sorted(values.keys() - known):
        raise Slip(f"{name} has unknown key '{strange[0]}'; known are {', '.join(sorted(known))}")
    if missing := sorted({"title", "description", "languages", "editions", "sections"} - values.keys()):
        raise Slip(f"{name} lacks '{missing[0]}'")
    frozen: JSON = {key: tuple(value) if isinstance(value, list) else value for key, value in values.items()}
    report = Report(folder, **{**frozen, **(address or {})})
    _check(report, name)
    return replace(report, languages=tuple(Language(code, folder / "words") for code in report.languages))


def _check(report: Report, file: str) -> None:
    for key in ("title", "description", "names", "original", "colours"):
        if not isinstance(value := getattr(report, key), dict):
            raise Slip(f"{file}: {key} is {value!r}; wanted a table")
    for key in ("languages", "editions", "sections", "authors", "publishable"):
        if not isinstance(value := getattr(report, key), tuple) or not all(isinstance(item, str) for item in value):
            raise Slip(f"{file}: {key} is {value!r}; wanted a list of words")
    for name in (*report.editions, *report.sections):  # they name folders and files
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}", name):
            raise Slip(f"{file}: {name!a} is no name; wanted letters, digits, - and _")
    for key in ("site_url", "repository", "date", "logo"):
        if not isinstance(value := getattr(report, key), str):
            raise Slip(f"{file}: {key} is {value!r}; wanted a text")
    if not re.fullmatch(r"(\d{4}(-\d\d(-\d\d)?)?)?", report.date):
        raise Slip(f"{file}: date is '{report.date}'; wanted a day, a month or a year, as 2026-11-30")
    for name, pair in report.colours.items():
        fit = isinstance(pair, list) and len(pair) == 2 and all(re.fullmatch("#[0-9a-f]{6}", str(c)) for c in pair)
        if name not in PALETTE or not fit:
            expected = f"one of {', '.join(PALETTE)} with two like '#1d5fa8', in light and in dark"
            raise Slip(f"{file}: colours.{name} is {pair!r}; wanted {expected}")
    if report.logo and (Path(report.logo).name != report.logo or not (report.folder / report.logo).is_file()):
        raise Slip(f"{file}: logo is '{report.logo}'; wanted the name of a picture beside it")
    known = sorted(path.stem for path in (report.folder / "words").glob("*.toml"))
    if not report.languages or not set(report.languages) <= set(known):
        raise Slip(
            f"{file}: languages are {list(map(str, report.languages))}; wanted some of {known}, as words/ has them"
        )
    for key in ("title", "description"):
        if lacking := [language for language in report.languages if not getattr(report, key).get(language)]:
            raise Slip(f"{file}: no {key} in '{lacking[0]}'")
    if not report.editions or not report.sections:
        raise Slip(f"{file}: {'sections' if report.editions else 'editions'} is empty")
    if report.site_url and not report.site_url.endswith("/"):
        raise Slip(f"{file}: site_url is '{report.site_url}'; it must end with a slash")
