"""A local server for writing: a saved edit is on the screen within a second, and so is what is wrong with it.

The site is made in memory, as `render` would make it; site/ is left alone. Each page carries one script more, which
waits for the next version and reloads. The published page's policy stands as it is: the script is of the same place.
"""

import gzip
import mimetypes
import os
import stat
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from threading import Condition, Thread
from typing import Unpack
from urllib.parse import parse_qs, unquote, urlsplit

from ferpipe.errors import Slip
from ferpipe.render import site
from ferpipe.storage import fingerprints

HOST = "127.0.0.1"
PORT = 8000  # where none is asked for, if it is free
PAUSE = 0.1  # seconds between two looks at the files: a few milliseconds each
PACKED = ("text/", "application/javascript", "application/json", "image/svg+xml")  # how kinds begin that shrink
SMALL = 1000  # bytes that are sent as they are
PATIENCE = 20.0  # seconds for which a browser's question for the next version is left open

VERSION, SCRIPT, STYLE = "/serve/version", "/serve/reload.js", "/serve/problems.css"
OWN = {f"/serve/{path.name}": path.read_bytes() for path in (site.TEMPLATES / "serve").iterdir()}
_BARE = b"<!doctype html><html lang='en'><head><title>ferpipe</title></head><body></body></html>"

Files = Mapping[str, bytes]


class Desk:
    """The site as its sources are now: pages of the last good build, and what is wrong with the newest one."""

    def __init__(self, build: Callable[[], Files]) -> None:
        self._build, self._changed = build, Condition()
        self._files: Files = {}
        self._problems: list[str] = []
        self._version = ""

    def rebuild(self) -> list[str]:
        """Build anew and return what is wrong; then the last good pages stay."""
        files, problems = self._files, []
        try:
            files = self._build()
        except Slip as slip:
            problems = [*getattr(slip, "problems", ()), f"error: {slip}"]
        except Exception:  # a broken template, or a bug of ours: told in the page, and the writer goes on
            problems = traceback.format_exc().splitlines()
        hashes = {name: fingerprints.of_bytes(content) for name, content in files.items()}
        with self._changed:
            self._files, self._problems = files, problems
            self._version = fingerprints.of_value([hashes, problems])
            self._changed.notify_all()
        return problems

    def newer(self, version: str) -> str:
        """Return the version as soon as it is not this one, or when patience ends."""
        with self._changed:
            self._changed.wait_for(lambda: self._version != version, PATIENCE)
            return self._version

    def file(self, path: str) -> bytes | None:
        """Return what stands at a path of the site, None where nothing does; any page tells what is wrong."""
        with self._changed:
            self._changed.wait_for(lambda: self._version)  # the first build is under way
            files, problems, version = self._files, self._problems, self._version
        name = path.lstrip("/")
        if not name.endswith(".html"):
            return files.get(name)
        page = files.get(name, _BARE if problems else None)
        return None if page is None else _with_more(page.decode(), problems, version).encode()


def _with_more(page: str, problems: Sequence[str], version: str) -> str:
    """Return a page with the script that reloads it, and with the problems."""
    head = f'<script src="{SCRIPT}" data-version="{version}"></script>'
    if problems:
        head += f'<link rel="stylesheet" href="{STYLE}">'
        told = f'<pre class="problems" role="alert" tabindex="0">{escape(chr(10).join(problems))}</pre>'
        page = page.replace("</body>", f"{told}</body>")
    return page.replace("</head>", f"{head}</head>")


class _Handler(BaseHTTPRequestHandler):
    desk: Desk  # set on the server's own subclass

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        path = unquote(parts.path)
        path += "index.html" * path.endswith("/")
        if self.headers.get("Host", "").rsplit(":", 1)[0] not in (HOST, "localhost"):
            self._send(b"wanted 127.0.0.1 or localhost", "text/plain", 403)  # another site's name led here
        elif path == VERSION:
            version = parse_qs(parts.query).get("shown", [""])[0]
            self._send(self.desk.newer(version).encode(), "text/plain")
        elif (content := OWN.get(path) or self.desk.file(path)) is None:
            self._send(b"not found", "text/plain", 404)
        else:
            self._send(content, mimetypes.guess_type(path)[0] or "application/octet-stream")

    def _send(self, content: bytes, kind: str, status: int = 200) -> None:
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8" if kind.startswith("text/") else kind)
        if len(content) > SMALL and kind.startswith(PACKED) and "gzip" in self.headers.get("Accept-Encoding", ""):
            content = gzip.compress(content, 6)  # as Pages does: a page is as fast here as it will be there
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(content)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of a request."""


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: socket | tuple[bytes, socket], client_address: object) -> None:
        """Pass over a browser that has gone; tell the rest."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def server(desk: Desk, port: int | None) -> ThreadingHTTPServer:
    """Return a server of the desk's pages; raises Slip where the port asked for is taken.

    `port` None is 8000 or, where that is taken, any free one; so is 0.
    """
    handler = type("Handler", (_Handler,), {"desk": desk})
    for number in (PORT, 0) if port is None else (port,):
        try:
            return _Server((HOST, number), handler)
        except OSError as error:
            if port is not None:
                raise Slip(f"--port {port}: {error.strerror}; name another, or leave it out for a free one") from None
    raise Slip("no port is free on 127.0.0.1")


def state(places: Sequence[Path]) -> dict[str, tuple[int, int]]:
    """Return time of change and size of these files and of all in these folders, whatever is hidden left out."""
    files, waiting = {}, [str(place) for place in places]
    while waiting:
        path = waiting.pop()
        try:
            entry = os.stat(path)
            if stat.S_ISDIR(entry.st_mode):
                inside = (name for name in os.listdir(path) if not name.startswith((".", "__pycache__")))
                waiting += [f"{path}/{name}" for name in inside]
            else:
                files[path] = entry.st_mtime_ns, entry.st_size
        except OSError:  # one that an editor is replacing, or that is not there yet
            continue
    return files


def watch(desk: Desk, places: Sequence[Path], code: Path, again: Callable[[], None]) -> None:
    """Build, and build anew when a file in `places` changes; call `again` when the code does; never returns.

    A process must not draw with code older than the files: the cache of figures takes what it draws for theirs.
    """
    running, seen = state([code]), None
    while True:
        if state([code]) != running:
            again()
        if (now := state(places)) != seen:
            seen, began = now, time.perf_counter()
            problems = desk.rebuild()
            print(*problems or ["rendered"], sep="\n", end=f"  ({time.perf_counter() - began:.2f} s)\n", flush=True)
        time.sleep(PAUSE)


def serve(results: Path, port: int | None = None, **asked: Unpack[site.Asked]) -> None:
    """Serve the site until interrupted, as its text, templates and results stand at any time; writes no page.

    Raises Slip where the port is taken. The process starts anew, on the same port, when the code changes.
    """
    desk = Desk(lambda: site.gather(results, **asked)[0])
    places = [asked.get("report", site.REPORT), results, site.TEMPLATES]
    if local := asked.get("local"):
        places.append(asked["artefacts"] / local / "faces.npz")
    with server(desk, port) as listening:
        print(f"http://{HOST}:{listening.server_port}/  (an edit shows by itself; Ctrl-C ends)", flush=True)

        def again() -> None:
            listening.server_close()
            os.execv(sys.executable, [*sys.orig_argv, "--port", str(listening.server_port)])

        Thread(target=listening.serve_forever, daemon=True).start()
        watch(desk, places, fingerprints.PACKAGE, again)
