"""Each fault is injected into a copy of the report: told with file and line, all at once, and nothing is written."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from conftest import Trial

from ferpipe.render import checks
from ferpipe.text.problems import Problems


def told(trial: Trial, tmp_path: Path, **options: object) -> list[str]:
    output = tmp_path / "site"
    with pytest.raises(Problems) as caught:
        trial.render(output, **options)
    assert not output.exists()
    assert str(len(caught.value.problems)) in str(caught.value)
    return caught.value.problems


def edit(trial: Trial, section: str, old: str, new: str) -> int:
    """Replace a text once and return its line."""
    path = trial.report / "sections" / f"{section}.md"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text.count("\n", 0, text.index(old)) + 1


def drop(trial: Trial, section: str, start: str) -> int:
    """Remove the first line that starts so, and return its number."""
    path = trial.report / "sections" / f"{section}.md"
    lines = path.read_text(encoding="utf-8").split("\n")
    index = next(i for i, line in enumerate(lines) if line.startswith(start))
    path.write_text("\n".join(lines[:index] + lines[index + 1 :]), encoding="utf-8")
    return index + 1


def test_the_report_as_it_is_has_no_fault(trial: Trial, tmp_path: Path) -> None:
    trial.render(tmp_path / "site", strict=True)


def test_unknown_number_in_both_languages_with_a_guess(trial: Trial, tmp_path: Path) -> None:
    edit(
        trial, "confusion", "{{ confusion.balanced_accuracy | percent }}", "{{ confusion.balanced_acuracy | percent }}"
    )
    line = edit(trial, "confusion", "{{ confusion.balanced_accuracy |", "{{ confusion.balanced_acuracy |")
    problems = told(trial, tmp_path)
    guess = "unknown number 'confusion.balanced_acuracy' (did you mean 'confusion.balanced_accuracy'?)"
    assert f"report/sections/confusion.md:{line}: {guess}" in problems
    assert len(problems) == 2


def test_unknown_number_in_a_branch_that_this_run_does_not_take(trial: Trial, tmp_path: Path) -> None:
    branch = "{% if confusion.kappa > 2 %}{{ confusion.kapa }}{% endif %}"
    for marker in ("{fig:confusion} counts", "{fig:confusion}对开发集"):
        line = edit(trial, "confusion", marker, branch + marker)
    assert f"report/sections/confusion.md:{line}: unknown number 'confusion.kapa'" in "".join(told(trial, tmp_path))


def test_unknown_figure_with_a_guess(trial: Trial, tmp_path: Path) -> None:
    for _ in range(2):
        line = edit(trial, "lime", "[[lime-wrong]]\n", "[[lime-worng]]\n")
    expected = f"report/sections/lime.md:{line}: unknown figure 'lime-worng' (did you mean 'lime-wrong'?)"
    assert expected in told(trial, tmp_path)


def test_declared_figure_that_nothing_draws(trial: Trial, tmp_path: Path) -> None:
    line = edit(trial, "training", "[figures.curves]", "[figures.curvse]")
    problems = told(trial, tmp_path)
    assert any(p.startswith(f"report/sections/training.md:{line}: unknown figure 'curvse' (did you") for p in problems)


def test_unknown_reference(trial: Trial, tmp_path: Path) -> None:
    for _ in range(2):
        line = edit(trial, "training", "{fig:ensemble}", "{fig:ensembel}")
    expected = f"training.md:{line}: unknown reference 'fig:ensembel' (did you mean 'fig:ensemble'?)"
    assert any(problem.endswith(expected) for problem in told(trial, tmp_path))


@pytest.mark.parametrize("key", ["caption.en", "caption.zh", "alt.en", "alt.zh"])
def test_missing_caption_or_alt(trial: Trial, tmp_path: Path, key: str) -> None:
    drop(trial, "filters", key)
    word, language = key.split(".")
    problems = told(trial, tmp_path)
    assert f"report/sections/filters.md:6: no {word} of figure 'conv1-filters' in '{language}'" in problems


def test_missing_translation_of_a_body_and_of_a_title(trial: Trial, tmp_path: Path) -> None:
    path = trial.report / "sections" / "run.md"
    text = path.read_text(encoding="utf-8").split("<!-- zh -->")[0]
    path.write_text(text.replace("zh = ", "zz = "), encoding="utf-8")
    problems = told(trial, tmp_path)
    assert "report/sections/run.md:2: no title in 'zh'" in problems
    assert any("run.md:6: no text in 'zh'" in problem for problem in problems)


def test_languages_that_differ(trial: Trial, tmp_path: Path) -> None:
    edit(trial, "settings", "第 {{ settings.analysis_model.epoch | integer }} 轮", "第九轮")
    edit(trial, "lime", "{fig:lime-wrong}是答错", "下图是答错")
    edit(trial, "run", "<!-- zh -->\n", "<!-- zh -->\n### 标题\n")
    edit(trial, "data", "其中有意埋下", "[其中](https://example.org)有意埋下")
    drop(trial, "training", "[[curves]]")
    problems = "\n".join(told(trial, tmp_path))
    assert "expression 'settings.analysis_model.epoch | integer' stands in 'en' alone, 'zh' lacks it" in problems
    assert "reference 'fig:lime-wrong' stands in 'en' alone" in problems
    assert "heading 1 is '###' in 'zh' and none in 'en'" in problems
    assert "link 'https://example.org' stands in 'zh' alone" in problems
    assert "placement 1 is 'curves' in 'zh' and 'ensemble' in 'en'" in problems
    assert all(problem.count(".md:") == 1 for problem in problems.split("\n"))


def test_unknown_filter_broken_syntax_and_wrong_unit(trial: Trial, tmp_path: Path) -> None:
    for old, new in (("completeness_error | percent", "completeness_error | precent"), ("n | integer", "n | integer(")):
        for _ in range(2):
            edit(trial, "saliency", old, new)
    for _ in range(2):
        edit(trial, "training", "ensemble.disagreement | percent", "ensemble.n | percent")
    problems = "\n".join(told(trial, tmp_path))
    assert "No filter named 'precent'. (did you mean 'percent'?)" in problems
    assert "700 is no share in [0, 1]" in problems


def test_a_missing_result_is_told_once_for_each_figure(trial: Trial, tmp_path: Path) -> None:
    shutil.copytree(trial.results, tmp_path / "results")
    shutil.rmtree(tmp_path / "results" / "rendered" / "curves")
    trial.results = tmp_path / "results"
    problems = told(trial, tmp_path)
    assert any("figure 'curves' is drawn from rendered/curves, which has no result" in problem for problem in problems)


def test_a_result_without_a_number_that_a_figure_needs(trial: Trial, tmp_path: Path) -> None:
    shutil.copytree(trial.results, tmp_path / "results")
    path = tmp_path / "results" / "rendered" / "ensemble" / "numbers.json"
    numbers = json.loads(path.read_bytes())
    del numbers["by_size"]
    path.write_text(json.dumps(numbers))
    trial.results = tmp_path / "results"
    assert any("figure 'ensemble'" in problem and "by_size" in problem for problem in told(trial, tmp_path))


def test_strict_refuses_an_unused_figure(trial: Trial, tmp_path: Path) -> None:
    line = edit(trial, "settings", "[tables.accuracies]", "[tables.accuracies]")
    for _ in range(2):
        drop(trial, "settings", "[[accuracies]]")
    expected = f"report/sections/settings.md:{line}: unused table 'accuracies': no line [[accuracies]]"
    assert told(trial, tmp_path, strict=True) == [expected]


def test_strict_refuses_a_dead_anchor_in_the_text(trial: Trial, tmp_path: Path) -> None:
    edit(trial, "run", "Everything on this page", "[Everything](#nowhere) on this page")
    edit(trial, "run", "本页的一切", "[本页](#nowhere)的一切")
    expected = [f"{language}/index.html: dead anchor '#nowhere'" for language in ("en", "zh")]
    assert told(trial, tmp_path, strict=True) == expected
    trial.render(tmp_path / "lenient")


def test_strict_finds_dead_links_anchors_and_requests() -> None:
    page = (
        '<a href="#no"></a><a href="../zh/index.html"></a><a href="https://example.org/"></a>'
        '<img src="https://example.org/x.png" alt=""><script src="x.js"></script>'
    )
    files = {"en/index.html": page.encode(), "a.css": b"@import 'x.css'; a{background:url(//example.org/x)}"}
    problems = checks.problems(files)
    assert problems == [
        "en/index.html: dead anchor '#no'",
        "en/index.html: dead link '../zh/index.html'",
        "en/index.html: external request 'https://example.org/x.png'",
        "en/index.html: missing file 'x.js'",
        "a.css: external request '@import 'x.css''",
        "a.css: external request 'url(//example.org/x)'",
    ]


def test_strict_keeps_the_budget() -> None:
    noise = bytes(range(256)) * 4000
    sources = "".join(f'<script src="{i}.js"></script>' for i in range(4))
    page = f'<img src="big.png" alt="">{sources}'.encode()
    files = {"index.html": page, "big.png": noise, **{f"{i}.js": b"//" for i in range(4)}}
    problems = checks.problems(files)
    assert [problem.split(", the budget")[0].split(" ", 2)[2] for problem in problems] == [
        "requests besides figures",
        "bytes with all figures",
    ]
