from __future__ import annotations

import pytest

from ferpipe.text import markup
from ferpipe.text.hold import Held


def test_chinese_emphasis_closes_before_han() -> None:
    assert markup.block("**结论：**我们") == "<p><strong>结论：</strong>我们</p>"


def test_a_line_break_between_han_is_no_space() -> None:
    assert markup.spaced("<p>显著\n图，\n再看<b>图</b>\n<a>像</a></p>") == "<p>显著图，再看<b>图</b><a>像</a></p>"
    assert markup.spaced("<p>word\nword</p>") == "<p>word\nword</p>"


def test_one_space_stands_between_han_and_latin() -> None:
    assert markup.spaced("共10张LIME图<a>图1</a>和<b>ResNet</b>的") == "共 10 张 LIME 图<a>图 1</a> 和 <b>ResNet</b> 的"
    assert markup.spaced("共 10 张") == "共 10 张"
    assert markup.spaced("<b>有一种。</b> 它， <a>见</a>：<i> 图</i>") == "<b>有一种。</b>它，<a>见</a>：<i>图</i>"
    assert markup.spaced("−2.5至+0.2个，95%区间，占67.4%。") == "−2.5 至 +0.2 个，95% 区间，占 67.4%。"


def test_code_blocks_are_left_alone() -> None:
    assert markup.spaced("<pre>甲\n乙a</pre>") == "<pre>甲\n乙a</pre>"


def test_aligned_tables_need_no_inline_style() -> None:
    html = markup.block("| a | b |\n|---|--:|\n| 1 | 2 |")
    assert 'style="' not in html
    assert '<td class="right">2</td>' in html
    assert 'class="scroll" tabindex="0"' in html


def test_held_values_are_escaped_and_no_markdown() -> None:
    held = Held()
    text = f"a {held.value('<b>*x*_y_')} `{held.value('m_1')}`"
    assert held.release(markup.block(text)) == "<p>a &lt;b&gt;*x*_y_ <code>m_1</code></p>"
    assert held.release(held.value("1–2%")) == '<span class="nobreak">1–2%</span>'


@pytest.mark.parametrize("text", ["三点如下：\n- 甲\n- 乙", "如下： \n1. 甲\n2. 乙", "Thus:\n* one\n* two"])
def test_a_list_straight_after_the_line_that_announces_it_is_a_list(text):
    assert markup.block(text).count("<li>") == 2


def test_what_only_looks_like_an_announced_list_stays_as_it_is():
    assert "<li>" not in markup.block("```\na:\n- b\n```\n") + markup.block("a: b\n- c is not announced")
    assert markup.block("- a:\n- b").count("<li>") == 2
