"""Each pixel's relevance for a class's logit, by backward passes: four methods, one shape.

Each takes pictures (n, channels, h, w) on the network's device and targets, the labels that are explained: each
picture's (n,), one for all, or None for the network's own predictions. It returns maps (n, h, w) float32. What the
channels of a pixel have is summed: a gradient is the logit's slope when all of them rise together.
"""

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn

from ferpipe.explainers.activations import maps, recording
from ferpipe.explainers.answers import Targets, answer, at_least, at_once, differentiating, labels
from ferpipe.explainers.inputs import chosen

BLUR = 8  # a picture's shorter side over the deviation of its blur, which hides what the picture shows


def gradient(network: nn.Module, pictures: Tensor, targets: Targets = None) -> np.ndarray:
    """Return the gradient of the target's logit, logit per unit of input, of either sign (Simonyan et al. 2014)."""
    return _slopes(network, pictures, targets).sum(1)


def smoothgrad(
    network: nn.Module, pictures: Tensor, targets: Targets = None, samples: int = 50, sigma: float = 0.15,
    seed: int | Sequence[int] = 0,
) -> np.ndarray:  # fmt: skip
    """Return the mean gradient over `samples` noisy copies (Smilkov et al. 2017).

    `sigma` is the noise's deviation as a share of the picture's range; each picture has a generator of its own.
    """
    at_least(1, samples=samples)
    if not 0 <= sigma < np.inf:
        raise ValueError(f"sigma (={sigma}) must be a number from 0")
    targets = chosen(network, pictures, targets)
    relevance = np.zeros((len(pictures), *pictures.shape[2:]), np.float32)
    for index, picture in enumerate(pictures.detach()):
        noise = np.random.default_rng([*np.ravel(seed), index]).standard_normal((samples, *picture.shape))
        spread = sigma * float(picture.max() - picture.min())
        noisy = picture + torch.tensor(spread * noise, dtype=picture.dtype, device=picture.device)
        parts = [_slopes(network, part, targets[index]) for part in noisy.split(at_once(noisy))]
        relevance[index] = np.concatenate(parts).mean(0).sum(0)
    return relevance


def integrated(
    network: nn.Module, pictures: Tensor, targets: Targets = None, baselines: Tensor | float | None = None,
    steps: int = 32,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:  # fmt: skip
    """Return Integrated Gradients in logits (Sundararajan et al. 2017), and (n,) their sums and what these should be.

    The mean gradient on the way from the baseline (as `baseline` takes it) to the picture, at `steps` nodes of Gauss
    and Legendre, times that way. A sum should be the change of the target's logit (completeness).
    """
    at_least(1, steps=steps)
    places, pictures = torch.tensor(chosen(network, pictures, targets)), pictures.detach()
    baselines = baseline(pictures, baselines)
    nodes, weights = np.polynomial.legendre.leggauss(steps)  # on [-1, 1]
    shares = torch.tensor((nodes + 1) / 2, dtype=pictures.dtype, device=pictures.device)
    way = pictures - baselines
    on_it = (baselines + shares.view(-1, 1, 1, 1, 1) * way).flatten(0, 1)
    size = at_once(pictures)
    parts = zip(on_it.split(size), places.repeat(steps).split(size), strict=True)
    slopes = np.concatenate([_slopes(network, *part) for part in parts]).reshape(steps, *pictures.shape)
    means: np.ndarray = np.tensordot((weights / 2).astype(np.float32), slopes, 1)
    relevance = (means * way.float().cpu().numpy()).sum(1)
    with torch.inference_mode():
        change = answer(network, pictures) - answer(network, baselines)
        changes = change.gather(1, places.to(change.device)[:, None])[:, 0]
    return relevance, relevance.astype(np.float64).sum((1, 2)), changes.cpu().double().numpy()


def layercam(network: nn.Module, layer: str, pictures: Tensor, targets: Targets = None) -> np.ndarray:
    """Return LayerCAM, activation times logit per activation, zero or more (Jiang et al. 2021).

    The layer's maps, each weighted by the positive part of its own gradient, summed over channels; what is negative is
    cut off, and the map is upsampled bilinearly to the picture's size. Any layer with maps (n, channels, h, w) will do.
    """
    with differentiating(network, pictures) as leaf, recording(network, (layer,), lambda out: out) as outputs:
        logit = _summed(answer(network, leaf), targets)
        activations = maps(outputs, layer)
        (slopes,) = torch.autograd.grad(logit, activations, allow_unused=True)
    if slopes is None:
        raise ValueError(f"the network's answer does not depend on its layer {layer}")
    relevance = (slopes.relu() * activations.detach()).sum(1, keepdim=True).relu()
    fine = F.interpolate(relevance.float(), size=pictures.shape[-2:], mode="bilinear", align_corners=False)
    return fine[:, 0].cpu().numpy()


def blurred(images: np.ndarray, sigma: float) -> np.ndarray:
    """Return pictures (..., h, w) float32 without what is finer than `sigma` pixels; uint8 ones come in [0, 1]."""
    grey: np.ndarray = images.astype(np.float32)
    if images.dtype == np.uint8:
        grey = grey / 255
    out: np.ndarray = gaussian_filter(grey, (*[0] * (images.ndim - 2), sigma, sigma), mode="nearest")
    return out


def baseline(pictures: Tensor, values: Tensor | float | None) -> Tensor:
    """Return what hides pictures (n, channels, h, w): `values`, a tensor or number that broadcasts, or their own blur.

    The blur's deviation is an eighth of the shorter side. Black, the usual baseline, says nothing of what is black.
    """
    if values is None:
        values = torch.as_tensor(blurred(pictures.detach().float().cpu().numpy(), min(pictures.shape[-2:]) / BLUR))
    try:
        values = torch.as_tensor(values, dtype=pictures.dtype, device=pictures.device)
    except (TypeError, RuntimeError):
        raise TypeError(f"baselines are {values!r:.40}; they must be a number or a tensor") from None
    if not values.isfinite().all():
        raise ValueError("baselines have NaN or infinity")
    try:
        return values.expand(pictures.shape)
    except RuntimeError:
        raise ValueError(f"baselines are {tuple(values.shape)}; pictures are {tuple(pictures.shape)}") from None


def _slopes(network: nn.Module, pictures: Tensor, targets: Targets) -> np.ndarray:
    """Return the gradient of the target's logit for each channel of each pixel, (n, channels, h, w) float32."""
    with differentiating(network, pictures) as leaf:
        (slopes,) = torch.autograd.grad(_summed(answer(network, leaf), targets), leaf, materialize_grads=True)
    return slopes.float().cpu().numpy()


def _summed(logits: Tensor, targets: Targets) -> Tensor:
    """Return the sum of the targets' logits: one backward for all, as in evaluation mode no picture touches another."""
    if not logits.requires_grad:
        raise ValueError("the network's answer has no gradient: its forward runs under no_grad, or detaches")
    return logits.gather(1, labels(logits, targets)[:, None]).sum()
