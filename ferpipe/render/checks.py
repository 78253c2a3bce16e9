"""What --strict refuses: dead links and anchors, pictures without alt, requests to other hosts, pages over budget."""

import gzip
import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import unquote, urldefrag, urlsplit

from ferpipe.render.walk import Page, walk

REQUESTS = 4  # besides figures: page, style, script, icon
PROGRAM = 25_000  # bytes of CSS and JS, gzipped
WEIGHT = 700_000  # bytes with all figures
DECORATIVE = ("bar", "face", "logo")  # a scale with its words; a face under a map whose alt names both; a sign


@dataclass(frozen=True)
class Fault:
    """What is wrong, where it shows in the site, and the words by which its source is found."""

    page: str
    line: int
    what: str
    text: str = ""

    def __str__(self) -> str:
        return self.what


def faults(files: Mapping[str, bytes]) -> list[Fault]:
    """Return each fault of the site's pages, scripts, styles and plots."""
    pages = {name: walk(content.decode()) for name, content in files.items() if name.endswith(".html")}
    faults = [fault for name, page in pages.items() for fault in _page(name, page, pages, files)]
    return faults + [fault for name in files if name.endswith((".css", ".js", ".svg")) for fault in _asset(name, files)]


def _page(name: str, page: Page, pages: Mapping[str, Page], files: Mapping[str, bytes]) -> Iterator[Fault]:
    for id, line in page.twice:
        yield Fault(name, line, f"the id '{id}' stands twice", f'"{id}"')
    for link, line in page.links:
        if (path := _path(name, link)) is None:
            continue
        anchor = urldefrag(link).fragment
        if path not in files:
            yield Fault(name, line, f"dead link '{link}'", link)
        elif anchor and path in pages and anchor not in pages[path].ids:
            yield Fault(name, line, f"dead anchor '{link}'", link)
    loaded = {}
    for source, line in page.loads:
        if (path := _path(name, source)) is None:
            yield Fault(name, line, f"external request '{source}'", source)
        elif path not in files:
            yield Fault(name, line, f"missing file '{source}'", source)
        else:
            loaded[path] = files[path]
    yield from _elements(name, page)
    pictures = {_path(name, values.get("src") or "") for tag, values, _ in page.elements if tag == "img"}
    yield from _budget(name, files[name], loaded, len(loaded.keys() - pictures))


def _elements(name: str, page: Page) -> Iterator[Fault]:
    for tag, values, line in page.elements:
        if tag == "img" and not values.get("alt") and ("alt" not in values or values.get("class") not in DECORATIVE):
            source = values.get("src") or ""
            yield Fault(name, line, f"no alt of picture '{source}'", source)
        if tag == "style" or "style" in values:
            source = values.get("style") or "<style"
            yield Fault(name, line, f"<{tag}>: the page's policy forbids inline styles", source)
        handlers = [key for key in values if key.startswith("on")]
        if handlers or (tag == "script" and not values.get("src")):
            yield Fault(name, line, f"<{tag}>: the page's policy forbids inline scripts", (handlers or ["<script"])[0])


def _budget(name: str, page: bytes, loaded: Mapping[str, bytes], others: int) -> Iterator[Fault]:
    if 1 + others > REQUESTS:
        yield Fault(name, 1, f"{1 + others} requests besides figures, the budget is {REQUESTS}")
    program = sum(len(gzip.compress(loaded[path], mtime=0)) for path in loaded if path.endswith((".css", ".js")))
    if program > PROGRAM:
        yield Fault(name, 1, f"{program:,} bytes of CSS and JS gzipped, the budget is {PROGRAM:,}")
    weight = len(page) + sum(map(len, loaded.values()))
    if weight > WEIGHT:
        heaviest = sorted({**loaded, name: page}.items(), key=lambda file: (-len(file[1]), file[0]))[:3]
        most = ", ".join(f"{posixpath.basename(path)} {len(content):,}" for path, content in heaviest)
        yield Fault(name, 1, f"{weight:,} bytes with all figures, the budget is {WEIGHT:,}; the most: {most}")


def _asset(name: str, files: Mapping[str, bytes]) -> Iterator[Fault]:
    # names of XML vocabularies are never fetched
    text = re.sub(r"http://www\.w3\.org/[\w/]+", "", files[name].decode())
    pattern = (
        r"@import[^;]*|url\(\s*['\"]?(?:https?:)?//[^)]*\)|\b(?:href|src)\s*=\s*['\"](?:https?:)?//[^'\"]*"
        r"|['\"`](?:https?|wss?)://[^'\"`]*"
    )
    for match in re.finditer(pattern, text):
        line = text.count("\n", 0, match.start()) + 1
        yield Fault(name, line, f"external request '{match[0].strip()}'", match[0])


def _path(page: str, link: str) -> str | None:
    """Return which file of the site a link names; None when it leads elsewhere."""
    parts = urlsplit(link)
    if parts.scheme or parts.netloc:
        return None
    if not parts.path:
        return page
    path = posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(parts.path)))
    return path + "/index.html" if parts.path.endswith("/") else path
