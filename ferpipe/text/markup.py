"""From Markdown to HTML, with the spaces that Chinese wants and nothing that the page's policy forbids."""

import re
from collections.abc import Callable
from functools import cache
from html.parser import HTMLParser

from ferpipe.text import memo

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3021-\u3029\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_FULL = _HAN + "\u3000-\u3003\u3008-\u3011\u3014-\u301b\uff01-\uff60\u2018\u2019\u201c\u201d\u2014\u2026"
_LATIN = "A-Za-z0-9"
_TAGS = "((?:<[^>]*>)*)"
_BREAK = re.compile(f"(?<=[{_HAN}]){_TAGS}\n{_TAGS}(?=[{_FULL}])|(?<=[{_FULL}]){_TAGS}\n{_TAGS}(?=[{_HAN}])")
# punctuation that is as wide as a character holds its own space
_AFTER_STOP = re.compile(f"(?<=[\u3001\u3002\uff01\uff09\uff0c\uff1a\uff1b\uff1f]){_TAGS} ")
_HAN_LATIN = re.compile(f"([{_HAN}])((?:</[^>]+>)*)((?:<[a-z][^>]*>)*)(?=[+\u2212]?[{_LATIN}])")
_LATIN_HAN = re.compile(f"([{_LATIN}]%?)((?:</[^>]+>)*)((?:<[a-z][^>]*>)*)(?=[{_HAN}])")
_PRE = re.compile(r"(<pre.*?</pre>)", re.DOTALL)
TAGS = {
    "a", "abbr", "b", "blockquote", "br", "code", "dd", "del", "div", "dl", "dt", "em", "h1", "h2", "h3", "h4", "h5",
    "h6", "hr", "i", "img", "kbd", "li", "ol", "p", "pre", "q", "s", "small", "span", "strong", "sub", "sup", "table",
    "tbody", "td", "th", "thead", "tr", "ul", "var",
}  # fmt: skip
ATTRIBUTES = {
    "href",
    "src",
    "alt",
    "title",
    "class",
    "id",
    "lang",
    "start",
    "colspan",
    "rowspan",
    "tabindex",
    "data-path",
}
_LINK = re.compile(r"https?://|mailto:|[#.\w/-][^:]*$", re.ASCII)  # no javascript: and no data:
# a list straight after the line that announces it, which Markdown would take for more of its paragraph
_LIST = re.compile(r"^([^\s\-*+#>|].*[:：][ \t]*\n)(?=(?:[-*+]|\d{1,3}[.)])[ \t])", re.MULTILINE)
_FENCE = re.compile(r"(^```.*?^```)", re.DOTALL | re.MULTILINE)
_ALIGN = re.compile(r' style="text-align: (left|right|center);?"')


@cache
def _markdown() -> Callable[[str], str]:
    from markdown import Markdown  # where no text is new it is not needed
    from markdown.extensions.attr_list import AttrListExtension
    from markdown.extensions.fenced_code import FencedCodeExtension
    from markdown.extensions.sane_lists import SaneListExtension
    from markdown.extensions.tables import TableExtension

    # as objects: by name they would be looked up among all installed packages, which takes as long as the page
    extensions = [TableExtension(), FencedCodeExtension(), AttrListExtension(), SaneListExtension()]
    markdown = Markdown(extensions=extensions, output_format="html")
    return lambda text: markdown.reset().convert(text)


@memo.by_text
def block(text: str) -> str:
    """Return a text's HTML; wide content scrolls in boxes that the keyboard reaches."""
    parts = [part if index % 2 else _LIST.sub(r"\1\n", part) for index, part in enumerate(_FENCE.split(text))]
    html = _markdown()("".join(parts))
    html = _ALIGN.sub(r' class="\1"', html)  # an inline style would break the page's policy
    html = html.replace("<pre>", '<pre tabindex="0">')
    return html.replace("<table>", '<div class="scroll" tabindex="0"><table>').replace("</table>", "</table></div>")


@memo.by_text
def inline(text: str) -> str:
    """Return the HTML of a caption or title: Markdown without its paragraph."""
    return _markdown()(" ".join(text.split())).removeprefix("<p>").removesuffix("</p>")


class _Tags(HTMLParser):
    """Collects what a text may not bring into the page."""

    def __init__(self) -> None:
        super().__init__()
        self.strangers: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS:
            self.strangers.append(f"<{tag}>")
        for name, value in attrs:
            link = name in ("href", "src") and not _LINK.match(value or "")
            if link or name not in ATTRIBUTES:
                self.strangers.append(f'{name}="{value}"')

    def handle_endtag(self, tag: str) -> None:
        if tag not in TAGS:
            self.strangers.append(f"</{tag}>")


def strangers(html: str) -> list[str]:
    """Return each tag, attribute and address in a text's HTML that Markdown would not make of plain text."""
    parser = _Tags()
    parser.feed(html)
    parser.close()
    return list(dict.fromkeys(parser.strangers))


def spaced(html: str) -> str:
    """Return Chinese HTML with one space between Han and Latin, and none at a line break or after a full-width stop.

    Code blocks are left alone.
    """
    return "".join(part if index % 2 else _spaced(part) for index, part in enumerate(_PRE.split(html)))


def plain(html: str) -> str:
    """Return HTML without tags, for an attribute."""
    return re.sub(r"<[^>]+>", "", html).replace('"', "&quot;")


def _spaced(html: str) -> str:
    html = _BREAK.sub(lambda match: "".join(group or "" for group in match.groups()), html)
    html = _AFTER_STOP.sub(r"\1", html)
    return _LATIN_HAN.sub(r"\1\2 \3", _HAN_LATIN.sub(r"\1\2 \3", html))
