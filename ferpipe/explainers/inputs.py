"""From pictures to what a network is given, in batches that fit a small machine."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor

from ferpipe.networks.resnet import DEVIATION, MEAN, normalise

BATCH = 128  # faces forwarded at once


def inputs(images: np.ndarray, device: torch.device) -> Tensor:
    """Return inputs (n, 1, 48, 48) for images (n, 48, 48), uint8 in [0, 255] or float in [0, 1]."""
    if images.dtype == np.uint8:
        tensor = normalise(torch.tensor(images))
    else:
        tensor = torch.tensor(images, dtype=torch.float32).sub_(MEAN).div_(DEVIATION).unsqueeze(1)
    return tensor.to(device).contiguous(memory_format=torch.channels_last)


def batches(images: np.ndarray, device: torch.device, size: int = BATCH) -> Iterator[tuple[slice, Tensor]]:
    """Yield the place of each batch and its inputs."""
    for start in range(0, len(images), size):
        place = slice(start, min(start + size, len(images)))
        yield place, inputs(images[place], device)


def logits(network: torch.nn.Module, images: np.ndarray, device: torch.device) -> np.ndarray:
    """Return logits (n, 7) float64 for images as `inputs` takes them."""
    with torch.inference_mode():
        return np.concatenate([network(given).cpu().double().numpy() for _, given in batches(images, device)])
