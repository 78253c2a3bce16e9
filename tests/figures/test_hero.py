import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from languages import EN

from ferpipe.drawing import pictures
from ferpipe.figures import hero
from ferpipe.results import stored


def test_a_smoothed_map_spreads_a_pixel_evenly_and_keeps_an_even_map() -> None:
    maps = np.zeros((1, 48, 48), np.float32)
    maps[0, 24, 24] = 25
    spread = hero.smoothed(maps)
    assert spread.shape == maps.shape and (spread[0, 22:27, 22:27] == 1).all() and spread.sum() == 25
    assert hero.smoothed(np.full((2, 48, 48), 0.3)) == pytest.approx(0.3)


def test_single_faces_stand_under_the_gradient_if_it_finds_the_expression_and_else_under_what_passes() -> None:
    folder = Path(__file__).parents[2] / "report/results/rendered"
    results = {name: stored.read(folder / name) for name in ("portraits", "scores", "saliency", "lime", "data")}
    found, none = ["magnitude", "lime"], list[str]()
    for mass, trusted, method in (
        (found, "layercam", "magnitude"),
        (none, "layercam", "layercam"),
        (none, "occlusion", "occlusion"),
        (none, None, "magnitude"),
    ):
        scores = replace(results["scores"], trusted=trusted, good=replace(results["scores"].good, mass=mass))
        drawn = hero.draw(**{**results, "scores": scores}, language=EN)
        assert json.loads(drawn.files["hero.json"])["method"] == method
        place = results["portraits"].methods.index(method)
        maps = results["portraits"].private.maps[place]
        shown = hero.smoothed(maps) if method == "magnitude" else maps
        assert drawn.files["hero-map-0.webp"] == pictures.signed(shown[0], pictures.limit(shown[0]))
