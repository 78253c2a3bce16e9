"""What a build's last lines say."""

import json
import subprocess

import pytest

from ferpipe.build import options, summary
from ferpipe.build.layout import Layout

CONFUSION = {"accuracy": {"value": 0.75}}
ENSEMBLE = {"members": [{}, {}], "mean": {"accuracy": 0.8}, "views": {"mean": {"accuracy": 0.825}}}


@pytest.fixture
def layout(tmp_path):
    places = Layout(
        "rendered", tmp_path / "a", tmp_path / "a", tmp_path / "report/results", tmp_path / "site", False, True
    )
    write(places, {"one": "holds", "two": "fails", "three": "undecided"})
    for name, numbers in (("confusion", CONFUSION), ("ensemble", ENSEMBLE)):
        (places.results / "rendered" / name).mkdir(parents=True)
        (places.results / "rendered" / name / "numbers.json").write_text(json.dumps(numbers))
    return places


def write(layout, verdicts):
    layout.page.mkdir(exist_ok=True)
    rows = [
        {"edition": "rendered", "id": name, "verdict": verdict, "threshold": 0} for name, verdict in verdicts.items()
    ]
    rows.append({"edition": "rendered", "id": "not analysed", "verdict": "undecided", "threshold": None})
    rows.append({"edition": "fer2013", "id": "one", "verdict": "fails", "threshold": 0})
    (layout.page / "claims.json").write_text(json.dumps(rows))


def said(layout, before, capsys, changed=()):
    summary.tell(layout, "rendered", before, changed)
    return capsys.readouterr().out.splitlines()


def test_page_accuracy_and_changed_verdicts_are_named(layout, monkeypatch, capsys):
    before = summary.read(layout, "rendered")
    assert before.verdicts == {"one": "holds", "two": "fails", "three": "undecided"}
    write(layout, {"one": "undecided", "two": "fails", "four": "holds"})
    monkeypatch.chdir(layout.page.parent)
    assert said(layout, before, capsys) == [
        "page           site/index.html",
        "accuracy       analysis model 75.0%, ensemble of 2 80.0%, averaged over views 82.5%, on dev (rendered)",
        "verdicts       of 4 findings 1 hold, 1 fail, 1 undecided, 1 not measured",
        "               before: 1 hold, 1 fail, 1 undecided; 3 other:",
        "                 one: holds -> undecided",
        "                 three: undecided -> none",
        "                 four: none -> holds",
        "tracked files  none was touched",
    ]


def test_other_accuracies_than_before_stand_beside_them_and_a_first_build_has_none(layout, capsys):
    lines = said(layout, summary.Report({"analysis model": 0.5}, {}), capsys)
    assert lines[2] == "               before: analysis model 50.0%"
    assert not [line for line in said(layout, summary.Report(), capsys) if "before" in line]


@pytest.mark.parametrize("numbers", [{}, {"accuracy": 3}, {"accuracy": {"value": None}}])
def test_results_that_are_not_there_or_of_another_form_have_no_accuracy(numbers):
    assert summary.accuracies(numbers, ENSEMBLE) == {}


def test_git_tells_which_files_it_tracks(layout, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(options, "ROOT", tmp_path)
    tracked, new = layout.page / "claims.json", layout.page / "new.json"
    before = summary.read(layout, "rendered")
    unknown = said(layout, before, capsys, [tracked])[-1]
    assert unknown.endswith("1 file(s) of the project changed; git does not tell whether it tracks them")
    for call in (["init", "-q"], ["add", "-A"], ["-c", "user.name=a", "-c", "user.email=a@b", "commit", "-qm", "a"]):
        subprocess.run(["git", *call], cwd=tmp_path, check=True)
    assert said(layout, before, capsys, [tracked])[-1] == "tracked files  none changed"
    new.write_text("{}")
    assert (
        said(layout, before, capsys, [tracked, new])[-1]
        == "tracked files  0 changed, 1 new beside them, in site: git status shows them"
    )
    write(layout, {"one": "fails"})
    assert (
        said(layout, before, capsys, [tracked, new])[-1]
        == "tracked files  1 changed, 1 new beside them, in site: git status shows them"
    )
    assert (
        said(layout, before, capsys, [new])[-1]
        == "tracked files  0 changed, 1 new beside them, in site: git status shows them"
    )  # not by this build
