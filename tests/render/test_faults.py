"""Each fault is injected into a copy of the report: told with file and line, all at once, and nothing is written."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from random import Random

import clones
import numpy as np
import pytest
from conftest import Trial

from ferpipe.render import checks, site
from ferpipe.storage import encoding
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


@pytest.mark.parametrize("mark", ["{verdict:reads-features}", "{claim:not-imbalance}"])
def test_unknown_claim(trial: Trial, tmp_path: Path, mark: str) -> None:
    section = "headline" if mark.startswith("{verdict") else "confusion"
    wrong = mark.replace("s-feat", "s-faet").replace("not-im", "not-mi")
    path = trial.report / "sections" / f"{section}.md"
    path.write_text(path.read_text(encoding="utf-8").replace(mark, wrong), encoding="utf-8")
    right = mark[1:-1].partition(":")[2]
    assert any(f"unknown claim '{wrong[1:-1].partition(':')[2]}' (did you mean '{right}'?)" in p
               for p in told(trial, tmp_path))  # fmt: skip


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
    edit(trial, "lime", "{fig:lime-wrong}中，每个", "下图中，每个")
    edit(trial, "run", "<!-- zh -->\n", "<!-- zh -->\n### 标题\n")
    edit(trial, "data", "其中有意埋下两处", "[其中](https://example.org)有意埋下两处")
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
    assert "900 is no share in [0, 1]" in problems


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
    lines = [
        edit(trial, "run", "Everything on this page", "[Everything](#nowhere) on this page"),
        edit(trial, "run", "本页的一切", "[本页](#nowhere)的一切"),
    ]
    expected = [f"report/sections/run.md:{line}: dead anchor '#nowhere'" for line in lines]
    assert told(trial, tmp_path, strict=True) == expected
    trial.render(tmp_path / "lenient")


def test_strict_refuses_a_dead_link_and_a_picture_from_elsewhere_in_the_text(trial: Trial, tmp_path: Path) -> None:
    new = "[Everything](../fr/index.html) ![seen](https://example.org/x.png) ![](../assets/none.png)\n"
    lines = [edit(trial, "run", "Everything on this page", new), edit(trial, "run", "本页的一切", new)]
    what = ("dead link '../fr/index.html'", "external request 'https://example.org/x.png'",
            "missing file '../assets/none.png'", "no alt of picture '../assets/none.png'")  # fmt: skip
    expected = [f"report/sections/run.md:{line}: {fault}" for line in lines for fault in what]
    assert sorted(told(trial, tmp_path, strict=True)) == sorted(expected)


def told_of(files: dict[str, str]) -> list[str]:
    found = checks.faults({name: content.encode() for name, content in files.items()})
    return [f"{fault.page}:{fault.line}: {fault}" for fault in found]


def test_strict_finds_dead_links_anchors_and_requests() -> None:
    page = (
        '<a href="#no"></a><a href="../zh/index.html"></a><a href="https://example.org/"></a>\n'
        '<img src="https://example.org/x.png" alt="x"><script src="x.js"></script><i id="a"></i><b id="a"></b>'
    )
    files = {"en/index.html": page, "a.css": "@import 'x.css'; a{\nbackground:url(//example.org/x)}"}
    assert told_of(files) == [
        "en/index.html:2: the id 'a' stands twice",
        "en/index.html:1: dead anchor '#no'",
        "en/index.html:1: dead link '../zh/index.html'",
        "en/index.html:2: external request 'https://example.org/x.png'",
        "en/index.html:2: missing file 'x.js'",
        "a.css:1: external request '@import 'x.css''",
        "a.css:2: external request 'url(//example.org/x)'",
    ]


@pytest.mark.parametrize("element", [
    '<link rel="preconnect" href="//fonts.example.org">', '<iframe src="https://example.org/"></iframe>',
    '<img src="a.png" srcset="a.png, https://example.org/b.png 2x" alt="x">', '<script src="//example.org/"></script>',
    '<video poster="https://example.org/a"></video>', '<object data="https://example.org/a"></object>',
])  # fmt: skip
def test_strict_finds_every_way_to_ask_another_host(element: str) -> None:
    faults = told_of({"index.html": element, "a.png": ""})
    assert len(faults) == 1 and faults[0].startswith("index.html:1: external request '")


@pytest.mark.parametrize(
    "line", ["fetch('https://example.org')", "new WebSocket(`wss://example.org`)", 'x.src = "//example.org"']
)
def test_strict_finds_requests_of_scripts(line: str) -> None:
    faults = told_of({"a.js": f"// first\n{line}"})
    assert len(faults) == 1 and faults[0].startswith("a.js:2: external request")


def test_strict_wants_an_alt_and_nothing_inline() -> None:
    page = (
        '<img src="a.png">\n<img src="a.png" alt="">\n<img src="a.png" alt="" class="face">\n'
        '<p style="x">\n<style></style>\n<script></script>\n<p onclick="x">'
    )
    assert told_of({"index.html": page, "a.png": ""}) == [
        "index.html:1: no alt of picture 'a.png'",
        "index.html:2: no alt of picture 'a.png'",
        "index.html:4: <p>: the page's policy forbids inline styles",
        "index.html:5: <style>: the page's policy forbids inline styles",
        "index.html:6: <script>: the page's policy forbids inline scripts",
        "index.html:7: <p>: the page's policy forbids inline scripts",
    ]


def test_strict_keeps_the_budget_of_requests() -> None:
    frame = '<link rel="stylesheet" href="a.css"><link rel="icon" href="i.svg"><script src="a.js"></script>'
    files = {"a.css": "", "i.svg": "", "a.js": "", "b.js": ""}
    figures = "".join(f'<img src="{i}.png" alt="x">' for i in range(9))
    pictures = {f"{i}.png": "" for i in range(9)}
    assert told_of({"index.html": frame + figures, **files, **pictures}) == []
    faults = told_of({"index.html": frame + '<script src="b.js"></script>' + figures, **files, **pictures})
    assert faults == ["index.html:1: 5 requests besides figures, the budget is 4"]


def test_strict_keeps_the_budget_of_style_and_script() -> None:
    random = Random(0)
    noise = "".join(chr(random.randrange(97, 123)) for _ in range(50_000))
    page = '<script src="a.js"></script>'
    faults = told_of({"index.html": page, "a.js": f"// {noise}"})
    assert len(faults) == 1 and faults[0].endswith("bytes of CSS and JS gzipped, the budget is 25,000")
    assert told_of({"index.html": page, "a.js": f"// {noise[:35_000]}"}) == []


def test_strict_keeps_the_budget_of_a_page_with_its_figures() -> None:
    page = '<img src="big.png" alt="x">'
    assert told_of({"index.html": page, "big.png": "x" * (700_000 - len(page))}) == []
    faults = told_of({"index.html": page, "big.png": "x" * 700_000})
    assert faults == [
        "index.html:1: 700,027 bytes with all figures, the budget is 700,000; the most: big.png 700,000, index.html 27"
    ]


def test_a_fault_of_a_template_is_told_with_its_line(
    trial: Trial, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(site.TEMPLATES, tmp_path / "templates")
    template = tmp_path / "templates" / "report.html"
    text = template.read_text(encoding="utf-8")
    template.write_text(text.replace("<footer", '<img src="https://example.org/seen.gif">\n<footer'), encoding="utf-8")
    line = text.count("\n", 0, text.index("<footer")) + 1
    monkeypatch.setattr(site, "TEMPLATES", tmp_path / "templates")
    assert told(trial, tmp_path, strict=True) == [
        f"templates/report.html:{line}: external request 'https://example.org/seen.gif'",
        f"templates/report.html:{line}: no alt of picture 'https://example.org/seen.gif'",
    ]


@pytest.fixture
def leaking(trial: Trial, tmp_path: Path) -> Path:
    """A copy of the results, for a restricted data set's to break."""
    shutil.copytree(trial.results, tmp_path / "results")
    trial.results = tmp_path / "results"
    return tmp_path / "results" / "fer2013"


def test_an_array_of_a_restricted_data_set_that_no_list_allows(trial: Trial, leaking: Path, tmp_path: Path) -> None:
    path = leaking / "saliency" / "arrays.npz"
    path.write_bytes(encoding.npz_bytes({**encoding.read_npz(path), "images": np.zeros((6, 48, 48), np.uint8)}))
    assert told(trial, tmp_path, editions=["rendered", "fer2013"]) == [
        "results/fer2013/saliency/arrays.npz:1: array 'images' (6, 48, 48) is of no kind that may be published of a "
        "restricted data set; give it a kind in the result's type, or return it in `private`"
    ]
    trial.render(tmp_path / "open", editions=["rendered"])


def test_a_picture_among_the_numbers_of_a_restricted_data_set(trial: Trial, leaking: Path, tmp_path: Path) -> None:
    path = leaking / "lime" / "numbers.json"
    path.write_bytes(encoding.json_bytes({**encoding.read_json(path), "mask": [[0.5] * 12] * 12}))
    problems = told(trial, tmp_path, editions=["fer2013"])
    assert len(problems) == 1 and "number 'mask' is a list of 12x12 numbers" in problems[0]


def test_everything_that_is_wrong_is_told_at_once(trial: Trial, leaking: Path, tmp_path: Path) -> None:
    path = leaking / "data" / "arrays.npz"
    path.write_bytes(encoding.npz_bytes({**encoding.read_npz(path), "examples": np.zeros((7, 6, 48, 48), np.uint8)}))
    for _ in range(2):
        edit(trial, "confusion", "confusion.balanced_accuracy", "confusion.balanced_acuracy")
        edit(trial, "lime", "[[lime-wrong]]\n", "[[lime-worng]]\n")
        drop(trial, "settings", "[[accuracies]]")
    drop(trial, "filters", "caption.en")
    drop(trial, "filters", "alt.zh")
    edit(trial, "run", "Everything on this page", "[Everything](#nowhere) ![x](http://example.org/x)")
    edit(trial, "run", "本页的一切", "[一切](../fr/) ![](#run)")
    problems = told(trial, tmp_path, strict=True, editions=["rendered", "fer2013"])
    for wanted in (
        "unknown number 'confusion.balanced_acuracy'", "unknown figure 'lime-worng'", "unused table 'accuracies'",
        "no caption of figure", "no alt of figure", "dead anchor '#nowhere'", "external request 'http://example.org/x'",
        "dead link '../fr/'", "no alt of picture '#run'", "array 'examples'", "stands in 'en' alone",
    ):  # fmt: skip
        assert any(wanted in problem for problem in problems), wanted
    assert not [problem for problem in problems if "dead anchor '#" in problem and "nowhere" not in problem]
    assert all(re.match(r"[\w./-]+:\d+: ", problem) for problem in problems)


def test_the_command_tells_all_ends_with_2_and_leaves_the_site_as_it_was(made: Path, tmp_path: Path) -> None:
    tree = clones.clone(tmp_path / "clone")
    shutil.copytree(made / "results" / "rendered", tree / "report" / "results" / "rendered")
    shutil.copytree(made / "artefacts/figures", tree / ".artefacts/figures")  # what is drawn already
    clones.well(clones.build(tree, "render", "--strict"))
    before = clones.contents(tree / "site")
    section = tree / "report" / "sections" / "run.md"
    section.write_text(section.read_text(encoding="utf-8").replace("settings.seed", "settings.sed"), encoding="utf-8")
    done = clones.build(tree, "render", "--strict")
    *lines, last = done.stderr.splitlines()
    assert done.returncode == 2
    assert len(lines) == 2 and all(line.startswith("report/sections/run.md:") for line in lines)
    assert last.startswith("error: 2 problems")
    assert clones.contents(tree / "site") == before and len(before) > 50
