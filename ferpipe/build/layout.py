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

ARTEFACTS, RESULTS, PAGE = "artefacts", "results", "page"  # the kinds of folders, as their lists tell them
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
RESTRICTED = ("fer2013",)  # data sets whose page with faces stays on this machine


@dataclass(frozen=True)
class Layout:
    """The places of one build, or of a run that was built."""

    dataset: str
    artefacts: Path  # members and data sets, for all builds
    base: Path  # this build's caches, faces and networks: the artefacts, or the run's folder
    results: Path
    page: Path
    published: bool  # a plain build, wherever it goes; else a trial
    name: str = ""  # of the run, where it lies under runs

    @property
    def local(self) -> str | None:
        """The data set whose page shows faces and stays here; None: a page that may be published."""
        return self.dataset if self.dataset in RESTRICTED and not self.published else None

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
    artefacts, dataset = options.place, options.dataset
    if options.plain:
        return published(options)
    if options.run is None and (options.artefacts or options.results or options.output):
        folder = artefacts / dataset
        results, page = options.results or folder / "results", options.output or folder / "site"
        return Layout(dataset, artefacts, artefacts, results, page, published=False)
    builds = options.command not in ("render", "serve", "predict")
    if options.run is not None and builds and (options.results or options.output):
        raise Slip("--run names a place, and so do --results and --output: give one or the others")
    return run(artefacts, options.run or f"{dataset}-{options.preset}-{options.seed}", options)


def published(options: Options) -> Layout:
    """Return the published report's places, but for those that the command line names."""
    artefacts, usual = options.place, project.ROOT / "report" / "results"
    results = options.results or usual
    ours = os.path.realpath(results) == os.path.realpath(usual)
    page = options.output or (project.ROOT / "site" if ours else artefacts / options.dataset / "site")
    return Layout(options.dataset, artefacts, artefacts, results, page, published=True)


def run(artefacts: Path, name: str, options: Options) -> Layout:
    """Return a run's places; raises Slip where its name is none, or it holds another data set than is asked for."""
    if not NAME.fullmatch(name):
        raise Slip(f"run {name!r}: is no name; wanted letters, digits, '.', - and _")
    base = artefacts / "runs" / name
    results = options.results or base / "results"
    datasets = sorted(path.name for path in results.glob("*/") if not path.name.startswith("."))
    reads = options.command in ("render", "serve", "predict")
    if reads and not datasets:
        raise Slip(f"no run '{name}' in {base.parent}; there: {', '.join(names(artefacts)) or 'none'}")
    asked = options.dataset if options.data is not None or not reads else None
    if datasets and asked not in (None, *datasets):
        raise Slip(f"run '{name}' holds {' and '.join(datasets)}; name another for {asked}")
    return Layout(asked or datasets[0], artefacts, base, results, options.output or base / "site", False, name)


def names(artefacts: Path) -> list[str]:
    """Return the names of the runs that are there."""
    return sorted(path.parent.name for path in (artefacts / "runs").glob("*/results") if path.is_dir())
