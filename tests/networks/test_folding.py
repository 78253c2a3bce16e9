import numpy as np
import pytest
import torch
from torch import nn

from ferpipe.explainers import perturbation
from ferpipe.networks.folding import Product, folded
from ferpipe.networks.resnet import initialised

CPU = torch.device("cpu")


@pytest.mark.parametrize("stem", ["imagenet", "pooled", "small"])
def test_a_folded_network_answers_as_before_and_leaves_the_other_alone(stem):
    network = initialised(stem, 8, 0).eval().requires_grad_(False)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):  # as after training
            module.running_mean.uniform_(-1, 1)
            module.running_var.uniform_(0.5, 2)
    before = {name: value.clone() for name, value in network.state_dict().items()}
    quick, faces = folded(network), np.random.default_rng(0).random((3, 48, 48), np.float32)
    assert not any(isinstance(module, nn.BatchNorm2d) for module in quick.modules())
    assert any(isinstance(module, Product) for module in quick.modules()) == (stem == "imagenet")
    found, expected = (perturbation.log_odds(one, faces, CPU) for one in (quick, network))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_a_network_can_be_folded_for_smaller_inputs():
    network = initialised("imagenet", 8, 0).eval().requires_grad_(False)
    given = torch.rand(3, 1, 32, 32, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(folded(network, 32)(given), network(given), rtol=1e-4, atol=1e-4)
    assert isinstance(folded(network, 32).layer4[0].conv2, Product)


def test_a_network_without_normalisation_or_folded_already_is_returned_as_it_is():
    network = nn.Sequential(nn.Flatten(), nn.Linear(48 * 48, 7))
    assert folded(network) is network
    quick = folded(initialised("imagenet", 8, 0).eval())
    assert folded(quick) is quick


@pytest.mark.parametrize("height, width, stride, size", [(2, 2, 1, 3), (2, 2, 1, 1), (3, 3, 2, 3), (1, 2, 1, 3)])
def test_a_product_gives_a_convolutions_map(height, width, stride, size):
    convolution = nn.Conv2d(5, 6, size, stride, padding=size // 2).requires_grad_(False)
    given = torch.rand(4, 5, height, width).contiguous(memory_format=torch.channels_last)
    found, expected = Product(convolution, given.shape[1:])(given), convolution(given)
    torch.testing.assert_close(found, expected)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_a_convolution_without_an_offset_is_no_product():
    with pytest.raises(ValueError, match="bias"):
        Product(nn.Conv2d(1, 1, 3, bias=False), torch.Size([1, 3, 3]))
