"""A walk over a page: its ids, links, and what a browser would fetch."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

_LOADING = {"img": "src", "script": "src", "source": "src", "iframe": "src", "embed": "src", "video": "src"}
_LOADED_LINKS = {"stylesheet", "icon", "preload", "manifest", "apple-touch-icon"}


@dataclass
class Page:
    """What a page refers to."""

    ids: set[str] = field(default_factory=set)
    twice: list[str] = field(default_factory=list)
    links: list[str] = field(default_factory=list)
    loads: list[str] = field(default_factory=list)
    images: list[dict[str, str | None]] = field(default_factory=list)
    elements: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)


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
        values, page = dict(attrs), self.page
        page.elements.append((tag, values))
        if name := values.get("id"):
            page.twice += [name] * (name in page.ids)
            page.ids.add(name)
        if tag == "a" and (target := values.get("href")):
            page.links.append(target)
        if tag == "img":
            page.images.append(values)
        if (key := _LOADING.get(tag)) and (source := values.get(key)):
            page.loads.append(source)
        relations = set((values.get("rel") or "").split())
        if tag == "link" and relations & _LOADED_LINKS and (source := values.get("href")):
            page.loads.append(source)
