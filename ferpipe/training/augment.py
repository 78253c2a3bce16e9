"""Augmentation of a whole batch on its device: light, erasing, masking, flip and affine, and mixing of two faces.

Chance is draws.py's: here everything follows from its tensors, and nothing is read back to the host.
"""

import torch
import torch.nn.functional as F
from torch import Tensor

from ferpipe.size import SIDE
from ferpipe.training.draws import CELL, Draws


def augment(inputs: Tensor, draws: Draws, side: int = SIDE) -> Tensor:
    """Return the inputs (n, 1, 48, 48) changed as a step's draws say, (n, 1, side, side)."""
    n = len(inputs)
    if draws.light is not None:
        contrast, brightness = draws.light.view(n, 2, 1, 1).split(1, 1)
        inputs = inputs * contrast + brightness
    if draws.erased is not None:
        inputs = inputs.masked_fill(covered(draws.erased, SIDE), 0.0)  # 0 is mid-grey after normalisation
    if draws.hidden is not None:
        cells = draws.hidden.unsqueeze(1).repeat_interleave(CELL, 2).repeat_interleave(CELL, 3)
        inputs = torch.where(cells, blurred(inputs), inputs)
    if draws.theta is not None:
        grid = F.affine_grid(draws.theta, [n, 1, side, side], align_corners=False)
        inputs = F.grid_sample(inputs, grid, padding_mode="reflection", align_corners=False)
    return inputs


def mix(inputs: Tensor, targets: Tensor, draws: Draws) -> tuple[Tensor, Tensor]:
    """Return inputs (n, 1, h, w) and targets (n, classes) mixed with those of the same batch in another order.

    Mixup blends two faces (Zhang et al. 2018), by a share drawn from a Beta distribution; cutmix pastes a rectangle of
    the other one (Yun et al. 2019), in the share of batches that the recipe says. Targets follow the shares.
    """
    if draws.other is None:
        return inputs, targets
    faces, answers = inputs.index_select(0, draws.other), targets.index_select(0, draws.other)
    if draws.share is not None:
        share = draws.share.view(-1, 1)
        inputs, targets = torch.lerp(inputs, faces, share.view(-1, 1, 1, 1)), torch.lerp(targets, answers, share)
    if draws.pasted is not None:
        pasted = covered(draws.pasted, inputs.shape[2])
        inputs = torch.where(pasted, faces, inputs)
        targets = torch.lerp(targets, answers, pasted.flatten(1).float().mean(1, keepdim=True))
    return inputs, targets


def blurred(inputs: Tensor) -> Tensor:
    """Return the inputs (n, 1, 48, 48) without what is finer than CELL pixels: the light, no features."""
    coarse = F.avg_pool2d(inputs, CELL)
    return F.interpolate(coarse, inputs.shape[2:], mode="bilinear", align_corners=False)


def covered(rectangles: Tensor, side: int) -> Tensor:
    """Return masks (n, 1, side, side): True inside rectangles (n, 4) as draws.py has them."""
    along = (torch.arange(side, device=rectangles.device) + 0.5) / side
    row, column, rows, columns = rectangles.unsqueeze(-1).unbind(1)
    inside = ((along - row).abs() < rows)[:, :, None] & ((along - column).abs() < columns)[:, None, :]
    return inside.unsqueeze(1)
