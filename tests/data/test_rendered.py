import numpy as np
import pytest

from ferpipe.data import rendered
from ferpipe.data.rendered import EXPRESSIONS, HANDS, REGIONS, UNITS, WRONG_LABELS
from ferpipe.emotions import EMOTIONS

SAD, HAPPY, ANGRY, SURPRISE = (EMOTIONS.index(name) for name in ("sad", "happy", "angry", "surprise"))


@pytest.fixture(scope="module")
def faces():
    return rendered.sample(96, seed=1)


@pytest.fixture(scope="module")
def images(faces):
    return rendered.draw(faces)


@pytest.fixture(scope="module")
def masks(faces):
    return dict(zip(REGIONS, rendered.regions(faces).swapaxes(0, 1), strict=True))


def test_the_same_seed_gives_the_same_bytes_and_another_does_not(faces, images):
    np.testing.assert_array_equal(rendered.draw(rendered.sample(96, seed=1)), images)
    assert not np.array_equal(rendered.draw(rendered.sample(96, seed=2)), images)


def test_a_face_is_the_same_however_many_are_drawn_with_it(images):
    np.testing.assert_array_equal(rendered.draw(rendered.sample(5, seed=1)), images[:5])
    np.testing.assert_array_equal(rendered.draw(rendered.sample(96, seed=1)[np.array([70, 3])]), images[[70, 3]])


def test_no_faces_are_no_pictures():
    assert rendered.draw(rendered.sample(0, seed=1)).shape == (0, 48, 48)


def test_regions_divide_the_picture_and_features_lie_in_the_face(masks):
    whole = masks["face"].astype(int) + masks["hand"] + masks["background"]
    assert (whole == 1).all()
    for name in ("brows", "eyes", "nose", "mouth"):
        assert not (masks[name] & ~masks["face"]).any()
        assert np.mean(masks[name].any((1, 2))) > 0.9, name
    assert 0.2 < masks["face"].mean() < 0.7


def test_brows_are_above_eyes_above_nose_above_mouth(masks):
    rows = np.arange(48)[:, None]
    middles = [(masks[name] * rows).sum((1, 2)) / np.maximum(masks[name].sum((1, 2)), 1) for name in
               ("brows", "eyes", "nose", "mouth")]  # fmt: skip
    whole = np.all([masks[name].any((1, 2)) for name in ("brows", "eyes", "nose", "mouth")], axis=0)
    assert (np.diff(np.stack(middles)[:, whole], axis=0) > 0).mean() > 0.97


def test_what_changed_lies_in_the_face(faces, images, masks):
    changed = rendered.changed(faces)
    still = rendered.draw(rendered.without(faces, "units"))
    np.testing.assert_array_equal(changed, np.abs(images.astype(int) - still) >= 2)
    near = masks["face"] | np.roll(masks["face"], 1, 1) | np.roll(masks["face"], -1, 1) | masks["hand"]
    assert changed[near].sum() > 0.9 * changed.sum() > 0


def test_without_its_units_nothing_of_a_face_changes(faces):
    assert not rendered.changed(rendered.without(faces, "units")).any()


def test_one_unit_is_taken_away_alone(faces):
    less = rendered.without(faces, "AU12")
    k = UNITS.index("AU12")
    assert not less.units[:, k].any()
    np.testing.assert_array_equal(np.delete(less.units, k, 1), np.delete(faces.units, k, 1))


def test_taking_the_hand_away_changes_the_hand_alone(faces, images, masks):
    gone = rendered.draw(rendered.without(faces, "hand"))
    differ = np.abs(images.astype(int) - gone) > 2
    assert faces.hands.any() and not differ[~faces.hands].any()
    grown = masks["hand"].copy()
    for axis in (1, 2):
        grown |= np.roll(grown, 1, axis) | np.roll(grown, -1, axis)
    assert (differ & ~grown).sum() == 0
    assert not rendered.regions(rendered.without(faces, "hand"))[:, REGIONS.index("hand")].any()


def test_labels_are_wrong_at_the_known_rate_and_hands_go_with_sadness():
    many = rendered.sample(4000, seed=3)
    assert (many.labels != many.emotions).mean() == pytest.approx(WRONG_LABELS, abs=0.015)
    sad = many.emotions == SAD
    assert many.hands[sad].mean() == pytest.approx(HANDS[SAD], abs=0.05)
    assert many.hands[~sad].mean() == pytest.approx(HANDS[HAPPY], abs=0.015)
    counts = np.bincount(many.emotions, minlength=7) / 4000
    np.testing.assert_allclose(counts, rendered.FREQUENCIES, atol=0.025)
    assert (many.units.min() >= 0) and (many.units.max() <= 1)


def full(emotion, n=24):
    return rendered.sample(n, seed=4, intensity=1.0, emotions=np.full(n, emotion), mislabel=False)


def test_full_intensity_is_the_expression_itself():
    units = full(ANGRY).units
    for name, strength in EXPRESSIONS[ANGRY].items():
        np.testing.assert_allclose(units[:, UNITS.index(name)], strength, atol=1e-6)


def test_a_smile_is_wider_and_a_surprised_mouth_taller_than_at_rest():
    k = REGIONS.index("mouth")
    for emotion, axis in ((HAPPY, 1), (SURPRISE, 2)):
        faces = full(emotion)
        now, rest = (rendered.regions(f)[:, k].any(axis).sum(1) for f in (faces, rendered.without(faces, "units")))
        assert (now > rest).mean() > 0.9


def test_anger_lowers_the_brows():
    faces, rows, k = full(ANGRY), np.arange(48)[:, None], REGIONS.index("brows")
    now, rest = (rendered.regions(f)[:, k] for f in (faces, rendered.without(faces, "units")))
    height = [(mask * rows).sum((1, 2)) / mask.sum((1, 2)) for mask in (now, rest)]
    assert (height[0] > height[1]).mean() > 0.9


def test_a_data_set_knows_the_truth_of_its_dev_faces():
    progress = []
    made = rendered.dataset((12, 8, 4), seed=5, progress=progress.append)
    assert (len(made.train), len(made.dev), len(made.test)) == (12, 8, 4)
    assert sum(progress) == 24
    assert made.truth["regions"].shape == (8, 7, 48, 48) and made.truth["changed"].shape == (8, 48, 48)
    assert made.notes["wrong_labels"]["dev"] == (made.dev.labels != made.truth["emotions"]).mean()
    assert not np.array_equal(made.train.images[:4], made.dev.images[:4])
