"""Pages of a single file in a browser: accessible in both languages and themes, from a disk, and asking for nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from skimage import data
from test_browser import browser  # noqa: F401 (a fixture)

from build import main
from ferpipe.analyses import one_picture
from ferpipe.build.options import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("alone")
    Image.fromarray(data.astronaut()).save(folder / "one.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(one_picture, "EFFORT", 0.02)
        assert main(["explain", str(folder / "one.png"), "--output", str(folder / "one.html"), "--face"]) == 0
    runs = [str(ROOT / "report/results")] * 2
    assert main(["compare", *runs, "--name", "rendered", "--output", str(folder / "runs.html")]) == 0
    return [folder / "one.html", folder / "runs.html"]


@pytest.mark.parametrize(("theme", "width", "language"), [("dark", 360, "zh"), ("light", 1280, "en")])
def test_axe_finds_nothing_and_nothing_is_asked_for(
    browser: Any, pages: list[Path], theme: str, width: int, language: str  # noqa: F811
) -> None:  # fmt: skip
    from axe_playwright_python.sync_playwright import Axe

    for path in pages:
        page = browser.new_page(color_scheme=theme, viewport={"width": width, "height": 800}, bypass_csp=True)
        asked: list[str] = []
        page.on("request", lambda request, asked=asked: asked.append(request.url))
        page.goto(f"file://{path}#{language}")
        shown = page.locator(f"article#{language}")
        assert shown.is_visible() and page.locator("article:visible").count() == 1
        found = Axe().run(page)
        assert not found.response["violations"], found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
        page.close()
