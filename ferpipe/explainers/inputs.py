"""From pictures to what a network is given, in batches that fit a small machine.

A tensor is what a network takes already. An array is our own faces, which the networks of this package take normalised.
"""

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn

from ferpipe.explainers.answers import Targets, answer, at_once, check, labels
from ferpipe.networks.resnet import DEVIATION, MEAN, normalise

BATCH = 128  # faces forwarded at once


def inputs(images: np.ndarray, device: torch.device | None = None) -> Tensor:
    """Return our networks' inputs (n, 1, 48, 48) for faces (n, 48, 48), uint8 in [0, 255] or float in [0, 1]."""
    if images.ndim != 3:
        raise ValueError(
            f"faces are {images.shape}; they must be (n, 48, 48): torch.as_tensor makes pictures of others"
        )
    if images.dtype == np.uint8:
        tensor = normalise(torch.tensor(images))
    else:
        tensor = torch.tensor(images, dtype=torch.float32).sub_(MEAN).div_(DEVIATION).unsqueeze(1)
    return tensor.to(device).contiguous(memory_format=torch.channels_last)


def batches(
    pictures: Tensor | np.ndarray, device: torch.device | None = None, size: int = BATCH
) -> Iterator[tuple[slice, Tensor]]:
    """Yield the place of each batch and its part of a tensor (n, channels, h, w), or the inputs of our own faces."""
    if isinstance(pictures, Tensor) and pictures.ndim == 4:
        size = at_once(pictures, size)
    for start in range(0, len(pictures), size):
        place = slice(start, min(start + size, len(pictures)))
        part = pictures[place]
        yield place, part if isinstance(part, Tensor) else inputs(part, device)


def logits(
    network: nn.Module, pictures: Tensor | np.ndarray, device: torch.device | None = None, size: int = BATCH
) -> np.ndarray:
    """Return logits (n, classes) float64 for pictures (n, channels, h, w), or for our own faces as of `inputs`."""
    if not len(pictures):  # the network alone knows how many classes there are
        shape = (1, *pictures.shape[1:])
        blank = pictures.new_zeros(shape) if isinstance(pictures, Tensor) else np.zeros(shape, np.float32)
        return logits(network, blank, device)[:0]
    with torch.inference_mode():
        parts = (answer(network, part) for _, part in batches(pictures, device, size))
        return np.concatenate([part.cpu().double().numpy() for part in parts])


def chosen(network: nn.Module, pictures: Tensor, targets: Targets) -> np.ndarray:
    """Return the label (n,) int64 that is explained of each picture (n, channels, h, w)."""
    check(network, pictures)
    return labels(torch.as_tensor(logits(network, pictures)), targets).numpy()
