"""Where a build writes: the published report's places, or a trial's own.

report/results, site/                    what is published: plain `python build.py` alone writes there, and --publish
<artefacts>/runs/<name>/results, site    a trial's: every build with other settings
<artefacts>/<data set>/results, site     a trial's whose places the command line names in part
<artefacts>/<data set>/members           networks, by recipe: trials and the published report share them
"""

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path

from ferpipe.build import options as project
from ferpipe.build.options import Options
from ferpipe.errors import Slip
from ferpipe.text import report as frame

ARTEFACTS, RESULTS, PAGE = "artefacts", "results", "page"  # the kinds of folders, as their lists tell them
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
DATASET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}")
FORMS = ("fer2013", "ferplus", "rafdb")  # data sets that are known by their form, wherever they lie
TAKEN = ("figures", "runs")  # folders of the artefacts that are no data set's


@dataclass(frozen=True)
class Layout:
    """The places of one build, or of a run that was built."""

    dataset: str
    artefacts: Path  # members and data sets, for all builds
    base: Path  # this build's caches, faces and networks: the artefacts, or the run's folder
    results: Path
    page: Path
    restricted: bool  # its single pictures may not be published: its page with them stays on this machine
    published: bool  # a plain build, wherever it goes; else a trial
    name: str = ""  # of the run, where it lies under runs

    @property
    def local(self) -> str | None:
        """The data set whose page shows faces and stays here; None: a page that may be published."""
        return self.dataset if self.restricted and not self.published else None

    @property
    def editions(self) -> list[str] | None:
        """The data sets on the page; None: those that report.toml names."""
        return None if self.published else [self.dataset]

    @property
    def folders(self) -> dict[str, Path]:
        """The folders that are written to, by the flag that names each."""
        return {"--artefacts": self.artefacts, "--results": self.results, "--output": self.page}

    @property
    def lists(self) -> dict[str, Path]:
        """The folders that hold a list each, by flag."""
        return {**self.folders, "--results": self.results / self.dataset}


def of(options: Options) -> Layout:
    """Return where a command writes; raises Slip for a run that is named wrongly, or named beside other places."""
    if options.publish:  # then these say where to
        options = replace(options, results=None, output=None)
    artefacts, dataset = options.place, named(options)
    if options.plain:
        return published(options)
    if options.run is None and (options.artefacts or options.results or options.output):
        folder = artefacts / dataset
        results, page = options.results or folder / "results", options.output or folder / "site"
        return Layout(dataset, artefacts, artefacts, results, page, restricted(dataset), published=False)
    builds = options.command not in ("render", "serve", "predict", "explain")
    if options.run is not None and builds and (options.results or options.output):
        raise Slip("--run names a place, and so do --results and --output: give one or the others")
    return run(artefacts, options.run or f"{dataset}-{options.preset}-{options.seed}", options)


def named(options: Options) -> str:
    """Return the data set's name; raises Slip where it is none, or another data set's."""
    asks = options.command in ("predict", "explain")  # of a checkpoint's outputs
    if options.data is None and not asks and (options.name or options.classes):
        raise Slip(f"--{'name' if options.name else 'classes'} goes with --data PATH: it says what lies there")
    dataset = options.dataset
    if options.data is not None and (not DATASET.fullmatch(dataset) or dataset.lower() in (project.DRAWN, *TAKEN)):
        raise Slip(f"--name {dataset!a}: is no name for your data set; wanted at most 60 letters, digits, - and _, "
                   f"and none of {', '.join((project.DRAWN, *TAKEN))}")  # fmt: skip
    return dataset


def restricted(dataset: str) -> bool:
    """Return whether single pictures may not be published: of all data sets but those that report.toml names."""
    return dataset not in frame.read(project.ROOT / "report").publishable


def published(options: Options) -> Layout:
    """Return the published report's places, but for those that the command line names."""
    artefacts, usual = options.place, project.ROOT / "report" / "results"
    results = options.results or usual
    ours = os.path.realpath(results) == os.path.realpath(usual)
    page = options.output or (project.ROOT / "site" if ours else artefacts / options.dataset / "site")
    dataset = options.dataset
    return Layout(dataset, artefacts, artefacts, results, page, restricted(dataset), published=True)


def run(artefacts: Path, name: str, options: Options) -> Layout:
    """Return a run's places; raises Slip where its name is none, or it holds another data set than is asked for."""
    if not NAME.fullmatch(name):
        raise Slip(f"run {name!r}: is no name; wanted letters, digits, '.', - and _")
    base = artefacts / "runs" / name
    results = options.results or base / "results"
    datasets = sorted(path.name for path in results.glob("*/") if not path.name.startswith("."))
    reads = options.command in ("render", "serve", "predict", "explain")
    if reads and not datasets:
        raise Slip(f"no run '{name}' in {base.parent}; there: {', '.join(names(artefacts)) or 'none'}")
    asked = options.dataset if options.data is not None or not reads else None
    if datasets and asked not in (None, *datasets):
        raise Slip(f"run '{name}' holds {' and '.join(datasets)}; name another for {asked}")
    dataset = asked or datasets[0]
    page = options.output or base / "site"
    return Layout(dataset, artefacts, base, results, page, restricted(dataset), False, name)


def names(artefacts: Path) -> list[str]:
    """Return the names of the runs that are there."""
    return sorted(path.parent.name for path in (artefacts / "runs").glob("*/results") if path.is_dir())
