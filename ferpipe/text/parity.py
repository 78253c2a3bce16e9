"""Do both languages of a section say the same? Same expressions, figures, links and heading levels."""

import re
from collections import Counter
from collections.abc import Mapping
from functools import partial
from itertools import zip_longest

from ferpipe.text import memo
from ferpipe.text.references import CITE
from ferpipe.text.section import CLAIM, PLACEMENT, REFERENCE, Passage, Section

_CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
# What both languages must have alike, by what a problem calls it. Word order differs: only counts are compared.
_COUNTED = {
    # but for nouns, {{ faces }}: each language has its own, as its grammar wants them
    "expression": re.compile(r"\{\{(?!-?\s*\w+\s*-?\}\})-?\s*(.*?)\s*-?\}\}", re.DOTALL),
    "test": re.compile(r"\{%-?\s*((?:if|elif|for|set)\b.*?)\s*-?%\}", re.DOTALL),
    "reference": REFERENCE,
    "claim": CLAIM,
    "citation": CITE,
    "link": re.compile(r"\]\(\s*<?([^)\s>]+)"),
}
# These stand on lines of their own: their order counts too.
_ORDERED = {"placement": PLACEMENT, "heading": re.compile(r"^(#{1,6})[ \t]", re.MULTILINE)}

Place = tuple[str, int]  # what it is, and where in its passage
Side = tuple[str, Passage]  # a language, and what is written in it


def problems(section: Section) -> list[str]:
    """Return a line for each difference between the languages of a section."""
    lines = []
    for texts in section.texts:
        written = "".join(f"{language}\n{passage.at(0)}\n{passage.text}\n" for language, passage in texts.items())
        lines += memo.once("parity", written, partial(_compare, texts))
    return lines


def _compare(passages: Mapping[str, Passage]) -> list[str]:
    """Compare every language with the first one."""
    sides = list(passages.items())
    lines: list[str] = []
    for side in sides[1:]:
        for what in _COUNTED:
            lines += _counted(what, sides[0], side)
        for what in _ORDERED:
            lines += _ordered(what, sides[0], side)
    return lines


def _find(pattern: re.Pattern[str], passage: Passage) -> list[Place]:
    text = _CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), passage.text)
    return [(" ".join(":".join(match.groups()).split()), match.start()) for match in pattern.finditer(text)]


def _counted(what: str, first: Side, second: Side) -> list[str]:
    lefts, rights = (_find(_COUNTED[what], passage) for _, passage in (first, second))
    missing = Counter(text for text, _ in lefts)
    missing.subtract(text for text, _ in rights)
    lines = []
    for text, count in missing.items():
        (has, passage), (lacks, _), places = (first, second, lefts) if count > 0 else (second, first, rights)
        offsets = [offset for t, offset in places if t == text]
        for offset in offsets[len(offsets) - abs(count) :]:
            lines.append(f"{passage.at(offset)}: {what} '{text}' stands in '{has}' alone, '{lacks}' lacks it")
    return lines


def _ordered(what: str, first: Side, second: Side) -> list[str]:
    """Tell the first difference; what is missing stands at the end."""
    (language, left), (other, right) = first, second
    lefts, rights = _find(_ORDERED[what], left), _find(_ORDERED[what], right)
    for number, (ours, theirs) in enumerate(zip_longest(lefts, rights), 1):
        texts = [f"'{place[0]}'" if place else "none" for place in (ours, theirs)]
        if texts[0] != texts[1]:
            where = right.at(theirs[1] if theirs else max(len(right.text.rstrip()) - 1, 0))
            return [f"{where}: {what} {number} is {texts[1]} in '{other}' and {texts[0]} in '{language}'"]
    return []
