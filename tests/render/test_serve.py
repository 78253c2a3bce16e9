"""The writing loop: an edit is served within a second, a slip is told in the page, and nothing is written."""

from __future__ import annotations

import gzip
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest
from conftest import Trial

from ferpipe.errors import Slip
from ferpipe.render import serve, site

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]
CODE = """
import sys
class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"torch", "torchvision", "lime", "captum", "skimage", "sklearn", "scipy"}:
            raise ImportError(name + " is behind the wall")
sys.meta_path.insert(0, Wall())
from pathlib import Path
from ferpipe.render import serve
results, artefacts, report = map(Path, sys.argv[1:4])
about = {"site_url": "https://example.org/ferpipe/", "repository": "https://example.org/code"}
serve.serve(results, artefacts=artefacts, report=report, port=int(sys.argv[4]), address=about)
"""


class Writer:
    """A server over a copy of the report, as somebody who writes it sees it."""

    def __init__(self, address: str, trial: Trial) -> None:
        self.address, self.section = address, trial.report / "sections" / "run.md"
        self.text = self.section.read_text(encoding="utf-8")

    def get(self, path: str = "en/", host: str = "") -> str:
        request = Request(self.address + path, headers={"Host": host} if host else {})
        with urlopen(request, timeout=30) as answer:
            return str(answer.read().decode())

    def write(self, old: str, new: str) -> None:
        assert old in self.text
        self.section.write_text(self.text.replace(old, new), encoding="utf-8")

    def version(self, page: str) -> str:
        return re.search(r'data-version="(\w+)"', page)[1]  # type: ignore[index]


SOON = 15  # seconds on a machine that does other things as well, and slowly; tests/benchmarks/rebuild.py measures


@pytest.fixture
def writer(trial: Trial, tmp_path: Path) -> Iterator[Writer]:
    """A server in a process of its own, in which torch cannot be imported."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    places = [str(place) for place in (trial.results, trial.artefacts, trial.report)]
    process = subprocess.Popen([sys.executable, "-c", CODE, *places, port], stdout=subprocess.PIPE, text=True)
    assert process.stdout and f"http://127.0.0.1:{port}/" in process.stdout.readline()
    yield Writer(f"http://127.0.0.1:{port}/", trial)
    process.terminate()
    process.wait(10)
    process.stdout.close()


def test_an_edited_sentence_is_served_at_once(writer: Writer) -> None:
    version = writer.version(writer.get())
    began = time.perf_counter()
    writer.write("Everything on this page", "Whatever stands on this page")
    newer = writer.get(f"serve/version?shown={version}")
    page = writer.get()
    assert time.perf_counter() - began < SOON
    assert newer != version and writer.version(page) == newer
    assert "Whatever stands on this page" in page


def test_a_slip_is_told_in_the_page_over_the_last_good_text_and_goes_when_mended(writer: Writer) -> None:
    version = writer.version(writer.get("zh/"))
    writer.write("{{ settings.seed }}", "{{ settings.sed }}")
    broken = writer.get(f"serve/version?shown={version}")
    page = writer.get("zh/")
    assert 'class="problems"' in page and "一条命令" in page
    assert "report/sections/run.md:" in page and "unknown number &#x27;settings.sed&#x27; (did you mean" in page
    writer.write("Everything", "Everything")
    writer.get(f"serve/version?shown={broken}")
    mended = writer.get("zh/")
    assert writer.version(mended) == version and 'class="problems"' not in mended


def test_the_pages_policy_allows_the_reload_as_it_stands_and_all_else_is_as_rendered(
    writer: Writer, trial: Trial, tmp_path: Path
) -> None:
    trial.render(tmp_path / "site")
    served = writer.get("en/index.html")
    more = re.search(r'<script src="/serve/reload.js" data-version="\w+"></script>', served)[0]  # type: ignore[index]
    assert served.replace(more, "") == (tmp_path / "site" / "en" / "index.html").read_text(encoding="utf-8")
    assert "script-src 'self'" in served and "connect-src 'self'" in served
    assert "fetch(" in writer.get("serve/reload.js")
    assert writer.get("assets/report.css") == (tmp_path / "site" / site.STYLE).read_text(encoding="utf-8")
    with urlopen(Request(writer.address + "en/index.html", headers={"Accept-Encoding": "br, gzip"})) as answer:
        packed = answer.read()
        assert answer.headers["Content-Encoding"] == "gzip" and int(answer.headers["Content-Length"]) == len(packed)
    assert gzip.decompress(packed).decode() == served and len(packed) < len(served) / 3


def test_only_this_machine_by_its_own_name_is_answered(writer: Writer) -> None:
    assert "lang" in writer.get("", host=f"localhost:{writer.address.split(':')[2].rstrip('/')}")
    for path, host, status in (("en/", "example.org", 403), ("nothing.html", "", 404), ("../build.py", "", 404)):
        with pytest.raises(HTTPError) as caught:
            writer.get(path, host)
        assert caught.value.code == status
        caught.value.close()


@pytest.mark.slow
@pytest.mark.skipif(not CHROMIUM.exists() and not os.environ.get("CI"), reason=f"no {CHROMIUM}")
def test_an_edit_is_soon_on_the_screen_and_the_console_is_silent(writer: Writer) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        page = browser.new_page()
        said: list[str] = []
        page.on("console", lambda message: said.append(message.text))
        page.goto(writer.address + "en/")
        seconds = []
        for count in ("little", "much", "else"):  # others may be using the processor: the quickest counts
            began = time.perf_counter()
            writer.write("Everything on this page", f"Whatever {count} stands on this page")
            page.get_by_text(f"Whatever {count} stands on this page").wait_for()
            seconds.append(time.perf_counter() - began)
        writer.write("{{ settings.seed }}", "{{ settings.sed }}")
        page.get_by_role("alert").get_by_text("unknown number 'settings.sed'").wait_for()
        assert page.evaluate("getComputedStyle(document.querySelector('.problems')).position") == "fixed"
        browser.close()
    assert min(seconds) < SOON and not said


def test_a_port_that_is_taken_is_a_slip_and_another_one_is_found_where_none_was_named() -> None:
    desk = serve.Desk(dict)
    with serve.server(desk, None) as first, serve.server(desk, None) as second:
        assert first.server_port != second.server_port
        with pytest.raises(Slip, match=rf"--port {first.server_port}: Address already in use"):
            serve.server(desk, first.server_port)


def test_a_bug_in_a_template_is_told_and_does_not_end_the_loop() -> None:
    state: dict[str, Any] = {"wrong": True}

    def build() -> dict[str, bytes]:
        if state["wrong"]:
            raise ZeroDivisionError("in report.html")
        return {"en/index.html": b"<head></head><body>good</body>"}

    desk = serve.Desk(build)
    assert desk.rebuild()[-1] == "ZeroDivisionError: in report.html"
    page = desk.file("en/index.html")
    assert page and b"ZeroDivisionError: in report.html" in page
    state["wrong"] = False
    assert desk.rebuild() == []
    assert b"good" in (desk.file("en/index.html") or b"") and desk.file("zh/index.html") is None


def test_changed_code_starts_the_server_anew(tmp_path: Path) -> None:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "a.py").write_text("1")
    (tmp_path / "code" / ".hidden").write_text("1")

    class AgainError(Exception):
        pass

    def again() -> None:
        raise AgainError

    told: list[bool] = []

    def run() -> None:
        try:
            serve.watch(desk, [tmp_path / "code"], tmp_path / "code", again)
        except AgainError:
            told.append(True)

    desk = serve.Desk(lambda: {"en/index.html": b"<head></head>"})
    thread = Thread(target=run, daemon=True)
    thread.start()
    assert desk.file("en/index.html")  # waits for the first build
    (tmp_path / "code" / ".hidden").write_text("22")
    thread.join(3 * serve.PAUSE)
    assert not told
    (tmp_path / "code" / "a.py").write_text("22")
    thread.join(10)
    assert told


def test_the_commands_own_server_answers_and_refuses_output(tmp_path: Path, trial: Trial) -> None:
    root = Path(__file__).parents[2]
    call = [sys.executable, str(root / "build.py"), "serve", "--results", str(trial.results)]
    call += ["--artefacts", str(trial.artefacts)]
    refused = subprocess.run([*call, "--output", str(tmp_path)], capture_output=True, text=True)
    assert refused.returncode == 2 and refused.stderr.startswith("error: serve writes no page")
    process = subprocess.Popen([*call, "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        address = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())[0]  # type: ignore[index]
        with urlopen(f"{address}en/", timeout=30) as answer:
            assert b"<main" in answer.read()
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout:
            process.stdout.close()
