"""What a build may write, asked before it begins."""

import os
from pathlib import Path

from ferpipe.analyses import ANALYSES
from ferpipe.build import options as project
from ferpipe.build.layout import ARTEFACTS, FORMS, PAGE, RESULTS, TAKEN, Layout
from ferpipe.build.options import Options
from ferpipe.errors import Slip
from ferpipe.render import site
from ferpipe.storage import atomic, lock, places
from ferpipe.storage.freshness import recorded
from ferpipe.training.presets import PRESETS

SOURCE = "source.json"  # where a data set lay
RANKS = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "LOCAL_WORLD_SIZE")  # that torchrun sets, and some clusters in part
ADDRESSES = 4 << 30  # bytes: those that torch's libraries are mapped to, and some for work
CACHES = ("code.json", "timings.json", "pages.json", "figures")  # in the artefacts, and in a run


def check(options: Options, layout: Layout, target: Layout | None) -> None:
    """Raise Slip for a place that cannot be written to, or where something of somebody's is in the way.

    `target` is where --publish writes.
    """
    if target and layout.published:
        raise Slip("--publish: a plain build is the published one; name a run, such as render --publish NAME")
    if target and options.only:
        raise Slip(f"--publish: a run of {options.only} alone is not finished; leave out --only")
    if target and (options.results is None) != (options.output is None):
        raise Slip("--publish: the page is what the results render to; name both --results and --output, or neither")
    if options.command in ("build", "train", "analyse"):
        check_memory()
        check_ranks()
        check_source(options, layout)
    flags = ["--artefacts"]
    flags += ["--results"] if options.command not in ("render", "serve") else []
    flags += ["--output"] if options.command in ("build", "render") else []
    _check(layout, flags, options)
    if target:
        _check(target, ["--results", "--output"], options)


def check_images(options: Options) -> None:
    """Raise Slip for pictures that are not there and pages without a place: before torch is loaded."""
    if options.images is not None and not os.path.lexists(options.images):
        wanted = "a picture, or a folder or a zip of them" + ", or a CSV file" * (options.command == "predict")
        raise Slip(f"{options.images}: no such file or folder; wanted {wanted}")
    if options.command == "explain" and options.output is None:
        raise Slip("explain: wanted --output, a file such as face.html for one picture, a folder for several")


def _check(layout: Layout, flags: list[str], options: Options) -> None:
    asked = {"--artefacts": options.artefacts, "--results": options.results, "--output": options.output}
    for flag in flags:
        folder = layout.folders[flag]
        named = folder == asked[flag]  # and not a run's own, of which --publish asks with the goal's flags
        published = {"--results": ("report/results",), "--output": ("site",)}.get(flag, ())
        here = (project.ROOT, *([Path.cwd()] * named))
        places.check_folder(flag, folder, project.ROOT, here, [project.ROOT / name for name in published])
        reserved = [os.path.realpath(layout.artefacts / name) for name in (*TAKEN, *PRESETS, layout.dataset)]
        if named and flag != "--artefacts" and any(map(Path(os.path.realpath(folder)).is_relative_to, reserved)):
            raise Slip(f"{flag} {folder}: lies among the build's own artefacts; name another folder")
    places.check_apart(layout.folders)
    places.check_apart(layout.lists)
    shared = layout.artefacts / layout.dataset
    places.check_below("--artefacts", [shared, shared / "members", layout.base, layout.base / layout.dataset])
    if "--results" in flags:
        folder = layout.results / layout.dataset
        analyses = (options.only,) if options.only else ANALYSES
        places.check_below("--results", [folder, *(folder / name for name in analyses)])
        places.check(folder, analyses, RESULTS, earlier_results(folder))
    if "--output" in flags:
        if layout.local and os.path.realpath(layout.page) == os.path.realpath(project.ROOT / "site"):
            raise Slip(f"--output {layout.page}: is published, and this page shows faces of {layout.dataset}; "
                       "name another folder, or use --publish")  # fmt: skip
        names = site.names(layout.page, layout.editions, layout.local)
        folders = {(layout.page / name).parent for name in names}
        assets = [layout.page / "assets" / name for name in layout.editions or (*PRESETS, layout.dataset)]
        places.check_below("--output", [layout.page, *folders, *assets])
        places.check(layout.page, names, PAGE, site.earlier(layout.page), files=True)


def check_ranks() -> None:
    """Raise Slip where the environment says that torchrun started this process, and not all that torchrun says."""
    said = {name: os.environ[name] for name in RANKS if name in os.environ}
    if "RANK" not in said:
        return
    for name in RANKS:
        if not said.get(name, "").isdecimal():
            got = f"is {said[name]!r}" if name in said else "is not set"
            raise Slip(f"RANK is set, as torchrun does, but {name} {got}: start with torchrun, or unset RANK")
    if int(said["RANK"]) >= int(said["WORLD_SIZE"]):
        raise Slip(f"RANK is {said['RANK']}, WORLD_SIZE {said['WORLD_SIZE']}: start with torchrun, or unset RANK")


def check_memory() -> None:
    """Raise Slip where a limit leaves less address space than torch takes to start: it would end without a word."""
    try:
        import resource
    except ImportError:  # Windows has no such limit
        return
    limit = resource.getrlimit(resource.RLIMIT_AS)[0]
    if 0 <= limit < ADDRESSES:
        raise Slip(f"ulimit -v leaves {limit / 2**30:.1f} GiB of address space, and torch alone takes more than 3: "
                   f"allow {ADDRESSES >> 30} GiB or more")  # fmt: skip


def check_source(options: Options, layout: Layout) -> None:
    """Raise Slip where another folder's data set is called as this one is, whose results it would replace."""
    before = (recorded(layout.artefacts / layout.dataset / SOURCE) or {}).get("source")
    if not before or options.data is None or before == os.path.realpath(options.data) or not os.path.exists(before):
        return
    from ferpipe.data import reading

    if layout.dataset not in FORMS or not reading.certain(options.data, options.classes):
        raise Slip(f"--data {options.data}: is called '{layout.dataset}', as the data set in {before} is; give it "
                   "another name with --name")  # fmt: skip


def claim(layout: Layout) -> None:
    """List what builds write into the artefacts, and into a run, as theirs; raises Slip where somebody's is there."""
    sealed = ("code.json", "pages.json", "figures/code.json")  # by older builds, which kept no list
    owned = {layout.artefacts: [*CACHES, *PRESETS, layout.dataset, "runs"]}
    if layout.base != layout.artefacts:
        owned[layout.base] = [*CACHES, layout.dataset, "results", "site"]
    for folder, names in owned.items():
        older = any(atomic.unseal(folder / name) for name in sealed)
        places.claim(folder, names, ARTEFACTS, places.everybodys if older else places.nobodys)


def earlier_results(folder: Path) -> places.Evidence:
    """Return what tells whether a result is a build's though no list names it: copies, and older ones."""
    return lambda name: "recipe" in (recorded(folder / name / "recipe.json") or {})


def locks(options: Options, layout: Layout, target: Layout | None) -> list[Path]:
    """Return the lock files of the folders that the command writes to; the artefacts' serves all that lies in them."""
    folders = [] if options.command == "render" else [layout.results]
    folders += [layout.page] if options.command in ("build", "render") else []
    folders += [target.results, target.page] if target else []
    artefacts = os.path.realpath(layout.artefacts)
    apart = [folder for folder in folders if not Path(os.path.realpath(folder)).is_relative_to(artefacts)]
    return [folder / lock.NAME for folder in (layout.artefacts, *apart)]
