import numpy as np
import torch
from torch import nn

from ferpipe.explainers.ascent import Adam, answers, ascend, levelled, pictures_of, turned
from ferpipe.networks.resnet import DEVIATION, MEAN


class OneFilter(nn.Module):
    """A linear filter as large as the picture: its optimum is its own kernel."""

    def __init__(self, kernel):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 48, bias=False)
        with torch.no_grad():
            self.conv.weight.copy_(torch.tensor(kernel))
        self.requires_grad_(False)

    def forward(self, x):
        return self.conv(x)


def gabor():
    rows, columns = np.mgrid[:48, :48] - 23.5
    return np.exp(-(rows**2 + columns**2) / 200) * np.cos((rows + 0.5 * columns) / 3)


def test_ascent_finds_a_linear_filters_kernel():
    kernel = gabor() - gabor().mean()
    network, rng = OneFilter(kernel), np.random.default_rng(0)
    channels, thresholds = torch.zeros(2, dtype=torch.long), torch.zeros(1)
    start = rng.standard_normal((2, 48, 25, 2))
    first = pictures_of(torch.tensor(start[:, None], dtype=torch.float32), 48)
    before = answers(network, "conv", first, channels, thresholds, MEAN, DEVIATION)
    shown, reached = ascend(network, "conv", channels, thresholds, 60, start, rng)
    for picture, first, last in zip(shown.numpy(), before.flatten(), reached, strict=True):
        assert last > max(0, first)
        assert np.corrcoef(picture.ravel(), kernel.ravel())[0, 1] > 0.8
    ideal = levelled(torch.tensor(kernel[None, None], dtype=torch.float32))
    best = answers(network, "conv", ideal, channels[:1], thresholds, MEAN, DEVIATION)
    assert reached.max() > 0.75 * best.item()
    assert not network.conv._forward_hooks


def test_pictures_are_grey_levels_of_one_mean_and_contrast():
    shown = pictures_of(torch.randn(5, 48, 25, 2, generator=torch.Generator().manual_seed(0)), 48)
    assert shown.shape == (5, 48, 48)
    assert shown.min() > 0 and shown.max() < 1
    np.testing.assert_allclose(shown.mean((1, 2)), 0.5, atol=0.05)
    np.testing.assert_allclose(shown.std((1, 2)), 0.23, atol=0.04)


def test_a_constant_picture_is_levelled_to_mid_grey():
    np.testing.assert_allclose(levelled(torch.full((1, 48, 48), 7.0)), 0.5)


def test_a_turned_picture_is_the_picture_moved_a_little():
    shown = pictures_of(torch.randn(1, 48, 25, 2, generator=torch.Generator().manual_seed(1)), 48)
    moved = turned(shown, np.random.default_rng(0))
    assert moved.shape == shown.shape and not torch.equal(moved, shown)
    assert abs(moved.mean() - shown.mean()) < 0.05
    constant = torch.full((1, 48, 48), 0.3)
    torch.testing.assert_close(turned(constant, np.random.default_rng(0)), constant)


def test_adam_steps_as_torchs_own_does():
    first = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    ours, theirs = first.clone(), torch.nn.Parameter(first.clone())
    optimiser, other = Adam(ours), torch.optim.Adam([theirs], lr=0.1)
    for seed in range(3):
        theirs.grad = torch.randn(6, 5, generator=torch.Generator().manual_seed(seed))
        optimiser.step(theirs.grad, 0.1)
        other.step()
    assert torch.equal(ours, theirs)
