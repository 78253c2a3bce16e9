"""How much work a build does: the presets that people name, apart from the recipes: a new one makes nothing stale."""

from dataclasses import dataclass, replace

from ferpipe.networks.recipes import Recipe, overfitted
from ferpipe.networks.recipes import student as taught
from ferpipe.storage.encoding import JSON

DATA_SEED = 2013  # of the rendered faces; --seed is the networks'


@dataclass(frozen=True)
class Preset:
    """What a preset's name stands for on one data set."""

    members: int
    recipe: Recipe
    overfitted_part: int  # faces
    overfitted_epochs: int
    sizes: tuple[int, int, int] = (0, 0, 0)  # faces to draw for train, dev, test (rendered faces only)
    kinds: tuple[JSON, ...] = ()  # what sets further members apart from the first: siblings add little
    student: bool = False  # whether the ensemble is distilled into one network


_SMOKE = Recipe(width=8, epochs=2, part=256, batch=32)
_KINDS: tuple[JSON, ...] = (
    {"cutmix": 0.5, "erase": 0.25},
    {"stem": "pooled", "mixup": 0.2},
    {"width": 96, "rotate": 10.0, "scale": 0.1},
    {"mask": 0.3},
)
_HOUR = Recipe(stem="pooled", epochs=16, small=7, batch=128, muon=0.015, rotate=8.0, scale=0.1, shift=3.0)  # two cores
_FULL = Recipe(
    stem="small", width=64, epochs=40, batch=128, small=15, muon=0.015, rotate=10.0, scale=0.1, shift=4.0, erase=0.25
)
# "shipped" trains nothing: the package's own networks answer, which know FER2013 alone
PRESETS: dict[str, dict[str, Preset]] = {
    "rendered": {
        "smoke": Preset(2, _SMOKE, 64, 3, sizes=(175, 105, 35)),
        "default": Preset(3, Recipe(width=16, epochs=8), 600, 10, sizes=(2600, 900, 600)),
        "full": Preset(5, replace(_FULL, epochs=20, small=8), 800, 40, (12000, 3000, 3000), _KINDS, student=True),
    },
    "fer2013": {
        "smoke": Preset(2, _SMOKE, 64, 3),
        "default": Preset(3, _HOUR, 1000, 10),
        "full": Preset(5, _FULL, 4000, 40, kinds=_KINDS, student=True),
    },
}


@dataclass(frozen=True)
class Plan:
    """The networks of a build."""

    members: list[Recipe]  # the ensemble; the first is the analysis model
    overfitted: Recipe
    student: Recipe | None  # one network that learns from the ensemble, where it is asked for


def plan(
    chosen: Preset,
    seed: int,
    members: int | None = None,  # None: as the preset says
    epochs: int | None = None,
    pretrained: bool = False,
    student: bool = False,
) -> Plan:
    """Return the recipes of a preset's networks; members take its kinds in turn, and a seed each, from `seed` on."""
    kinds = [chosen.recipe, *(replace(chosen.recipe, **kind) for kind in chosen.kinds)]
    if pretrained:  # torchvision's weights fit one network only, and are an SGD's work: it goes on with them
        kinds = [replace(kind, stem="imagenet", width=64, muon=0.0) for kind in kinds]
    if epochs is not None:
        kinds = [replace(kind, epochs=epochs, small=kind.small * epochs // kind.epochs) for kind in kinds]
    ensemble = [replace(kinds[k % len(kinds)], seed=seed + k) for k in range(members or chosen.members)]
    pupil = taught(ensemble[0]) if chosen.student or student else None
    return Plan(ensemble, overfitted(ensemble[0], chosen.overfitted_part, chosen.overfitted_epochs), pupil)
