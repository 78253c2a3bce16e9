from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

from languages import EN, ZH

from ferpipe.render.site import REPORT
from ferpipe.text import lacking, parity, section
from ferpipe.text.chapters import Writer, places, unplaced
from ferpipe.text.section import Section

WHOLE = """+++
[title]
en = "Title"
zh = "标题"
[figures.one]
caption.en = "See {table:two}."
caption.zh = "见{table:two}。"
alt.en = "One"
alt.zh = "一"
[tables.two]
caption.en = "Two"
caption.zh = "二"
+++
<!-- en -->
Text {fig:one}.

[[one]]

[[two]]
<!-- zh -->
正文{fig:one}。

[[one]]

[[two]]
"""


def read(tmp_path: Path, text: str) -> tuple[Section, list[str]]:
    path = tmp_path / "part.md"
    path.write_text(text, encoding="utf-8")
    return section.read(path, "report/sections/part.md", ("en", "zh"))


def test_a_whole_section_is_read_and_numbered(tmp_path: Path) -> None:
    found, problems = read(tmp_path, WHOLE)
    assert problems == parity.problems(found) == places([found], ("en", "zh")) == unplaced([found]) == []
    writer = Writer(ZH, [found], {})
    assert writer.chapters[0].title == "标题"
    assert '<a class="reference" href="#fig-one">图 1</a>' in writer.chapters[0].body
    assert [(p.item.id, p.label) for p in writer.placed] == [("fig-one", "图 1"), ("table-two", "表 1")]
    assert writer.placed[0].caption == '见<a class="reference" href="#table-two">表 1</a>。'


def test_what_is_missing_is_told_where_it_should_stand(tmp_path: Path) -> None:
    text = WHOLE.replace('alt.zh = "一"\n', "").replace('zh = "标题"\n', "").replace("[tables.two]", "[tabels.two]")
    assert read(tmp_path, text)[1] == [
        "report/sections/part.md:8: unknown key 'tabels' (did you mean 'tables'?)",
        "report/sections/part.md:2: no title in 'zh'",
        "report/sections/part.md:4: no alt of figure 'one' in 'zh'",
    ]


def test_broken_front_matter_is_told_with_its_line(tmp_path: Path) -> None:
    assert read(tmp_path, WHOLE.replace('en = "Title"', "en = Title"))[1][0].startswith("report/sections/part.md:3: ")
    assert read(tmp_path, "text")[1] == ["report/sections/part.md:1: no front matter between two lines of +++"]


def test_languages_under_wrong_or_double_marks(tmp_path: Path) -> None:
    problems = read(tmp_path, WHOLE.replace("<!-- zh -->", "<!-- cn -->"))[1]
    assert "report/sections/part.md:20: <!-- cn --> is no language of report.toml" in problems
    assert "report/sections/part.md:14: no text in 'zh' under <!-- zh -->" in problems


def test_order_of_placements_counts_and_order_of_words_does_not(tmp_path: Path) -> None:
    body = "{{ a }} {{ b }}"
    swapped = WHOLE.replace("Text {fig", body + " {fig").replace("正文{fig", "{{ b }}{{  a }}{fig")
    assert parity.problems(read(tmp_path, swapped)[0]) == []
    head, tail = WHOLE.split("<!-- zh -->")
    turned = head + "<!-- zh -->" + tail.replace("one]]", "x]]").replace("two]]", "one]]").replace("x]]", "two]]")
    problems = parity.problems(read(tmp_path, turned)[0])
    assert problems[0] == "report/sections/part.md:23: placement 1 is 'two' in 'zh' and 'one' in 'en'"


def test_code_blocks_are_no_expressions_or_headings(tmp_path: Path) -> None:
    text = WHOLE.replace("Text {fig", "```\n# {{ x }}\n```\n\nText {fig")
    assert parity.problems(read(tmp_path, text)[0]) == []


def test_no_words_of_the_report_are_run_together_by_a_block_that_ends_their_line() -> None:
    """A line's end behind a block is dropped, so that a test on a line of its own breaks no paragraph."""
    joined = []
    for path in sorted((REPORT / "sections").glob("*.md")):
        english = path.read_text(encoding="utf-8").partition("<!-- en -->")[2].partition("<!-- zh -->")[0]
        for line, after in pairwise(english.splitlines()):
            words = re.sub(r"\{%.*?%\}", "", line).strip()
            if words and line.endswith("%}") and after.strip() and not after.startswith("{%"):
                joined.append((path.name, line, after))
    assert joined == []


def test_nouns_are_those_of_the_data_set_and_need_not_be_the_same_in_both_languages(tmp_path: Path) -> None:
    text = WHOLE.replace("Text {fig", "{{ Faces }} of {{ an_emotion }} {fig").replace("正文{fig", "{{ 人脸 }}{fig")
    found, problems = read(tmp_path, text)
    assert problems == parity.problems(found) == []
    english, chinese = (Writer(language.about("picture", ("oak",)), [found], {}) for language in (EN, ZH))
    assert "Pictures of a class" in english.chapters[0].body and "图像" in chinese.chapters[0].body
    assert "Faces of an emotion" in Writer(EN, [found], {}).chapters[0].body
    writer = Writer(EN, [read(tmp_path, text.replace("an_emotion", "emotoin"))[0]], {})
    assert "unknown number 'emotoin' (did you mean 'emotion'?)" in writer.problems[0]


def test_a_heading_under_which_nothing_is_said_is_left_out_and_code_stays() -> None:
    code = "```\n# one\n\n# two\n```"
    assert lacking.headed("### Bare\n\n\n### How\n\nText.\n\n### Last\n\n") == "\n\n### How\n\nText.\n\n\n"
    assert lacking.headed("### Bare\n\n") == "\n"
    for text in (f"## Outer\n\n### Inner\n\n{code}\n", f"### One\n\n{code}\n\n### Two\n\nText.\n", "#tag\n"):
        assert lacking.headed(text) == text


def test_a_text_says_nothing_of_a_claim_that_does_not_apply(tmp_path: Path) -> None:
    said = "{% if claims.a_b.holds %}\n{% if x %}yes{% endif %}\n{% elif claims.a_b.fails %}no{% else %}?{% endif %}\n"
    found, _ = read(tmp_path, WHOLE.replace("Text {fig", f"Before.\n{said}{{claim:a-b}}After {{fig"))
    values = {"claims": {"a_b": {"verdict": "not applicable", "holds": False, "fails": False}}, "x": True}
    body = Writer(EN, [found], values).chapters[0].body
    assert "Before." in body and "After" in body and "yes" not in body and "?" not in body and "claim" not in body
