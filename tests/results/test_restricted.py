"""What results of a restricted data set may carry."""

from pathlib import Path

import numpy as np
import pytest

from ferpipe.errors import Slip
from ferpipe.results import restricted
from ferpipe.storage import encoding

ROOT = Path(__file__).parents[2]
MEMORY = next((ROOT / ".artefacts" / "fer2013").glob("dataset-*"), None)
RANDOM = np.random.default_rng(3)
FACES = RANDOM.integers(0, 256, (20, 48, 48), np.uint8)


def test_a_mean_face_may_be_published_and_single_ones_may_not():
    restricted.check("data", {"mean_faces": np.zeros((7, 48, 48))}, {})
    with pytest.raises(Slip, match=r"data: array 'examples' \(7, 6, 48, 48\) is of no kind"):
        restricted.check("data", {"examples": np.zeros((7, 6, 48, 48)), "mean_faces": np.zeros((7, 48, 48))}, {})


def test_a_map_of_a_face_is_refused_among_arrays_that_the_run_names():
    restricted.check("filter_emotions", {"means": np.zeros((5, 6, 7)), "means_conv1": np.zeros((64, 7))}, {})
    with pytest.raises(Slip, match=r"filter_emotions: array 'means_face' \(1, 48, 48\) is of no kind"):
        restricted.check("filter_emotions", {"means_face": np.zeros((1, 48, 48))}, {})


def test_arrays_of_one_face_are_private_and_of_none_where_nothing_is_known():
    assert restricted.kind("lime", "right_images", (4, 48, 48)) is None
    assert restricted.kind("no_analysis", "means", (7, 8)) is None
    with pytest.raises(Slip, match="array 'images'"):
        restricted.check("saliency", {"images": np.zeros((6, 48, 48))}, {})


def test_a_table_by_class_is_no_map_however_many_classes_there_are():
    tables, counts = {"means_conv1": np.zeros((64, 20))}, {"counts": [[1] * 20] * 20}
    restricted.check("filter_emotions", tables, counts, classes=20)
    with pytest.raises(Slip, match="means_conv1"):
        restricted.check("filter_emotions", tables, {}, classes=12)
    with pytest.raises(Slip, match="20x20 numbers"):
        restricted.check("filter_emotions", {}, counts, classes=12)


def test_a_grid_of_numbers_may_be_as_fine_as_8x8():
    restricted.check("lime", {}, {"grid": [[0.5] * 8] * 8, "counts": [[1] * 7] * 20, "curve": [0.1] * 500})
    with pytest.raises(Slip, match=r"number 'faces\[0\]\.grid' is a list of 9x9 numbers"):
        restricted.check("lime", {}, {"faces": [{"grid": [[0.5] * 9] * 9}]})


@pytest.mark.parametrize("change", [
    lambda face: face, lambda face: face / 255, lambda face: 255 - face, lambda face: face * 0.3 + 20,
    lambda face: face + RANDOM.normal(0, 10, face.shape),
])  # fmt: skip
def test_a_face_is_known_again_in_other_units_turned_to_its_negative_and_noisy(change):
    pictures = np.stack([FACES.mean(0), change(FACES[7].astype(float))])
    assert restricted.alike(pictures, FACES) == [(1, 7)]
    mean = pictures[0].copy()
    assert restricted.blank({"mean_faces": pictures}, [FACES[:3], FACES[3:]]) == {"mean_faces": 1}
    assert not pictures[1].any() and (pictures[0] == mean).all()


def test_means_of_many_and_what_is_flat_are_no_faces():
    pictures = np.stack([FACES.mean(0), np.full((48, 48), 128.0)])
    assert restricted.alike(pictures, FACES) == []
    assert restricted.blank({"mean_faces": pictures, "counts": np.ones((5, 6, 7))}, [FACES]) == {}


def test_the_committed_results_carry_nothing_else():
    assert restricted.problems(ROOT / "report" / "results" / "fer2013") == []


@pytest.mark.skipif(MEMORY is None, reason="no build of FER2013 here")
def test_no_picture_of_the_committed_results_or_site_is_a_face_of_fer2013():
    from PIL import Image

    from ferpipe.data import cache

    dataset = cache.load(MEMORY, encoding.read_json(MEMORY / "recipe.json")["data"])
    splits = [split.images for split in (dataset.train, dataset.dev, dataset.test) if split]
    for path in (ROOT / "report" / "results" / "fer2013").glob("*/arrays.npz"):
        assert restricted.blank(encoding.read_npz(path), splits) == {}, path
    shown = [np.array(Image.open(path).convert("L")) for path in (ROOT / "site").rglob("*.webp")]
    assert len(shown) > 100
    shown = {str(i): picture for i, picture in enumerate(shown) if picture.shape == (48, 48)}
    assert restricted.blank(shown, splits) == {}


def test_only_the_kinds_that_somebody_thought_about_are_published(monkeypatch):
    usual = restricted.stored.kinds
    monkeypatch.setattr(restricted.stored, "kinds", lambda name: {"class_maps": "(7, 48, 48) float32"})
    with pytest.raises(Slip, match="array 'class_maps'"):
        restricted.check("saliency", {"class_maps": np.zeros((7, 48, 48))}, {})
    monkeypatch.setattr(restricted.stored, "kinds", usual)
    for folder in ("common", "stored", "nothing"):  # of no analysis
        assert restricted.kind(folder, "mean_faces", (7, 48, 48)) is None


def test_no_picture_at_all_looks_like_a_face():
    none, faces = np.zeros((0, 48, 48), np.float32), np.random.default_rng(0).random((3, 48, 48), np.float32)
    assert restricted.blank({"maps": none}, [faces]) == {} and restricted.alike(none, faces) == []
