"""Results and texts from strangers: nothing in them becomes markup, runs, or leaves the site's folder."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from conftest import Trial
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from languages import LANGUAGES

from ferpipe.errors import Slip
from ferpipe.storage import encoding
from ferpipe.text import section
from ferpipe.text.chapters import Writer

HOSTILE = '"><script>alert(1)</script><img src=x onerror=alert(2)> \ue0000\ue001 \u202egnp.exe ../../x {{ 7 * 7 }}'
WORDS = {"name", "source", "device", "precision", "python", "torch", "numpy", "form"}


def poisoned(value: object, key: str = "") -> object:
    if isinstance(value, dict):
        return {k: poisoned(v, k) for k, v in value.items()}
    if isinstance(value, list):
        return [poisoned(v, key) for v in value]
    return HOSTILE if isinstance(value, str) and key in WORDS else value


def test_words_of_a_result_are_text_on_the_page(trial: Trial, tmp_path: Path) -> None:
    places = [{"results": tmp_path / name, "trial": Trial(tmp_path, trial.report)} for name in ("results", "poisoned")]
    for place in places:
        shutil.copytree(trial.results / "rendered", place["results"] / "rendered")
        place["trial"].results = place["results"]
    changed = 0
    for path in (tmp_path / "poisoned").glob("*/*/numbers.json"):
        before = json.loads(path.read_bytes())
        path.write_bytes(encoding.json_bytes(poisoned(before)))
        changed += poisoned(before) != before
    assert changed > 3
    pages = []
    for place in places:
        output = tmp_path / f"site-{place['results'].name}"
        place["trial"].render(output, editions=["rendered"])
        pages.append((output / "en" / "index.html").read_text(encoding="utf-8"))
    assert "&lt;script&gt;alert(1)" in pages[1] and "{{ 7 * 7 }}" in pages[1]
    for mark in ("<script", "<img", "onerror=alert(2)>", "\u202e"):
        assert pages[1].count(mark) == pages[0].count(mark), mark


@pytest.mark.parametrize(("analysis", "damage"), [
    ("data", lambda numbers: []), ("data", lambda numbers: {}), ("settings", lambda numbers: dict.fromkeys(numbers, 3)),
    ("saliency", dict.fromkeys), ("filter_emotions", lambda numbers: dict.fromkeys(numbers, "word")),
    ("curves", lambda numbers: dict.fromkeys(numbers, "word")),
    ("confusion", lambda numbers: {k: {"value": 1e300} for k in numbers}),
    ("lime", lambda numbers: {k: [] for k in numbers}), ("filters", lambda numbers: dict.fromkeys(numbers, -1)),
])  # fmt: skip
def test_a_result_of_another_form_is_told_with_its_file_or_the_place_in_the_text(
    trial: Trial, tmp_path: Path, analysis: str, damage
) -> None:
    shutil.copytree(trial.results / "rendered", tmp_path / "results" / "rendered")
    path = tmp_path / "results" / "rendered" / analysis / "numbers.json"
    path.write_bytes(encoding.json_bytes(damage(json.loads(path.read_bytes()))))
    broken = Trial(trial.base, trial.report)
    broken.results = tmp_path / "results"
    with pytest.raises(Slip) as slip:
        broken.render(tmp_path / "site", editions=["rendered"])
    told = [str(slip.value), *getattr(slip.value, "problems", ())]
    assert any(f"rendered/{analysis}" in line or "report/sections/" in line for line in told)
    assert not (tmp_path / "site").exists()


def written(text: str, tmp_path: Path) -> list[str]:
    """What is wrong with a section of this text, read and set in both languages."""
    path = tmp_path / "part.md"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    found, problems = section.read(path, "report/sections/part.md", LANGUAGES)
    for language in LANGUAGES:
        writer = Writer(language, [found], {"run": {"n": 3, "name": HOSTILE}})
        problems += writer.problems
        assert problems or not re.search(r"<(script|iframe|style)|\\bon\\w+=|javascript:", writer.chapters[0].body)
    return problems


SECTION = '+++\n[title]\nen = "Title"\nzh = "标题"\n+++\n<!-- en -->\nText {}\n<!-- zh -->\n正文\n'


def test_a_plain_section_is_no_problem(tmp_path: Path) -> None:
    assert (
        written(SECTION.format("**bold**, [link](https://example.org) `code` {{ run.n }}{{ run.name }}"), tmp_path)
        == []
    )


@pytest.mark.parametrize("text", [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[a](javascript:alert(1))", "<iframe src=x>",
    "</main>", "**a**{: onclick=alert(1) }", "<a href='data:text/html,x'>a</a>", "[a](JaVaScRiPt:alert(1))",
    "<style>*{}</style>", "<svg/onload=alert(1)>", "\ue0000\ue001", "{{ ''.__class__ }}", "{{ run.name.ljust(10**9) }}",
    "{{ 'a' * 10**9 }}", "{{ 10 ** 10 ** 99 }}", "{{ '%999999999d' % 1 }}", "{{ '{:999999999}'.format(1) }}",
    "{% include '/etc/passwd' %}", "{% for i in range(10**9) %}{% endfor %}", "{{ 7 | center(10**9) }}",
    "{{ " + "(" * 3000 + "1" + ")" * 3000 + " }}", "{{ run.__class__ }}", "{{ self._TemplateReference__context }}",
    "[" * 9000, "x" * 1_000_001, "\udcff",
])  # fmt: skip
def test_a_text_brings_no_code_and_nothing_of_any_size(tmp_path: Path, text: str) -> None:
    problems = written(SECTION.replace("{}", text), tmp_path)
    assert problems and all(line.startswith("report/sections/part.md:") for line in problems)


PIECES = ["+++", "[title]", "[figures.x]", "en = 1", "[[title]]", "<!-- en -->", "<!-- zh -->",
          "{{ run.n", "}}", "{%", "%}", "[[x]]", "{fig:x}", "<b",
          "\\x00", "# ", "|", "```", "\u202e", "\udcff", "<!--"]  # fmt: skip


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.sampled_from(PIECES), st.text(max_size=8)), max_size=25), st.booleans())
def test_any_section_is_read_or_told(tmp_path: Path, pieces: list[str], framed: bool) -> None:
    text = "\n".join(pieces).encode("utf-8", "ignore").decode()
    written(SECTION.replace("{}", text) if framed else text, tmp_path)
