from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import numpy as np
from languages import EN, ZH
from PIL import Image

from ferpipe.drawing import gallery
from ferpipe.figures import card
from ferpipe.results import stored
from ferpipe.results.data import Means
from ferpipe.results.saliency import ClassMaps
from ferpipe.text.language import Language

COMMITTED = Path(__file__).parents[2] / "report" / "results"


def drawn(language: Language = EN) -> np.ndarray:
    faces = np.stack([np.full((48, 48), label / 7, np.float32) for label in range(7)])
    maps = np.zeros((7, 48, 48), np.float32)
    maps[6] = 1  # all at the scale's end: orange
    saliency, data = (stored.read(COMMITTED / "rendered" / name) for name in ("saliency", "data"))
    figure = card.draw(
        replace(saliency, arrays=ClassMaps(maps, maps[:0], maps[:0])), replace(data, arrays=Means(faces)), language
    )
    return np.array(Image.open(io.BytesIO(figure.files["card.png"])))


def test_the_card_has_faces_above_and_maps_below_in_the_order_of_the_emotions() -> None:
    picture = drawn()
    assert picture.shape == (630, 1200, 3)
    assert (picture[:165] == 255).all() and (picture[:, :60] == 255).all() and (picture[:, -60:] == 255).all()
    centres = [60 + 72 + column * 156 for column in range(7)]
    assert [picture[237, x].tolist() for x in centres] == [[round(255 * k / 7)] * 3 for k in range(7)]
    below = [picture[393, x] for x in centres]
    assert all(np.ptp(colour) == 0 for colour in below[:6])  # nothing there: the pale face alone
    assert below[6][0] > below[6][1] > below[6][2]  # orange


def test_the_card_is_the_same_in_both_languages_and_no_text_can_place_it() -> None:
    assert (drawn(EN) == drawn(ZH)).all()
    assert "card" not in gallery.names()
