"""Augmentation of a whole batch on its device: light, erasing, masking, flip and affine, and mixing of two faces.

All draws come from one CPU generator, so that a GPU sees the same ones.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ferpipe.networks.recipes import Recipe
from ferpipe.size import SIDE

CELL = 8  # pixels: a side of the cells that masking hides, about as large as LIME's segments


def augment(inputs: Tensor, flipped: Tensor, recipe: Recipe, generator: torch.Generator, side: int = SIDE) -> Tensor:
    """Return the inputs (n, 1, 48, 48) changed as `recipe` says, (n, 1, side, side); where `flipped` (n,), mirrored."""
    n, device = len(inputs), inputs.device

    def draw(reach: float) -> Tensor:  # (n,) uniform in [-reach, reach]
        return (torch.rand(n, generator=generator) * 2 - 1) * reach

    angle, size = draw(math.radians(recipe.rotate)), 1 + draw(recipe.scale)
    shift = torch.stack([draw(2 * recipe.shift / SIDE), draw(2 * recipe.shift / SIDE)], 1)  # grid units: -1 to 1
    contrast, brightness = 1 + draw(recipe.light), draw(2 * recipe.light)

    if recipe.light:
        inputs = inputs * contrast.view(n, 1, 1, 1).to(device) + brightness.view(n, 1, 1, 1).to(device)
    if recipe.erase:
        erased = _rectangles(n, torch.empty(n).uniform_(0.02, 0.2, generator=generator), generator)
        erased &= (torch.rand(n, generator=generator) < recipe.erase).view(n, 1, 1, 1)
        inputs = inputs.masked_fill(erased.to(device), 0.0)  # 0 is mid-grey after normalisation
    if recipe.mask:
        hidden = _cells(n, recipe.mask, generator).to(device)
        inputs = torch.where(hidden, blurred(inputs), inputs)
    if recipe.rotate or recipe.scale or recipe.shift or recipe.flip or side != SIDE:
        mirror = torch.where(flipped.cpu(), -1.0, 1.0)
        turn = torch.stack([angle.cos() * mirror, -angle.sin(), angle.sin() * mirror, angle.cos()], 1).view(n, 2, 2)
        theta = torch.cat([turn / size.view(n, 1, 1), shift.view(n, 2, 1)], 2).to(device)
        grid = F.affine_grid(theta, [n, 1, side, side], align_corners=False)
        inputs = F.grid_sample(inputs, grid, padding_mode="reflection", align_corners=False)
    return inputs


def mix(inputs: Tensor, targets: Tensor, recipe: Recipe, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Return inputs (n, 1, h, w) and targets (n, 7) mixed with those of the same batch in another order.

    Mixup blends two faces (Zhang et al. 2018), by a share drawn from Beta(mixup, mixup); cutmix pastes a rectangle of
    the other one (Yun et al. 2019), in the share of batches that the recipe says. Targets follow the shares.
    """
    n, device = len(inputs), inputs.device
    if recipe.cutmix and torch.rand((), generator=generator) < recipe.cutmix:
        other = torch.randperm(n, generator=generator).to(device)
        pasted = _rectangles(n, torch.rand(n, generator=generator), generator, inputs.shape[2]).to(device)
        share = pasted.flatten(1).float().mean(1, keepdim=True)
        return torch.where(pasted, inputs[other], inputs), torch.lerp(targets, targets[other], share)
    if recipe.mixup:
        other = torch.randperm(n, generator=generator).to(device)
        share = _beta(n, recipe.mixup, generator).to(device)
        return torch.lerp(inputs, inputs[other], share.view(n, 1, 1, 1)), torch.lerp(targets, targets[other], share)
    return inputs, targets


def blurred(inputs: Tensor) -> Tensor:
    """Return the inputs (n, 1, 48, 48) without what is finer than CELL pixels: the light, no features."""
    coarse = F.avg_pool2d(inputs, CELL)
    return F.interpolate(coarse, inputs.shape[2:], mode="bilinear", align_corners=False)


def _cells(n: int, probability: float, generator: torch.Generator) -> Tensor:
    """Return masks (n, 1, 48, 48): in the given share of faces, half of the grid's cells on average, else none."""
    cells = torch.rand(n, 1, SIDE // CELL, SIDE // CELL, generator=generator) < 0.5
    masked = torch.rand(n, generator=generator) < probability
    return (cells & masked.view(n, 1, 1, 1)).repeat_interleave(CELL, 2).repeat_interleave(CELL, 3)


def _rectangles(n: int, area: Tensor, generator: torch.Generator, side: int = SIDE) -> Tensor:
    """Return masks (n, 1, side, side): True in a rectangle of a share `area` (n,) of it, cut by the edge."""
    ratio = torch.empty(n).uniform_(math.log(0.5), math.log(2.0), generator=generator).exp()
    half_h, half_w = side * (area * ratio).sqrt() / 2, side * (area / ratio).sqrt() / 2
    centre = torch.rand(2, n, generator=generator) * side
    along = torch.arange(side) + 0.5
    rows = (along - centre[0].view(n, 1)).abs() < half_h.view(n, 1)  # (n, side)
    columns = (along - centre[1].view(n, 1)).abs() < half_w.view(n, 1)
    return (rows[:, :, None] & columns[:, None, :]).unsqueeze(1)


def _beta(n: int, parameter: float, generator: torch.Generator) -> Tensor:
    """Return draws (n, 1) of Beta(parameter, parameter)."""
    rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))  # torch's takes no generator
    return torch.from_numpy(rng.beta(parameter, parameter, (n, 1)).astype(np.float32))
