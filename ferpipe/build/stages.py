"""The stages of a build as values: a name, what it would be made of now, and where it lies; `Bench` makes them.

    data -> networks -> analyses

A stage is stale when its record is missing or tells of another recipe; then it is made, and only then is the module
imported that makes it.
"""

import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ferpipe.build import effort
from ferpipe.build.settings import Settings
from ferpipe.errors import Slip
from ferpipe.networks.recipes import Recipe as NetworkRecipe
from ferpipe.networks.recipes import alike
from ferpipe.storage import atomic, encoding, fingerprints
from ferpipe.storage.encoding import JSON
from ferpipe.storage.freshness import OF_FACES, Memory, Recipe, differences, inputs, reasons, recipes, recorded

CLOSE = 2  # differences up to which another network is worth a word


@dataclass(frozen=True)
class Stage:
    """A piece of work that lies in a folder of its own, with the record of what it was made of."""

    name: str
    recipe: Recipe  # what it would be made of now
    folder: Path
    rebuild: bool  # asked for

    def record(self) -> JSON | None:
        """Return the record of what was made, if there is one that can be read."""
        return recorded(self.folder / "recipe.json")

    def stale(self) -> list[str]:
        """Return why the stage is to be made; nothing where it is fresh."""
        return reasons(self.record(), self.recipe, self.rebuild)

    def note(self) -> str:
        """Return what to tell of a stage that is fresh."""
        return ""

    def confirm(self) -> bool:
        """Write down what is new about a stage though it is fresh, and return whether anything was."""
        return False


@dataclass(frozen=True)
class Data(Stage):
    """The data set as one file of arrays."""

    def stale(self) -> list[str]:
        """Return why the data set is to be made; its record must also tell its hash."""
        told = isinstance((self.record() or {}).get("data"), str)
        return super().stale() or ([] if told else ["its record is damaged"])

    @property
    def hash(self) -> str:
        """The hash of the pictures and labels that were made."""
        record = self.record()
        assert record is not None
        return str(record["data"])

    @property
    def shows(self) -> str:
        """What the pictures are called: "face" or "picture"."""
        return str((self.record() or {}).get("shows", "face"))


@dataclass(frozen=True)
class Network(Stage):
    """A trained network, in a folder that is named by its hyperparameters and its data."""

    network: NetworkRecipe
    taught: tuple[str, ...] = ()  # by these members
    start: str = ""  # the member whose weights it begins with; "": none

    def stale(self) -> list[str]:
        """Return why the network is to be trained; one of older code is kept. Raises Slip for a damaged record."""
        record = self.record()
        if self.rebuild or not os.path.lexists(self.folder):
            return ["asked for by --rebuild" if record else self._untrained()]
        identity = {key: value for key, value in self.recipe.items() if key != "code"}
        made_of = record.get("recipe") if record else None
        sealed = {key: value for key, value in (record or {}).items() if key != "hash"}
        broken = record is not None and record.get("hash", "") not in ("", fingerprints.of_value(sealed))
        if broken or not isinstance(made_of, dict) or {key: made_of.get(key) for key in identity} != identity:
            raise Slip(
                f"{self.folder / 'recipe.json'} is damaged; restore the folder {self.name} from a copy, "
                "or remove it and it is trained again"
            )
        return []

    def note(self) -> str:
        """Return which code has changed since the network was trained."""
        made_of = (self.record() or {}).get("recipe", {})
        changed = differences({"code": made_of.get("code")}, {"code": self.recipe["code"]})
        return f"kept, though {changed[0]} since; --rebuild train trains it again" if changed else ""

    def _untrained(self) -> str:
        """Return what sets the network apart from the most similar one that is there."""
        near: list[list[str]] = []
        for path in self.folder.parent.glob(f"{self.network.role}-{self.network.seed}-*/recipe.json"):
            made_of = (recorded(path) or {}).get("recipe")
            if isinstance(made_of, dict) and isinstance(made_of.get("parameters"), dict):
                others = recipes(made_of["parameters"], self.network.parameters())
                near.append(others + ["other data"] * (made_of.get("data") != self.recipe["data"]))
        nearest = min(near, key=len, default=None)
        if nearest is None or len(nearest) > CLOSE:
            return "not trained yet"
        return f"not trained yet; than the nearest there: {', '.join(nearest)}"


@dataclass(frozen=True)
class Analysis(Stage):
    """An analysis and its result."""

    faces: Path | None  # the folder of a restricted data set's pictures, which are a part of the result
    inputs: Recipe  # fingerprints of the code that made data and networks: of these the hashes decide

    def confirm(self) -> bool:
        """Write down of a fresh result by which code its inputs are made now, and return whether that was news."""
        record = self.record()
        if record is None or record.get("inputs") == self.inputs:
            return False
        atomic.write(self.folder / "recipe.json", encoding.json_bytes({**record, "inputs": self.inputs}))
        return True

    def stale(self) -> list[str]:
        """Return why the analysis is to be run; all files of its result must be whole too."""
        return super().stale() or ([] if self._whole() else ["a file of the result is missing or damaged"])

    def _whole(self) -> bool:
        files = [self.folder / "numbers.json", self.folder / "arrays.npz"]
        if self.faces is None:
            return encoding.whole(*files)
        faces = (recorded(self.faces / "faces.json") or {}).get(self.name)
        return encoding.whole(*files, self.faces / "faces.npz") and faces == fingerprints.of_value(self.recipe)


@dataclass(frozen=True)
class Names:
    """The folders of a build's networks."""

    members: list[str] = field(default_factory=list)
    overfitted: list[str] = field(default_factory=list)
    balanced: list[str] = field(default_factory=list)
    student: str = ""  # none

    @property
    def all(self) -> list[str]:
        """All of them, the student last."""
        return [*self.members, *self.overfitted, *self.balanced, *filter(None, [self.student])]

    def write(self, settings: Settings) -> None:
        """Write down which networks are this build's, for predict."""
        place = os.path.relpath(settings.networks.resolve(), settings.own.resolve())
        atomic.write(settings.own / "networks.json", encoding.json_bytes({"place": place, **asdict(self)}))


def data(settings: Settings, memory: Memory) -> Data:
    """Return the stage that draws or reads the data set; its folder is named by what was asked for."""
    if settings.source is None:
        asked: Recipe = {"parameters": {"sizes": list(settings.sizes), "seed": settings.data_seed}}
        code = memory.code("ferpipe.data.faces.rendered")
    else:
        from ferpipe.data import classes, reading

        order = classes.order(settings.classes) if settings.classes else {}
        meant = {"classes": [f"{number} {name}" for number, name in order.items()]} if order else {}
        asked = {"parameters": {"seed": settings.data_seed, **meant}, "source": reading.signature(settings.source)}
        code = memory.code("ferpipe.data.reading")
    folder = settings.folder / f"dataset-{fingerprints.of_value(asked)[:8]}"
    if settings.source is not None:  # code too, though it lies in text files
        asked["orders"] = {file.name: fingerprints.of_file(file) for file in sorted(classes.ORDERS.glob("*.txt"))}
    return Data("data", {"code": code, **asked}, folder, settings.rebuilds("data"))


def networks(
    settings: Settings, recipes: Sequence[NetworkRecipe], data: str, ready: Sequence[Network], memory: Memory
) -> list[Network]:
    """Return the stages that train networks of these recipes on the data of this hash, their teachers among `ready`."""
    assert settings.plan is not None
    by_recipe = {stage.network: stage.name for stage in ready}
    return [
        network(settings, recipe, data, memory, [by_recipe[teacher] for teacher in settings.plan.teachers(recipe)])
        for recipe in recipes
    ]


def network(settings: Settings, recipe: NetworkRecipe, data: str, memory: Memory, teachers: Sequence[str]) -> Network:
    """Return the stage that trains a network of this recipe, which those of these names teach."""
    more: dict[str, object] = {}
    start = ""
    if teachers:
        weights = {name: encoding.read_json(settings.networks / name / "recipe.json")["weights"] for name in teachers}
        more["teachers"] = list(weights.values())
        if recipe.role == "student" and not (recipe.pretrained or recipe.held):
            start = _start(settings, recipe, teachers)
        if start:
            more["start"] = weights[start]
    if recipe.pretrained:
        more["init"] = settings.init if settings.init == "imagenet" else fingerprints.of_file(Path(settings.init))
    identity = {"parameters": recipe.parameters(), "data": data, **more}
    name = f"{recipe.role}-{recipe.seed}-{fingerprints.of_value(identity)[:8]}"
    made_of = {**identity, "code": memory.code("ferpipe.training.loop")}
    rebuild = settings.rebuilds("train")
    return Network(name, made_of, settings.networks / name, rebuild, recipe, tuple(teachers), start)


def ours(settings: Settings, names: Sequence[str]) -> dict[str, tuple[NetworkRecipe, float]]:
    """Return recipe and dev loss of those among these networks that were trained here, and not adopted.

    Raises Slip for one that is damaged.
    """
    known: dict[str, tuple[NetworkRecipe, float]] = {}
    for folder in [settings.networks / name for name in names]:
        record, course = encoding.read_json(folder / "recipe.json"), encoding.read_json(folder / "history.json")
        try:
            if "foreign" not in record["recipe"]:
                loss = float(course["epochs"]["dev_loss"][course["chosen"] - 1])
                known[folder.name] = NetworkRecipe(**record["recipe"]["parameters"]), loss
        except (KeyError, IndexError, TypeError, ValueError) as error:
            cure = "restore it from a copy, or remove it and train again"
            raise Slip(f"{folder} is damaged ({type(error).__name__} {error}); {cure}") from None
    return known


def _start(settings: Settings, student: NetworkRecipe, teachers: Sequence[str]) -> str:
    """Return the teacher as which a student begins: of those that are built as it is, the one of the least dev loss."""
    known = ours(settings, teachers).items()
    losses = {name: loss for name, (recipe, loss) in known if alike(student, recipe)}
    return min(losses, key=losses.__getitem__, default="")


def analyses(settings: Settings, data: Data, names: Names, memory: Memory) -> list[Analysis]:
    """Return the stages that look at these networks, on this data."""
    trained = {name: recorded(settings.networks / name / "recipe.json") or {} for name in names.all}
    code_of = {name: record.get("recipe", {}).get("code") for name, record in trained.items()}
    made_by = inputs(settings.layout.dataset, code_of, memory.known)
    members = {name: _described(record) for name, record in trained.items()}
    faces = settings.own if settings.layout.restricted else None
    stages = []
    told = [name for name in settings.analyses if data.shows == "face" or name not in OF_FACES]
    if not told:
        raise Slip(f"--only {settings.analyses[0]}: asks about the parts of a face, and these pictures show none")
    for name in told:
        code = memory.code(f"ferpipe.analyses.{name}")
        asked = {"preset": settings.preset, "seed": settings.seed, **effort.recorded(settings.effort, code)}
        if settings.layout.restricted != (settings.source is not None):  # as report.toml says, and not as is usual
            asked["publishable"] = not settings.layout.restricted
        recipe = {"code": code, "parameters": asked, "data": data.hash, "members": members}
        rebuild = settings.rebuilds("analyse", name)
        stages.append(Analysis(name, recipe, settings.results / name, rebuild, faces, made_by))
    return stages


def _described(record: JSON) -> JSON:
    """Return what a result says of a network: the hash of its weights, and its settings where they are unusual."""
    usual, parameters = NetworkRecipe().parameters(), record.get("recipe", {}).get("parameters", {})
    always = ("role", "seed", "stem", "width", "epochs")
    return {
        "weights": record.get("weights"),
        "recipe": {key: value for key, value in parameters.items() if key in always or usual.get(key) != value},
    }


def loaded(place: Path, data: str | None, alone: bool = False) -> Names:
    """Return the networks in the folder `place`; raises Slip if they do not fit.

    `data` is the hash of the data that they must have been trained on; None: whatever it was. Members may be `alone`,
    without overfitting models, where nothing asks for these.
    """
    if not place.is_dir():
        raise Slip(f"{place}: no such folder; wanted a folder of members, such as .artefacts/rendered/members")
    roles: dict[str, list[str]] = {"member": [], "overfitted": [], "balanced": [], "student": []}
    for folder in sorted(place.iterdir()):
        record = recorded(folder / "recipe.json")
        if record is None:
            if os.path.lexists(folder / "recipe.json"):
                raise Slip(f"{folder / 'recipe.json'} cannot be read; restore it from a copy, or take {folder} away")
            continue
        try:
            role, trained_on = record["recipe"]["parameters"]["role"], record["recipe"]["data"]
            roles[role].append(folder.name)
        except (KeyError, TypeError):
            raise Slip(f"{folder / 'recipe.json'} is not the record of a member; take it out of {place}") from None
        if data is not None and trained_on != data:
            raise Slip(f"{folder} was trained on data {trained_on}, these are {data}; load members of the same data")
    if not roles["member"] or not (roles["overfitted"] or alone) or len(roles["student"]) > 1:
        got = ", ".join(f"{len(names)} {role}" for role, names in roles.items())
        raise Slip(
            f"{place}: wanted one member or more, one overfitting model or more and one student at most, "
            f"got {got}; without --load, train makes them"
        )
    return Names(roles["member"], roles["overfitted"], roles["balanced"], "".join(roles["student"]))
