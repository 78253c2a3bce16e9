"""The stages in their order: data, train, analyse, render. Heavy imports happen only inside a stage that is stale."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferpipe import atomic, fingerprints, lock, restricted, results
from ferpipe.analyses import ANALYSES
from ferpipe.errors import Slip
from ferpipe.freshness import Log, Memory, Recipe, differences, reasons, recorded, remember, remembered
from ferpipe.options import ROOT, Options
from ferpipe.training.presets import PRESETS, plan
from ferpipe.training.recipes import Recipe as MemberRecipe

if TYPE_CHECKING:
    from ferpipe.analyses.study import Study
    from ferpipe.data.dataset import Dataset

SHIPPED = fingerprints.PACKAGE / "shipped"
DATA_SEED = 2013  # of the rendered faces; --seed is the networks'


def run(options: Options) -> None:
    """Run the stages that the command names; raises Slip for what the user can mend."""
    if options.command == "predict":
        return import_module("ferpipe.predict").predict(options)
    if options.command == "serve":
        return serve(options)
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun started, which make one build
    with lock.held(locks(options) if first else ()):
        _run(options, Memory(options.artefacts, keeps=first))


def locks(options: Options) -> list[Path]:
    """Return the lock files of the folders that the command writes to; a page's lies beside it, since it is swapped."""
    folders = [options.artefacts, *([] if options.command == "render" else [options.results])]
    shown = pages(options) if options.command in ("build", "render") else []
    return [*(folder / ".lock" for folder in folders), *(page.with_name(f".lock-{page.name}") for page in shown)]


def _run(options: Options, memory: Memory) -> None:
    log = Log(memory, options.dataset, options.why)
    try:
        if options.command != "render" and not prepare(options, memory, log):
            return None
        if options.command in ("build", "render"):
            render(options, memory, log)
    finally:
        memory.save()
    if not log.made:
        print("Nothing to do: everything is fresh.")


def prepare(options: Options, memory: Memory, log: Log) -> bool:
    """Run the stages that need torch; returns whether this process goes on, as the first of those torchrun started."""
    if "RANK" not in os.environ:
        Build(options, memory, log).run()
        return True
    ranks = import_module("ferpipe.training.ranks")  # and with it torch, which a fresh build does without
    with ranks.together():
        if ranks.local_rank():
            ranks.wait()  # for the data
        build = Build(options, memory, log, later=ranks.local_rank() > 0)
        build.data()
        if not ranks.local_rank():
            ranks.wait()
        build.train(ranks.rank(), ranks.count())
        ranks.wait()  # for the members
    if ranks.rank():
        return False
    build.shared = True
    build.run()
    return True


class Build:
    """One data set on its way through the stages."""

    def __init__(self, options: Options, memory: Memory, log: Log, later: bool = False) -> None:
        """Take what the command line asks for; `later`: another process of this build may be writing already."""
        self.options, self.memory, self.log = options, memory, log
        self.folder = options.artefacts / options.dataset
        self.hash = ""  # of the data
        self.names = Names([], "")
        self.shared = False  # whether several processes have made data and members: then nothing is rebuilt again
        self.place = options.load or self.folder / "members"  # of the networks
        if options.preset == "shipped" and options.load is None:
            self.place = SHIPPED / options.dataset
            if options.data is None:
                raise Slip("--preset shipped: the shipped networks learned FER2013; name it with --data PATH")
        self._dataset: Dataset | None = None
        for parent in (self.folder, self.folder / "members", options.results / options.dataset):
            if not later:
                atomic.recover(parent)
        if options.device in ("cuda", "mps"):
            import_module("ferpipe.training.machine").device(options.device)

    def run(self) -> None:
        """Run the stages that the command names, short of the page."""
        self.data()
        self.train()
        if self.options.command != "train":
            self.analyse()

    def data(self) -> None:
        """Draw or read the data set, unless its array file is fresh."""
        options, folder = self.options, self.folder / "dataset"
        recipe = self._data_recipe()
        record = recorded(folder / "recipe.json")
        why = reasons(record, recipe, options.rebuilds("data"))
        if record and isinstance(record.get("data"), str) and (self.shared or not why):
            self.hash = record["data"]
            return self.log.fresh("data")
        with self.log.making("data", why or ["its record is damaged"]):
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
        sizes = PRESETS["rendered"][options.preset].sizes if options.data is None else ()
        with tqdm(total=sum(sizes) or None, desc="data", unit="face", mininterval=1) as bar:
            if options.data is None:
                return import_module("ferpipe.data.rendered").dataset(sizes, DATA_SEED, bar.update)
            return import_module("ferpipe.data.fer2013").load(options.data, options.seed, bar.update)

    @property
    def dataset(self) -> Dataset:
        """The data set, read when a stage first needs it."""
        if self._dataset is None:
            try:
                self._dataset = import_module("ferpipe.data.cache").load(self.folder / "dataset", self.hash)
            except Slip:
                if "RANK" in os.environ:  # others may be reading it
                    raise
                self._dataset = self._remade()
        return self._dataset

    def _remade(self) -> Dataset:
        """Make the data set again, since its array file is damaged; raises Slip if its record was damaged too."""
        dataset, folder = self._load_data(), self.folder / "dataset"
        with self.log.making("data", [f"{folder / 'dataset.npz'} is damaged"]):
            made = import_module("ferpipe.data.cache").save(folder, dataset, self._data_recipe())
        if made != self.hash:
            raise Slip(f"{folder} was damaged and is made anew; run the same command again")
        return dataset

    def train(self, rank: int = 0, ranks: int = 1) -> None:
        """Train the networks that are not there, or take those that --load names; of several ranks, one's share."""
        options = self.options
        if options.load is not None or options.preset == "shipped":
            self.names = loaded(self.place, self.hash if options.load else None)
            return self.log.fresh("train", f"{len(self.names.members)} member(s) from {self.place}")
        work = plan(options)
        more = {"init": fingerprints.of_file(options.init)} if options.init else {}
        alone = [*work.members, work.overfitted]
        names = [self._train_one(recipe, more) for k, recipe in enumerate(alone) if k % ranks == rank]
        if ranks > 1:
            return  # this process's share
        self.names = Names(names[:-1], names[-1])
        if work.student is not None:
            weights = [results.read_json(self.place / name / "recipe.json")["weights"] for name in self.names.members]
            self.names.student = self._train_one(work.student, {**more, "teachers": weights})
        atomic.write(self.folder / "networks.json", json.dumps(asdict(self.names)).encode())  # for predict

    def _train_one(self, recipe: MemberRecipe, more: dict[str, Any]) -> str:
        identity = {"parameters": recipe.parameters(), "data": self.hash, **more}
        name = f"{recipe.role}-{recipe.seed}-{fingerprints.of_value(identity)[:8]}"
        code = self.memory.code("ferpipe.training.loop")
        rebuild = self.options.rebuilds("train") and not self.shared
        record = recorded(self.place / name / "recipe.json")
        if not rebuild and os.path.lexists(self.place / name):
            made_of = record.get("recipe") if record else None
            if not isinstance(made_of, dict) or {key: made_of.get(key) for key in identity} != identity:
                raise Slip(
                    f"{self.place / name / 'recipe.json'} is damaged; restore the folder {name} from a copy, "
                    "or remove it and it is trained again"
                )
            changed = differences(made_of.get("code"), code, "code")
            note = f"kept though stale: {changed[0]}; --rebuild train remakes it" if changed else ""
            self.log.fresh(name, note)
            return name
        with self.log.making(name, ["asked for by --rebuild" if record else "not made yet"]):
            loop, start = import_module("ferpipe.training.loop"), import_module("ferpipe.training.start")
            device = self._device()
            weights = start.read(self.options.init) if self.options.init else None
            teachers = self._teachers(device) if "teachers" in more else None
            record = {"recipe": {**identity, "code": code, "threads": self._threads()}}
            dataset = self.dataset
            loop.train(recipe, dataset.train, dataset.dev, self.place / name, record, device, weights, teachers)
        return name

    def _teachers(self, device: Any) -> Any:
        members, distil = import_module("ferpipe.training.members"), import_module("ferpipe.training.distil")
        ensemble = [members.load(self.place / name) for name in self.names.members]
        return distil.probabilities(ensemble, self.dataset.train.images, device)

    def _threads(self) -> int:
        return self.options.threads or int(import_module("ferpipe.training.machine").cores())

    def _device(self) -> Any:
        """Return the device to work on, prepared so that equal seeds give equal bytes."""
        machine = import_module("ferpipe.training.machine")
        machine.prepare(self._threads())
        return machine.device(self.options.device)

    def analyse(self) -> None:
        """Run each analysis whose result is stale."""
        options = self.options
        weights = {name: (recorded(self.place / name / "recipe.json") or {}).get("weights") for name in self.names.all}
        parameters = {"preset": options.preset, "seed": options.seed}
        study: Study | None = None
        for name in [options.only] if options.only else ANALYSES:
            code = self.memory.code(f"ferpipe.analyses.{name}")
            recipe = {"code": code, "parameters": parameters, "data": self.hash, "members": weights}
            folder = options.results / options.dataset / name
            why = reasons(recorded(folder / "recipe.json"), recipe, options.rebuilds("analyse", name))
            if not why and not self._whole(folder, name, recipe):
                why = ["a file of the result is missing or damaged"]
            if not why:
                self.log.fresh(name)
                continue
            with self.log.making(name, why):
                study = study or self._study()
                self._analyse_one(name, study, folder, recipe)

    def _whole(self, folder: Path, name: str, recipe: Recipe) -> bool:
        if not results.whole(folder / "numbers.json", folder / "arrays.npz"):
            return False
        if self.options.data is None:
            return True
        faces = recorded(self.folder / "faces.json") or {}
        return results.whole(self.folder / "faces.npz") and faces.get(name) == fingerprints.of_value(recipe)

    def _analyse_one(self, name: str, study: Study, folder: Path, recipe: Recipe) -> None:
        machine = import_module("ferpipe.training.machine")
        result = import_module(f"ferpipe.analyses.{name}").analyse(study)
        if study.dataset.restricted:
            restricted.check(name, result.arrays, result.numbers)
            splits = (study.dataset.train, study.dataset.dev, study.dataset.test)
            restricted.compare(name, result.arrays, [split.images for split in splits if split is not None])
            results.write_faces(self.folder, name, result.faces, fingerprints.of_value(recipe))
        published = result.arrays if study.dataset.restricted else {**result.arrays, **result.faces}
        result = results.Result(result.numbers, published)
        record = {"recipe": recipe, "made_with": machine.description(study.device)}
        results.write(folder, result, record)

    def _study(self) -> Study:
        members, study = import_module("ferpipe.training.members"), import_module("ferpipe.analyses.study")
        names, device = self.names, self._device()
        networks = [members.load(self.place / name) for name in names.all]
        faces = len(self.dataset.dev)
        for member in networks if self.place.parent != SHIPPED else []:
            if len(member.view_logits) != faces:
                raise Slip(f"{self.place / member.name} answers {len(member.view_logits):,} dev faces of {faces:,}; "
                           "load members of the same data")  # fmt: skip
        if self.place.parent == SHIPPED:
            networks = import_module("ferpipe.shipping").aligned(networks, self.place, self.dataset.dev.images)
        of = dict(zip(names.all, networks, strict=True))
        made: Study = study.Study(
            dataset=self.dataset,
            members=tuple(of[name] for name in names.members),
            overfitted=of[names.overfitted],
            student=of.get(names.student),
            device=device,
            seed=self.options.seed,
            preset=self.options.preset,
        )
        return made


@dataclass
class Names:
    """The folders of a build's networks."""

    members: list[str]
    overfitted: str
    student: str = ""  # none

    @property
    def all(self) -> list[str]:
        """All of them, the student last."""
        return [*self.members, self.overfitted, *filter(None, [self.student])]


def loaded(place: Path, data: str | None) -> Names:
    """Return the networks in the folder `place`, one with weights first; raises Slip if they do not fit.

    `data` is the hash of the data that they must have been trained on; None: whatever it was.
    """
    if not place.is_dir():
        raise Slip(f"{place}: no such folder; wanted a folder of members, such as .artefacts/rendered/members")
    found: dict[str, list[str]] = {"member": [], "overfitted": [], "student": []}
    for folder in sorted(place.iterdir()):
        record = recorded(folder / "recipe.json")
        if record is None:
            continue
        try:
            role, trained_on = record["recipe"]["parameters"]["role"], record["recipe"]["data"]
            found[role].insert(0 if record["weights"] and place.parent == SHIPPED else len(found[role]), folder.name)
        except (KeyError, TypeError):
            raise Slip(f"{folder / 'recipe.json'} is not the record of a member; take it out of {place}") from None
        if data is not None and trained_on != data:
            raise Slip(f"{folder} was trained on data {trained_on}, these are {data}; load members of the same data")
    if not found["member"] or len(found["overfitted"]) != 1 or len(found["student"]) > 1:
        got = ", ".join(f"{len(names)} {role}" for role, names in found.items())
        raise Slip(
            f"{place}: wanted one member or more, one overfitting model and one student at most, "
            f"got {got}; train makes them"
        )
    return Names(found["member"], found["overfitted"][0], *found["student"])


def pages(options: Options) -> list[Path]:
    """Return the folders that are rendered: the site, or a data set's local page and then the site of what is here."""
    if options.data is None:
        return [options.output or ROOT / "site"]
    site = [ROOT / "site"] if options.output is None and options.results == Options.results else []
    return [options.output or options.artefacts / "fer2013" / "site", *site]


def render(options: Options, memory: Memory, log: Log) -> None:
    """Render the page of a build, and the site of the committed results."""
    own, *site = pages(options)
    local = None if options.data is None else "fer2013"
    _render(own, "local page" if local else "site", local, options, memory, log)
    for page in site:
        _render(page, "site", None, options, memory, log)


def serve(options: Options) -> None:
    """Serve the site, or a data set's local page, to whoever writes its text; raises Slip."""
    if options.output is not None:
        raise Slip("serve writes no page: leave out --output, or use render")
    local = None if options.data is None else "fer2013"
    show = import_module("ferpipe.render.serve").serve
    show(options.results, artefacts=options.artefacts, local=local, strict=options.strict, port=options.port)


def _render(output: Path, stage: str, local: str | None, options: Options, memory: Memory, log: Log) -> None:
    site = import_module("ferpipe.render.site")
    made_of = site.recipe(options.results, artefacts=options.artefacts, local=local)
    recipe = {**made_of, "strict": options.strict}
    place = options.artefacts / "pages.json"
    pages = remembered(place)
    key = str(output.resolve())
    record = pages.get(key)
    why = reasons(record, recipe, options.rebuilds("render"))
    if record and not why and record["files"] != _listing(output):
        why = ["a file of the page was changed"]
    if not why:
        return log.fresh(stage)
    with log.making(stage, why):
        site.render(options.results, output, artefacts=options.artefacts, local=local, strict=options.strict)
        for name in [] if local else site.absent(options.results):
            print(f"edition '{name}' is left out: it has no results in {options.results}")
        pages[key] = {"recipe": recipe, "files": _listing(output)}
        remember(place, pages)


def _listing(folder: Path) -> dict[str, str]:
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {str(path.relative_to(folder)): fingerprints.of_file(path) for path in files}
