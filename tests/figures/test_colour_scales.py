from __future__ import annotations

import io

import numpy as np
from PIL import Image

from ferpipe.drawing import colours, pictures


def table() -> np.ndarray:
    return np.frombuffer(colours.signed(), np.uint8).reshape(-1, 3)


def test_the_middle_is_white_and_the_ends_are_blue_and_orange() -> None:
    scale = table()
    assert scale.shape == (2 * colours.STEPS + 1, 3)
    assert scale[colours.STEPS].tolist() == [255, 255, 255]
    assert scale[0, 2] > scale[0, 0] and scale[-1, 0] > scale[-1, 2]


def test_steps_are_even_to_the_eye_on_both_sides() -> None:
    luminance = (table() / 255) ** 2.2 @ np.array([0.2126, 0.7152, 0.0722])
    light = np.cbrt(luminance)  # near OKLab's own
    for side in (light[: colours.STEPS + 1], light[: colours.STEPS - 1 : -1]):
        steps = np.diff(side)
        assert (steps > 0).all()
        assert steps.max() < 2.5 * steps.mean()
    assert abs(light[0] - light[-1]) < 0.06


def test_zero_is_in_the_middle_and_what_exceeds_the_limit_is_cut() -> None:
    found = colours.indices(np.array([-9.0, -1.0, 0.0, 1.0, 9.0]), 1.0)
    assert found.tolist() == [0, 0, colours.STEPS, 126, 126]
    assert colours.indices(np.zeros(3), 0.0).tolist() == [colours.STEPS] * 3


def test_pictures_keep_their_greys_to_within_one_of_sixty_four_and_carry_nothing_else() -> None:
    values = np.arange(48 * 48, dtype=np.uint8).reshape(48, 48)
    content = pictures.grey(values)
    image = Image.open(io.BytesIO(content))
    shown = np.asarray(image)
    assert shown.shape == (48, 48, 3) and (shown == shown[..., :1]).all()  # grey
    assert np.abs(shown[..., 0].astype(int) - values).max() <= 4 and {0, 255} <= set(shown.ravel().tolist())
    assert not {"exif", "icc_profile", "xmp"} & image.info.keys()
    assert content == pictures.grey(values.copy())
    floats = Image.open(io.BytesIO(pictures.grey(np.full((2, 2), 0.5, np.float32))))
    assert np.abs(np.asarray(floats).astype(int) - 128).max() <= 2


def test_a_signed_picture_is_white_where_it_is_zero() -> None:
    image = Image.open(io.BytesIO(pictures.signed(np.array([[-1.0, 0.0, 1.0]]), 1.0))).convert("RGB")
    assert image.getpixel((1, 0)) == (255, 255, 255)
    assert image.getpixel((0, 0)) != image.getpixel((2, 0))


def test_tiles_stand_in_rows_with_gaps() -> None:
    sheet = pictures.tiled(np.ones((3, 2, 2)), columns=2, gap=1)
    assert sheet.tolist() == [[1, 1, 0, 1, 1], [1, 1, 0, 1, 1], [0] * 5, [1, 1, 0, 0, 0], [1, 1, 0, 0, 0]]


def test_a_coarse_picture_keeps_its_greys_to_within_one_of_sixteen() -> None:
    values = np.arange(256, dtype=np.uint8).reshape(16, 16)
    shown = np.asarray(Image.open(io.BytesIO(pictures.coarse(values))).convert("L"))
    assert np.abs(shown.astype(int) - values).max() <= 15 and shown.min() == 0 and shown.max() == 255
