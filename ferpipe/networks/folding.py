"""The same network, sooner: for the many forward passes of one that learns no more."""

from copy import deepcopy
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ferpipe.networks.resnet import Block, ResNet18
from ferpipe.size import SIDE

SMALL = 4  # places of a map on which a convolution is sooner done as one product of matrices


class Residual(nn.Module):
    """A residual block whose convolutions hold the normalisation behind them, and which works in place."""

    def __init__(self, block: Block) -> None:
        super().__init__()
        self.conv1 = fuse_conv_bn_eval(block.conv1, block.bn1)
        self.conv2 = fuse_conv_bn_eval(block.conv2, block.bn2)
        self.downsample: nn.Conv2d | None = None
        if block.downsample is not None:
            self.downsample = fuse_conv_bn_eval(*cast("nn.Sequential", block.downsample))

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        return self.joined(self.conv1(x), x if self.downsample is None else self.downsample(x))

    def joined(self, inner: Tensor, shortcut: Tensor) -> Tensor:
        """Return the block's output for what its first convolution and its shortcut give; `inner` is overwritten."""
        output: Tensor = self.conv2(inner.relu_()).add_(shortcut).relu_()
        return output


class Product(nn.Module):
    """A convolution as one product of matrices: on a map of 2x2, most of what a 3x3 kernel reads is padding."""

    def __init__(self, convolution: nn.Conv2d, shape: torch.Size) -> None:
        super().__init__()
        weight, bias = convolution.weight, convolution.bias
        if bias is None:
            raise ValueError("a convolution is multiplied with the normalisation folded into it: it has a bias then")
        columns = torch.eye(shape.numel()).view(-1, *shape[1:], shape[0])  # channels last
        products = F.conv2d(
            columns.permute(0, 3, 1, 2).to(weight), weight, None, convolution.stride, convolution.padding
        )
        self.shape = products.shape[1:]
        self.matrix = nn.Parameter(products.permute(0, 2, 3, 1).flatten(1))
        self.offset = nn.Parameter(bias.repeat(self.shape[1:].numel()))

    def forward(self, x: Tensor) -> Tensor:
        """Return the convolution's output for x (n, inputs, h, w) of the shape that was given."""
        channels, height, width = self.shape
        maps = torch.addmm(self.offset, x.permute(0, 2, 3, 1).flatten(1), self.matrix)
        return maps.view(-1, height, width, channels).permute(0, 3, 1, 2)


class Folded(ResNet18):
    """A ResNet18 in evaluation mode whose convolutions hold the normalisation behind them."""

    def __init__(self, network: ResNet18) -> None:
        nn.Module.__init__(self)
        self.conv1, self.bn1 = fuse_conv_bn_eval(network.conv1, network.bn1), nn.Identity()  # type: ignore[assignment]
        self.enlarge, self.maxpool, self.relu = network.enlarge, network.maxpool, nn.ReLU(inplace=True)
        self.layer1, self.layer2, self.layer3, self.layer4 = (
            nn.Sequential(*(Residual(cast("Block", block)) for block in stage))
            for stage in (network.layer1, network.layer2, network.layer3, network.layer4)
        )
        self.avgpool, self.fc = network.avgpool, deepcopy(network.fc)
        self.eval()


@torch.inference_mode(False)  # whatever the caller is in: weights made there could have no gradients behind them
def folded(network: nn.Module, side: int = SIDE) -> nn.Module:
    """Return a copy of a ResNet18 in evaluation mode that gives the same answers but for rounding, sooner.

    Its convolutions hold the normalisation behind them, and those on maps of 2x2 or less are products of matrices, for
    inputs of `side` pixels a side alone. Any other network, and one that is folded already, is returned as it is.
    """
    if not isinstance(network, ResNet18) or isinstance(network, Folded):
        return network
    quick = Folded(network)
    _multiply(quick, side)
    return quick.to(memory_format=torch.channels_last).requires_grad_(False)


def _multiply(network: ResNet18, side: int) -> None:
    """Put a Product in the place of each convolution on a map of 2x2 or less."""
    shapes: dict[nn.Module, torch.Size] = {}
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    hooks = [
        convolution.register_forward_pre_hook(lambda module, args: shapes.update({module: args[0].shape[1:]}))
        for convolution in convolutions
    ]
    with torch.no_grad():
        network(torch.zeros(1, 1, side, side).to(network.fc.weight))
        for hook in hooks:
            hook.remove()
        for parent in list(network.modules()):
            for name, module in list(parent.named_children()):
                if isinstance(module, nn.Conv2d) and shapes[module][1:].numel() <= SMALL:
                    setattr(parent, name, Product(module, shapes[module]))
