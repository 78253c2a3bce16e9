import numpy as np
import pytest

from ferpipe.analyses import magnitudes, saliency
from ferpipe.results.stored import plain


@pytest.fixture(autouse=True)
def quick(asking):
    asking("saliency", samples=2)


def test_six_faces_one_of_each_emotion_but_neutral_with_three_signed_maps(study):
    result = saliency.analyse(study())
    assert [face["label"] for face in plain(result)["faces"]] == [0, 1, 2, 3, 4, 5]
    for method in plain(result)["methods"]:
        maps = getattr(result.private, method)
        assert maps.shape == (6, 48, 48) and maps.dtype == np.float32
        assert (maps < 0).any() and (maps > 0).any()
    assert result.private.images.dtype == np.uint8
    assert 0 <= plain(result)["completeness_error"] < 0.5


def test_the_face_shown_is_right_and_of_median_confidence_or_else_the_nearest(study):
    labels = np.arange(42) % 7
    answers = np.where(labels == 2, 6, labels)  # no fear is recognised
    faces = plain(saliency.analyse(study(labels=labels, answers=answers)))["faces"]
    happy = np.flatnonzero(labels == 3)
    assert faces[3]["name"] == str(happy[(len(happy) - 1) // 2])
    assert faces[2]["label"] == 2 and faces[2]["prediction"] == 6
    assert faces[2]["name"] == "2"  # the least sure of its wrong answer


def test_class_maps_are_shares_that_sum_to_one(study):
    maps = saliency.analyse(study()).arrays.class_maps
    np.testing.assert_allclose(maps.sum((1, 2)), 1, rtol=1e-4)


def test_shares_follow_the_masks_and_a_hand_counts_only_where_there_is_one(study):
    share = plain(saliency.analyse(study(known=True)))["share"]
    assert list(share) == ["face", "brows", "eyes", "nose", "mouth", "hand", "background", "features"]
    assert share["face"]["value"] + share["background"]["value"] == pytest.approx(1)
    assert share["hand"]["n"] == 14 and share["hand"]["area"] == pytest.approx(80 / 2304)
    assert share["mouth"]["area"] == pytest.approx(80 / 2304)
    for one in share.values():
        low, high = one["interval"]
        assert 0 <= low <= one["value"] <= high <= 1


def test_without_truth_the_face_is_an_ellipse_whose_axes_are_told(study):
    numbers = plain(saliency.analyse(study()))
    assert set(numbers["share"]) == {"face", "brows", "eyes", "nose", "mouth", "background", "features"}
    rows, columns = numbers["ellipse"]
    assert numbers["share"]["face"]["area"] == pytest.approx(np.pi * rows * columns / 2304, rel=0.01)


def test_the_ellipse_draws_saliency_by_its_area_when_the_gradient_is_even(study, monkeypatch):
    def even(network, faces, targets):
        return np.ones((len(faces), 48, 48), np.float32)

    monkeypatch.setattr(magnitudes, "gradient", even)
    share = plain(saliency.analyse(study()))["share"]["face"]
    assert share["value"] == pytest.approx(share["area"], abs=1e-5)


def test_confusions_are_the_most_frequent_ones_less_right_faces_of_the_label(study, monkeypatch):
    labels = np.arange(42) % 7
    answers = labels.copy()
    answers[np.flatnonzero(labels == 2)[:4]] = 4  # fear for sad four times, and twice angry for happy
    answers[np.flatnonzero(labels == 0)[:2]] = 3
    result = saliency.analyse(study(labels=labels, answers=answers))
    told = plain(result)["confusions"]
    assert told == [{"label": 2, "prediction": 4, "n": 4}, {"label": 0, "prediction": 3, "n": 2}]
    assert result.arrays.confused_faces.shape == result.arrays.confused_maps.shape == (2, 48, 48)
    np.testing.assert_allclose(result.arrays.confused_maps.sum((1, 2)), 0, atol=1e-5)  # shares less shares
    assert not saliency.analyse(study(labels=labels, answers=answers, restricted=True)).confusions
