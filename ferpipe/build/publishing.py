"""Making a trial the published run of its data set."""

from __future__ import annotations

from ferpipe.analyses import ANALYSES
from ferpipe.build import guard
from ferpipe.build.layout import Layout
from ferpipe.errors import Slip
from ferpipe.results import stored
from ferpipe.storage import atomic, places
from ferpipe.storage.freshness import Log, outdated


def publish(layout: Layout, target: Layout, log: Log) -> None:
    """Put a run's results in place of the published ones of its data set; raises Slip unless the run is finished."""
    source, goal = layout.results / layout.dataset, target.results / layout.dataset
    if lacking := outdated(source):
        told = "; ".join(f"{name} {why}" for name, why in list(lacking.items())[:3])
        raise Slip(f"--publish: run '{layout.name}' is not finished, {len(lacking)} results are missing or old: "
                   f"{told}; build it again")  # fmt: skip
    gone = (places.listed(goal) or set()) - set(ANALYSES)
    places.claim(goal, ANALYSES, guard.earlier_results(goal))
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
