"""What --strict refuses: dead links and anchors, requests to other hosts, pages over budget."""

from __future__ import annotations

import gzip
import posixpath
import re
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urldefrag, urlsplit

from ferpipe.render.walk import Page, walk

REQUESTS = 4  # besides figures: page, style, script, icon
PROGRAM = 15_000  # bytes of CSS and JS, gzipped
WEIGHT = 600_000  # bytes with all figures
_FRAME = (".css", ".js", "favicon.svg")


def problems(files: Mapping[str, bytes]) -> list[str]:
    """Return a line for each fault of the site's pages."""
    pages = {name: walk(content.decode()) for name, content in files.items() if name.endswith(".html")}
    found = [line for name, page in pages.items() for line in _page(name, page, pages, files)]
    return found + [line for name in files if name.endswith((".css", ".js", ".svg")) for line in _asset(name, files)]


def _page(name: str, page: Page, pages: Mapping[str, Page], files: Mapping[str, bytes]) -> Iterator[str]:
    yield from (f"{name}: the id '{id}' stands twice" for id in page.twice)
    for link in page.links:
        if (path := _path(name, link)) is None:
            continue
        anchor = urldefrag(link).fragment
        if path not in files:
            yield f"{name}: dead link '{link}'"
        elif anchor and path in pages and anchor not in pages[path].ids:
            yield f"{name}: dead anchor '{link}'"
    loaded = {}
    for source in page.loads:
        if (path := _path(name, source)) is None:
            yield f"{name}: external request '{source}'"
        elif path not in files:
            yield f"{name}: missing file '{source}'"
        else:
            loaded[path] = files[path]
    yield from _budget(name, files[name], loaded)


def _budget(name: str, page: bytes, loaded: Mapping[str, bytes]) -> Iterator[str]:
    frame = [path for path in loaded if path.endswith(_FRAME)]
    if 1 + len(frame) > REQUESTS:
        yield f"{name}: {1 + len(frame)} requests besides figures, the budget is {REQUESTS}"
    program = sum(len(gzip.compress(loaded[path], mtime=0)) for path in frame if path.endswith((".css", ".js")))
    if program > PROGRAM:
        yield f"{name}: {program:,} bytes of CSS and JS gzipped, the budget is {PROGRAM:,}"
    weight = len(page) + sum(map(len, loaded.values()))
    if weight > WEIGHT:
        yield f"{name}: {weight:,} bytes with all figures, the budget is {WEIGHT:,}"


def _asset(name: str, files: Mapping[str, bytes]) -> Iterator[str]:
    text = re.sub(r"http://www\.w3\.org/[\w/]+", "", files[name].decode())  # names of XML vocabularies, never fetched
    pattern = (
        r"@import[^;]*|url\(\s*['\"]?(?:https?:)?//[^)]*\)|\b(?:href|src)=['\"]https?://[^'\"]*|['\"]https?://[^'\"]*"
    )
    yield from (f"{name}: external request '{match[0].strip()}'" for match in re.finditer(pattern, text))


def _path(page: str, link: str) -> str | None:
    """Return which file of the site a link names; None when it leads elsewhere."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    if not parts.path:
        return page
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
    return path + "/index.html" if parts.path.endswith("/") else path
