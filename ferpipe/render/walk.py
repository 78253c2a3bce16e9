"""A walk over a page: its ids, links, and what a browser would fetch, each with its line."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

_LOADING = {
    "audio": ("src",), "embed": ("src",), "iframe": ("src",), "image": ("href", "xlink:href"), "img": ("src",),
    "input": ("src",), "object": ("data",), "script": ("src",), "source": ("src",), "track": ("src",),
    "use": ("href", "xlink:href"), "video": ("src", "poster"),
}  # fmt: skip
_LOADED_LINKS = {"stylesheet", "icon", "preload", "modulepreload", "prefetch", "manifest", "apple-touch-icon"}
_LOADED_LINKS |= {"preconnect", "dns-prefetch"}  # no file, but another host hears of the reader

Attributes = dict[str, str | None]


@dataclass
class Page:
    """What a page refers to."""

    ids: set[str] = field(default_factory=set)
    twice: list[tuple[str, int]] = field(default_factory=list)  # ids that stand a second time, with the line of it
    links: list[tuple[str, int]] = field(default_factory=list)  # each with its line, as the next two
    loads: list[tuple[str, int]] = field(default_factory=list)
    elements: list[tuple[str, Attributes, int]] = field(default_factory=list)


def walk(html: str) -> Page:
    """Return what a page's HTML refers to."""
    walker = _Walker()
    walker.feed(html)
    walker.close()
    return walker.page


class _Walker(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values, page, line = dict(attrs), self.page, self.getpos()[0]
        page.elements.append((tag, values, line))
        if name := values.get("id"):
            page.twice += [(name, line)] * (name in page.ids)
            page.ids.add(name)
        if tag in ("a", "area") and (target := values.get("href")):
            page.links.append((target, line))
        page.loads += [(source, line) for source in _loaded(tag, values)]


def _loaded(tag: str, values: Attributes) -> list[str]:
    sources = [values.get(key) for key in _LOADING.get(tag, ())]
    if tag in ("img", "source"):
        sources += [part.split()[0] for part in (values.get("srcset") or "").split(",") if part.strip()]
    if tag == "link" and _LOADED_LINKS & set((values.get("rel") or "").split()):
        sources.append(values.get("href"))
    return [source for source in sources if source]
