"""What a build may write, asked before it begins."""

from __future__ import annotations

from pathlib import Path

from ferpipe.analyses import ANALYSES
from ferpipe.build import options as project
from ferpipe.build.layout import Layout
from ferpipe.build.options import Options
from ferpipe.errors import Slip
from ferpipe.storage import atomic, lock, places
from ferpipe.storage.freshness import recorded
from ferpipe.training.presets import PRESETS

SHARED = ("code.json", "timings.json", "pages.json", "figures", "runs")  # in the artefacts, beside a folder a data set


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
            but = (project.ROOT / "report/results",) if flag == "--results" else ()
            places.check_folder(flag, folder, project.ROOT, here, but)
        places.check_apart(one.folders)
        if "--results" in writes:
            folder = one.results / one.dataset
            places.check(folder, (options.only,) if options.only else ANALYSES, earlier_results(folder))
        if "--output" in writes:
            from ferpipe.render import site

            places.check(one.page, site.names(one.editions, one.local), site.earlier(one.page))


def claim(layout: Layout) -> None:
    """List what builds write into the artefacts as theirs; raises Slip where somebody's is in the way."""
    folder = layout.artefacts
    sealed = ("code.json", "pages.json", "figures/code.json")  # by older builds, which kept no list
    places.claim(folder, [*SHARED, *PRESETS], lambda: any(atomic.unseal(folder / name) for name in sealed))


def earlier_results(folder: Path) -> places.Evidence:
    """Return what tells whether results are a build's though no list names them: copies, and older ones."""
    return lambda: any("recipe" in (recorded(path) or {}) for path in folder.glob("*/recipe.json"))


def locks(options: Options, layout: Layout, target: Layout | None) -> list[Path]:
    """Return the lock files of the folders that the command writes to; the artefacts' serves all that lies in them."""
    folders = [] if options.command == "render" else [layout.results]
    folders += [layout.page] if options.command in ("build", "render") else []
    folders += [target.results, target.page] if target else []
    apart = [folder for folder in folders if not folder.resolve().is_relative_to(layout.artefacts.resolve())]
    return [folder / lock.NAME for folder in (layout.artefacts, *apart)]
