import numpy as np
import pytest
import torch
from torch import nn

from ferpipe.explainers.attributions import blurred, gradient, integrated, smoothgrad
from ferpipe.networks.resnet import initialised


@pytest.fixture
def linear():
    network = nn.Sequential(nn.Flatten(), nn.Linear(48 * 48, 7))
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor(np.random.default_rng(0).standard_normal((7, 48 * 48))))
    return network.eval().requires_grad_(False)


@pytest.fixture
def given():
    return torch.tensor(np.random.default_rng(1).standard_normal((3, 1, 48, 48)), dtype=torch.float32)


TARGETS = np.array([2, 0, 6])


def weights(network):
    return network[1].weight[TARGETS].reshape(3, 48, 48).numpy()


def test_the_gradient_of_a_linear_model_is_its_weights(linear, given):
    np.testing.assert_allclose(gradient(linear, given, TARGETS), weights(linear), rtol=1e-5)


def test_smoothgrad_of_a_linear_model_is_its_weights(linear, given):
    np.testing.assert_allclose(smoothgrad(linear, given, TARGETS, 4, 0.15, (0,)), weights(linear), rtol=1e-5)


def test_integrated_gradients_of_a_linear_model_are_weights_times_the_way_from_the_baseline(linear, given):
    baselines = torch.full_like(given, 0.3)
    maps, sums, changes = integrated(linear, given, TARGETS, baselines, 4)
    np.testing.assert_allclose(maps, weights(linear) * (given - 0.3)[:, 0].numpy(), rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(sums, changes, rtol=1e-3)


def test_integrated_gradients_of_a_network_are_complete(given):
    network = initialised("imagenet", 8, 0).eval().requires_grad_(False)
    baselines = torch.zeros_like(given)
    _, sums, changes = integrated(network, given, TARGETS, baselines, 64)
    assert np.abs(sums - changes).mean() < 0.05 * np.abs(changes).mean()


def test_integrated_gradients_are_captums(given):
    from captum.attr import IntegratedGradients  # two seconds, which only this test needs

    network = initialised("imagenet", 8, 0).eval().requires_grad_(False)
    baselines, targets = given.flip(3), torch.tensor(TARGETS)
    theirs = IntegratedGradients(network).attribute(given, baselines, targets, n_steps=9, method="gausslegendre")
    maps, _, _ = integrated(network, given, TARGETS, baselines, 9)
    np.testing.assert_allclose(maps, theirs[:, 0].detach().numpy(), rtol=1e-4, atol=1e-6)


def test_smoothgrad_draws_for_each_face_from_a_generator_of_its_own(given):
    network = initialised("imagenet", 8, 0).eval().requires_grad_(False)
    both = smoothgrad(network, given[:2], TARGETS[:2], 5, 0.3, (4,))
    np.testing.assert_allclose(both[:1], smoothgrad(network, given[:1], TARGETS[:1], 5, 0.3, (4,)), rtol=1e-4)
    assert not np.allclose(both, smoothgrad(network, given[:2], TARGETS[:2], 5, 0.3, (5,)))


def test_a_blurred_picture_keeps_its_mean_grey_and_loses_its_detail():
    images = np.random.default_rng(2).integers(0, 256, (2, 48, 48), dtype=np.uint8)
    out = blurred(images, 6.0)
    assert out.shape == (2, 48, 48) and out.min() >= 0 and out.max() <= 1
    np.testing.assert_allclose(out.mean((1, 2)), images.mean((1, 2)) / 255, atol=0.02)
    assert out.std() < 0.1 * (images / 255).std()
