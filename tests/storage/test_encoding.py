import numpy as np
import pytest
from clones import ROOT

from ferpipe.errors import Slip
from ferpipe.results import stored
from ferpipe.results.stored import Result
from ferpipe.storage import encoding


def test_a_result_is_read_as_it_was_written(tmp_path):
    result = Result({"share": 0.1 + 0.2, "n": 3}, {"maps": np.arange(6.0).reshape(2, 3)})
    stored.write(tmp_path / "saliency", result, {"recipe": {}})
    read = stored.read(tmp_path / "saliency")
    assert read.numbers == result.numbers
    np.testing.assert_array_equal(read.arrays["maps"], result.arrays["maps"])


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
