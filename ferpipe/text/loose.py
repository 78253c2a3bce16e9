"""No loose numbers: a quantity that is typed into the text, instead of taken from the results, is a fault."""

import re
from collections.abc import Sequence
from functools import partial

from ferpipe.text import memo
from ferpipe.text.section import CLAIM, PLACEMENT, REFERENCE, Passage, Section

# What is no quantity of a run, by rule. Blanked out, letter for letter, before anything is looked for.
_NOUNS = (
    "faces?|images?|pictures?|photographs?|errors?|answers?|filters?|epochs?|members?|networks?|classes|labels|cases|"
    "copies|maps|pixels"
)
_EXEMPT = (
    re.compile(r"\{##.*?##\}|\{%.*?%\}|\{\{(?!\s*[\d.]+\s*\|).*?\}\}", re.DOTALL),  # comments, tests, results' numbers
    re.compile(r"^```.*?^```|`[^`\n]*`", re.DOTALL | re.MULTILINE),  # code
    PLACEMENT, REFERENCE, CLAIM,
    re.compile(r"\]\([^)]*\)|<[^>]*>"),  # addresses and tags
    re.compile(r"\b(?:Article|point)\s*\d+(?:\(\w+\))*|第\s*\d+\s*(?:\(\w+\))*\s*[条款项点]|\b\d{4}/\d+"),  # of a law
    # years, which count nothing: 2013, not 2000 faces
    re.compile(rf"(?<![\d.])(?:1[89]|20)\d\d(?![\d.%]|\s+(?:[a-z]+\s+)?(?:{_NOUNS})\b|\s*[张个幅次轮类]|\s?[%％])"),
    re.compile(r"\d+\s?[x×]\s?\d+"),  # sizes in pixels or cells, which belong to the data and the method
    re.compile(r"[A-Za-z][A-Za-z-]*-?\d+(?:\.\w+)*"),  # names: ResNet-18, conv1, layer4.1.conv2, FER2013
    re.compile(r"95\s?%(?=\s*(?:confidence\s+)?intervals?|\s*(?:置信)?区间)"),  # the level of every interval
    re.compile(r"最[低高](?:的)?三分之一"),  # thirds into which a method divides the faces
)  # fmt: skip
_NAMED = re.compile(r"\{\{ ([^\W\d]\w*) \}\}")
_DIGITS = re.compile(r"[0-9\uff10-\uff19]+(?:[.,．，][0-9\uff10-\uff19]+)*\s*[%％]?")
# Small numbers of things are words of their own (three methods); these are quantities: of a unit, many, parts, times.
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_MANY = (
    "ten|eleven|twelve|thirteen|fifteen|(?:four|six|seven|eigh|nine)teen|"
    "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundred|thousand"
)
_UNITS = r"per\s?cent|(?:percentage\s+)?points?|nats?|seconds?|minutes?|hours?"
_PARTS = "thirds|quarters|fifths|sixths|sevenths|eighths|ninths|tenths"
_ENGLISH = re.compile(
    rf"\b(?:(?:{_ONES}|{_MANY}|half)[ -]+(?:a\s+)?)+(?:{_UNITS})\b"
    rf"|\b(?:(?:{_ONES}|a)[ -])?(?:(?:{_MANY})[ -]+)(?:(?:and|{_ONES}|{_MANY})[ -]+)*(?:[a-z]+\s+)?(?:{_NOUNS})\b"
    rf"|\b(?:{_ONES})[ -](?:{_PARTS})\b|\b(?:{_ONES}) in (?:{_ONES}|{_MANY})\b"
    rf"|\b(?:{_ONES}|{_MANY}) times\b|\b(?:{_ONES}|{_MANY})-?fold\b|\btwice as\b",
    re.IGNORECASE,
)
_DIGIT = "零〇一二两三四五六七八九"
_NUMERAL = f"{_DIGIT}十百千万半几"
_CHINESE = re.compile(
    rf"[{_NUMERAL}]+分之[{_NUMERAL}点]+|[{_NUMERAL}]+(?:个百分点|个点|倍|秒|分钟|小时|纳特)"
    rf"|[{_DIGIT}几]成(?![员立为本像分果功熟年对长就绩套])"
    rf"|(?<![几数{_DIGIT}])[{_DIGIT}]*[十百千万][{_DIGIT}十百千万多余]*(?:张|个|幅|次|轮|类|像素)"
)


def problems(sections: Sequence[Section]) -> list[str]:
    """Return a line for each quantity that is typed into a section's title, text, captions or claims."""
    lines = []
    for section in sections:
        findings = [text for claim in section.claims for text in (claim.finding, claim.why)]  # not the original's
        passages = [passage for text in (*section.texts, *findings) for passage in text.values()]
        written = "".join(f"{passage.at(0)}\n{passage.text}\n" for passage in passages)
        lines += memo.once("loose", written, partial(_loose, passages))
    return lines


def _loose(passages: Sequence[Passage]) -> list[str]:
    lines = []
    for passage in passages:
        text = _NAMED.sub(r"  \1  ", passage.text)  # {{ faces }} is a noun, and as long
        for pattern in _EXEMPT:
            text = pattern.sub(lambda match: re.sub(r"[^\n]", " ", match[0]), text)
        lines += [
            f"{passage.at(match.start())}: '{' '.join(match[0].split())}' is typed; "
            "take it from the results with an expression"
            for pattern in (_DIGITS, _ENGLISH, _CHINESE)
            for match in pattern.finditer(text)
        ]
    return lines
