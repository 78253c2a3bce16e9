"""The stages in their order: data, train, analyse, render. Heavy imports happen only inside a stage that is stale."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ferpipe.analyses import ANALYSES
from ferpipe.build import effort, summary
from ferpipe.build import layout as layouts
from ferpipe.build import options as project
from ferpipe.build.layout import Layout
from ferpipe.build.options import Options
from ferpipe.errors import Slip
from ferpipe.networks.recipes import Recipe as MemberRecipe
from ferpipe.results import restricted, stored
from ferpipe.storage import atomic, encoding, fingerprints, lock, places
from ferpipe.storage.freshness import (
    Log,
    Memory,
    Recipe,
    differences,
    outdated,
    reasons,
    recipes,
    recorded,
    remember,
    remembered,
)
from ferpipe.training.presets import PRESETS, plan

if TYPE_CHECKING:
    from ferpipe.analyses.study import Study
    from ferpipe.data.dataset import Dataset

SHIPPED = fingerprints.PACKAGE / "shipped"
DATA_SEED = 2013  # of the rendered faces; --seed is the networks'
SHARED = ("code.json", "timings.json", "pages.json", "figures", "runs")  # in the artefacts, beside a folder a data set


def run(options: Options) -> None:
    """Run the stages that the command names; raises Slip for what the user can mend."""
    if options.command == "predict":
        return import_module("ferpipe.build.predict").predict(options)
    layout = layouts.of(options)
    target = layouts.published(options) if options.publish else None
    check(options, layout, target)
    if options.command == "serve":
        claim(layout)
        return serve(options, layout)
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun started, which make one build
    with lock.held(locks(options, layout, target) if first else ()):
        if first:
            claim(layout)
        _run(options, layout, target, Memory(layout.artefacts, keeps=first))


def check(options: Options, layout: Layout, target: Layout | None) -> None:
    """Raise Slip for a place that cannot be written to, or where something of somebody's is in the way."""
    if target and layout.published:
        raise Slip("--publish: a plain build is the published one; name a run, such as render --publish NAME")
    given = {"--artefacts": options.artefacts, "--results": options.results, "--output": options.output}
    for one in filter(None, (layout, target)):
        writes = {"--artefacts": one.artefacts}
        if one is target or options.command not in ("render", "serve"):
            writes["--results"] = one.results
        if options.command in ("build", "render"):
            writes["--output"] = one.page
        for flag, folder in writes.items():
            here = (project.ROOT, *([Path.cwd()] if given[flag] else []))
            places.check_folder(
                flag, folder, project.ROOT, here, (project.ROOT / "report/results",) if flag == "--results" else ()
            )
        places.check_apart(one.folders)
        if "--results" in writes:
            places.check(one.results / one.dataset, _asked(options), _earlier_results(one))
        if "--output" in writes:
            site = import_module("ferpipe.render.site")
            places.check(one.page, site.names(one.editions, one.local), site.earlier(one.page))


def claim(layout: Layout) -> None:
    """List what builds write into the artefacts as theirs; raises Slip where somebody's is in the way."""
    folder = layout.artefacts
    sealed = ("code.json", "pages.json", "figures/code.json")  # by older builds, which kept no list
    places.claim(folder, [*SHARED, *PRESETS], lambda: any(atomic.unseal(folder / name) for name in sealed))


def _earlier_results(layout: Layout) -> places.Evidence:
    """Return what tells whether results are a build's though no list names them: copies, and older ones."""
    folder = layout.results / layout.dataset
    return lambda: any("recipe" in (recorded(path) or {}) for path in folder.glob("*/recipe.json"))


def _asked(options: Options) -> tuple[str, ...]:
    return (options.only,) if options.only else ANALYSES


def locks(options: Options, layout: Layout, target: Layout | None) -> list[Path]:
    """Return the lock files of the folders that the command writes to; the artefacts' serves all that lies in them."""
    folders = [] if options.command == "render" else [layout.results]
    folders += [layout.page] if options.command in ("build", "render") else []
    folders += [target.results, target.page] if target else []
    apart = [folder for folder in folders if not folder.resolve().is_relative_to(layout.artefacts.resolve())]
    return [folder / lock.NAME for folder in (layout.artefacts, *apart)]


def _run(options: Options, layout: Layout, target: Layout | None, memory: Memory) -> None:
    log = Log(memory, layout.dataset, options.why)
    reference = target or (layout if layout.published else layouts.published(Options(artefacts=options.artefacts)))
    before = summary.read(reference, layout.dataset)
    try:
        if options.command != "render" and not prepare(options, layout, memory, log):
            return
        if options.command in ("build", "render") and not (target and options.command == "render"):
            render(options, layout, memory, log)
        if target:
            publish(layout, target, log)
            render(options, target, memory, log)
    finally:
        memory.save()
    if not log.made:
        print("Nothing to do: everything is fresh.")
    if options.command in ("build", "render"):
        summary.tell(target or layout, layout.dataset, before, log.changed)


def prepare(options: Options, layout: Layout, memory: Memory, log: Log) -> bool:
    """Run the stages that need torch; returns whether this process goes on, as the first of those torchrun started."""
    if "RANK" not in os.environ:
        Build(options, layout, memory, log).run()
        return True
    ranks = import_module("ferpipe.training.ranks")  # and with it torch, which a fresh build does without
    local_rank = import_module("ferpipe.networks.machine").local_rank
    with ranks.together():
        if local_rank():
            ranks.wait()  # for the data
        build = Build(options, layout, memory, log, later=local_rank() > 0)
        build.data()
        if not local_rank():
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

    def __init__(self, options: Options, layout: Layout, memory: Memory, log: Log, later: bool = False) -> None:
        """Take what the command line asks for; `later`: another process of this build may be writing already."""
        self.options, self.layout, self.memory, self.log = options, layout, memory, log
        self.folder = layout.artefacts / layout.dataset  # of data and networks, for all builds
        self.own = layout.base / layout.dataset  # of this one's faces
        self.hash = ""  # of the data
        self.effort = effort.of(options.preset)
        self.names = Names([], "")
        self.shared = False  # whether several processes have made data and members: then nothing is rebuilt again
        self.place = options.load or self.folder / "members"  # of the networks
        if options.preset == "shipped" and options.load is None:
            self.place = SHIPPED / layout.dataset
            if options.data is None:
                raise Slip("--preset shipped: the shipped networks learned FER2013; name it with --data PATH")
        self._dataset: Dataset | None = None
        for parent in (self.folder, self.folder / "members", layout.results / layout.dataset):
            if not later:
                atomic.recover(parent)
        if options.device in ("cuda", "mps"):
            import_module("ferpipe.networks.machine").device(options.device)

    def run(self) -> None:
        """Run the stages that the command names, short of the page."""
        self.data()
        self.train()
        if self.options.command != "train":
            self.analyse()

    def data(self) -> None:
        """Draw or read the data set, unless its array file is fresh."""
        recipe, folder = self._data_recipe(), self._data_folder()
        record = recorded(folder / "recipe.json")
        why = reasons(record, recipe, self.options.rebuilds("data"))
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
            code = self.memory.code("ferpipe.data.faces.rendered")
            return {"code": code, "parameters": {"sizes": sizes, "seed": DATA_SEED}}
        source = import_module("ferpipe.data.fer2013").signature(options.data)
        code = self.memory.code("ferpipe.data.fer2013")
        return {"code": code, "parameters": {"seed": options.seed}, "source": source}

    def _data_folder(self) -> Path:
        """Return the folder of this data set's arrays, named by what was asked for: trials draw fewer faces."""
        asked = {key: value for key, value in self._data_recipe().items() if key != "code"}
        return self.folder / f"dataset-{fingerprints.of_value(asked)[:8]}"

    def _load_data(self) -> Dataset:
        tqdm = import_module("tqdm").tqdm
        options = self.options
        sizes = PRESETS["rendered"][options.preset].sizes if options.data is None else ()
        with tqdm(total=sum(sizes) or None, desc="data", unit="face", mininterval=1) as bar:
            if options.data is None:
                return import_module("ferpipe.data.faces.rendered").dataset(sizes, DATA_SEED, bar.update)
            return import_module("ferpipe.data.fer2013").load(options.data, options.seed, bar.update)

    @property
    def dataset(self) -> Dataset:
        """The data set, read when a stage first needs it."""
        if self._dataset is None:
            try:
                self._dataset = import_module("ferpipe.data.cache").load(self._data_folder(), self.hash)
            except Slip:
                if "RANK" in os.environ:  # others may be reading it
                    raise
                self._dataset = self._remade()
        return self._dataset

    def _remade(self) -> Dataset:
        """Make the data set again, since its array file is damaged; raises Slip if its record was damaged too."""
        dataset, folder = self._load_data(), self._data_folder()
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
            self._name_networks()
            return self.log.fresh("train", f"{len(self.names.members)} member(s) from {self.place}")
        chosen = PRESETS[self.layout.dataset][options.preset]
        work = plan(chosen, options.seed, options.members, options.epochs, options.init is not None, options.student)
        more = {"init": fingerprints.of_file(options.init)} if options.init else {}
        alone = [*work.members, work.overfitted]
        names = [self._train_one(recipe, more) for k, recipe in enumerate(alone) if k % ranks == rank]
        if ranks > 1:
            return  # this process's share
        self.names = Names(names[:-1], names[-1])
        if work.student is not None:
            weights = [encoding.read_json(self.place / name / "recipe.json")["weights"] for name in self.names.members]
            self.names.student = self._train_one(work.student, {**more, "teachers": weights})
        self._name_networks()

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
            changed = differences({"code": made_of.get("code")}, {"code": code})
            note = f"kept, though {changed[0]} since; --rebuild train trains it again" if changed else ""
            self.log.fresh(name, note)
            return name
        with self.log.making(name, ["asked for by --rebuild" if record else self._untrained(recipe)]):
            loop, start = import_module("ferpipe.training.loop"), import_module("ferpipe.networks.start")
            device = self._device()
            weights = start.read(self.options.init) if self.options.init else None
            teachers = self._teachers(device) if "teachers" in more else None
            record = {"recipe": {**identity, "code": code, "threads": self._threads()}}
            dataset = self.dataset
            loop.train(recipe, dataset.train, dataset.dev, self.place / name, record, device, weights, teachers)
        return name

    def _untrained(self, recipe: MemberRecipe) -> str:
        """Return why a network is trained: what sets it apart from the most similar one that is there."""
        near: list[list[str]] = []
        for path in self.place.glob(f"{recipe.role}-{recipe.seed}-*/recipe.json"):
            made_of = (recorded(path) or {}).get("recipe")
            if isinstance(made_of, dict) and isinstance(made_of.get("parameters"), dict):
                others = recipes(made_of["parameters"], recipe.parameters())
                near.append(others + ["other data"] * (made_of.get("data") != self.hash))
        nearest = sorted(near, key=len)[:1]
        return f"not trained yet; beside the nearest: {', '.join(nearest[0])}" if nearest else "not trained yet"

    def _teachers(self, device: Any) -> Any:
        checkpoints, distil = import_module("ferpipe.networks.checkpoints"), import_module("ferpipe.training.distil")
        ensemble = [checkpoints.load(self.place / name) for name in self.names.members]
        return distil.probabilities(ensemble, self.dataset.train.images, device)

    def _threads(self) -> int:
        return self.options.threads or int(import_module("ferpipe.networks.machine").cores())

    def _device(self) -> Any:
        """Return the device to work on, prepared so that equal seeds give equal bytes."""
        machine = import_module("ferpipe.networks.machine")
        machine.prepare(self._threads())
        return machine.device(self.options.device)

    def analyse(self) -> None:
        """Run each analysis whose result is stale."""
        options = self.options
        networks = {name: self._network(name) for name in self.names.all}
        asked = {"preset": options.preset, "seed": options.seed}
        study: Study | None = None
        for name in _asked(options):
            code = self.memory.code(f"ferpipe.analyses.{name}")
            parameters = {**asked, **effort.recorded(self.effort, code)}
            recipe = {"code": code, "parameters": parameters, "data": self.hash, "members": networks}
            folder = self.layout.results / self.layout.dataset / name
            why = reasons(recorded(folder / "recipe.json"), recipe, options.rebuilds("analyse", name))
            if not why and not self._whole(folder, name, recipe):
                why = ["a file of the result is missing or damaged"]
            if not why:
                self.log.fresh(name)
                continue
            with self.log.making(name, why):
                study = study or self._study()
                self._analyse_one(name, study, folder, recipe)

    def _name_networks(self) -> None:
        """Write down which networks are this build's, for predict."""
        record = {"place": os.path.relpath(self.place.resolve(), self.own.resolve()), **asdict(self.names)}
        atomic.write(self.own / "networks.json", encoding.json_bytes(record))

    def _network(self, name: str) -> dict[str, Any]:
        """Return what a result says of a network: the hash of its weights, and its settings where they are unusual."""
        record = recorded(self.place / name / "recipe.json") or {}
        usual, given = MemberRecipe().parameters(), record.get("recipe", {}).get("parameters", {})
        always = ("role", "seed", "stem", "width", "epochs")
        return {
            "weights": record.get("weights"),
            "recipe": {key: value for key, value in given.items() if key in always or usual.get(key) != value},
        }

    def _whole(self, folder: Path, name: str, recipe: Recipe) -> bool:
        if not encoding.whole(folder / "numbers.json", folder / "arrays.npz"):
            return False
        if self.options.data is None:
            return True
        faces = recorded(self.own / "faces.json") or {}
        return encoding.whole(self.own / "faces.npz") and faces.get(name) == fingerprints.of_value(recipe)

    def _analyse_one(self, name: str, study: Study, folder: Path, recipe: Recipe) -> None:
        machine = import_module("ferpipe.networks.machine")
        result = import_module(f"ferpipe.analyses.{name}").analyse(study)
        if study.dataset.restricted:
            restricted.check(name, result.arrays, result.numbers)
            splits = (study.dataset.train, study.dataset.dev, study.dataset.test)
            restricted.compare(name, result.arrays, [split.images for split in splits if split is not None])
            stored.write_faces(self.own, name, result.faces, fingerprints.of_value(recipe))
        public = result.arrays if study.dataset.restricted else {**result.arrays, **result.faces}
        result = stored.Result(result.numbers, public)
        record = {"recipe": recipe, "made_with": machine.description(study.device)}
        places.claim(folder.parent, ANALYSES, _earlier_results(self.layout))
        stored.write(folder, result, record)
        self.log.changed += [folder / file for file in stored.FILES]

    def _study(self) -> Study:
        checkpoints, study = import_module("ferpipe.networks.checkpoints"), import_module("ferpipe.analyses.study")
        names, device = self.names, self._device()
        networks = [checkpoints.load(self.place / name) for name in names.all]
        faces = len(self.dataset.dev)
        for member in networks if self.place.parent != SHIPPED else []:
            if len(member.view_logits) != faces:
                raise Slip(f"{self.place / member.name} answers {len(member.view_logits):,} dev faces of {faces:,}; "
                           "load members of the same data")  # fmt: skip
        if self.place.parent == SHIPPED:
            networks = import_module("ferpipe.training.shipping").aligned(networks, self.place, self.dataset.dev.images)
        of = dict(zip(names.all, networks, strict=True))
        made: Study = study.Study(
            dataset=self.dataset,
            members=tuple(of[name] for name in names.members),
            overfitted=of[names.overfitted],
            student=of.get(names.student),
            device=device,
            seed=self.options.seed,
            effort=self.effort,
            asked={"preset": self.options.preset, "seed": self.options.seed},
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


def render(options: Options, layout: Layout, memory: Memory, log: Log) -> None:
    """Render the page of a build, unless it is as it would be."""
    site = import_module("ferpipe.render.site")
    stage = "site" if layout.published else "page"
    asked = {"artefacts": layout.base, "editions": layout.editions, "local": layout.local}
    rules = {"strict": options.strict or options.release, "release": options.release}
    place = layout.base / "pages.json"
    pages = remembered(place)
    key = str(layout.page.resolve())
    record = pages.get(key)
    # a page that was strict enough is so for less
    kept = {name: rule or bool(record and record["recipe"].get(name)) for name, rule in rules.items()}
    recipe = {**site.recipe(layout.results, **asked), **kept}
    why = _page_reasons(record, recipe, options.rebuilds("render"))
    if record and not why and record["files"] != _listing(layout.page):
        why = ["a file of the page was changed"]
    if not why:
        return log.fresh(stage)
    with log.making(stage, why):
        made = site.render(layout.results, layout.page, **asked, **rules, partial=not layout.published)
        log.changed += [layout.page / name for name in made.changed]
        for line in [*made.notes, *(site.absences(layout.results) if layout.published else [])]:
            print(line)
        pages[key] = {"recipe": recipe, "files": _listing(layout.page)}
        remember(place, pages)


def _page_reasons(record: dict[str, Any] | None, recipe: Recipe, rebuild: bool) -> list[str]:
    """Return why a page is rendered, each kind of change once."""
    if record is None or rebuild:
        return reasons(record, recipe, rebuild)
    before, lines = record["recipe"], []
    words = {"code": "the code that draws", "templates": "the templates", "report": "the text", "faces": "the faces"}
    for key in sorted({*before, *recipe}):
        old, new = before.get(key), recipe.get(key)
        if old == new:
            continue
        if key.startswith("results/"):
            was, now = old or {}, new or {}
            names = sorted({name.split("/")[0] for name in {*was, *now} if was.get(name) != now.get(name)})
            lines.append(f"results of {key.removeprefix('results/')} changed: {', '.join(names)}")
        elif key == "report" and old and new:
            changed = sorted(name for name in {*old, *new} if old.get(name) != new.get(name))
            lines.append(f"{', '.join(changed)} edited")
        else:
            lines.append(f"{words.get(key, f'--{key}')} changed")
    return lines


def _listing(folder: Path) -> dict[str, str]:
    """Return the hash of each file of a page by its path there; of what somebody else put there, nothing."""
    names = places.listed(folder) or ()
    return {name: fingerprints.of_file(folder / name) for name in sorted(names) if (folder / name).is_file()}


def publish(layout: Layout, target: Layout, log: Log) -> None:
    """Put a run's results in place of the published ones of its data set; raises Slip unless the run is finished."""
    if layout.results.resolve() == target.results.resolve():
        raise Slip("--publish: these results are the published ones; name a run, such as render --publish NAME")
    source, goal = layout.results / layout.dataset, target.results / layout.dataset
    if lacking := outdated(source):
        told = "; ".join(f"{name} {why}" for name, why in list(lacking.items())[:3])
        raise Slip(f"--publish: run '{layout.name}' is not finished, {len(lacking)} results are missing or old: "
                   f"{told}; build it again")  # fmt: skip
    gone = (places.listed(goal) or set()) - set(ANALYSES)
    places.claim(goal, ANALYSES, _earlier_results(target))
    with log.making("publish", [f"run '{layout.name}'" if layout.name else str(source)]):
        for name in ANALYSES:
            contents = {file: (source / name / file).read_bytes() for file in stored.FILES}
            if all((goal / name / file).is_file() and (goal / name / file).read_bytes() == content
                   for file, content in contents.items()):  # fmt: skip
                continue
            with atomic.folder(goal / name) as new:
                for file, content in contents.items():
                    (new / file).write_bytes(content)
            log.changed += [goal / name / file for file in stored.FILES]
        for name in gone:  # analyses that are no more
            for file in stored.FILES:
                (goal / name / file).unlink(missing_ok=True)
                log.changed.append(goal / name / file)
        places.enlist(goal, ANALYSES)


def serve(options: Options, layout: Layout) -> None:
    """Serve the site, or a run's page, to whoever writes its text; raises Slip."""
    if options.output is not None:
        raise Slip("serve writes no page: leave out --output, or use render")
    show = import_module("ferpipe.render.serve").serve
    show(layout.results, artefacts=layout.base, editions=layout.editions, local=layout.local,
         partial=not layout.published, strict=options.strict, port=options.port)  # fmt: skip
