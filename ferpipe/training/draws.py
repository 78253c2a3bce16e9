"""What chance decides in an epoch, all of it at once and from CPU generators: every device sees the same draws.

They are sent to the device once. A step then looks its own up there, so that it never waits for the host.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ferpipe.networks.recipes import Recipe
from ferpipe.size import SIDE

CELL = 8  # pixels: a side of the cells that masking hides, about as large as LIME's segments


@dataclass(frozen=True)
class Draws:
    """An epoch's draws, each (steps, batch, ...); None for what the recipe leaves out.

    A rectangle is its centre and half its size, (row, column, rows, columns) in shares of a side; one of negative size
    covers nothing.
    """

    faces: Tensor  # (steps, batch) int64: which faces are trained on
    theta: Tensor | None  # (steps, batch, 2, 3): flip, rotation, scale and shift, as affine_grid takes them
    light: Tensor | None  # (steps, batch, 2): contrast, a factor, and brightness, an addend
    erased: Tensor | None  # (steps, batch, 4): the rectangle that is greyed out
    hidden: Tensor | None  # (steps, batch, cells, cells) bool: the cells that are blurred
    other: Tensor | None  # (steps, batch) int64: the place in the batch of the face that is mixed in
    share: Tensor | None  # (steps, batch): how much of it
    pasted: Tensor | None  # (steps, batch, 4): its rectangle that is pasted in

    def to(self, device: torch.device) -> "Draws":
        """Return the draws on a device."""
        return self._each(lambda drawn: drawn.to(device))

    def at(self, step: Tensor) -> "Draws":
        """Return a step's draws, (batch, ...); `step` (1,) int64 lies where the draws do."""
        return self._each(lambda drawn: drawn.index_select(0, step).squeeze(0))

    def copy_(self, other: "Draws") -> None:
        """Take another epoch's draws of the same recipe, in the same place of memory."""
        for f in fields(self):
            mine: Tensor | None = getattr(self, f.name)
            if mine is not None:
                mine.copy_(getattr(other, f.name))

    def _each(self, function: Callable[[Tensor], Tensor]) -> "Draws":
        """Return what a function makes of every tensor."""
        parts: dict[str, Any] = {f.name: getattr(self, f.name) for f in fields(self)}
        parts = {name: None if drawn is None else function(drawn) for name, drawn in parts.items()}
        return Draws(**parts)


def epoch(recipe: Recipe, number: int, labels: Tensor, steps: int, side: int = SIDE) -> Draws:
    """Return the draws of the epoch `number`, from 0, in which faces of `labels` (n,) are seen at `side` pixels."""
    seed = np.random.SeedSequence([recipe.seed, 2, number]).generate_state(1)[0]
    generator = torch.Generator().manual_seed(int(seed))
    shape = (steps, recipe.batch)
    faces = order(recipe, labels, shape[0] * shape[1], generator).view(shape)

    def reach(most: float) -> Tensor:  # uniform in [-most, most]
        return (torch.rand(shape, generator=generator) * 2 - 1) * most

    angle, size = reach(math.radians(recipe.rotate)), 1 + reach(recipe.scale)
    shift = torch.stack([reach(2 * recipe.shift / SIDE), reach(2 * recipe.shift / SIDE)], -1)  # grid units: -1 to 1
    contrast, brightness = 1 + reach(recipe.light), reach(2 * recipe.light)
    theta = None
    if recipe.rotate or recipe.scale or recipe.shift or recipe.flip or side != SIDE:
        mirror = torch.where(flipped(recipe, number, len(labels))[faces], -1.0, 1.0)
        turn = torch.stack([angle.cos() * mirror, -angle.sin(), angle.sin() * mirror, angle.cos()], -1)
        theta = torch.cat([turn.view(*shape, 2, 2) / size.view(*shape, 1, 1), shift.view(*shape, 2, 1)], -1)
    erased = hidden = other = share = pasted = None
    if recipe.erase:
        area = torch.empty(shape).uniform_(0.02, 0.2, generator=generator)
        erased = rectangles(area, torch.rand(shape, generator=generator) < recipe.erase, generator)
    if recipe.mask:
        cells = torch.rand(*shape, SIDE // CELL, SIDE // CELL, generator=generator) < 0.5
        hidden = cells & (torch.rand(shape, generator=generator) < recipe.mask)[..., None, None]
    if recipe.mixup or recipe.cutmix:
        other = torch.rand(shape, generator=generator).argsort(-1)
        cut = torch.rand(steps, 1, generator=generator) < recipe.cutmix  # a whole batch at a time
        if recipe.mixup:
            rng = np.random.default_rng(int(torch.randint(2**31, (), generator=generator)))  # torch's have no Beta
            drawn = rng.beta(recipe.mixup, recipe.mixup, shape).astype(np.float32)
            share = torch.from_numpy(drawn).masked_fill(cut, 0.0)
        if recipe.cutmix:
            pasted = rectangles(torch.rand(shape, generator=generator), cut.expand(shape), generator)
    light = torch.stack([contrast, brightness], -1) if recipe.light else None
    return Draws(faces, theta, light, erased, hidden, other, share, pasted)


def order(recipe: Recipe, labels: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return the faces of an epoch, (count,) int64: each about once, or each class as often as the others."""
    if recipe.balanced:
        kinds = [(labels == label).nonzero().flatten() for label in labels.unique()]
        each = [_repeated(kind, -(-count // len(kinds)), generator) for kind in kinds]
        faces = torch.cat(each)
        return faces[torch.randperm(len(faces), generator=generator)][:count]
    return _repeated(torch.arange(len(labels)), count, generator)


def _repeated(faces: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Return `count` of the faces in an order drawn anew each time that all of them have come."""
    rounds = [faces[torch.randperm(len(faces), generator=generator)] for _ in range(-(-count // len(faces)))]
    return torch.cat(rounds)[:count]


def flipped(recipe: Recipe, number: int, count: int) -> Tensor:
    """Return which faces are mirrored in an epoch, (count,) bool: drawn for the first, then each time its opposite."""
    first = torch.rand(count, generator=torch.Generator().manual_seed(recipe.seed)) < 0.5
    return (first ^ bool(number % 2)) & recipe.flip


def rectangles(area: Tensor, there: Tensor, generator: torch.Generator) -> Tensor:
    """Return rectangles (..., 4) of a share `area` (...) of a picture, which its edge may cut; none but `there`."""
    ratio = torch.empty(area.shape).uniform_(math.log(0.5), math.log(2.0), generator=generator).exp()
    size = torch.stack([(area * ratio).sqrt(), (area / ratio).sqrt()], -1) / 2
    centre = torch.rand(*area.shape, 2, generator=generator)
    return torch.cat([centre, torch.where(there[..., None], size, -1.0)], -1)
