import numpy as np
import pytest
import torch

from ferpipe.analyses import conv1_outputs
from ferpipe.analyses.roles import KINDS, responses
from ferpipe.explainers.inputs import inputs
from ferpipe.networks.resnet import initialised
from ferpipe.results.stored import plain


@pytest.fixture
def network():
    """A network whose first filters are known: dead, a slope, the identity, a mean, the slope again, turned over."""
    network = initialised("small", 8, 0)
    with torch.no_grad():
        weight = network.conv1.weight
        weight[:5] = 0
        weight[1, 0] = torch.tensor([-1.0, 0.0, 1.0])
        weight[2, 0, 1, 1] = 1
        weight[3] = 1 / 9
        weight[4] = 0.5 - 2 * weight[1]
    return network


def test_planted_filters_are_told_apart(study, network):
    numbers = plain(conv1_outputs.analyse(study(members=1, network=network)))
    assert numbers["kind"][:4] == ["dead", "outline", "passes", "passes"]  # a mean of nine loses little of smooth noise
    assert numbers["kinds"]["dead"] == 1
    assert sum(numbers["kinds"].values()) == 64
    assert numbers["duplicates"] == 1
    assert numbers["size"] == 48


def test_the_share_over_networks_counts_the_faces_of_the_figure(study, network):
    result = conv1_outputs.analyse(study(members=1, network=network))
    fitting = sum(result.kinds[kind] for kind in KINDS)
    assert result.fitting.values == [fitting / 64]


def test_a_filter_that_keeps_only_slow_light_is_one_of_shade(study):
    rng = np.random.default_rng(0)
    light = 70 * np.sin(np.arange(48) / 9)[:, None] + 50 * np.cos(np.arange(48) / 11)
    images = np.clip(light + 110 + 25 * rng.standard_normal((42, 48, 48)), 0, 255).astype(np.uint8)
    network = initialised("imagenet", 8, 0)
    with torch.no_grad():
        network.conv1.weight[0] = 1 / 49
    numbers = plain(conv1_outputs.analyse(study(members=1, network=network, images=images)))
    assert numbers["kind"][0] == "shade"


def test_outputs_are_the_convolution_before_normalisation_and_relu(study):
    one = study(known=True)
    result = conv1_outputs.analyse(one)
    image, outputs = result.private.image, result.private.outputs
    expected = one.model.conv1((torch.tensor(image[None, None]).float() / 255 - 0.5) / 0.25)[0]
    assert outputs.shape == (64, 24, 24) and (outputs < 0).any()
    np.testing.assert_allclose(outputs, expected, atol=1e-4)


def test_the_face_is_the_happy_one_of_median_confidence(study):
    labels = np.arange(42) % 7
    numbers = plain(conv1_outputs.analyse(study(labels=labels, answers=labels)))
    happy = np.flatnonzero(labels == 3)  # the surer the later
    assert numbers["face"]["name"] == str(happy[(len(happy) - 1) // 2])


def test_kernels_are_ordered_by_orientation_and_then_by_frequency():
    across, down = np.meshgrid(np.arange(7), np.arange(7))

    def wave(angle, length):
        return np.cos(2 * np.pi * (np.cos(angle) * across + np.sin(angle) * down) / length)

    kernels = np.stack([wave(1.2, 3), wave(0, 3), np.ones((7, 7)), wave(0, 6), wave(1.2, 4)])
    assert conv1_outputs.order(kernels) == [2, 3, 1, 4, 0]


def test_mean_outputs_are_those_of_the_mean_face_and_of_too_few_restricted_faces_none(study):
    labels = np.arange(70) % 7
    studied = study(n=70, labels=labels, answers=labels)
    result = conv1_outputs.analyse(studied)
    assert result.mean_n == 10
    happy = studied.dataset.dev.images[labels == 3]
    single = [responses(studied.model, inputs(face[None], studied.device))[0] for face in happy]
    np.testing.assert_allclose(result.arrays.mean_outputs, np.mean(single, axis=0), atol=1e-4)
    few = conv1_outputs.analyse(study(n=70, labels=labels, answers=labels, restricted=True))
    assert few.mean_n == 0 and not few.arrays.mean_outputs.any()
