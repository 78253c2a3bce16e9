"""Augmentation of a whole batch on its device: flip, affine, light, erasing. All draws come from one CPU generator."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from ferpipe.emotions import SIDE
from ferpipe.training.recipes import Recipe


def augment(inputs: Tensor, flipped: Tensor, recipe: Recipe, generator: torch.Generator) -> Tensor:
    """Return the inputs (n, 1, 48, 48) changed as `recipe` says; where `flipped` (n,) bool, mirrored."""
    n, device = len(inputs), inputs.device

    def draw(reach: float) -> Tensor:  # (n,) uniform in [-reach, reach]
        return (torch.rand(n, generator=generator) * 2 - 1) * reach

    angle, size = draw(math.radians(recipe.rotate)), 1 + draw(recipe.scale)
    shift = torch.stack([draw(2 * recipe.shift / SIDE), draw(2 * recipe.shift / SIDE)], 1)  # grid units: -1 to 1
    contrast, brightness = 1 + draw(recipe.light), draw(2 * recipe.light)
    erased = _rectangles(n, recipe.erase, generator)

    if recipe.rotate or recipe.scale or recipe.shift or recipe.flip:
        mirror = torch.where(flipped.cpu(), -1.0, 1.0)
        turn = torch.stack([angle.cos() * mirror, -angle.sin(), angle.sin() * mirror, angle.cos()], 1).view(n, 2, 2)
        theta = torch.cat([turn / size.view(n, 1, 1), shift.view(n, 2, 1)], 2).to(device)
        grid = F.affine_grid(theta, list(inputs.shape), align_corners=False)
        inputs = F.grid_sample(inputs, grid, padding_mode="reflection", align_corners=False)
    if recipe.light:
        inputs = inputs * contrast.view(n, 1, 1, 1).to(device) + brightness.view(n, 1, 1, 1).to(device)
    if recipe.erase:
        inputs = inputs.masked_fill(erased.to(device), 0.0)  # 0 is mid-grey after normalisation
    return inputs


def _rectangles(n: int, probability: float, generator: torch.Generator) -> Tensor:
    """Return masks (n, 1, 48, 48): True inside a rectangle of 2 to 20 % of the area, with the given probability."""
    area = torch.empty(n).uniform_(0.02, 0.2, generator=generator) * SIDE * SIDE
    ratio = torch.empty(n).uniform_(math.log(0.5), math.log(2.0), generator=generator).exp()
    half_h, half_w = (area * ratio).sqrt() / 2, (area / ratio).sqrt() / 2
    centre = torch.rand(2, n, generator=generator) * SIDE
    there = torch.rand(n, generator=generator) < probability
    along = torch.arange(SIDE) + 0.5
    rows = (along - centre[0].view(n, 1)).abs() < half_h.view(n, 1)  # (n, 48)
    columns = (along - centre[1].view(n, 1)).abs() < half_w.view(n, 1)
    return (rows[:, :, None] & columns[:, None, :] & there.view(n, 1, 1)).unsqueeze(1)
