"""Overlaps of maps with parts, on masks whose answer is known, and on a few drawn faces."""

import numpy as np
import pytest
from languages import LANGUAGES

from ferpipe.analyses import dissection
from ferpipe.analyses.counterfactuals import PARTS, Counterfactual
from ferpipe.results.stored import plain

MOUTH, BROW = np.zeros((2, 48, 48), bool)
MOUTH[32:40, 16:32] = True  # 128 pixels
BROW[12:16, 10:20] = True


def test_overlap_is_intersection_over_union_and_chance_that_of_maps_laid_anywhere():
    fires = MOUTH.copy()
    fires[32:36] = False  # half of the mouth, and nothing else
    counts = dissection.pixels(fires[None], MOUTH[None])
    assert counts.tolist() == [[64, 64, 128, 64 * 128 / 48**2]]
    iou, chance = dissection.overlap(counts.sum(0))
    expected = 64 * 128 / 48**2
    assert iou == 0.5 and chance == pytest.approx(expected / (64 + 128 - expected))


def areas(rng, n=40):
    """Two parts of n faces, each moved a little from face to face."""
    masks = {"AU12": MOUTH, "AU1": BROW}
    return {
        part: (np.arange(n), np.stack([np.roll(mask, rng.integers(-2, 3), 0) for _ in range(n)]))
        for part, mask in masks.items()
    }


def test_a_map_that_follows_a_part_is_found_and_noise_is_at_chance():
    rng = np.random.default_rng(0)
    known = areas(rng)
    found = dissection.best(known["AU12"][1], known, rng, 200)
    assert found.part == "AU12" and found.iou == 1 and found.beyond.interval[0] > 0.8
    assert found.beyond.n == 20  # the half on which it was not chosen
    above = 0
    for _ in range(20):
        noise = dissection.best(rng.random((40, 48, 48)) < 0.05, known, rng, 200)
        assert abs(noise.beyond.value) < 0.01
        above += noise.beyond.interval[0] > 0
    assert above <= 3


def test_a_map_elsewhere_overlaps_less_than_by_chance():
    rng = np.random.default_rng(0)
    corner = np.zeros((40, 48, 48), bool)
    corner[:, :6, :6] = True
    found = dissection.best(corner, areas(rng), rng, 200)
    assert found.iou == 0 and found.beyond.interval[1] < 0


def test_a_parts_pixels_are_gathered_from_the_faces_that_have_it():
    both = Counterfactual(("AU1", "AU12"), np.zeros((2, 48, 48), np.uint8), np.stack([BROW, MOUTH]))
    none = Counterfactual((), np.zeros((0, 48, 48), np.uint8), np.zeros((0, 48, 48), bool))
    places, masks = dissection.of_part([none, both, both], "AU12")
    assert places.tolist() == [1, 2] and (masks == MOUTH).all()
    places, masks = dissection.of_part([none, both], "hand")
    assert places.shape == (0,) and masks.shape == (0, 48, 48)


def test_maps_fire_at_the_wanted_share_of_positions(study):
    one = study(n=14)
    maps = dissection.firing(one, one.dataset.dev.images)
    assert {own.shape for own in maps.values()} == {(14, 6, 48, 48)}
    for own in maps.values():
        assert np.allclose(own.mean((0, 2, 3)), dissection.TOP, atol=0.01)


def test_every_part_has_a_name_in_both_languages():
    for language in LANGUAGES:
        assert set(language.words("dissection.parts")) == set(PARTS)


def test_without_drawn_faces_nothing_is_measured(study):
    numbers = plain(dissection.analyse(study(n=14)))
    assert not numbers["available"] and numbers["layers"] == [] and numbers["above"] is None
