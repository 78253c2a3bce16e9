"""How much work a build does: the presets that people name, apart from the recipes: a new one makes nothing stale."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ferpipe.training.recipes import Recipe, overfitted


@dataclass(frozen=True)
class Preset:
    """What a preset's name stands for on one data set."""

    members: int
    recipe: Recipe
    overfitted_part: int  # faces
    overfitted_epochs: int
    sizes: tuple[int, int, int] = (0, 0, 0)  # faces to draw for train, dev, test (rendered faces only)


_SMOKE = Recipe(width=8, epochs=2, part=256, batch=32)
PRESETS: dict[str, dict[str, Preset]] = {
    "rendered": {
        "smoke": Preset(2, _SMOKE, 64, 3, sizes=(280, 140, 70)),
        "default": Preset(3, Recipe(width=16, epochs=9), 700, 14, sizes=(2600, 900, 600)),
        "full": Preset(5, Recipe(stem="pooled", width=64, epochs=20), 800, 40, sizes=(12000, 3000, 3000)),
    },
    "fer2013": {
        "smoke": Preset(2, _SMOKE, 64, 3),
        "default": Preset(3, Recipe(stem="pooled", epochs=8), 1000, 12),
        "full": Preset(5, Recipe(stem="small", width=64, epochs=40, batch=128), 4000, 40),
    },
}


def plan(dataset: str, preset: str, members: int | None, epochs: int | None, seed: int) -> list[Recipe]:
    """Return the recipes of the members, which differ in their seed, and, last, of the overfitting model."""
    chosen = PRESETS[dataset][preset]
    recipe = replace(chosen.recipe, epochs=epochs or chosen.recipe.epochs)
    ensemble = [replace(recipe, seed=seed + k) for k in range(members or chosen.members)]
    return [*ensemble, overfitted(ensemble[0], chosen.overfitted_part, chosen.overfitted_epochs)]
