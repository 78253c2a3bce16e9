"""The stages in their order: data, train, analyse, render. Heavy imports happen only inside a stage that is stale."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from ferpipe import atomic, fingerprints
from ferpipe.analyses import ANALYSES
from ferpipe.errors import Slip
from ferpipe.freshness import Log, Memory, Recipe, differences, reasons, recorded
from ferpipe.options import ROOT, Options
from ferpipe.training.presets import PRESETS, plan
from ferpipe.training.recipes import Recipe as MemberRecipe

if TYPE_CHECKING:
    from ferpipe.analyses.study import Study
    from ferpipe.data.dataset import Dataset

DATA_SEED = 2013  # of the rendered faces; --seed is the networks'


def run(options: Options) -> None:
    """Run the stages that the command names; raises Slip for what the user can mend."""
    memory = Memory(options.artefacts)
    log = Log(memory, options.dataset, options.why)
    try:
        if options.command != "render":
            build = Build(options, memory, log)
            build.data()
            build.train()
            if options.command != "train":
                build.analyse()
        if options.command in ("build", "render"):
            render(options, memory, log)
    finally:
        memory.save()
    if not log.made:
        print("Nothing to do: everything is fresh.")


class Build:
    """One data set on its way through the stages."""

    def __init__(self, options: Options, memory: Memory, log: Log) -> None:
        self.options, self.memory, self.log = options, memory, log
        self.folder = options.artefacts / options.dataset
        self.hash = ""  # of the data
        self.names: list[str] = []  # of the members, the overfitting model last
        self.place = options.load or self.folder / "members"
        self._dataset: Dataset | None = None
        for parent in (self.folder, self.folder / "members", options.results / options.dataset):
            atomic.recover(parent)
        if options.device in ("cuda", "mps"):
            import_module("ferpipe.training.machine").device(options.device)

    def data(self) -> None:
        """Draw or read the data set, unless its array file is fresh."""
        options, folder = self.options, self.folder / "dataset"
        recipe = self._data_recipe()
        record = recorded(folder / "recipe.json")
        why = reasons(record, recipe, options.rebuilds("data"))
        if record and not why:
            self.hash = record["data"]
            return self.log.fresh("data")
        with self.log.making("data", why):
            cache, self._dataset = import_module("ferpipe.data.cache"), self._load_data()
            self.hash = cache.save(folder, self._dataset, recipe)

    def _data_recipe(self) -> Recipe:
        options = self.options
        if options.data is None:
            sizes = list(PRESETS["rendered"][options.preset].sizes)
            code = self.memory.code("ferpipe.data.rendered")
            return {"code": code, "parameters": {"sizes": sizes, "seed": DATA_SEED}}
        source = import_module("ferpipe.data.fer2013").signature(options.data)
        code = self.memory.code("ferpipe.data.fer2013")
        return {"code": code, "parameters": {"seed": options.seed}, "source": source}

    def _load_data(self) -> Dataset:
        tqdm = import_module("tqdm").tqdm
        options = self.options
        sizes = PRESETS[options.dataset][options.preset].sizes
        with tqdm(total=sum(sizes) or None, desc="data", unit="face", mininterval=1) as bar:
            if options.data is None:
                return import_module("ferpipe.data.rendered").dataset(sizes, DATA_SEED, bar.update)
            return import_module("ferpipe.data.fer2013").load(options.data, options.seed, bar.update)

    @property
    def dataset(self) -> Dataset:
        """The data set, read when a stage first needs it."""
        if self._dataset is None:
            self._dataset = import_module("ferpipe.data.cache").load(self.folder / "dataset", self.hash)
        return self._dataset

    def train(self) -> None:
        """Train the members that are not there, or take those that --load names."""
        options = self.options
        if options.load is not None:
            self.names = loaded(options.load, self.hash)
            return self.log.fresh("train", f"{len(self.names) - 1} member(s) from --load")
        code = self.memory.code("ferpipe.training.loop")
        for recipe in plan(options.dataset, options.preset, options.members, options.epochs, options.seed):
            identity = {"parameters": recipe.parameters(), "data": self.hash}
            name = f"{recipe.role}-{recipe.seed}-{fingerprints.of_value(identity)[:8]}"
            record = recorded(self.place / name / "recipe.json")
            self.names.append(name)
            if record and not options.rebuilds("train"):
                changed = differences(record["recipe"].get("code"), code, "code")
                note = f"kept though stale: {changed[0]}; --rebuild train remakes it" if changed else ""
                self.log.fresh(name, note)
                continue
            with self.log.making(name, ["asked for by --rebuild" if record else "not made yet"]):
                self._train_one(recipe, name, {**identity, "code": code})

    def _train_one(self, recipe: MemberRecipe, name: str, member_recipe: Recipe) -> None:
        loop, machine = import_module("ferpipe.training.loop"), import_module("ferpipe.training.machine")
        machine.prepare()
        dataset, device = self.dataset, machine.device(self.options.device)
        loop.train(recipe, dataset.train, dataset.dev, self.place / name, {"recipe": member_recipe}, device)

    def analyse(self) -> None:
        """Run each analysis whose result is stale."""
        options = self.options
        weights = {name: (recorded(self.place / name / "recipe.json") or {}).get("weights") for name in self.names}
        parameters = {"preset": options.preset, "seed": options.seed}
        study: Study | None = None
        for name in [options.only] if options.only else ANALYSES:
            code = self.memory.code(f"ferpipe.analyses.{name}")
            recipe = {"code": code, "parameters": parameters, "data": self.hash, "members": weights}
            folder = options.results / options.dataset / name
            why = reasons(recorded(folder / "recipe.json"), recipe, options.rebuilds("analyse", name))
            if not why and not self._whole(folder, name, recipe):
                why = ["a file of the result is missing"]
            if not why:
                self.log.fresh(name)
                continue
            with self.log.making(name, why):
                study = study or self._study()
                self._analyse_one(name, study, folder, recipe)

    def _whole(self, folder: Path, name: str, recipe: Recipe) -> bool:
        if not all((folder / file).is_file() for file in ("numbers.json", "arrays.npz")):
            return False
        if self.options.data is None:
            return True
        faces = recorded(self.folder / "faces.json") or {}
        return (self.folder / "faces.npz").is_file() and faces.get(name) == fingerprints.of_value(recipe)

    def _analyse_one(self, name: str, study: Study, folder: Path, recipe: Recipe) -> None:
        results, machine = import_module("ferpipe.results"), import_module("ferpipe.training.machine")
        result = import_module(f"ferpipe.analyses.{name}").analyse(study)
        if study.dataset.restricted:
            results.write_faces(self.folder, name, result.faces, fingerprints.of_value(recipe))
        published = result.arrays if study.dataset.restricted else {**result.arrays, **result.faces}
        result = results.Result(result.numbers, published)
        record = {"recipe": recipe, "made_with": machine.description(study.device)}
        results.write(folder, result, record)

    def _study(self) -> Study:
        members, machine = import_module("ferpipe.training.members"), import_module("ferpipe.training.machine")
        machine.prepare()
        loaded_members = [members.load(self.place / name) for name in self.names]
        *ensemble, overfitted = loaded_members
        device = machine.device(self.options.device)
        study = import_module("ferpipe.analyses.study")
        return study.Study(self.dataset, tuple(ensemble), overfitted, device, self.options.seed, self.options.preset)


def loaded(place: Path, data: str) -> list[str]:
    """Return the members in the folder `place`, the overfitting model last; raises Slip if they do not fit."""
    if not place.is_dir():
        raise Slip(f"--load {place}: no such folder; wanted a folder of members, such as .artefacts/rendered/members")
    found: dict[str, list[str]] = {"member": [], "overfitted": []}
    for folder in sorted(place.iterdir()):
        record = recorded(folder / "recipe.json")
        if record is None:
            continue
        try:
            role, trained_on = record["recipe"]["parameters"]["role"], record["recipe"]["data"]
            found[role].append(folder.name)
        except (KeyError, TypeError):
            raise Slip(f"{folder / 'recipe.json'} is not the record of a member; take it out of {place}") from None
        if trained_on != data:
            raise Slip(f"{folder} was trained on data {trained_on}, these are {data}; load members of the same data")
    if not found["member"] or len(found["overfitted"]) != 1:
        got = f"{len(found['member'])} and {len(found['overfitted'])}"
        raise Slip(f"--load {place}: wanted one member or more and one overfitting model, got {got}; train makes both")
    return [*found["member"], *found["overfitted"]]


def render(options: Options, memory: Memory, log: Log) -> None:
    """Render the page of a build, and the site of the committed results."""
    if options.data is None:
        return _render(options.output or ROOT / "site", "site", None, options, memory, log)
    _render(options.output or options.artefacts / "fer2013" / "site", "local page", "fer2013", options, memory, log)
    if options.output is None and options.results == Options.results:
        _render(ROOT / "site", "site", None, options, memory, log)


def _render(output: Path, stage: str, local: str | None, options: Options, memory: Memory, log: Log) -> None:
    site = import_module("ferpipe.render.site")
    made_of = site.recipe(options.results, artefacts=options.artefacts, local=local)
    recipe = {**made_of, "strict": options.strict}
    place = options.artefacts / "pages.json"
    pages = recorded(place) or {}
    key = str(output.resolve())
    record = pages.get(key)
    why = reasons(record, recipe, options.rebuilds("render"))
    if record and not why and record["files"] != _listing(output):
        why = ["a file of the page was changed"]
    if not why:
        return log.fresh(stage)
    with log.making(stage, why):
        site.render(options.results, output, artefacts=options.artefacts, local=local, strict=options.strict)
        pages[key] = {"recipe": recipe, "files": _listing(output)}
        atomic.write(place, json.dumps(pages).encode())


def _listing(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): fingerprints.of_file(path) for path in files}
