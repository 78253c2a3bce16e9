from dataclasses import replace

import pytest
import torch

from ferpipe.networks.recipes import Recipe
from ferpipe.training import draws

LABELS = torch.arange(70) % 7
EVERY = Recipe(batch=16, erase=0.5, mask=0.5, mixup=0.3, cutmix=0.5)


def parts(drawn):
    return [value for value in vars(drawn).values() if value is not None]


def test_an_epochs_draws_follow_from_its_seed_and_number_alone():
    first, again = (draws.epoch(EVERY, 3, LABELS, 4) for _ in range(2))
    assert len(parts(first)) == 8
    assert all(torch.equal(a, b) for a, b in zip(parts(first), parts(again), strict=True))
    for other in (draws.epoch(EVERY, 4, LABELS, 4), draws.epoch(replace(EVERY, seed=1), 3, LABELS, 4)):
        assert not any(torch.equal(a, b) for a, b in zip(parts(first), parts(other), strict=True))


def test_each_face_comes_once_and_where_there_are_too_few_again():
    assert draws.epoch(EVERY, 0, LABELS, 4).faces.flatten().unique().numel() == 64
    few = draws.epoch(EVERY, 0, LABELS[:5], 1).faces
    assert few.shape == (1, 16) and few.flatten().bincount().tolist().count(3) >= 4


def test_left_and_right_alternate():
    first, second, third = (draws.flipped(EVERY, number, 70) for number in range(3))
    assert torch.equal(first, ~second) and torch.equal(first, third) and 0 < first.sum() < 70
    assert not draws.flipped(replace(EVERY, flip=False), 1, 70).any()


def test_balanced_each_class_comes_as_often_as_the_others_and_each_of_its_faces_too():
    labels = torch.tensor([0] * 50 + [1] * 10 + [2] * 4)
    faces = draws.epoch(replace(EVERY, balanced=True, batch=15), 0, labels, 4).faces.flatten()
    assert (labels[faces].bincount() - 20).abs().max() <= 2
    assert faces[labels[faces] == 2].bincount()[60:].min() >= 4


def test_a_step_looks_its_own_draws_up_and_an_epoch_may_take_anothers_place():
    one, other = (draws.epoch(EVERY, number, LABELS, 4) for number in range(2))
    step = one.at(torch.tensor([2]))
    assert torch.equal(step.faces, one.faces[2]) and torch.equal(step.theta, one.theta[2])
    place = one.faces.data_ptr()
    one.copy_(other)
    assert one.faces.data_ptr() == place
    assert all(torch.equal(a, b) for a, b in zip(parts(one), parts(other), strict=True))


@pytest.mark.parametrize("share", [0.0, 1.0])
def test_rectangles_are_there_or_not(share):
    there = torch.full((2, 100), share) > 0.5
    made = draws.rectangles(torch.full((2, 100), 0.1), there, torch.Generator().manual_seed(0))
    rows, columns = made[..., 2], made[..., 3]
    if share:
        torch.testing.assert_close(4 * rows * columns, torch.full((2, 100), 0.1))
    else:
        assert (rows < 0).all() and (columns < 0).all()
