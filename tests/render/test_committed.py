"""The committed site is what the committed results, text and templates render to."""

from pathlib import Path

import pytest

from ferpipe.render import site

ROOT = Path(__file__).parents[2]


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


def test_the_committed_site_is_rendered_byte_for_byte(tmp_path):
    site.render(ROOT / "report" / "results", tmp_path / "site", artefacts=tmp_path / "artefacts", strict=True)
    made, committed = contents(tmp_path / "site"), contents(ROOT / "site")
    assert made.keys() == committed.keys()
    assert [name for name in made if made[name] != committed[name]] == []


def test_the_published_results_are_of_the_default_run():
    from ferpipe.results import read_json

    settings = read_json(ROOT / "report" / "results" / "rendered" / "settings" / "numbers.json")
    if settings["preset"] == "smoke":
        pytest.fail("the committed results come from a smoke run; run python build.py and commit that")
