"""What a first-layer filter does to a face: trace its outlines, keep its shading, or pass most of it on."""

import numpy as np
import torch
from scipy.ndimage import gaussian_filter, sobel
from torch import Tensor

from ferpipe.explainers.activations import output
from ferpipe.explainers.inputs import batches
from ferpipe.networks.resnet import ResNet18
from ferpipe.results.conv1_outputs import Kind
from ferpipe.size import SIDE

KINDS: tuple[Kind, ...] = ("outline", "shade", "passes")  # then dead, other
SHADE = 6.0  # pixels: what a blur of this width leaves is light and shadow, without features
LIKE = 0.6  # mean |correlation| with a face's edges, shading or detail from which on a filter follows them
DEAD = 1e-5  # response variance: batch normalisation's epsilon, below which its rescaling no longer helps a filter
AT_ONCE = 50  # faces whose 64 maps are held


def responses(network: ResNet18, batch: Tensor) -> np.ndarray:
    """Return the first convolution's outputs (n, 64, h, w) float32; nothing behind it runs that could write there."""
    with torch.inference_mode():
        return output(network, "conv1", batch).float().cpu().contiguous().numpy()


def likenesses(network: ResNet18, images: np.ndarray, device: torch.device) -> tuple[np.ndarray, np.ndarray]:
    """Return each filter's likeness in [0, 1] to KINDS, (64, 3), the mean over faces, and its response variance (64,).

    Correlated over positions, face by face; the frame is left out, where the convolution sees its own padding.
    """
    alike, variances = [], []
    for place, batch in batches(images, device, AT_ONCE):
        maps = responses(network, batch).astype(np.float64)
        stride, edge = SIDE // maps.shape[2], network.conv1.kernel_size[0] // 2
        frame = -(-edge // stride)
        inner = slice(frame, maps.shape[2] - frame)
        fine = (maps - gaussian_filter(maps, (0, 0, SHADE / stride, SHADE / stride)))[:, :, inner, inner]
        maps = maps[:, :, inner, inner]
        seen = {name: m[:, ::stride, ::stride][:, inner, inner] for name, m in features(images[place]).items()}
        variances.append(maps.var((2, 3)))
        alike.append(correlated(maps, fine, seen))
    return np.concatenate(alike).mean(0), np.concatenate(variances).mean(0)


def features(images: np.ndarray) -> dict[str, np.ndarray]:
    """Return maps (n, 48, 48) of each picture's slopes down and across, their length, its shading and its detail."""
    grey = images.astype(np.float64) / 255
    down, across = sobel(grey, 1), sobel(grey, 2)
    shade = gaussian_filter(grey, (0, SHADE, SHADE))
    return {"down": down, "across": across, "edges": np.hypot(down, across), "shade": shade, "detail": grey - shade}


def correlated(maps: np.ndarray, fine: np.ndarray, seen: dict[str, np.ndarray]) -> np.ndarray:
    """Return likenesses (n, 64, 3) to KINDS of outputs (n, 64, h, w) and of their own detail `fine`.

    Outline: the output's size follows the edges', or it is a slope in some direction: then the multiple correlation
    with the two slopes says so. Shade: it follows the shading. Passes: its detail follows the face's as well.
    """
    outputs = standard(maps)  # (n, 64, p)
    size = standard(np.abs(maps - maps.mean((2, 3), keepdims=True)))
    flat = {name: standard(values)[:, None] for name, values in seen.items()}  # (n, 1, p)
    down, across = ((outputs * flat[name]).mean(2) for name in ("down", "across"))
    both = (flat["down"] * flat["across"]).mean(2)
    square = (down**2 + across**2 - 2 * down * across * both) / np.maximum(1 - both**2, 1e-6)
    slope = np.sqrt(np.clip(square, 0, 1))
    outline = np.maximum(slope, (size * flat["edges"]).mean(2))
    shade = np.abs((outputs * flat["shade"]).mean(2))
    return np.stack([outline, shade, np.minimum(shade, np.abs((standard(fine) * flat["detail"]).mean(2)))], axis=2)


def standard(maps: np.ndarray) -> np.ndarray:
    """Return maps (..., h, w) as (..., h w) with mean 0 and deviation 1; zeros where a map does not vary."""
    flat = maps.reshape(*maps.shape[:-2], -1)
    centred = flat - flat.mean(-1, keepdims=True)
    deviation = centred.std(-1, keepdims=True)
    varies = deviation > 1e-7 * (1 + np.abs(flat).max(-1, keepdims=True, initial=0))
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=varies)


def kinds_of(likeness: np.ndarray, variance: np.ndarray) -> list[Kind]:
    """Return each filter's kind: dead; outline, if nearer to that than to shade; passes; shade; else other."""
    kinds: list[Kind] = []
    for (outline, shade, passes), spread in zip(likeness, variance, strict=True):
        if spread <= DEAD:
            kinds.append("dead")
        elif outline >= max(LIKE, shade):
            kinds.append("outline")
        else:
            kinds.append("passes" if passes >= LIKE else "shade" if shade >= LIKE else "other")
    return kinds
