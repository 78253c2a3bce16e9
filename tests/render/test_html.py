from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from ferpipe.render.site import REPORT
from ferpipe.render.walk import Page, walk
from ferpipe.text import report

PAGES = ["en", "zh", "fer2013/en", "fer2013/zh"]


@pytest.fixture(params=PAGES)
def page(request: pytest.FixtureRequest, site: Path) -> tuple[Path, Page]:
    path = site / request.param / "index.html"
    return path, walk(path.read_text(encoding="utf-8"))


def test_every_link_and_picture_leads_to_a_file_and_every_anchor_exists(page: tuple[Path, Page]) -> None:
    path, found = page
    for link, _ in [*found.links, *found.loads]:
        file, _, anchor = link.partition("#")
        if link.startswith(("https://doi.org/", "https://example.org/code/")):  # a work that is cited, and the code
            assert link not in dict(found.loads)
            continue
        assert not re.match(r"[a-z]+:|//|/", file), link
        target = (path.parent / file).resolve() if file else path
        assert target.is_file(), link
        if anchor and target == path:
            assert anchor in found.ids, link


def test_every_picture_has_its_size_and_alt(page: tuple[Path, Page]) -> None:
    images = [values for tag, values, _ in page[1].elements if tag == "img" and values.get("class") != "logo"]
    assert len(images) > 40
    assert all({"alt", "width", "height", "src"} <= image.keys() for image in images)
    described = [image for image in images if image.get("class") not in ("bar", "face")]
    assert all(image["alt"] for image in described)
    assert [image.get("loading") for image in images].count(None) == 1  # the first is needed at once


def test_the_head_tells_who_finds_the_page_what_it_is(page: tuple[Path, Page], site: Path) -> None:
    path, found = page
    metas = [values for tag, values, _ in found.elements if tag == "meta"]
    meta = {v.get("property") or v.get("name") or "": v.get("content") or "" for v in metas}
    canonical = next(v["href"] for t, v, _ in found.elements if t == "link" and v.get("rel") == "canonical")
    base = "https://example.org/ferpipe/"
    assert canonical == f"{base}{path.parent.relative_to(site).as_posix()}/" == meta["og:url"]
    assert meta["citation_public_url"] == canonical
    assert meta["description"] == meta["og:description"] and meta["og:title"] == meta["citation_title"]
    card = site / meta["og:image"].removeprefix(base)
    header = card.read_bytes()[:24]
    size = tuple(int.from_bytes(header[i : i + 4], "big") for i in (16, 20))
    assert header[1:4] == b"PNG" and size == (1200, 630)
    assert meta["og:image:alt"] and (meta["og:image:width"], meta["og:image:height"]) == ("1200", "630")
    own = report.read(REPORT)  # whose authors and date are those of whoever publishes
    assert [v["content"] for v in metas if v.get("name") == "citation_author"] == list(own.authors)
    assert meta.get("citation_publication_date", "").replace("/", "-") == own.date
    text = path.read_text(encoding="utf-8")
    assert "@misc{ferpipe-" in text and f"url = &#34;{canonical}&#34;" in text
    assert '<cite lang="en">Neural Networks: Assignment I</cite>' in text


def test_the_headline_has_numbers_that_name_their_place_and_a_verdict(page: tuple[Path, Page]) -> None:
    path, found = page
    numbers = json.loads((path.parents[1] / "numbers.json").read_bytes())
    places = [str(values["data-path"]) for _, values, _ in found.elements if "data-path" in values]
    assert places and set(places) <= numbers.keys()
    text = path.read_text(encoding="utf-8")
    headline = text[text.index('<section id="headline"') : text.index("</section>")]
    assert headline.count("data-path=") >= 3 and 'class="pill ' in headline and "<img " in headline


def test_no_script_or_style_stands_in_the_page(page: tuple[Path, Page]) -> None:
    for tag, values, _ in page[1].elements:
        assert tag != "style"
        assert tag != "script" or values.get("src")
        assert not [name for name in values if name == "style" or name.startswith("on")], tag


def test_the_language_of_the_page_is_named(page: tuple[Path, Page]) -> None:
    path, found = page
    tag, values, _ = found.elements[0]
    assert (tag, values["lang"]) == ("html", {"en": "en", "zh": "zh-Hans"}[path.parent.name])
    alternates = {v["hreflang"]: v["href"] for t, v, _ in found.elements if t == "link" and v.get("rel") == "alternate"}
    assert alternates.keys() == {"en", "zh-Hans", "x-default"}
    assert all(str(address).startswith("https://") for address in alternates.values())
    assert sum(t == "main" for t, _, _ in found.elements) == 1


def test_no_token_or_template_is_left(page: tuple[Path, Page]) -> None:
    text = page[0].read_text(encoding="utf-8")
    assert "object at 0x" not in text  # a method where a word was meant
    assert not re.search("[\ue000-\uf8ff]|\\{\\{|\\{%|\\[\\[", text)


def test_chinese_text_has_one_space_between_han_and_latin(site: Path) -> None:
    text = (site / "zh" / "index.html").read_text(encoding="utf-8")
    paragraphs = re.findall(r"<p>(.*?)</p>", text, re.DOTALL)
    assert paragraphs
    for paragraph in paragraphs:
        assert not re.search(r"[\u4e00-\u9fff](</?[a-z][^>]*>)*[A-Za-z0-9]", paragraph), paragraph
