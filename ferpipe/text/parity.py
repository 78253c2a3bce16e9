"""Do both languages of a section say the same? Same expressions, figures, links and heading levels."""

import re
from collections import Counter
from collections.abc import Mapping

from ferpipe.text.section import CLAIM, PLACEMENT, REFERENCE, Passage, Section

_CODE = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
# What both languages must have alike, by what a problem calls it. Word order differs: only counts are compared.
_COUNTED = {
    "expression": re.compile(r"\{\{-?\s*(.*?)\s*-?\}\}", re.DOTALL),
    "test": re.compile(r"\{%-?\s*((?:if|elif|for|set)\b.*?)\s*-?%\}", re.DOTALL),
    "reference": REFERENCE,
    "claim": CLAIM,
    "link": re.compile(r"\]\(\s*<?([^)\s>]+)"),
}
# These stand on lines of their own: their order counts too.
_ORDERED = {"placement": PLACEMENT, "heading": re.compile(r"^(#{1,6})[ \t]", re.MULTILINE)}

Place = tuple[str, int]  # what it is, and where in its passage


def problems(section: Section) -> list[str]:
    """Return a line for each difference between the languages of a section."""
    return [problem for texts in section.texts for problem in _compare(texts)]


def _compare(passages: Mapping[str, Passage]) -> list[str]:
    """Compare every language with the first one."""
    (first, left), *others = passages.items() or [("", Passage("", "", 1))]
    lines: list[str] = []
    for language, right in others:
        for what, pattern in _COUNTED.items():
            lines += _counted(what, first, left, _find(pattern, left), language, right, _find(pattern, right))
        for what, pattern in _ORDERED.items():
            lines += _ordered(what, first, _find(pattern, left), language, right, _find(pattern, right))
    return lines


def _find(pattern: re.Pattern[str], passage: Passage) -> list[Place]:
    text = _CODE.sub(lambda code: re.sub(r"[^\n]", " ", code[0]), passage.text)
    return [(" ".join(":".join(match.groups()).split()), match.start()) for match in pattern.finditer(text)]


def _counted(
    what: str, first: str, left: Passage, lefts: list[Place], second: str, right: Passage, rights: list[Place]
) -> list[str]:
    missing = Counter(text for text, _ in lefts)
    missing.subtract(text for text, _ in rights)
    lines = []
    for text, count in missing.items():
        has, lacks, passage, places = (first, second, left, lefts) if count > 0 else (second, first, right, rights)
        offsets = [offset for t, offset in places if t == text]
        for offset in offsets[len(offsets) - abs(count) :]:
            lines.append(f"{passage.at(offset)}: {what} '{text}' stands in '{has}' alone, '{lacks}' lacks it")
    return lines


def _ordered(what: str, first: str, lefts: list[Place], second: str, right: Passage, rights: list[Place]) -> list[str]:
    ours, theirs = [text for text, _ in lefts], [text for text, _ in rights]
    if ours == theirs:
        return []
    same = next((i for i, (a, b) in enumerate(zip(ours, theirs, strict=False)) if a != b), min(len(ours), len(theirs)))
    where = right.at(rights[same][1] if same < len(rights) else max(len(right.text.rstrip()) - 1, 0))
    our, their = (f"'{texts[same]}'" if same < len(texts) else "none" for texts in (ours, theirs))
    return [f"{where}: {what} {same + 1} is {their} in '{second}' and {our} in '{first}'"]
