"""Rendered faces: the same seed draws the same bytes, and what is said of a face is where its pixels changed."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from ferpipe.data.faces import rendered
from ferpipe.data.faces.rendered import REGIONS, UNITS, WRONG_LABELS, Faces
from ferpipe.data.faces.traits import NAMES
from ferpipe.data.fer2013 import EMOTIONS

FACES = 24
MANY = 2500


@pytest.fixture(scope="module")
def faces() -> Faces:
    return rendered.sample(FACES, seed=3)


@pytest.fixture(scope="module")
def many() -> Faces:
    return rendered.sample(MANY, seed=8)


@pytest.fixture(scope="module")
def images(faces: Faces) -> np.ndarray:
    return rendered.draw(faces)


@pytest.fixture(scope="module")
def masks(faces: Faces) -> dict[str, np.ndarray]:
    return dict(zip(REGIONS, rendered.regions(faces).swapaxes(0, 1), strict=True))


def with_units(faces: Faces, **units: float) -> Faces:
    calm = rendered.without(faces, "units", "hand")
    for name, value in units.items():
        calm.units[:, UNITS.index(name)] = value
    return calm


def centroids(masks: np.ndarray) -> np.ndarray:
    """The mean row of each mask, from the top."""
    rows = np.arange(masks.shape[1])[:, None]
    return (masks * rows).sum((1, 2)) / masks.sum((1, 2))


def test_the_same_seed_draws_the_same_bytes_and_another_seed_others(images: np.ndarray) -> None:
    assert np.array_equal(rendered.draw(rendered.sample(FACES, seed=3)), images)
    assert (rendered.draw(rendered.sample(FACES, seed=4)) != images).any((1, 2)).all()


def test_a_face_is_the_same_however_many_are_drawn(images: np.ndarray) -> None:
    assert np.array_equal(rendered.draw(rendered.sample(11, seed=3)), images[:11])


def test_a_face_is_the_same_in_whatever_batch_it_is_drawn(
    faces: Faces, images: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert np.array_equal(rendered.draw(faces[np.arange(FACES)[::-1]])[::-1], images)
    for size in (1, 5, FACES):
        monkeypatch.setattr(rendered, "BATCH", size)
        assert np.array_equal(rendered.draw(faces), images)


def test_no_faces_make_no_pictures() -> None:
    none = rendered.sample(0, seed=1)
    assert rendered.draw(none).shape == (0, 48, 48)
    assert rendered.regions(none).shape == (0, len(REGIONS), 48, 48)


def test_pictures_are_neither_black_nor_white_nor_flat(images: np.ndarray) -> None:
    assert images.dtype == np.uint8 and images.shape == (FACES, 48, 48)
    assert images.std((1, 2)).min() > 8
    assert ((images == 0) | (images == 255)).mean() < 0.1


def test_changed_pixels_are_where_the_pictures_differ(faces: Faces, images: np.ndarray) -> None:
    calm = rendered.draw(rendered.without(faces, "units"))
    assert np.array_equal(rendered.changed(faces), np.abs(images.astype(int) - calm) >= 2)


def test_changed_pixels_lie_mostly_in_the_face(faces: Faces, masks: dict[str, np.ndarray]) -> None:
    changed = rendered.changed(faces)
    assert (changed & masks["face"]).sum() > 0.85 * changed.sum()


def test_a_face_without_its_units_has_no_changed_pixel(faces: Faces) -> None:
    assert not rendered.changed(rendered.without(faces, "units")).any()


def test_a_unit_at_zero_changes_nothing(faces: Faces, images: np.ndarray) -> None:
    idle = faces.units[:, UNITS.index("AU9")] == 0
    assert idle.any() and np.array_equal(rendered.draw(rendered.without(faces, "AU9"))[idle], images[idle])


def test_every_unit_shows(faces: Faces) -> None:
    quiet = rendered.draw(with_units(faces[:12]))
    for unit in UNITS:
        context = {"AU16": {"AU25": 0.5}}.get(unit, {})  # the lower lip shows its teeth in an open mouth
        before = rendered.draw(with_units(faces[:12], **context)) if context else quiet
        after = rendered.draw(with_units(faces[:12], **context, **{unit: 1.0}))
        assert (np.abs(after.astype(int) - before) >= 2).any((1, 2)).mean() > 0.6, unit


def test_taking_the_hand_away_changes_only_what_it_covered_or_shaded(faces: Faces) -> None:
    held = replace(faces, hands=np.ones(len(faces), bool))
    hand = rendered.regions(held)[:, REGIONS.index("hand")]
    near = np.zeros_like(hand)
    for dy in range(-4, 5):
        for dx in range(-4, 5):
            near |= np.roll(hand, (dy, dx), (1, 2))
    gone = rendered.without(held, "hand")
    differs = rendered.draw(held) != rendered.draw(gone)
    assert differs.any((1, 2)).all()
    assert not (differs & ~near).any()
    assert not rendered.regions(gone)[:, REGIONS.index("hand")].any()


def test_face_hand_and_background_share_the_picture_out(masks: dict[str, np.ndarray]) -> None:
    assert (masks["face"].astype(int) + masks["hand"] + masks["background"] == 1).all()


@pytest.mark.parametrize("part", ["brows", "eyes", "nose", "mouth"])
def test_features_lie_inside_the_face(masks: dict[str, np.ndarray], part: str) -> None:
    assert not (masks[part] & ~masks["face"]).any()
    assert (masks[part].sum((1, 2)) > 5).mean() > 0.8  # hair or a hand hides some


def test_features_stand_in_their_order(faces: Faces) -> None:
    order = rendered.regions(rendered.without(faces, "hand"))
    rows = [centroids(order[:, REGIONS.index(part)] + 1e-9) for part in ("brows", "eyes", "nose", "mouth")]
    seen = (order[:, 1:5].sum((2, 3)) > 10).all(1)
    assert all((upper < lower)[seen].all() for upper, lower in pairwise(rows))


@pytest.mark.parametrize(
    ("unit", "part", "moves"),
    [("AU4", "brows", 1), ("AU1", "brows", -1), ("AU2", "brows", -1), ("AU26", "mouth", 1)],
)
def test_a_unit_moves_its_feature(faces: Faces, unit: str, part: str, moves: int) -> None:
    region = REGIONS.index(part)
    before = rendered.regions(with_units(faces))[:, region]
    after = rendered.regions(with_units(faces, **{unit: 1.0}))[:, region]
    seen = (before.sum((1, 2)) > 8) & (after.sum((1, 2)) > 8)
    assert (moves * (centroids(after[seen]) - centroids(before[seen])) > 0).mean() > 0.95


def test_smiling_raises_the_corners_of_the_mouth_and_sadness_lowers_them(faces: Faces) -> None:
    straight = replace(faces, traits=faces.traits.copy())
    for name in ("roll", "yaw", "pitch"):
        straight.traits[:, rendered.NAMES.index(name)] = 0

    def corners(**units: float) -> np.ndarray:
        """How far the mouth's outer pixels lie above its middle ones, in pixels."""
        mouths = rendered.regions(with_units(straight, **units))[:, REGIONS.index("mouth")]
        rows, columns = np.arange(48)[:, None], np.arange(48)
        height = []
        for mouth in mouths:
            filled = np.flatnonzero(mouth.any(0))
            outer = mouth & ((columns <= filled[0] + 1) | (columns >= filled[-1] - 1))
            middle = mouth & (np.abs(columns - filled.mean()) <= 1)
            height.append((rows * middle).sum() / middle.sum() - (rows * outer).sum() / outer.sum())
        return np.array(height)

    assert (corners(AU12=1.0) > corners() + 1).mean() > 0.9
    assert (corners(AU15=1.0) < corners() - 0.5).mean() > 0.9


def test_wide_eyes_are_larger_and_squinting_ones_smaller(faces: Faces) -> None:
    def area(**units: float) -> float:
        return float(rendered.regions(with_units(faces, **units))[:, REGIONS.index("eyes")].mean())

    assert area(AU5=1.0) > 1.2 * area() > 1.5 * area(AU6=1.0, AU7=1.0)


def test_labels_are_wrong_at_the_known_rate(many: Faces) -> None:
    assert abs((many.labels != many.emotions).mean() - WRONG_LABELS) < 0.012
    assert np.array_equal(rendered.sample(200, seed=8, mislabel=False).labels, many.emotions[:200])


def test_a_hand_goes_with_sadness_more_often(many: Faces) -> None:
    sad = many.emotions == EMOTIONS.index("sad")
    assert abs(many.hands[sad].mean() - rendered.HANDS[4]) < 0.06
    assert abs(many.hands[~sad].mean() - rendered.HANDS[0]) < 0.015


def test_emotions_are_as_frequent_as_in_fer2013(many: Faces) -> None:
    shares = np.bincount(many.emotions, minlength=7) / MANY
    assert np.abs(shares - rendered.FREQUENCIES).max() < 0.025


def test_units_are_those_of_the_emotion_at_full_intensity() -> None:
    whole = rendered.sample(7, seed=1, intensity=1.0, emotions=np.arange(7))
    shown = [{name for name, value in zip(UNITS, row, strict=True) if value > 0} for row in whole.units]
    assert shown == [set(units) for units in rendered.EXPRESSIONS]
    assert whole.units.min() >= 0 and whole.units.max() <= 1


def test_an_unknown_part_is_named_with_what_is_known(faces: Faces) -> None:
    with pytest.raises(ValueError, match=r"'AU99'; it can be 'hand', 'units' or one of AU1"):
        rendered.without(faces, "AU99")


def test_a_data_set_has_the_truth_of_its_dev_faces() -> None:
    counted: list[int] = []
    made = rendered.dataset((30, 20, 10), seed=5, progress=counted.append)
    assert made.name == "rendered" and not made.restricted and made.test is not None
    assert [len(split) for split in (made.train, made.dev, made.test)] == [30, 20, 10] and sum(counted) == 60
    assert made.train.names[3] == "train-00003" and made.dev.labels is not None and made.dev.labels.dtype == np.int64
    shapes = {name: values.shape for name, values in made.truth.items()}
    assert shapes == {
        "emotions": (20,), "units": (20, len(UNITS)), "hands": (20,), "regions": (20, 7, 48, 48),
        "changed": (20, 48, 48), "traits": (20, len(NAMES)), "seeds": (20, 2),
        "train_emotions": (30,),
    }  # fmt: skip
    assert made.train.labels is not None
    wrong = (made.truth["train_emotions"] != made.train.labels).mean()
    assert wrong == made.notes["wrong_labels"]["train"]  # type: ignore[index]
    assert set(made.notes["wrong_labels"]) == {"train", "dev", "test"}


def test_a_split_is_the_same_whatever_the_sizes() -> None:
    small, large = rendered.dataset((5, 4, 3), seed=5), rendered.dataset((9, 6, 3), seed=5)
    assert np.array_equal(large.train.images[:5], small.train.images)
    assert np.array_equal(large.dev.images[:4], small.dev.images)
    assert not np.array_equal(small.train.images[:4], small.dev.images)
