"""A command from its beginning to its last line: the stages in their order, the page, what is published.

Heavy imports happen only where a stage is stale.
"""

from __future__ import annotations

import os
from functools import cached_property
from typing import TYPE_CHECKING

from ferpipe.analyses import ANALYSES
from ferpipe.build import guard, pages, publishing, stages, summary
from ferpipe.build import layout as layouts
from ferpipe.build import settings as reading
from ferpipe.build.layout import Layout
from ferpipe.build.options import ROOT, Options
from ferpipe.build.settings import Settings
from ferpipe.build.stages import Names, Stage
from ferpipe.errors import Slip
from ferpipe.storage import atomic, encoding, lock
from ferpipe.storage.freshness import Log, Memory

if TYPE_CHECKING:
    from ferpipe.build.bench import Bench


def run(options: Options) -> None:
    """Run what the command names; raises Slip for what the user can mend."""
    if options.command == "predict":
        from ferpipe.build.predict import predict

        return predict(options)
    if options.command == "check":
        from ferpipe.text import paths

        return print(paths.check(ROOT / "report", ANALYSES))
    layout = layouts.of(options)
    target = layouts.published(options) if options.publish else None
    guard.check(options, layout, target)
    if options.command == "serve":
        return serve(options, layout)
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun started, which make one build
    with lock.held(guard.locks(options, layout, target) if first else ()):
        if first:
            guard.claim(layout)
        _run(options, layout, target, Memory(layout.artefacts, keeps=first))


def _run(options: Options, layout: Layout, target: Layout | None, memory: Memory) -> None:
    log = Log(memory, layout.dataset, options.why)
    reference = target or (layout if layout.published else layouts.published(Options(artefacts=options.artefacts)))
    before = summary.read(reference, layout.dataset)
    request = pages.Request(options.strict or options.release, options.release, options.rebuilds("render"))
    try:
        if options.command != "render" and not prepare(options, layout, memory, log):
            return
        if options.command in ("build", "render") and not (target and options.command == "render"):
            pages.render(layout, request, log)
        if target:
            publishing.publish(layout, target, request, log)
    finally:
        memory.save()
    if not log.made:
        print("Nothing to do: everything is fresh.")
    if options.command != "train":
        summary.tell(target or layout, layout.dataset, before, log.changed, page=options.command != "analyse")


def prepare(options: Options, layout: Layout, memory: Memory, log: Log) -> bool:
    """Run the stages that need torch; returns whether this process goes on, as the first of those torchrun started."""
    settings = reading.of(options, layout)
    if "RANK" not in os.environ:
        Build(settings, memory, log).run(analyse=options.command != "train")
        return True
    from ferpipe.networks.machine import local_rank
    from ferpipe.training import ranks

    with ranks.together():
        if local_rank():
            ranks.wait()  # for the data
        build = Build(settings, memory, log, later=local_rank() > 0)
        build.data()
        if not local_rank():
            ranks.wait()
        build.train(ranks.rank(), ranks.count())
        ranks.wait()  # for the members
    if ranks.rank():
        return False
    build.shared = True
    build.run(analyse=options.command != "train")
    return True


class Build:
    """One data set on its way through the stages."""

    def __init__(self, settings: Settings, memory: Memory, log: Log, later: bool = False) -> None:
        """Take what is asked for; `later`: another process of this build may be writing already."""
        self.settings, self.memory, self.log = settings, memory, log
        self.shared = False  # whether several processes have made data and members: then nothing is rebuilt again
        self.stage = stages.data(settings, memory)  # of the data set
        self.names = Names()  # of the networks
        for parent in () if later else (settings.folder, settings.networks, settings.results):
            atomic.recover(parent)
        if settings.device in ("cuda", "mps"):
            from ferpipe.networks import machine

            machine.device(settings.device)

    def run(self, analyse: bool) -> None:
        """Run all stages short of the page, or those that train alone."""
        self.data()
        self.train()
        for stage in stages.analyses(self.settings, self.stage, self.names, self.memory) if analyse else ():
            self.walk(stage)

    def walk(self, stage: Stage) -> None:
        """Make a stage, unless it is fresh or another process of this build has made it."""
        why = stage.stale()
        if not why or (self.shared and stage.record()):
            if stage.confirm():
                self.log.changed.append(stage.folder / "recipe.json")
            return self.log.fresh(stage.name, stage.note())
        with self.log.making(stage.name, why):
            self.bench.make(stage, self.names)

    @cached_property
    def bench(self) -> Bench:
        """Where stages are made; torch is imported with it."""
        from ferpipe.build.bench import Bench

        return Bench(self.settings, self.log, self.stage)

    def data(self) -> None:
        """Draw or read the data set."""
        self.walk(self.stage)
        if self.settings.source is not None:
            record = {"source": os.path.realpath(self.settings.source)}
            atomic.write(self.settings.folder / guard.SOURCE, encoding.json_bytes(record))

    def train(self, rank: int = 0, ranks: int = 1) -> None:
        """Train the networks that are not there, or take those that --load names; of several ranks, one's share."""
        settings, data = self.settings, self.stage.hash
        if settings.plan is None:
            self.names = stages.loaded(settings.networks, None if settings.shipped else data)
            self.log.fresh("train", f"{len(self.names.members)} member(s) from {settings.networks}")
            return self.names.write(settings)
        alone = stages.networks(settings, data, self.memory)
        for k, stage in enumerate(alone):
            if k % ranks == rank:
                self.walk(stage)
        if ranks > 1:
            return  # this process's share
        *ensemble, overfitted = alone
        pupil = stages.student(settings, data, ensemble, self.memory)
        if pupil:
            self.walk(pupil)
        self.names = Names([stage.name for stage in ensemble], overfitted.name, pupil.name if pupil else "")
        self.names.write(settings)


def serve(options: Options, layout: Layout) -> None:
    """Serve the site, or a run's page, to whoever writes its text; raises Slip."""
    if options.output is not None:
        raise Slip("serve writes no page: leave out --output, or use render")
    from ferpipe.render.serve import serve as show

    guard.claim(layout)
    show(layout.results, options.port, **pages.sources(layout), strict=options.strict)
