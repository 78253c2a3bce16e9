import numpy as np
import pytest

from ferpipe.analyses import filters
from ferpipe.explainers.activations import LAYERS, spatial_means
from ferpipe.results.filters import Picture
from ferpipe.results.stored import plain


def test_every_filter_has_a_picture_with_what_it_reached(study):
    result = filters.analyse(study())
    pictures = result.arrays.pictures
    assert pictures.shape == (5, 6, 48, 48) and pictures.dtype == np.float32
    assert pictures.min() >= 0 and pictures.max() <= 1 and (pictures.std((2, 3)) > 0.05).all()
    assert result.arrays.kernels.shape == (6, 7, 7)
    assert plain(result)["layers"] == list(LAYERS)
    for row in plain(result)["pictures"]:
        for found in row:
            assert found["activation"] >= 0 and found["natural"] >= 0
            assert found["ratio"] == pytest.approx(found["activation"] / found["natural"])
            assert 0 < found["variation"] < 1.5


def test_the_strongest_faces_come_first_at_half_size(study):
    one = study()
    found = filters.analyse(one).private.strongest
    assert found.shape == (5, 6, 9, 24, 24) and found.dtype == np.uint8
    responses = spatial_means(one.model, LAYERS, one.dataset.dev.images, one.device)
    place = int(responses["layer2.0.conv1"][:, 3].argmax())
    face = one.dataset.dev.images[place].astype(float)
    assert np.abs(found[2, 3, 0] - face.reshape(24, 2, 24, 2).mean((1, 3))).max() <= 0.5


def test_white_noise_varies_as_its_docstring_says_and_a_constant_not_at_all():
    noise = np.random.default_rng(0).standard_normal((200, 200))
    assert filters.described(noise, 1.0, 2.0, 0).variation == pytest.approx(1.128, abs=0.01)
    assert filters.described(np.ones((48, 48)), 0.0, 0.0, 3) == Picture(0.0, 0.0, None, 0.0, 0.0, 3)
    assert filters.entropy_of(noise) == pytest.approx(1, abs=0.005)
    wave = np.sin(np.arange(48) * 2 * np.pi / 8)[:, None] * np.ones(48)
    assert filters.entropy_of(wave) < 0.1
