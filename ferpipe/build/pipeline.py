"""A command from its beginning to its last line: the stages in their order, the page, what is published.

Heavy imports happen only where a stage is stale.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from itertools import chain
from typing import TYPE_CHECKING

from ferpipe.analyses import ANALYSES
from ferpipe.build import guard, pages, publishing, stages, summary
from ferpipe.build import layout as layouts
from ferpipe.build import settings as reading
from ferpipe.build.layout import Layout
from ferpipe.build.options import APART, ROOT, Options
from ferpipe.build.settings import OF_OVERFITTED, OF_TRAINING, Settings
from ferpipe.build.stages import Names, Network, Stage
from ferpipe.errors import Slip
from ferpipe.networks.recipes import Recipe
from ferpipe.networks.recipes import student as taught
from ferpipe.storage import atomic, encoding, lock
from ferpipe.storage.freshness import Log, Memory

if TYPE_CHECKING:
    from ferpipe.build.bench import Bench


def run(options: Options) -> None:
    """Run what the command names; raises Slip for what the user can mend."""
    if options.command in APART:
        guard.check_memory()
    if options.command in ("predict", "explain"):
        guard.check_images(options)
    if options.command == "predict":
        from ferpipe.build.predict import predict

        return predict(options)
    if options.command == "explain":
        from ferpipe.build.explain import explain

        return explain(options)
    if options.command == "compare":
        from ferpipe.build.compare import compare

        return compare(options)
    if options.command == "check":
        from ferpipe.text import paths

        return print(paths.check(ROOT / "report", ANALYSES))
    layout = layouts.of(options)
    target = layouts.published(options) if options.publish else None
    guard.check(options, layout, target)
    if options.command == "serve":
        return serve(options, layout)
    if options.export is not None:
        if options.command != "render":
            raise Slip(f"--export is of render, not of {options.command}: python build.py render --export DIR")
        return pages.export(layout, options.export, options.format)
    first = os.environ.get("RANK", "0") == "0"  # of the processes that torchrun started, which make one build
    with lock.held(guard.locks(options, layout, target) if first else ()):
        if first:
            guard.claim(layout)
        _run(options, layout, target, Memory(layout.artefacts, keeps=first))


def _run(options: Options, layout: Layout, target: Layout | None, memory: Memory) -> None:
    log = Log(memory, layout.dataset, options.why)
    reference = target or (layout if layout.published else layouts.published(Options(artefacts=options.artefacts)))
    before = summary.read(reference, layout.dataset)
    strict = options.strict or options.release
    request = pages.Request(strict, options.release, options.rebuilds("render"), options.address)
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

    here = ranks.here()
    with ranks.together():
        if local_rank():
            ranks.wait()  # for the data
        build = Build(settings, memory, log, later=local_rank() > 0, sharing=here)
        build.data()
        if not local_rank():
            ranks.wait()
        build.train(ranks.rank(), ranks.count(), ranks.wait)
    if ranks.rank():
        return False
    build = Build(settings, memory, log, later=True)  # with the whole processor
    build.shared = True
    build.run(analyse=options.command != "train")
    return True


class Build:
    """One data set on its way through the stages."""

    def __init__(self, settings: Settings, memory: Memory, log: Log, later: bool = False, sharing: int = 1) -> None:
        """Take what is asked for; `later`: another process of this build may be writing already."""
        self.settings, self.memory, self.log, self.sharing = settings, memory, log, sharing
        self.begun = False  # whether networks are trained
        self.shared = False  # whether several processes have made data and members: then nothing is rebuilt again
        self.stage = stages.data(settings, memory)  # of the data set
        self.names = Names()  # of the networks
        for parent in () if later else (settings.folder, settings.networks, settings.results):
            atomic.recover(parent)
        if settings.device in ("cuda", "mps"):
            from ferpipe.build import devices

            devices.usable(settings.device)

    def run(self, analyse: bool) -> None:
        """Run all stages short of the page, or those that train alone."""
        self.data()
        self.train()
        for stage in stages.analyses(self.settings, self.stage, self.names, self.memory) if analyse else ():
            self.walk(stage)

    def walk(self, stage: Stage) -> bool:
        """Make a stage, unless it is fresh or another process of this build has made it; returns whether it was."""
        why = stage.stale()
        if not why or (self.shared and stage.record()):
            if stage.confirm():
                self.log.changed.append(stage.folder / "recipe.json")
            self.log.fresh(stage.name, stage.note())
            return False
        with self.log.making(stage.name, why):
            self.bench.make(stage, self.names)
        return True

    @cached_property
    def bench(self) -> Bench:
        """Where stages are made; torch is imported with it."""
        from ferpipe.build.bench import Bench

        return Bench(self.settings, self.log, self.stage, self.sharing)

    def data(self) -> None:
        """Draw or read the data set."""
        self.walk(self.stage)
        if self.settings.source is not None:
            record = {"source": os.path.realpath(self.settings.source)}
            atomic.write(self.settings.folder / guard.SOURCE, encoding.json_bytes(record))

    def train(self, rank: int = 0, ranks: int = 1, meet: Callable[[], None] = lambda: None) -> None:
        """Train the networks that are not there, or take those that --load names; of several ranks, one's share.

        `meet` returns when all ranks have come there: teachers come before those whom they teach.
        """
        settings, data = self.settings, self.stage.hash
        if settings.plan is None:
            for path in settings.foreign if not rank else ():
                self.bench.adopt(path, data)
            meet()
            if settings.foreign:
                print(f"train: left out, since a checkpoint does not tell how it was trained: {', '.join(OF_TRAINING)}")
            alone = not OF_OVERFITTED & {*settings.analyses}
            self.names = stages.loaded(settings.networks, None if settings.shipped else data, alone)
            self.log.fresh("train", f"{len(self.names.members)} member(s) from {settings.networks}")
            if settings.pupil is not None:
                self.teach(settings.pupil, rank)
            meet()
            if not rank:
                self.names.write(settings)
            return
        plan, ready = settings.plan, list[Network]()
        for number, recipes in enumerate(plan.rounds):
            networks = stages.networks(settings, recipes, data, ready, self.memory)
            missing = [stage.network for stage in networks if stage.stale() and not (self.shared and stage.record())]
            if missing and not self.begun:
                self.begun, ahead = True, [*missing, *chain(*plan.rounds[number + 1 :])]
                if any(recipe.pretrained for recipe in ahead):
                    _ = self.bench.imagenet  # what cannot be fetched is told before hours of training, not after
                if plan.long and not rank:
                    self.bench.foretell(ahead, plan, ranks)
            for stage in networks[rank::ranks]:
                if self.walk(stage) and stage.network.role == "member":
                    self.bench.tell(stage, [*ready, *networks])
            ready += networks
            meet()
        by_recipe = {stage.network: stage.name for stage in ready}
        members, overfitted, balanced = (
            [by_recipe[recipe] for recipe in group] for group in (plan.members, plan.overfitted, plan.balanced)
        )
        self.names = Names(members, overfitted, balanced, by_recipe[plan.student] if plan.student else "")
        if not rank:  # the others would write the same file at the same moment
            self.names.write(settings)

    def teach(self, pupil: Recipe, rank: int) -> None:
        """Have the first rank train a student of the loaded members beside them; raises Slip where another is there."""
        known = stages.ours(self.settings, self.names.members).values()
        student = taught(pupil, [recipe for recipe, _ in known])
        stage = stages.network(self.settings, student, self.stage.hash, self.memory, self.names.members)
        if self.names.student not in ("", stage.name):
            there = self.settings.networks / self.names.student
            raise Slip(f"--student: {there} is another student; take it out, or name its settings")
        if not rank:
            self.walk(stage)
        self.names = replace(self.names, student=stage.name)


def serve(options: Options, layout: Layout) -> None:
    """Serve the site, or a run's page, to whoever writes its text; raises Slip."""
    if options.output is not None:
        raise Slip("serve writes no page: leave out --output, or use render")
    from ferpipe.render.serve import serve as show

    guard.claim(layout)
    show(layout.results, options.port, **pages.sources(layout, options.address), strict=options.strict)
