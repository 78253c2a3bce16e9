"""Per-pixel relevance for a class's logit, signed, per unit of input: three methods, one shape.

Each takes inputs (n, 1, 48, 48) and the targets' labels (n,), and returns (n, 48, 48) float32.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from scipy.ndimage import gaussian_filter
from torch import Tensor, nn


def gradient(network: nn.Module, given: Tensor, targets: np.ndarray) -> np.ndarray:
    """Return the gradient of the target's logit (Simonyan et al. 2014)."""
    leaf = given.detach().clone().requires_grad_()
    places = torch.as_tensor(targets, device=given.device).unsqueeze(1)
    with torch.enable_grad():  # one backward of the sum: in evaluation mode no face touches another
        (slopes,) = torch.autograd.grad(network(leaf).gather(1, places).sum(), leaf)
    return slopes[:, 0].float().cpu().numpy()


def smoothgrad(
    network: nn.Module, given: Tensor, targets: np.ndarray, samples: int, sigma: float, seed: Sequence[int]
) -> np.ndarray:
    """Return the mean gradient over `samples` noisy copies (Smilkov et al. 2017).

    `sigma` is the noise's deviation as a share of the face's own range; each face draws from a generator of its own.
    """
    maps = []
    for index, face in enumerate(given):
        noise = np.random.default_rng([*seed, index]).standard_normal((samples, *face.shape))
        spread = sigma * float(face.max() - face.min())
        noisy = face + torch.tensor(spread * noise, dtype=face.dtype, device=face.device)
        maps.append(gradient(network, noisy, np.full(samples, targets[index])).mean(0))
    return np.stack(maps)


def integrated(
    network: nn.Module, given: Tensor, targets: np.ndarray, baselines: Tensor, steps: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return Integrated Gradients (Sundararajan et al. 2017), and (n,) their sums and what these should be.

    The mean gradient on the way from the baseline to the face, at the nodes of Gauss and Legendre, times that way. A
    sum should be the change of the target's logit (completeness).
    """
    nodes, weights = np.polynomial.legendre.leggauss(steps)  # on [-1, 1]
    shares = torch.tensor((nodes + 1) / 2, dtype=given.dtype, device=given.device)
    way = given - baselines
    on_it = (baselines + shares.view(-1, 1, 1, 1, 1) * way).flatten(0, 1)
    slopes = gradient(network, on_it, np.tile(targets, steps)).reshape(steps, *given[:, 0].shape)
    maps = np.tensordot((weights / 2).astype(np.float32), slopes, 1) * way[:, 0].float().cpu().numpy()
    places = torch.as_tensor(targets, device=given.device).unsqueeze(1)
    with torch.inference_mode():
        change = (network(given) - network(baselines)).gather(1, places)[:, 0]
    return maps, maps.astype(np.float64).sum((1, 2)), change.cpu().double().numpy()


def blurred(images: np.ndarray, sigma: float) -> np.ndarray:
    """Return images (n, 48, 48) float32 in [0, 1] without what is finer than `sigma` pixels, for uint8 images."""
    out: np.ndarray = gaussian_filter(images.astype(np.float32) / 255, (0, sigma, sigma), mode="nearest")
    return out
