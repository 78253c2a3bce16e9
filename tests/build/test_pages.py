"""Whether a page is as it would be rendered now."""

import sys

import pytest
from clones import ROOT

from ferpipe.build.layout import Layout
from ferpipe.build.pages import Request, render
from ferpipe.storage.freshness import Log, Memory
from ferpipe.text.problems import Problems

LAX, STRICT, RELEASE = Request(False, False, False), Request(True, False, False), Request(True, True, False)


@pytest.fixture
def layout(tmp_path):
    sys.path.insert(0, str(ROOT / "tests/render"))
    import synthetic

    synthetic.write(tmp_path / "results")
    synthetic.write(tmp_path / "results", "fer2013", restricted=True)
    folder = tmp_path / "artefacts"
    return Layout("rendered", folder, folder, tmp_path / "results", tmp_path / "site", restricted=False, published=True)


def made(layout, rules, capsys):
    """What a render makes, and what it notes."""
    log = Log(Memory(layout.artefacts), "rendered", why=False)
    render(layout, rules, log)
    first, *notes = capsys.readouterr().out.splitlines()
    return first.split()[1], notes


def age(layout, dataset):
    record = layout.results / dataset / "lime/recipe.json"
    record.write_text(record.read_text().replace('"ferpipe.networks.resnet": "', '"ferpipe.networks.resnet": "0'))


def test_a_page_that_was_strict_enough_is_so_for_less_until_anything_changes(layout, capsys):
    assert [made(layout, rules, capsys)[0] for rules in (RELEASE, LAX, STRICT, RELEASE)] == ["made", *["fresh"] * 3]
    age(layout, "rendered")
    for _ in range(2):
        with pytest.raises(Problems, match="1 problem"):
            made(layout, STRICT, capsys)
        assert made(layout, LAX, capsys)[1] == ["rendered: older than the code: lime"]
    with pytest.raises(Problems):
        made(layout, RELEASE, capsys)


def test_what_is_known_of_a_restricted_data_set_is_told_each_time(layout, capsys):
    age(layout, "fer2013")
    notes = ["fer2013: older than the code: lime"]
    assert [made(layout, STRICT, capsys) for _ in range(2)] == [("made", notes), ("fresh", notes)]
    with pytest.raises(Problems, match="1 problem"):
        made(layout, RELEASE, capsys)
    assert made(layout, STRICT, capsys) == ("fresh", notes)
