"""What a reader's browser makes of the pages; skipped where there is no Chromium, a failure where CI is set."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

CHROMIUM = Path("/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"]
FLAGS += ["--disable-background-networking", "--disable-component-update"]

if not CHROMIUM.exists() and not os.environ.get("CI"):
    pytest.skip(f"no {CHROMIUM}", allow_module_level=True)


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as play:
        opened = play.chromium.launch(executable_path=str(CHROMIUM), args=FLAGS)
        yield opened
        opened.close()


@contextmanager
def served(folder: Path) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()


def load_pictures(page: Any) -> None:
    """Load all pictures, those further down too; raises for a broken one."""
    page.evaluate("for (const image of document.images) image.loading = 'eager'")
    page.evaluate("Promise.all([...document.images].map(image => image.decode()))")


@pytest.fixture(scope="module")
def host(site: Path) -> Iterator[str]:
    """The site under a sub-path, as it is published."""
    with served(site.parent) as address:
        yield f"{address}site/"


@pytest.fixture(scope="module")
def english(browser: Any, host: str) -> Iterator[Any]:
    """The page that tests of its controls share."""
    page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page.goto(f"{host}en/")
    yield page
    page.close()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "theme", "width"),
    [("zh", "dark", 360), ("en", "light", 1280), ("fer2013/en", "dark", 1280), ("fer2013/zh", "light", 360)],
)
def test_axe_finds_nothing_in_the_committed_pages(browser: Any, language: str, theme: str, width: int) -> None:
    from axe_playwright_python.sync_playwright import Axe

    page = browser.new_page(color_scheme=theme, viewport={"width": width, "height": 800}, bypass_csp=True)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    with served(Path(__file__).parents[2] / "site") as address:
        page.goto(f"{address}{language}/")
        load_pictures(page)
        found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    assert not said
    page.close()


@pytest.mark.parametrize(
    ("scheme", "address"),
    [
        ("http", "en/index.html"),
        ("file", "zh/index.html"),
        ("http", "index.html"),
        ("file", "fer2013/en/index.html"),
        pytest.param("file", "en/index.html", marks=pytest.mark.slow),
        pytest.param("http", "zh/index.html", marks=pytest.mark.slow),
        pytest.param("file", "index.html", marks=pytest.mark.slow),
        pytest.param("http", "fer2013/en/index.html", marks=pytest.mark.slow),
    ],
)
def test_the_console_is_silent_and_nothing_is_asked_of_other_hosts(
    browser: Any, host: str, site: Path, scheme: str, address: str
) -> None:
    base = host if scheme == "http" else f"{site.as_uri()}/"
    page = browser.new_page(viewport={"width": 360, "height": 740})
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    page.on("requestfailed", lambda request: said.append(f"failed: {request.url}"))
    page.goto(base + address)
    load_pictures(page)
    assert not said
    assert asked and all(url.startswith(base) for url in asked)
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.close()


WORDS = """() => {
  const frame = document.documentElement.getBoundingClientRect();
  const words = [...document.querySelectorAll("text")].map(word => [word.textContent, word.getBoundingClientRect()]);
  const outside = words.filter(([, box]) => box.left < frame.left - 1 || box.right > frame.right + 1
    || box.top < frame.top - 1 || box.bottom > frame.bottom + 1).map(([text]) => text);
  const wide = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left);
  const high = (a, b) => Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
  const touching = words.flatMap(([text, a], i) => words.slice(i + 1).filter(([, b]) => wide(a, b) > 1
    && high(a, b) > Math.min(a.height, b.height) / 3).map(([other]) => `${text} / ${other}`));
  return [outside, touching];
}"""


def test_the_words_of_a_plot_stand_in_it_and_apart(browser: Any, host: str, site: Path) -> None:
    page = browser.new_page()
    plots = sorted(site.glob("assets/*/*.svg"))
    assert len(plots) > 10
    for plot in plots:
        page.goto(host + plot.relative_to(site).as_posix())
        assert page.evaluate(WORDS) == [[], []], plot.name
    page.close()


def test_theme_and_plots_follow_the_toggle_and_are_remembered(browser: Any, host: str) -> None:
    context = browser.new_context(color_scheme="light", viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{host}en/")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(paper)
    page.get_by_role("button", name="Dark").click()
    dark = page.evaluate(paper)
    assert light != dark
    page.goto(f"{host}zh/")
    assert page.evaluate(paper) == dark
    page.get_by_role("button", name="浅色").click()
    assert page.evaluate(paper) == light
    context.close()


def test_a_figure_opens_and_closes_by_keyboard(english: Any) -> None:
    english.locator("#fig-lime-correct .enlarge").focus()
    english.keyboard.press("Enter")
    assert english.locator("dialog[open] .cells img").count() == 8
    english.keyboard.press("Escape")
    assert english.locator("dialog[open]").count() == 0
    assert english.evaluate("document.activeElement.closest('figure').id") == "fig-lime-correct"


def test_the_slider_fades_from_face_to_map(english: Any) -> None:
    opacity = "s => getComputedStyle(document.querySelector('#fig-lime-correct .both ' + s)).opacity"
    slider = english.locator("#fig-lime-correct input[type=range]")
    slider.fill("0")
    assert [english.evaluate(opacity, s) for s in (".face", ".map")] == ["1", "0"]
    slider.fill("100")
    assert [english.evaluate(opacity, s) for s in (".face", ".map")] == ["0", "1"]
    slider.press("ArrowLeft")
    assert slider.get_attribute("aria-valuetext") == "Face 1%, Map 99%"


def test_the_language_link_leads_to_the_section_being_read(english: Any) -> None:
    english.evaluate("location.hash = 'lime'")
    english.wait_for_selector('.contents a[aria-current][href="#lime"]')
    english.get_by_role("link", name="中文").click()
    english.wait_for_url("**/zh/index.html#lime")
    english.go_back()


def test_on_a_phone_links_into_the_page_arrive_and_who_comes_back_finds_the_place(browser: Any, host: str) -> None:
    """Sections are laid out as they come near, so that what stands above is not as high as was thought."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    # A function, since a page that forbids eval lets an expression be asked once only.
    near = "([id, far]) => Math.abs(document.getElementById(id).getBoundingClientRect().top - 96) < far"
    try:
        for place in ("fig-scores", "ledger", "references"):
            page.goto("about:blank")
            page.goto(f"{host}en/#{place}")
            page.wait_for_function(near, arg=[place, 2])
        assert page.evaluate("getComputedStyle(document.querySelector('#ledger')).contentVisibility") == "auto"
        page.goto(f"{host}en/")
        for place in ("atlas", "filters"):
            page.evaluate("id => document.getElementById(id).scrollIntoView()", place)
            page.wait_for_timeout(300)
            page.reload()
            page.wait_for_function(near, arg=[place, 5])
    finally:
        page.close()


@pytest.mark.parametrize("address", ["en/", pytest.param("fer2013/zh/", marks=pytest.mark.slow)])
def test_the_keyboard_reaches_every_control_in_order(browser: Any, host: str, address: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, reduced_motion="reduce")
    page.goto(f"{host}{address}")
    count = page.locator("a[href]:visible, button:visible, input:visible, [tabindex='0']:visible").count()
    page.evaluate("() => { reached = []; addEventListener('focusin', event => reached.push(event.target)) }")
    for _ in range(count):
        page.keyboard.down("Tab")  # held: half the messages of as many presses
    page.keyboard.up("Tab")
    reached = page.evaluate("""() => {
        const controls = [...document.querySelectorAll('a[href], button, input, [tabindex="0"]')]
        const visible = controls.filter(control => control.checkVisibility())
        return reached.map(control => visible.indexOf(control))
    }""")
    assert count > 40 and reached == list(range(count))
    page.close()


def test_bibtex_is_copied_or_made_ready_to_be(browser: Any, host: str) -> None:
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{host}en/")
    page.get_by_role("button", name="Copy BibTeX").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()").startswith("@misc{ferpipe-rendered-en,")
    context.close()


@pytest.mark.slow
@pytest.mark.parametrize("address", ["en/", "fer2013/zh/"])
def test_print_is_light_and_whole_on_a4(browser: Any, host: str, address: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    width, height = 643, 986  # CSS pixels of A4 within its margins
    page = browser.new_page(color_scheme="dark", viewport={"width": width, "height": height}, bypass_csp=True)
    page.emulate_media(media="print")
    page.goto(f"{host}{address}")
    page.wait_for_function("[...document.images].every(picture => picture.complete && picture.naturalWidth)")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    for gone in (".contents", ".controls", ".fade", ".enlarge", ".copy", ".skip"):
        assert not page.locator(gone).first.is_visible(), gone
    boxes = page.evaluate("""() => [...document.querySelectorAll('figure, .table')].map(figure => [
        figure.id, figure.offsetHeight, figure.scrollWidth, getComputedStyle(figure).breakInside === 'auto',
        Boolean(figure.querySelector('.grid, tr'))])""")
    assert len(boxes) == page.locator(":is([id^=fig-], [id^=table-])").count() > 20
    # a sheet ends between rows, so that it is not left half empty, and what has none stays whole
    assert [box for box in boxes if box[3] != box[4] and box[0] != "fig-confusion"] == []
    rows = page.evaluate("""() => [...document.querySelectorAll('.cells, .strips li, tr, figcaption, caption')]
        .filter(row => getComputedStyle(row).breakInside !== 'avoid').length""")
    assert rows == 0
    assert [box for box in boxes if box[2] > width or (box[1] > height and not box[3])] == []
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    sheets = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", page.pdf(prefer_css_page_size=True))
    assert 8 <= len(sheets) <= 36
    assert {(round(float(w)), round(float(h))) for w, h in sheets} == {(595, 842)}
    page.close()


def test_without_script_everything_is_there_and_figures_enlarge_through_links(browser: Any, host: str) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(f"{host}zh/")
    assert page.locator("#fig-saliency .both .map").first.is_visible()
    assert not page.locator("input[type=range]").first.is_visible()
    picture = page.locator("#fig-saliency .both").first
    before = picture.bounding_box()["width"]
    page.locator("#fig-saliency .enlarge").click()
    assert picture.bounding_box()["width"] > before
    context.close()
