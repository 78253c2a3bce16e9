"""A network's answers to pictures, as they are and averaged over views (test-time augmentation)."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferpipe.networks.folding import folded
from ferpipe.networks.resnet import normalise
from ferpipe.size import SIDE

BATCH = 256  # pictures forwarded at once
SHIFTS = ((0, 0, 0.5), (1, 1, 0.25), (-1, -1, 0.25))  # pixels down and right, and weight (Jordan 2024)


def logits(network: nn.Module, images: Tensor, side: int = SIDE) -> Tensor:
    """Return logits (n, classes) float32 on the CPU for uint8 images (n, 48, 48), evaluated at `side` pixels."""
    quick = folded(network.eval(), side)
    with torch.inference_mode():
        return torch.cat([quick(_seen(normalise(part), side)).float().cpu() for part in images.split(BATCH)])


def averaged(network: nn.Module, images: Tensor) -> Tensor:
    """Return logits (n, classes) averaged over a face and its mirror image, each also shifted by a pixel both ways."""
    quick = folded(network.eval())
    with torch.inference_mode():
        return torch.cat([_averaged(quick, _seen(normalise(part), SIDE)) for part in images.split(BATCH)])


def _averaged(network: nn.Module, inputs: Tensor) -> Tensor:
    total = torch.zeros(())
    for down, right, weight in SHIFTS:
        padded = F.pad(inputs, (1, 1, 1, 1), mode="reflect")
        moved = padded[:, :, 1 - down : 1 - down + SIDE, 1 - right : 1 - right + SIDE]
        for view in (moved, moved.flip(3)):
            view = view.contiguous(memory_format=torch.channels_last)
            total = total + weight / 2 * network(view).float().cpu()
    return total


def _seen(inputs: Tensor, side: int) -> Tensor:
    if side != SIDE:
        inputs = F.interpolate(inputs, (side, side), mode="bilinear", antialias=True, align_corners=False)
    return inputs.contiguous(memory_format=torch.channels_last)
