"""Pieces of finished HTML that pass through Markdown as single private characters and come out whole."""

import hashlib
import re

from markupsafe import Markup, escape

_TOKEN = re.compile("\ue000([0-9a-f]+)\ue001")
PRIVATE = re.compile("[\ue000-\uf8ff]")  # characters that stand for pieces: those of a text or a result are none


class Held:
    """What was held back, by hash: the text around a piece stays the same when others come before it."""

    def __init__(self) -> None:
        self._pieces: dict[str, str] = {}

    def value(self, value: object) -> Markup:
        """Return a token for a value of the results, escaped: nothing in it is markup."""
        if value is None:
            raise ValueError("the number is null here; test for it before printing it")
        html = escape(PRIVATE.sub("\ufffd", value) if type(value) is str else value)
        if "–" in html:  # an interval is not broken at its dash
            html = Markup('<span class="nobreak">{}</span>').format(html)
        return self.html(html)

    def html(self, html: str) -> Markup:
        """Return a token for a piece of HTML."""
        key = hashlib.sha256(html.encode(errors="surrogatepass")).hexdigest()[:16]
        self._pieces[key] = html
        return Markup(f"\ue000{key}\ue001")

    def release(self, text: str) -> str:
        """Return the text with every piece in its place."""
        while _TOKEN.search(text):
            text = _TOKEN.sub(lambda token: self._pieces[token[1]], text)
        return text
