import numpy as np
import pytest

from ferpipe.figures import hero


def test_a_smoothed_map_spreads_a_pixel_evenly_and_keeps_an_even_map() -> None:
    maps = np.zeros((1, 48, 48), np.float32)
    maps[0, 24, 24] = 25
    spread = hero.smoothed(maps)
    assert spread.shape == maps.shape and (spread[0, 22:27, 22:27] == 1).all() and spread.sum() == 25
    assert hero.smoothed(np.full((2, 48, 48), 0.3)) == pytest.approx(0.3)
