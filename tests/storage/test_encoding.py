import numpy as np
import pytest
from clones import ROOT

from ferpipe.analyses import ANALYSES
from ferpipe.errors import Slip
from ferpipe.results import stored
from ferpipe.results.curves import Curve, Curves
from ferpipe.results.filter_emotions import FilterEmotions
from ferpipe.storage import encoding


def test_a_result_is_read_as_it_was_written(tmp_path):
    curve = Curve([1, 2], [0.1 + 0.2, 1e-17], [1.0, 2.0], [0.5, 0.6], [0.5, 0.4], 1, 30, 7)
    stored.write(tmp_path / "curves", Curves(curve, curve), {"recipe": {}})
    assert stored.read(tmp_path / "curves") == Curves(curve, curve)
    weights = np.random.default_rng(0).random((64, 7)).astype(np.float32)
    table = FilterEmotions(["conv1"], [[3]], [[0.5]], 7, 100, 0, {"means": weights[None], "means_conv1": weights})
    stored.write(tmp_path / "filter_emotions", table, {"recipe": {}})
    again = stored.read(tmp_path / "filter_emotions")
    assert stored.plain(again) == stored.plain(table) and again.arrays.keys() == table.arrays.keys()
    np.testing.assert_array_equal(again.arrays["means_conv1"], weights)


@pytest.mark.parametrize(("change", "told"), [
    (lambda numbers: numbers.pop("best"), r"curves\.analysis has no 'best'"),
    (lambda numbers: numbers.update(best="first"), r"curves\.analysis\.best is 'first', not int"),
    (lambda numbers: numbers.update(epochs=3), r"curves\.analysis\.epochs is 3, not list"),
    (lambda numbers: numbers.update(best=True), r"curves\.analysis\.best is True, not int"),
    (lambda numbers: numbers["dev_loss"].append(None), r"curves\.analysis\.dev_loss\[2\] is None, not float"),
])  # fmt: skip
def test_what_is_not_of_its_type_is_named_by_its_path(change, told):
    curve = stored.plain(Curve([1, 2], [0.1, 0.2], [1.0, 2.0], [0.5, 0.6], [0.5, 0.4], 1, 30, 7))
    numbers = {"analysis": {**curve, "dev_loss": list(curve["dev_loss"])}, "overfitted": curve}
    change(numbers["analysis"])
    with pytest.raises(Slip, match=told):
        stored.joined("curves", numbers, {}, "rendered/curves")


def test_single_faces_are_none_where_they_are_not_to_be_had():
    lime = stored.read(ROOT / "report" / "results" / "fer2013" / "lime")
    assert lime.private is None and lime.arrays.class_weights.shape == (7, 48, 48)
    assert stored.read(ROOT / "report" / "results" / "rendered" / "lime").private.right_images.dtype == np.uint8
    with pytest.raises(Slip, match=r"lime\.arrays has no 'class_weights'"):
        stored.joined("lime", stored.plain(lime), {}, "lime")


@pytest.mark.parametrize("dataset", ["rendered", "fer2013"])
@pytest.mark.parametrize("analysis", ANALYSES)
def test_the_committed_results_are_of_their_types(dataset, analysis):
    folder = ROOT / "report" / "results" / dataset / analysis
    if dataset == "fer2013" and not folder.exists():
        pytest.skip("nobody has run it on FER2013 yet")
    result = stored.read(folder)
    assert encoding.json_bytes(stored.plain(result)) == (folder / "numbers.json").read_bytes()
    files = {**stored.arrays(result), **stored.arrays(result, "private")}
    assert encoding.npz_bytes(files) == (folder / "arrays.npz").read_bytes()


def test_equal_arrays_give_equal_bytes_at_any_time(monkeypatch):
    arrays = {"b": np.ones(3), "a": np.zeros((2, 2), np.uint8)}
    first = encoding.npz_bytes(arrays)
    monkeypatch.setattr("time.time", lambda: 2e9)
    assert encoding.npz_bytes(dict(reversed(arrays.items()))) == first


def test_a_number_that_is_not_finite_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        encoding.json_bytes({"x": float("nan")})


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"PK\x03\x04junk"])
def test_a_broken_file_is_named(tmp_path, content):
    (tmp_path / "numbers.json").write_bytes(content)
    (tmp_path / "arrays.npz").write_bytes(content)
    with pytest.raises(Slip, match=r"numbers\.json"):
        encoding.read_json(tmp_path / "numbers.json")
    with pytest.raises(Slip, match=r"arrays\.npz"):
        encoding.read_npz(tmp_path / "arrays.npz")


def test_faces_of_one_analysis_replace_only_its_own(tmp_path):
    stored.write_faces(tmp_path, "lime", {"x": np.ones(2)}, "r1")
    stored.write_faces(tmp_path, "saliency", {"y": np.ones(2)}, "r2")
    stored.write_faces(tmp_path, "lime", {"z": np.ones(2)}, "r3")
    assert set(encoding.read_npz(tmp_path / "faces.npz")) == {"lime/z", "saliency/y"}
    assert encoding.read_json(tmp_path / "faces.json") == {"lime": "r3", "saliency": "r2"}


def test_the_published_results_are_of_the_default_run():
    settings = encoding.read_json(ROOT / "report" / "results" / "rendered" / "settings" / "numbers.json")
    assert settings["preset"] != "smoke", "run python build.py and commit what it makes"
