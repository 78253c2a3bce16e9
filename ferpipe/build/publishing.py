"""Making a trial the published run of its data set."""

import tempfile
from contextlib import suppress
from pathlib import Path

from ferpipe.analyses import ANALYSES
from ferpipe.build import guard, pages
from ferpipe.build.layout import PAGE, RESULTS, Layout
from ferpipe.build.pages import Request
from ferpipe.errors import Slip
from ferpipe.render import site
from ferpipe.results import stored
from ferpipe.storage import atomic, encoding, places
from ferpipe.storage.freshness import Log, analyses, outdated, recorded
from ferpipe.text import report as frame


def publish(layout: Layout, target: Layout, request: Request, log: Log) -> None:
    """Put a run's results in place of the published ones of its data set, and render the site.

    Raises Slip unless the run is finished, and Problems unless the site can be made of it, before anything is written.
    """
    source, goal = layout.results / layout.dataset, target.results / layout.dataset
    lacking = outdated(source)
    names = analyses((recorded(source / "data" / "numbers.json") or {}).get("shows", "face"))
    applying = [name for name in ANALYSES if name in names]
    for name in applying:
        if name not in lacking and not encoding.whole(source / name / "numbers.json", source / name / "arrays.npz"):
            lacking[name] = "a file of it is missing or damaged"
    if lacking:
        told = "; ".join(f"{name} ({why})" for name, why in list(lacking.items())[:3])
        count = f"{len(lacking)} of its {len(applying)} results"
        raise Slip(f"--publish: run '{layout.name}' is not finished, for {count}: {told}; build it again")
    try_out(layout, target, request)
    if layout.dataset not in frame.read(site.REPORT).editions:
        print(f"report/report.toml: editions do not name '{layout.dataset}': the site leaves it out until they do")
    gone = (places.listed(goal, RESULTS) or set()) - set(applying)
    places.claim(goal, applying, RESULTS, guard.earlier_results(goal))
    files = {name: [goal / name / file for file in stored.FILES] for name in {*applying, *gone}}
    changed = [name for name in applying if not all(_same(source / name / file.name, file) for file in files[name])]
    if not changed and not gone:
        log.fresh("publish", f"{layout.name or source} is published")
        return pages.render(target, request, log)
    with log.making("publish", [f"run '{layout.name}'" if layout.name else str(source)]):
        for name in changed:
            with atomic.folder(goal / name) as new:
                for file in stored.FILES:
                    (new / file).write_bytes((source / name / file).read_bytes())
            log.changed += files[name]
        for name in gone:  # analyses that are no more
            log.changed += filter(Path.is_file, files[name])
            for path in files[name]:
                path.unlink(missing_ok=True)
            with suppress(OSError):  # something of somebody's is in it, or it is gone
                (goal / name).rmdir()
        if places.enlist(goal, applying, RESULTS):
            log.changed.append(goal / places.LIST)
    pages.render(target, request, log)


def try_out(layout: Layout, target: Layout, request: Request) -> None:
    """Raise what would keep the site from being made, were the run's results the published ones."""
    atomic.recover(target.artefacts)  # of a trying out that was killed
    with tempfile.TemporaryDirectory(dir=target.artefacts, prefix=atomic.NEW) as folder:
        for dataset in {path.name for path in target.results.glob("*/") if not path.name.startswith(".")}:
            (Path(folder) / dataset).symlink_to((target.results / dataset).absolute())
        place = Path(folder) / layout.dataset
        place.unlink(missing_ok=True)
        place.symlink_to((layout.results / layout.dataset).absolute())
        files, _ = site.gather(Path(folder), artefacts=target.base, strict=request.strict, release=request.release)
        places.changing(target.page, files, PAGE, site.earlier(target.page))


def _same(source: Path, goal: Path) -> bool:
    return goal.is_file() and source.read_bytes() == goal.read_bytes()
