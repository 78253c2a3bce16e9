"""The works that the text cites, from one file references.bib, numbered in the order in which the page cites them."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from ferpipe.errors import Slip
from ferpipe.text import memo

CITE = re.compile(r"\{cite:([\w-]*)\}")
FILE = "references.bib"
_HAN = re.compile("[\N{CJK UNIFIED IDEOGRAPH-4E00}-\N{CJK UNIFIED IDEOGRAPH-9FFF}]")
_PROTECTED = re.compile(r'<span class="bibtex-protected">(.*?)</span>')  # of letters that no style may make small


def read(folder: Path) -> Mapping[str, str]:
    """Return each work of the report's file as HTML, by its key; none where there is no file. Raises Slip if broken."""
    path = folder / FILE
    if not path.is_file():
        return {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise Slip(f"{folder.name}/{FILE} cannot be read: {error}") from None
    works: Mapping[str, str] = memo.once("references", text, lambda: _formatted(text, f"{folder.name}/{FILE}"))
    return works


def _formatted(text: str, name: str) -> dict[str, str]:
    """Return the works formatted by pybtex in the order of the file."""
    from pybtex.backends.html import Backend
    from pybtex.database import parse_string
    from pybtex.exceptions import PybtexError
    from pybtex.style.formatting.unsrt import Style

    try:
        entries = parse_string(text, "bibtex").entries
        formatted = Style().format_entries(list(entries.values()))
        return {entry.key: _PROTECTED.sub(r"\1", entry.text.render(Backend("utf-8"))) for entry in formatted}
    except (PybtexError, KeyError, ValueError) as error:
        raise Slip(f"{name} cannot be read: {error}") from None


def cited(texts: Sequence[str]) -> dict[str, int]:
    """Return the number of each work by its key, in the order in which the texts cite them."""
    keys = dict.fromkeys(match[1] for text in texts for match in CITE.finditer(text))
    return {key: number for number, key in enumerate(keys, 1)}


def listed(works: Mapping[str, str], numbers: Mapping[str, int]) -> str:
    """Return the cited works as an ordered list; each item is the target of its citations, in a language of its own."""
    items = "".join(
        f'<li id="ref-{key}" lang="{"zh-Hans" if _HAN.search(works[key]) else "en"}">{works[key]}</li>'
        for key in numbers
        if key in works
    )
    return f'<ol class="references">{items}</ol>'
