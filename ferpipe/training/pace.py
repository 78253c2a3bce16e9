"""How long networks take to train, told beforehand: a few steps of each kind are timed, the rest is counted."""

import time
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from ferpipe.data.dataset import Split
from ferpipe.networks.recipes import Recipe
from ferpipe.networks.resnet import initialised
from ferpipe.size import SIDE
from ferpipe.training.loop import Training

STEPS = 3  # at each size of the faces; the first is not timed


def hours(
    recipes: Sequence[Recipe], teachers: Sequence[Sequence[Recipe]], faces: int, classes: int, device: torch.device
) -> float:
    """Return the hours that networks of these recipes, each with its teachers, take on `faces` faces."""
    known: dict[tuple[Recipe, int], list[float]] = {}
    seconds = 0.0
    for recipe, taught in zip(recipes, teachers, strict=True):
        kind = replace(recipe, seed=0, role="member", part=0, epochs=2, small=1, balanced=False)
        key = kind, len(taught)
        if key not in known:
            known[key] = _steps(kind, taught, classes, device)
        small, large = known[key]
        steps = max(1, (recipe.part or faces) // recipe.batch)
        seconds += steps * (recipe.small * small + (recipe.epochs - recipe.small) * large)
    return seconds / 3600


def _steps(recipe: Recipe, teachers: Sequence[Recipe], classes: int, device: torch.device) -> list[float]:
    """Return the seconds of a step on small faces, and of one on whole ones."""
    rng = np.random.default_rng(0)
    count = STEPS * recipe.batch
    labels = np.arange(count) % classes
    split = Split(rng.integers(0, 256, (count, SIDE, SIDE), np.uint8), labels, labels.astype(str))
    asked = [initialised(t.stem, t.width, 0, classes, t.enlarge).to(device).eval() for t in teachers]
    training = Training(recipe, split, split, device, teachers=asked, classes=classes)
    times = []
    for _ in range(2):
        steps = training.run_epoch()
        next(steps)
        _finish(device)
        began = time.perf_counter()
        for _ in steps:
            pass
        _finish(device)
        times.append((time.perf_counter() - began) / (STEPS - 1))
        training.epoch += 1
    return times


def _finish(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize(device)
