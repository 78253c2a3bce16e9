"""What a text says of analyses that have no result in an edition: such paragraphs are left out there, and told."""

import re
from collections.abc import Collection, Iterator, Mapping

from jinja2 import TemplateError

from ferpipe.text.expressions import Expressions
from ferpipe.text.language import Language
from ferpipe.text.section import PLACEMENT, REFERENCE, Item, Passage

_OPENS = re.compile(r"\{%[-+]?\s*(?:if|for)\b")
_CLOSES = re.compile(r"\{%[-+]?\s*end(?:if|for)\b")
# a heading right before the end or another that is no deeper; code, which is left alone, is the first group
_BARE = re.compile(r"(^```.*?^```)|^(#+) [^\n]*\n?(?=\s*(?:#+ |\Z))(?!\s*\2#)", re.DOTALL | re.MULTILINE)
_TAG = re.compile(r"\{%[-+]?\s*(?:end)?(?:if|for)\b.*?%\}", re.DOTALL)


def without(passage: Passage, absent: Collection[str], items: frozenset[str], expressions: Expressions) -> Passage:
    """Return a text without the paragraphs that need a number of an `absent` analysis, or show one of the `items`.

    A test or a loop over several paragraphs goes as a whole. Lines stay where they are.
    """
    if not absent:
        return passage
    said = [
        "\n" * part.count("\n") if needs(part, absent, expressions) or items & _placed(part) else part
        for part in _parts(passage.text)
    ]
    return Passage("".join(said), passage.path, passage.line)


def headed(text: str) -> str:
    """Return a text without the headings under which nothing is said."""
    return _BARE.sub(lambda found: found[1] or "", text)


def unclaimed(passage: Passage, apart: Collection[str]) -> Passage:
    """Return a text without the tests of claims that do not apply, by their names; lines stay where they are."""
    text = passage.text
    for name in apart:
        while start := re.search(rf"\{{%[-+]?\s*if\s+claims\.{name}\.", text):
            depth, end = 0, len(text)
            for tag in _TAG.finditer(text, start.start()):
                depth += 1 if _OPENS.match(tag[0]) else -1
                if not depth:
                    end = tag.end()
                    break
            text = text[: start.start()] + "\n" * text.count("\n", start.start(), end) + text[end:]
        text = re.sub(rf"\{{(?:claim|verdict):{name.replace('_', '-')}\}}", "", text)
    return Passage(text, passage.path, passage.line)


def needs(text: str, absent: Collection[str], expressions: Expressions) -> bool:
    """Return whether a text needs a number of an absent analysis; what cannot be read is told where it is filled."""
    if not absent or ("{{" not in text and "{%" not in text):
        return False
    try:
        return not expressions.roots(text).isdisjoint(absent)
    except (TemplateError, RecursionError):
        return False


def lacking(items: Mapping[str, Item], absent: Collection[str], drawn: Mapping[str, Collection[str]],
            language: Language, expressions: Expressions) -> frozenset[str]:  # fmt: skip
    """Return the figures and tables that are drawn from, or whose caption needs, an absent analysis."""
    return frozenset(
        name
        for name, item in items.items()
        if not set(drawn.get(name, ())).isdisjoint(absent)
        or any(needs(t[language].text, absent, expressions) for t in (item.caption, item.alt) if language in t)
    )


def _placed(text: str) -> set[str]:
    return {match[1] for match in PLACEMENT.finditer(text)} | {match[2] for match in REFERENCE.finditer(text)}


def _parts(text: str) -> Iterator[str]:
    """Yield a text's paragraphs with the blank lines behind them; none ends inside a test or a loop."""
    part, depth = "", 0
    for line in text.splitlines(keepends=True):
        if part and depth == 0 and line.strip() and not part.splitlines()[-1].strip():
            yield part
            part = ""
        depth += len(_OPENS.findall(line)) - len(_CLOSES.findall(line))
        part += line
    yield part
