"""What makes work stale, and how it is told."""

import json

import pytest

from ferpipe.analyses import ANALYSES
from ferpipe.networks.recipes import Recipe
from ferpipe.storage import fingerprints, freshness
from ferpipe.storage.encoding import json_bytes

ONE = {"role": "member", "seed": 0, "stem": "imagenet", "width": 16, "epochs": 8}

KNOWN: dict = {}  # parsed code: each module once


def recipe(**changes):
    """The recipe of a result, of one network."""
    network = {"weights": "a", "recipe": {**ONE, **changes.pop("network", {})}}
    members = changes.pop("members", {"member-0": network})
    usual = {"code": {"ferpipe.analyses.lime": "1"}, "data": "d", "parameters": {"preset": "default", "seed": 0}}
    return {**usual, "members": members, **changes}


TWO = {"member-0": {"weights": "a", "recipe": ONE}, "member-1": {"weights": "b", "recipe": {**ONE, "seed": 1}}}


@pytest.mark.parametrize(("changes", "wanted"), [
    ({}, []),
    ({"network": {"epochs": 12}}, ["members: 4 more epochs"]),
    ({"network": {"epochs": 7}}, ["members: 1 fewer epoch"]),
    ({"network": {"width": 32, "label_smoothing": 0.0}},
     ["members: label smoothing 0.0 instead of the usual", "members: width 32 instead of 16"]),
    ({"members": TWO}, ["members: 1 more"]),
    ({"members": {"member-0": {"weights": "z", "recipe": ONE}}}, ["members: trained anew"]),
    ({"members": {}}, ["members: 1 fewer"]),
    ({"parameters": {"preset": "smoke", "seed": 5}}, ["--preset smoke instead of default", "--seed 5 instead of 0"]),
    ({"data": "e"}, ["the data set is another"]),
    ({"code": {"ferpipe.analyses.lime": "2", "ferpipe.networks.folding": "1"}},
     ["analyses/lime.py was edited", "networks/folding.py is used now"]),
    ({"code": {}}, ["analyses/lime.py is used no more"]),
    ({"source": "f"}, ["--data: another file, or other pictures in it"]),
    ({"parameters": {"preset": "default", "seed": 0, "sizes": [10, 5]}}, ["sizes 10 + 5 instead of none"]),
])  # fmt: skip
def test_a_difference_is_told_as_what_a_person_did(changes, wanted):
    assert freshness.differences(recipe(), recipe(**changes)) == wanted
    assert not any(digit in " ".join(wanted) for digit in ("hash", "sha"))


def test_a_terminal_hears_what_is_being_made_and_how_long_it_took(tmp_path, capsys, monkeypatch):
    log = freshness.Log(freshness.Memory(tmp_path), "rendered", why=False)
    memory = freshness.Memory(tmp_path)
    memory.time("rendered", "atlas", 93.4)
    with log.making("atlas", ["not made yet"]):
        pass
    assert not capsys.readouterr().err
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    memory.time("rendered", "atlas", 93.4)
    with log.making("atlas", ["not made yet"]):
        told = capsys.readouterr().err
    assert told.startswith("atlas ") and told.endswith("93 s the last time\r") and "\n" not in told
    with pytest.raises(KeyError), log.making("lime", ["not made yet"]):
        raise KeyError
    assert capsys.readouterr().err.split("\r")[-2].isspace()


def test_the_reason_comes_before_the_details():
    assert freshness.reasons(None, recipe(), False) == ["not made yet"]
    assert freshness.reasons({"recipe": recipe()}, recipe(), False) == []
    assert freshness.reasons({"recipe": recipe()}, recipe(data="e"), True) == ["asked for by --rebuild"]
    assert freshness.reasons({"recipe": 3}, recipe(), False) == ["its record is damaged"]


@pytest.mark.parametrize("members", [None, 3, {"member-0": "hash"}, {"member-0": {"weights": "a"}}])
def test_a_record_of_another_form_is_no_bug(members):
    (line,) = freshness.differences(recipe(), recipe(members=members))
    assert line.startswith("members: ")


def write(folder, name, dataset="rendered", **changes):
    record = recipe(code=fingerprints.code(f"ferpipe.analyses.{name}", known=KNOWN), **changes)
    (folder / name).mkdir()
    made_by = freshness.inputs(dataset, {"member-0": fingerprints.code("ferpipe.training.loop", known=KNOWN)}, KNOWN)
    (folder / name / "recipe.json").write_bytes(json_bytes({"recipe": record, "inputs": made_by}))
    return folder / name / "recipe.json"


def test_results_of_other_code_of_another_run_and_none_are_outdated(tmp_path):
    tmp_path = tmp_path / "rendered"
    tmp_path.mkdir()
    records = {name: write(tmp_path, name) for name in ANALYSES}
    assert freshness.outdated(tmp_path, KNOWN) == {}
    record = json.loads(records["lime"].read_bytes())
    record["recipe"]["code"]["ferpipe.analyses.lime"] = "another"
    records["lime"].write_bytes(json_bytes(record))
    records["curves"].unlink()
    records["atlas"].write_bytes(b"{")
    records["light"].unlink()
    records["light"].parent.rmdir()
    write(tmp_path, "light", data="of another run")
    assert freshness.outdated(tmp_path, KNOWN) == {
        "atlas": "has no result", "curves": "has no result", "light": "is of another run than the rest",
        "lime": "analyses/lime.py was edited",
    }  # fmt: skip


@pytest.mark.parametrize(("dataset", "part", "wanted"), [
    ("rendered", "data", "the code that makes its data was edited"),
    ("rendered", "effort", "what an analysis may ask was edited"),
    ("rendered", "plan", "what a preset trains was edited"),
    ("rendered", "networks", "the code that trains its networks was edited"),
    ("fer2013", "data", "the code that makes its data was edited"),
    ("fer2013", "effort", "what an analysis may ask was edited"),
    ("fer2013", "plan", None),  # its networks are taken as they are
    ("fer2013", "networks", None),
])  # fmt: skip
def test_the_code_of_the_inputs_counts_too(tmp_path, dataset, part, wanted):
    folder = tmp_path / dataset
    folder.mkdir()
    records = {name: write(folder, name, dataset) for name in ANALYSES}
    assert freshness.outdated(folder, KNOWN) == {}
    record = json.loads(records["lime"].read_bytes())
    record["inputs"][part] = {"member-0": "other"} if part == "networks" else "other"
    records["lime"].write_bytes(json_bytes(record))
    assert freshness.outdated(folder, KNOWN) == ({"lime": wanted} if wanted else {})
    del record["inputs"]
    records["lime"].write_bytes(json_bytes(record))
    assert "lime" in freshness.outdated(folder, KNOWN)


def test_every_module_that_stands_aside_is_there_and_no_recipe_knows_it():
    assert all(fingerprints._file(name) for name in fingerprints.ASIDE if name.count(".") > 1)
    for module in (*(f"ferpipe.analyses.{name}" for name in ANALYSES), "ferpipe.training.loop", "ferpipe.render.site"):
        assert not [name for name in fingerprints.code(module, known=KNOWN) if fingerprints.aside(name)]


def test_what_a_network_is_and_how_it_is_explained_counts():
    code = fingerprints.code("ferpipe.analyses.scores", known=KNOWN)
    wanted = {
        "networks.resnet",
        "networks.members",
        "data.faces.rendered",
        "explainers.methods",
        "statistics.intervals",
        "size",
    }
    assert {f"ferpipe.{name}" for name in wanted} <= code.keys()
    assert "ferpipe.analyses" not in code  # the list of all, which a new one changes


def test_the_analyses_are_those_of_the_list():
    assert set(freshness.analyses()) == set(ANALYSES)


def test_hyperparameters_are_told_by_name():
    other = Recipe(epochs=16, weight_decay=0.0).parameters()
    assert freshness.recipes(Recipe().parameters(), other) == ["4 more epochs", "weight decay 0.0 instead of 0.0005"]
