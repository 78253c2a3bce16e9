"""ResNet-18 (He et al. 2016) for 48x48 grey faces, with torchvision's layer names and state-dict keys."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferpipe.size import SIDE

STEM_CHANNELS = 64
STEMS = {  # kernel and stride of the first convolution, and whether a max-pool follows
    "imagenet": (7, 2, True),  # torchvision's: the last map is 2x2 at 48x48
    "strided": (7, 2, False),  # the same without its max-pool: 3x3
    "pooled": (3, 1, True),  # 3x3
    "small": (3, 1, False),  # 6x6
}
LAYERS = ("conv1", "layer1.0.conv1", "layer2.0.conv1", "layer3.0.conv1", "layer4.0.conv1")  # of the original report
STAGES = tuple(f"layer{stage}.{block}.conv{conv}" for stage in (1, 2, 3, 4) for block in (0, 1) for conv in (1, 2))
EVERY = ("conv1", *STAGES)  # in the order in which a face passes them
BLOCKS = ("relu", *(f"layer{stage}.{block}.relu2" for stage in (1, 2, 3, 4) for block in (0, 1)))  # what is handed on
MEAN, DEVIATION = 0.5, 0.25  # grey levels in [0, 1] to about zero mean and unit deviation, the same for every data set


class Block(nn.Module):
    """The basic residual block: two 3x3 convolutions and a shortcut; one ReLU module per use, so that hooks hold."""

    def __init__(self, inputs: int, outputs: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(outputs)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(outputs)
        self.relu2 = nn.ReLU()
        self.downsample: nn.Module | None = None
        if stride != 1 or inputs != outputs:
            self.downsample = nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output, (n, outputs, h / stride, w / stride)."""
        shortcut = x if self.downsample is None else self.downsample(x)
        x = self.relu1(self.bn1(self.conv1(x)))
        return self.relu2(self.bn2(self.conv2(x)) + shortcut)


class ResNet18(nn.Module):
    """A ResNet-18 with one input channel, an output for each class, a choice of stem and a width for its four stages.

    `width` is the first stage's channels, 64 in the original; the first convolution keeps its 64 filters at every
    width, so that all of them can be shown. `enlarge` is how many times as large a face is made before that: weights
    of ImageNet know larger pictures, and whoever explains the network still does so pixel by pixel of the face.
    """

    def __init__(self, stem: str = "imagenet", width: int = 64, classes: int = 7, enlarge: int = 1) -> None:
        super().__init__()
        size, stride, pooled = STEMS[stem]
        self.enlarge = enlarge
        self.conv1 = nn.Conv2d(1, STEM_CHANNELS, size, stride, padding=size // 2, bias=False)
        self.bn1 = nn.BatchNorm2d(STEM_CHANNELS)
        self.relu = nn.ReLU()
        self.maxpool = nn.MaxPool2d(3, 2, padding=1) if pooled else nn.Identity()
        self.layer1 = _stage(STEM_CHANNELS, width, 1)
        self.layer2 = _stage(width, 2 * width, 2)
        self.layer3 = _stage(2 * width, 4 * width, 2)
        self.layer4 = _stage(4 * width, 8 * width, 2)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(8 * width, classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d) and not module.weight.is_meta:  # there it would import a compiler, 2 s
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n, classes) for inputs (n, 1, 48, 48)."""
        if self.enlarge > 1:
            x = F.interpolate(x, scale_factor=float(self.enlarge), mode="bilinear", align_corners=False)
        x = self.relu(self.maxpool(self.bn1(self.conv1(x))))  # the largest, cut off at zero: on a quarter of the pixels
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        logits: Tensor = self.fc(self.avgpool(x).flatten(1))
        return logits


def _stage(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(Block(inputs, outputs, stride), Block(outputs, outputs, 1))


def initialised(stem: str, width: int, seed: int, classes: int = 7, enlarge: int = 1) -> ResNet18:
    """Return a new network whose weights depend on `seed` alone; the global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return ResNet18(stem, width, classes, enlarge)


def normalise(images: Tensor) -> Tensor:
    """Return inputs (n, 1, 48, 48) float32 for uint8 images (n, 48, 48)."""
    if images.shape[1:] != (SIDE, SIDE):
        raise ValueError(f"images must be (n, {SIDE}, {SIDE}), got {tuple(images.shape)}")
    return (images.float().div_(255).sub_(MEAN).div_(DEVIATION)).unsqueeze(1)
