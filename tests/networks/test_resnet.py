import pytest
import torch

from ferpipe.networks.resnet import ResNet18, initialised, normalise


def test_the_imagenet_stem_at_full_width_is_torchvisions_resnet18(resnet18):
    ours = initialised("imagenet", 64, seed=0).eval()
    theirs = resnet18(num_classes=7).eval()
    theirs.conv1 = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    theirs.load_state_dict(ours.state_dict())  # the same keys and shapes
    inputs = torch.randn(2, 1, 48, 48, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(ours(inputs), theirs(inputs))


@pytest.mark.parametrize(("stem", "last"), [("imagenet", 2), ("pooled", 3), ("small", 6)])
def test_the_last_map_is_as_large_as_the_stem_says(stem, last):
    network = ResNet18(stem, 8)
    maps = []
    with torch.no_grad():
        hook = network.layer4.register_forward_hook(lambda *args: maps.append(args[2]))
        assert network(torch.zeros(1, 1, 48, 48)).shape == (1, 7)
        hook.remove()
    assert maps[0].shape == (1, 64, last, last)


def test_the_first_convolution_has_64_filters_at_every_width():
    assert ResNet18("imagenet", 8).conv1.weight.shape == (64, 1, 7, 7)


def test_weights_depend_on_the_seed_alone():
    torch.manual_seed(1)
    first, state = initialised("pooled", 8, 3), torch.get_rng_state()
    torch.manual_seed(1)
    assert torch.equal(torch.get_rng_state(), state)  # the global generator was left as it was
    assert torch.equal(first.conv1.weight, initialised("pooled", 8, 3).conv1.weight)
    assert not torch.equal(first.conv1.weight, initialised("pooled", 8, 4).conv1.weight)


def test_each_relu_is_used_once_a_pass():
    network, uses = ResNet18("small", 8), []
    for module in network.modules():
        if isinstance(module, torch.nn.ReLU):
            assert not module.inplace
            module.register_forward_hook(lambda module, *_: uses.append(id(module)))
    network(torch.zeros(2, 1, 48, 48))
    assert len(uses) == len(set(uses)) == 17


def test_images_become_inputs_about_zero():
    inputs = normalise(torch.tensor([0, 255], dtype=torch.uint8).view(2, 1, 1).expand(2, 48, 48))
    assert inputs.shape == (2, 1, 48, 48)
    assert inputs[0, 0, 0, 0] == -2 and inputs[1, 0, 0, 0] == 2
