from dataclasses import replace

import pytest
import torch

from ferpipe.training.augment import augment
from ferpipe.training.recipes import Recipe, overfitted

BARE = overfitted(Recipe(), part=0, epochs=1)  # no augmentation at all


@pytest.fixture
def inputs():
    return torch.randn(64, 1, 48, 48, generator=torch.Generator().manual_seed(0))


def changed(inputs, flipped=None, **parts):
    generator = torch.Generator().manual_seed(1)
    flipped = torch.zeros(len(inputs), dtype=torch.bool) if flipped is None else flipped
    return augment(inputs, flipped, replace(BARE, **parts), generator)


def test_without_regularisers_nothing_changes(inputs):
    assert torch.equal(changed(inputs), inputs)


def test_a_flip_mirrors_exactly_where_it_is_asked_for(inputs):
    flipped = torch.arange(len(inputs)) % 2 == 0
    out = changed(inputs, flipped, flip=True)
    torch.testing.assert_close(out[flipped], inputs[flipped].flip(3), atol=1e-4, rtol=0)
    torch.testing.assert_close(out[~flipped], inputs[~flipped], atol=1e-4, rtol=0)


def test_a_shift_moves_a_dot_by_at_most_the_pixels_asked_for():
    dots = torch.zeros(64, 1, 48, 48)
    dots[:, 0, 24, 24] = 1
    rows = torch.arange(48.0)
    out = changed(dots, shift=4.0)
    centre = (out.sum(3) * rows.view(1, 1, 48)).sum((1, 2)) / out.sum((1, 2, 3))
    assert (centre - 24).abs().max() <= 4.01
    assert (centre - 24).abs().max() > 2


def test_erasing_greys_out_a_rectangle_on_about_the_share_asked_for(inputs):
    out = changed(inputs, erase=0.5)
    hit = (out == 0).flatten(1).any(1)
    assert 0.3 < hit.double().mean() < 0.7
    area = (out[hit] == 0).flatten(1).double().mean(1)
    assert area.min() > 0.01 and area.max() < 0.25
    assert torch.equal(out[~hit], inputs[~hit])


def test_light_keeps_the_order_of_pixels(inputs):
    out = changed(inputs, light=0.2)
    assert not torch.equal(out, inputs)
    assert torch.equal(out[0].flatten().argsort(stable=True), inputs[0].flatten().argsort(stable=True))
