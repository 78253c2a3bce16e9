from __future__ import annotations

import pytest
from languages import EN

from ferpipe.text import memo
from ferpipe.text.expressions import Expressions, flat
from ferpipe.text.hold import Held
from ferpipe.text.language import Language
from ferpipe.text.section import Passage

VALUES = {
    "run": {"items": 3, "rate": 0.5, "none": None, "list": [{"n": 1}], "scikit-image": "1"},
    "edition": {"name": "x"},
}


def fill(text: str, language: Language = EN) -> tuple[str, list[str]]:
    held, problems = Held(), list[str]()
    filled = Expressions(language, held).fill(Passage(text, "s.md", 10), VALUES, problems)
    return held.release(filled), problems


def test_a_number_named_like_a_method_is_the_number() -> None:
    assert fill("{{ run.items }} {{ run.list[0].n }} {{ run['scikit-image'] }}") == ("3 1 1", [])


def test_every_unknown_number_is_told_with_its_line() -> None:
    _, problems = fill("a\n{{ run.itms }}\n{% if run.rate > 9 %}{{ rum.rate }}{% endif %}")
    assert problems == [
        "s.md:11: unknown number 'run.itms' (did you mean 'run.items'?)",
        "s.md:12: unknown number 'rum.rate' (did you mean 'run.rate'?)",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "{% if run.brows is defined %}{{ run.brows.value }}{% endif %}",
        "{% if edition.name == 'y' %}{{ run.brows }}{% endif %}",
        "{% for pair in run.list %}{{ pair.n }}{{ loop.index }}{% endfor %}",
        "{% set n = run.items %}{{ n + 1 }}",
        "{% if run.none %}{{ run.none.value }}{% endif %}",
        "{{ range(3) | list | length }}",
    ],
)
def test_what_may_be_missing_is_no_problem(text: str) -> None:
    assert fill(text)[1] == []


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\n{{ run.rate | precent }}", "s.md:11: No filter named 'precent'. (did you mean 'percent'?)"),
        ("\n\n{{ run.rate", "s.md:12: unexpected end of template"),
        ("\n{{ run.items | percent }}", "s.md:11: 3 is no share in [0, 1]"),
        ("\n{{ run.none }}", "s.md:11: the number is null here"),
        ("\n{{ run.none.value }}", "s.md:11: "),
    ],
)
def test_other_faults_have_their_line_too(text: str, told: str) -> None:
    assert [problem[: len(told)] for problem in fill(text)[1]] == [told]


def test_flat_paths_are_those_of_the_text() -> None:
    assert dict(flat(VALUES)) == {
        "run.items": 3,
        "run.rate": 0.5,
        "run.list[0].n": 1,
        'run["scikit-image"]': "1",
        "edition.name": "x",
    }


@pytest.mark.parametrize(("text", "advice"), [
    ("\n{% if no %}{{ a | precent }}{% endif %}", "2: No filter named 'precent'. (did you mean 'percent'?)"),
    ("{{ a if no is defyned else a }}", "1: No test named 'defyned'. (did you mean 'defined'?)"),
])  # fmt: skip
def test_an_unknown_filter_or_test_is_found_in_a_branch_that_is_not_taken(text, advice):
    problems = []
    Expressions(EN, Held()).fill(Passage(text, "run.md", 1), {"a": 0.5, "no": False}, problems)
    assert problems == [f"run.md:{advice}"]


def test_a_later_process_compiles_nothing_again_and_trusts_no_other_code(tmp_path, monkeypatch):
    file, text = tmp_path / "texts.bin", "{% if run.rate > 0 %}{{ run.rate | percent }}{% endif %}{{ run.wrong }}"
    monkeypatch.setattr(memo, "_KNOWN", {})
    first = fill(text), fill(text.replace("{{ run.wrong }}", ""))
    assert first[1] == ("50.0%", [])
    assert memo.recall(file, "code") == 0
    memo.keep(file, "code", 0)
    monkeypatch.setattr(memo, "_KNOWN", {})
    assert memo.recall(file, "other code") == 0 and not memo._KNOWN
    assert memo.recall(file, "code") == 2
    monkeypatch.setattr(Expressions, "parse", None)  # whatever is not known would fail
    assert (fill(text), fill(text.replace("{{ run.wrong }}", ""))) == first
    file.write_bytes(b"broken")
    assert memo.recall(file, "code") == 0


def test_a_number_at_a_computed_place_is_a_number_of_its_analysis_too():
    found = Expressions(EN, Held()).roots("{{ one.layers[-1].auroc }} {{ two[three.key].value }} {{ four.five }}")
    assert found == {"one", "two", "three", "four"}
