"""How much work a build does: the presets that people name, apart from the recipes: a new one makes nothing stale."""

from dataclasses import dataclass, field, replace

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
    kinds: tuple[JSON, ...] = ()  # what sets further members apart from the first
    overfitted: int = 1  # overfitting models
    balanced: int = 0  # networks that see each class as often as the others
    balanced_epochs: int = 0  # of these; 0: as many as the members': their recalls' ranking alone is asked
    student: bool = False  # whether the ensemble is distilled into one network
    pupil: Recipe | None = None  # what that is, where it is of another kind than the first member
    long: bool = False  # whether to tell beforehand how many hours it takes


_SMOKE = Recipe(width=8, epochs=2, part=256, batch=32, held=20)
TAUGHT: JSON = {"distil": 0.7, "label_smoothing": 0.0}  # by the members that learn from labels alone
_HOUR = Recipe(stem="pooled", epochs=16, small=7, batch=128, muon=0.015, rotate=8.0, scale=0.1, shift=3.0)  # two cores
_NIGHT = replace(_HOUR, epochs=40, small=16)
_EVENING = replace(_NIGHT, epochs=20, small=8)  # of rendered faces, which are easier
_TWO_ALONE: tuple[JSON, ...] = ({}, TAUGHT, TAUGHT, TAUGHT)
_FULL = Recipe(
    stem="small", width=64, epochs=40, batch=256, small=15, muon=0.02, rotate=10.0, scale=0.1, shift=4.0, erase=0.25
)
_WIDE = replace(_FULL, epochs=20, small=8)
_MANY = (12000, 3000, 3000)  # rendered faces for train, dev and test
IMAGENET: JSON = {"pretrained": True, "stem": "imagenet", "width": 64, "muon": 0.01, "learning_rate": 0.03}
# on an H100 a face of 96 pixels costs about what the small stem's 48 do
_KINDS: tuple[JSON, ...] = (
    {**IMAGENET, "enlarge": 2, "epochs": 12, "small": 4},
    TAUGHT,
    {**IMAGENET, **TAUGHT, "enlarge": 2, "epochs": 12, "small": 4},
    {**TAUGHT, "cutmix": 0.5},
)
# "shipped" trains nothing: the package's own networks answer, which know FER2013 alone
PRESETS: dict[str, dict[str, Preset]] = {
    "rendered": {
        "smoke": Preset(2, _SMOKE, 64, 3, sizes=(175, 105, 35)),
        "default": Preset(
            5,
            Recipe(width=16, epochs=8, held=300),
            1700,  # with 1,300 some seeds learned nothing before they overfitted
            10,
            (2900, 900, 300),
            overfitted=5,
            balanced=3,
            balanced_epochs=6,
        ),
        "overnight": Preset(5, _EVENING, 600, 10, _MANY, _TWO_ALONE, 3, 2, student=True, long=True),
        "full": Preset(5, _WIDE, 800, 40, _MANY, _KINDS, 3, 2, student=True, pupil=_EVENING, long=True),
    },
    "fer2013": {
        "smoke": Preset(2, _SMOKE, 64, 3),
        "default": Preset(3, _HOUR, 4000, 10, overfitted=3),
        "overnight": Preset(5, _NIGHT, 4000, 10, (0, 0, 0), _TWO_ALONE, 3, 2, 6, student=True, long=True),
        "full": Preset(5, _FULL, 4000, 40, (0, 0, 0), _KINDS, 3, 2, 6, student=True, pupil=_NIGHT, long=True),
    },
}


@dataclass(frozen=True)
class Plan:
    """The networks of a build."""

    members: list[Recipe]  # the ensemble; the first is the analysis model
    overfitted: list[Recipe]
    balanced: list[Recipe] = field(default_factory=list)
    pupil: Recipe | None = None  # of a network that learns from the ensemble, where it is asked for
    long: bool = False  # whether to tell beforehand how many hours it takes

    @property
    def student(self) -> Recipe | None:
        """The network that learns from the ensemble."""
        return None if self.pupil is None else taught(self.pupil, self.members)

    @property
    def rounds(self) -> list[list[Recipe]]:
        """All of them in the order of their training: teachers come in an earlier round than those whom they teach."""
        alone = [recipe for recipe in self.members if not recipe.distil]
        taught = [recipe for recipe in self.members if recipe.distil]
        return [[*alone, *self.overfitted], taught, [*filter(None, [self.student]), *self.balanced]]

    def teachers(self, recipe: Recipe) -> list[Recipe]:
        """Return the networks that teach one of these recipe."""
        if recipe.role == "student":
            return self.members
        return [member for member in self.members if not member.distil] if recipe.distil else []


def plan(
    chosen: Preset,
    seed: int,
    members: int | None = None,  # None: as the preset says
    epochs: int | None = None,
    pretrained: bool = False,
    student: bool = False,
) -> Plan:
    """Return the recipes of a preset's networks; members take its kinds in turn, and a seed each, from `seed` on.

    A kind that is `distil`led learns from the members that are not.
    """
    kinds = [chosen.recipe, *(replace(chosen.recipe, **kind) for kind in chosen.kinds)]
    if pretrained:  # torchvision's weights fit one network only
        kinds = [replace(kind, **{**IMAGENET, "muon": min(kind.muon, IMAGENET["muon"])}) for kind in kinds]
        if chosen.long:  # they know pictures of 224 pixels; twice as large a face takes three times as long
            kinds = [replace(kind, enlarge=2) for kind in kinds]
    pupil = kinds[0] if pretrained or chosen.pupil is None else chosen.pupil
    if epochs is not None:
        kinds, pupil = [_of(kind, epochs) for kind in kinds], _of(pupil, epochs)
    ensemble = [replace(kinds[k % len(kinds)], seed=seed + k) for k in range(members or chosen.members)]
    bare = overfitted(ensemble[0], chosen.overfitted_part, chosen.overfitted_epochs)
    if bare.pretrained:  # torchvision's weights fit one width only
        bare = replace(bare, width=ensemble[0].width)
    even = replace(ensemble[0], role="balanced", balanced=True)
    if chosen.balanced_epochs:
        even = _of(even, min(even.epochs, chosen.balanced_epochs))
    return Plan(
        ensemble,
        [replace(bare, seed=seed + k) for k in range(chosen.overfitted)],
        [replace(even, seed=seed + k) for k in range(chosen.balanced)],
        replace(pupil, seed=seed) if chosen.student or student else None,
        chosen.long,
    )


def _of(recipe: Recipe, epochs: int) -> Recipe:
    """Return a recipe for as many epochs, of which as large a share sees small faces."""
    return replace(recipe, epochs=epochs, small=recipe.small * epochs // recipe.epochs)
