import numpy as np
import torch
from torch import nn

from ferpipe.networks import views
from ferpipe.networks.resnet import initialised, normalise

IMAGES = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (5, 48, 48), dtype=np.uint8))


class Corner(nn.Module):
    """Answers with seven pixels of the top row."""

    def forward(self, inputs):
        return inputs[:, 0, 0, :7]


def test_views_are_a_face_and_its_mirror_image_each_moved_by_a_pixel_both_ways():
    inputs = normalise(IMAGES)[:, 0]
    padded = np.pad(inputs.numpy(), ((0, 0), (1, 1), (1, 1)), mode="reflect")

    def corner(down, right):
        moved = padded[:, 1 - down : 49 - down, 1 - right : 49 - right]
        return moved[:, 0, :7] + moved[:, 0, :-8:-1]

    wanted = (corner(0, 0) / 2 + corner(1, 1) / 4 + corner(-1, -1) / 4) / 2
    np.testing.assert_allclose(views.averaged(Corner(), IMAGES), wanted, rtol=1e-5, atol=1e-6)


def test_a_mirrored_face_gets_the_same_answer_up_to_shifts():
    network = initialised("pooled", 8, 0)
    straight = views.averaged(network, IMAGES)
    assert straight.shape == (5, 7)
    views.SHIFTS, kept = ((0, 0, 1.0),), views.SHIFTS
    try:
        torch.testing.assert_close(views.averaged(network, IMAGES), views.averaged(network, IMAGES.flip(2)))
    finally:
        views.SHIFTS = kept


def test_a_small_side_is_a_smaller_picture_of_the_same_face():
    seen = []

    class Keeper(nn.Module):
        def forward(self, inputs):
            seen.append(inputs)
            return inputs.mean((2, 3)).repeat(1, 7)

    full, small = views.logits(Keeper(), IMAGES), views.logits(Keeper(), IMAGES, 32)
    assert seen[0].shape == (5, 1, 48, 48) and seen[1].shape == (5, 1, 32, 32)
    torch.testing.assert_close(full, small, atol=0.02, rtol=0)
