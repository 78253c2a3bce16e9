from dataclasses import replace

import pytest
import torch

from ferpipe.networks.recipes import Recipe, overfitted
from ferpipe.training import draws
from ferpipe.training.augment import augment, blurred, mix

BARE = overfitted(Recipe(), part=0, epochs=1)  # no augmentation at all


@pytest.fixture
def inputs():
    return torch.randn(64, 1, 48, 48, generator=torch.Generator().manual_seed(0))


def drawn(count, side=48, **parts):
    """The draws of an epoch of one step."""
    recipe = replace(BARE, batch=count, **parts)
    return draws.epoch(recipe, 0, torch.arange(count) % 7, 1, side).at(torch.tensor([0]))


def changed(inputs, **parts):
    return augment(inputs, drawn(len(inputs), **parts))


def test_without_regularisers_nothing_changes(inputs):
    assert torch.equal(changed(inputs), inputs)


def test_a_flip_mirrors_exactly_where_it_is_asked_for(inputs):
    step = drawn(len(inputs), flip=True)
    flipped = draws.flipped(replace(BARE, flip=True), 0, len(inputs))[step.faces]
    assert 0.2 < flipped.double().mean() < 0.8
    out = augment(inputs, step)
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


def test_masking_blurs_whole_cells_of_about_the_share_asked_for(inputs):
    out = changed(inputs, mask=0.5)
    same = (out == inputs).view(64, 6, 8, 6, 8).all(4).all(2)  # per cell
    hit = ~same.flatten(1).all(1)
    assert 0.3 < hit.double().mean() < 0.7
    assert 0.4 < (~same[hit]).double().mean() < 0.6
    coarse = blurred(inputs)
    torch.testing.assert_close(out, torch.where(same.repeat_interleave(8, 1).repeat_interleave(8, 2)[:, None],
                                                inputs, coarse))  # fmt: skip


def test_a_smaller_side_keeps_the_picture():
    ramp = torch.linspace(-1, 1, 48).expand(64, 1, 48, 48)
    out = augment(ramp, drawn(64, side=32), side=32)
    assert out.shape == (64, 1, 32, 32)
    torch.testing.assert_close(out[0, 0, 5, 1:-1], torch.linspace(-1, 1, 48)[0] + (torch.arange(1.0, 31) + 0.5) * 1.5
                               * 2 / 47 - 1 / 47, atol=1e-3, rtol=0)  # fmt: skip


@pytest.mark.parametrize("parts", [{"mixup": 0.4}, {"cutmix": 1.0}])
def test_targets_follow_the_share_of_each_face(parts):
    inputs = torch.arange(7.0).view(7, 1, 1, 1).expand(7, 1, 48, 48)  # a face's pixels say which it is
    mixed, targets = mix(inputs, torch.eye(7), drawn(7, **parts))
    torch.testing.assert_close(mixed.mean((1, 2, 3)), targets @ torch.arange(7.0))
    torch.testing.assert_close(targets.sum(1), torch.ones(7))
    assert not torch.equal(targets, torch.eye(7))


def test_mixing_is_drawn_by_seed_and_off_by_default(inputs):
    targets = torch.eye(7)[torch.arange(64) % 7]
    first, again = (mix(inputs, targets, drawn(64, mixup=0.3)) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert mix(inputs, targets, drawn(64))[0] is inputs
