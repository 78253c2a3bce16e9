import numpy as np
import pytest
import torch
from torch import nn

from ferpipe.explainers.activations import output, recording, spatial_means

CPU = torch.device("cpu")


class InPlace(nn.Module):
    """A convolution whose output is overwritten by the ReLU behind it, as in torchvision."""

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 3, 3, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.reached = False

    def forward(self, x):
        x = self.relu(self.conv1(x))
        self.reached = True
        return x


def hooks(network):
    return sum(len(module._forward_hooks) + len(module._backward_hooks) for module in network.modules())


def test_an_output_is_kept_as_it_was_before_an_in_place_relu():
    network, given = InPlace().eval(), torch.randn(2, 1, 8, 8)
    with torch.inference_mode():
        expected = network.conv1(given)
        with recording(network, ["conv1"]) as found:
            network(given)
        assert (found["conv1"] < 0).any()
        torch.testing.assert_close(found["conv1"], expected)
        torch.testing.assert_close(output(network, "conv1", given), expected)


def test_nothing_behind_the_layer_is_computed():
    network = InPlace()
    output(network, "conv1", torch.randn(1, 1, 8, 8))
    assert not network.reached


def test_no_hook_outlives_its_with_even_after_an_error():
    network = InPlace()
    with pytest.raises(RuntimeError), recording(network, ["conv1", "relu"]):
        assert hooks(network) == 2
        network(torch.randn(1, 5, 8, 8))
    with pytest.raises(RuntimeError):
        output(network, "conv1", torch.randn(1, 5, 8, 8))
    output(network, "conv1", torch.randn(1, 1, 8, 8))
    assert hooks(network) == 0


def test_a_layer_that_never_runs_is_named():
    network = InPlace()
    network.spare = nn.Conv2d(1, 1, 1)
    with pytest.raises(ValueError, match="spare"):
        output(network, "spare", torch.randn(1, 1, 8, 8))
    assert hooks(network) == 0


def test_spatial_means_are_the_outputs_means_in_the_faces_order():
    network = InPlace().eval()
    images = np.random.default_rng(0).integers(0, 256, (300, 48, 48), dtype=np.uint8)
    means = spatial_means(network, ["conv1"], images, CPU)["conv1"]
    last = (torch.tensor(images[-1:]).float() / 255 - 0.5) / 0.25
    assert means.shape == (300, 3)
    np.testing.assert_allclose(means[-1], network.conv1(last.unsqueeze(1)).mean((2, 3))[0].detach(), rtol=1e-4)
