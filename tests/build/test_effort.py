"""Effort as data: every analysis's row is used, and is a part of its recipe."""

import re
from pathlib import Path

from ferpipe.build import effort
from ferpipe.storage import fingerprints

ANALYSES = Path(effort.__file__).parents[1] / "analyses"


def test_every_row_is_asked_by_its_analysis_and_no_analysis_knows_a_preset():
    asked = {}
    for path in ANALYSES.glob("*.py"):
        text = path.read_text()
        assert "preset" not in text and "smoke" not in text, path.name
        for row, field in re.findall(r'study\.effort\["(\w+)"\]\.(\w+)', text):
            asked.setdefault(row, set()).add(field)
        for row in re.findall(r'effort = study\.effort\["(\w+)"\]\n', text):
            asked.setdefault(row, set()).update(re.findall(r"(?<!\.)\beffort\.(\w+)", text))
    assert asked == {
        name: {key for key, value in vars(usual).items() if value} for name, (usual, _) in effort.TABLE.items()
    }


def test_a_smaller_effort_asks_less_of_the_same():
    usual, small = effort.of("default"), effort.of("smoke")
    for name, row in usual.items():
        more, less = vars(row), vars(small[name])
        assert all((more[key] > 0) == (less[key] > 0) and more[key] >= less[key] for key in more), name
    assert effort.of("full") == effort.of("shipped") == usual


def test_a_recipe_knows_the_rows_that_its_code_asks():
    code = fingerprints.code("ferpipe.analyses.lime")
    assert effort.recorded(effort.of("smoke"), code) == {
        "lime.samples": 100, "lime.class_faces": 2, "lime.class_masks": 80
    }  # fmt: skip
