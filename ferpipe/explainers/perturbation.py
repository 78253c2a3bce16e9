"""Each pixel's relevance for a class's log-odds, by forward passes on copies of a picture of which parts are hidden.

Each method takes pictures (n, channels, h, w) on the network's device; targets, the labels that are explained: each
picture's (n,), one for all, or None for the network's own predictions; and the baselines that hide parts, as
`attributions.baseline` takes them. A mask (h, w) in [0, 1] shows the picture where it is 1, its baseline where it is 0,
and a mixture in between. Each method has masks of a family of its own: derived from one another's, their maps would
agree by construction.
"""

from collections.abc import Callable, Iterator

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferpipe.explainers import surrogates
from ferpipe.explainers.answers import Targets, at_least, at_once, odds
from ferpipe.explainers.attributions import baseline
from ferpipe.explainers.inputs import chosen, logits
from ferpipe.explainers.superpixels import KERNEL_WIDTH, RIDGE, Explanation, measured, segmented

BATCH = 256  # masked pictures forwarded at once: more of them leave the cache
SAMPLES = 1000  # masks of LIME and of RISE
GRID = 7  # RISE: cells a side; one more than fill the picture, to be shifted
SHARE = 0.5  # of RISE's cells that are shown
PATCHES = 6  # occlusion: patches along the shorter side; they overlap by half


def log_odds(network: nn.Module, pictures: Tensor | np.ndarray, device: torch.device | None = None) -> np.ndarray:
    """Return each class's log-odds (n, classes) float64, as of `answers.odds`, for pictures as of `inputs.logits`."""
    return odds(logits(network, pictures, device, BATCH))


def lime(
    network: nn.Module, pictures: Tensor, targets: Targets = None, segments: np.ndarray | None = None,
    baselines: Tensor | float | None = None, samples: int = SAMPLES, seed: int = 0,
) -> list[Explanation]:  # fmt: skip
    """Return LIME's explanation of each picture; its `painted()` is the map (h, w) of log-odds (Ribeiro et al. 2016).

    A segment's weight is the change of the log-odds when it is shown instead of hidden, in a linear model of `samples`
    answers with about half of the segments hidden. `segments` (h, w) or (n, h, w) numbers them, by SLIC unless named.
    """
    at_least(2, samples=samples)
    explanations = []
    for index, (picture, hidden, label) in enumerate(_asked(network, pictures, targets, baselines)):
        numbers = _segments(picture, segments, index)
        cells = cell_masks(samples, int(numbers.max()) + 1, np.random.default_rng([seed, index]))
        answers = odds(masked(network, picture, hidden, cells[:, numbers]), [label])[:, 0]
        masks = cells.astype(np.float64)
        weights = surrogates.solution(masks, surrogates.proximity(masks, KERNEL_WIDTH), RIDGE) @ answers
        explanations.append(measured(numbers, masks, {label: answers}, {label: weights}))
    return explanations


def rise(
    network: nn.Module, pictures: Tensor, targets: Targets = None, baselines: Tensor | float | None = None,
    samples: int = SAMPLES, seed: int = 0,
) -> np.ndarray:  # fmt: skip
    """Return RISE's maps (n, h, w) float32, log-odds per deviation of the mask, of either sign (`covariance`).

    Answers to `samples` random, smooth masks are asked for (Petsiuk et al. 2018).
    """
    at_least(2, samples=samples)
    asked, (height, width) = _asked(network, pictures, targets, baselines), pictures.shape[-2:]
    masks = soft_masks(samples, height, width, np.random.default_rng(seed))
    deviation = spread(masks)
    return _read(network, asked, masks, lambda answers: covariance(answers, masks, deviation))


def occlusion(
    network: nn.Module, pictures: Tensor, targets: Targets = None, baselines: Tensor | float | None = None,
    patch: int | None = None, stride: int | None = None,
) -> np.ndarray:  # fmt: skip
    """Return occlusion's maps (n, h, w) float32, log-odds of either sign (`falls`; Zeiler & Fergus 2014).

    `patch` is the side of the squares that are hidden, in pixels, a sixth of the shorter side unless named; `stride`
    the pixels from one to the next, half a patch unless named.
    """
    asked, (height, width) = _asked(network, pictures, targets, baselines), pictures.shape[-2:]
    patch = max(1, min(height, width) // PATCHES) if patch is None else patch
    stride = max(1, patch // 2) if stride is None else stride
    at_least(1, patch=patch, stride=stride)
    if not 1 <= stride <= patch <= min(height, width):
        raise ValueError(f"stride (={stride}), patch (={patch}) and picture (={height}x{width}) must grow so")
    masks = patch_masks(height, width, patch, stride)
    return _read(network, asked, masks, lambda answers: falls(answers, masks))


def masked(
    network: nn.Module, picture: Tensor, hidden: Tensor, masks: np.ndarray,
    logits: Callable[[nn.Module, Tensor], np.ndarray] = logits,
) -> np.ndarray:  # fmt: skip
    """Return a network's logits (m, classes) for copies of a picture (channels, h, w) under masks (m, h, w).

    Mixed by the batch, which stays in the processor's cache, with what hides the picture, `hidden` (channels, h, w).
    """
    size, answers = at_once(picture, BATCH), []
    for start in range(0, len(masks), size):
        shares = torch.as_tensor(masks[start : start + size])[:, None].to(picture)
        answers.append(logits(network, shares * picture + (1 - shares) * hidden))
    return np.concatenate(answers)


def cell_masks(count: int, segments: int, rng: np.random.Generator) -> np.ndarray:
    """Return LIME's rows (count, segments) float32: 1 where a segment is shown, else 0; the first shows all."""
    cells = rng.integers(0, 2, (count, segments))
    cells[0] = 1
    return cells.astype(np.float32)


def soft_masks(count: int, height: int, width: int, rng: np.random.Generator) -> np.ndarray:
    """Return RISE's masks (count, h, w) float32 in [0, 1]: coarse cells, smoothed and shifted (Petsiuk et al. 2018)."""
    coarse = torch.tensor(rng.random((count, 1, GRID, GRID)) < SHARE, dtype=torch.float32)
    down, across = (-(-side // (GRID - 1)) for side in (height, width))  # pixels a cell
    fine = F.interpolate(coarse, (GRID * down, GRID * across), mode="bilinear", align_corners=False)[:, 0].numpy()
    rows = rng.integers(0, down, (count, 1)) + np.arange(height)
    columns = rng.integers(0, across, (count, 1)) + np.arange(width)
    return fine[np.arange(count)[:, None, None], rows[:, :, None], columns[:, None, :]].clip(0, 1)


def patch_masks(height: int, width: int, patch: int, stride: int) -> np.ndarray:
    """Return the whole picture's mask and those that hide one square patch each, (1 + k, h, w) float32 of 0 and 1."""
    # the last patch touches the edge, whatever the stride
    tops, lefts = ([*range(0, side - patch, stride), side - patch] for side in (height, width))
    masks = np.ones((1 + len(tops) * len(lefts), height, width), np.float32)
    for mask, (row, column) in zip(masks[1:], np.ndindex(len(tops), len(lefts)), strict=True):
        mask[tops[row] : tops[row] + patch, lefts[column] : lefts[column] + patch] = 0
    return masks


def spread(masks: np.ndarray) -> np.ndarray:
    """Return the deviation of masks (m, h, w) at each pixel, (h, w) float32, 1 where they never change."""
    return np.where((deviation := masks.std(0)) > 0, deviation, np.float32(1))


def covariance(answers: np.ndarray, masks: np.ndarray, deviation: np.ndarray) -> np.ndarray:
    """Return RISE's maps (k, h, w) float32, signed, for log-odds (m, k) under masks (m, h, w) and their deviation.

    The answers' mean weighted by the mask's value at a pixel, less their plain mean, is the answers' covariance with
    that value over the value's mean. Here it is divided by the value's deviation instead: log-odds per deviation of the
    mask, with the same noise at every pixel. Zero means no influence.
    """
    exact = answers.astype(np.float64)
    centred = (exact - exact.mean(0)).astype(np.float32)
    product = centred.T @ masks.reshape(len(centred), -1) / len(centred)  # one side centred is enough
    return product.reshape(-1, *masks.shape[1:]) / deviation


def falls(answers: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return occlusion's maps (k, h, w) float32, signed, for log-odds (m, k) under masks (m, h, w), the whole first.

    A pixel's relevance is the fall of the log-odds when a patch is hidden, averaged over the patches that cover it.
    """
    values, hidden = answers.astype(np.float32), 1 - masks[1:]
    return np.tensordot((values[:1] - values[1:]).T, hidden, 1) / hidden.sum(0)


def _asked(
    network: nn.Module, pictures: Tensor, targets: Targets, baselines: Tensor | float | None
) -> Iterator[tuple[Tensor, Tensor, int]]:
    """Return an iterator over the pictures, what hides each and its target."""
    labels = chosen(network, pictures, targets).tolist()
    return zip(pictures.detach(), baseline(pictures, baselines), labels, strict=True)


def _read(
    network: nn.Module, asked: Iterator[tuple[Tensor, Tensor, int]], masks: np.ndarray,
    read: Callable[[np.ndarray], np.ndarray],
) -> np.ndarray:  # fmt: skip
    """Return what `read` makes of the target's log-odds (m, 1) of each picture, (n, h, w) float32."""
    maps = [read(odds(masked(network, picture, hidden, masks), [label]))[0] for picture, hidden, label in asked]
    return np.array(maps, np.float32).reshape(-1, *masks.shape[1:])


def _segments(picture: Tensor, segments: np.ndarray | None, index: int) -> np.ndarray:
    """Return the number of each pixel's segment (h, w), from 0 without gaps."""
    if segments is None:
        return segmented(picture.float().permute(1, 2, 0).squeeze(2).cpu().numpy())
    every = np.asarray(segments)
    numbers = every if every.ndim == 2 or index >= len(every) else every[index]
    if numbers.shape != picture.shape[1:]:
        raise ValueError(f"segments are {every.shape}; picture {index} is {tuple(picture.shape[1:])}")
    return np.unique(numbers, return_inverse=True)[1].reshape(numbers.shape)
