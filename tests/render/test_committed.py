"""The committed results are what may be published."""

from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def test_the_published_results_are_of_the_default_run():
    from ferpipe.results import read_json

    settings = read_json(ROOT / "report" / "results" / "rendered" / "settings" / "numbers.json")
    if settings["preset"] == "smoke":
        pytest.fail("the committed results come from a smoke run; run python build.py and commit that")
