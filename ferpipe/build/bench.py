"""Where stages are made: the data set, the device and the networks, each loaded when a stage first needs it."""

import json
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from tqdm import tqdm

from ferpipe import named
from ferpipe.analyses.study import Study, softmax
from ferpipe.build import adopting, devices, guard
from ferpipe.build.layout import RESULTS
from ferpipe.build.settings import Settings
from ferpipe.build.stages import Analysis, Data, Names, Network, Stage
from ferpipe.data import cache, reading
from ferpipe.data.dataset import Dataset, Split
from ferpipe.data.faces import rendered
from ferpipe.errors import Slip
from ferpipe.networks import checkpoints, machine, start
from ferpipe.networks.recipes import Recipe
from ferpipe.results import restricted, stored
from ferpipe.results.settings import Asked
from ferpipe.storage import encoding, fingerprints, places
from ferpipe.storage.encoding import JSON
from ferpipe.storage.freshness import Log, differences
from ferpipe.training import loop, pace, shipping
from ferpipe.training.presets import Plan


class Bench:
    """What the stages of one build share."""

    def __init__(self, settings: Settings, log: Log, data: Data, sharing: int = 1) -> None:
        """Take what is asked for; `sharing`: how many processes of this build share the processor."""
        self.settings, self.log, self.data, self.sharing = settings, log, data, sharing
        self.names = Names()  # of the networks, once they are trained
        self._dataset: Dataset | None = None

    @property
    def dataset(self) -> Dataset:
        """The data set; raises Slip where its file is damaged and cannot be made again as it was."""
        if self._dataset is None:
            try:
                dataset = cache.load(self.data.folder, self.data.hash)
                self._dataset = replace(dataset, restricted=self.settings.layout.restricted)
            except Slip:
                if "RANK" in os.environ:  # others may be reading it
                    raise
                self._dataset = self._remade()
        return self._dataset

    def make(self, stage: Stage, names: Names) -> None:
        """Draw or read the data set, train a network, or run an analysis of the networks `names`, and write it."""
        self.names = names
        if isinstance(stage, Data):
            self._dataset = replace(self._loaded(), restricted=self.settings.layout.restricted)
            cache.save(stage.folder, self._dataset, stage.recipe)
        elif isinstance(stage, Network):
            self._train(stage)
        elif isinstance(stage, Analysis):
            self._analyse(stage)

    def _remade(self) -> Dataset:
        """Make the data set again, since its file is damaged; raises Slip if its record was damaged too."""
        stage, before, dataset = self.data, self.data.hash, self._loaded()
        with self.log.making("data", [f"{stage.folder / 'dataset.npz'} is damaged"]):
            made = cache.save(stage.folder, dataset, stage.recipe)
        if made != before:
            raise Slip(f"{stage.folder} was damaged and is made anew; run the same command again")
        return dataset

    def _loaded(self) -> Dataset:
        sizes, source, seed = self.settings.sizes, self.settings.source, self.settings.data_seed
        with tqdm(total=sum(sizes) or None, desc="data", unit="picture", mininterval=1) as bar:
            if source is None:
                return rendered.dataset(sizes, seed, bar.update)
            name, asked = self.settings.layout.dataset, self.settings.classes
            return reading.load(
                source, seed, bar.update, name, asked, self.settings.layout.restricted,
                lambda line: tqdm.write(f"data: {line}"),
            )  # fmt: skip

    @property
    def threads(self) -> int:
        """How many of the processor's a network is trained on."""
        return self.settings.threads or max(1, machine.cores() // self.sharing)

    @cached_property
    def device(self) -> torch.device:
        """The device to work on, prepared so that equal seeds give equal bytes; raises Slip where there is none."""
        return devices.prepared(self.settings.device, self.threads)

    def _train(self, stage: Network) -> None:
        """Train a network, with its teachers where it has some."""
        settings, dataset, recipe = self.settings, self.dataset, stage.network
        device = self.device
        weights = self.imagenet if recipe.pretrained else None
        if stage.start:
            weights = checkpoints.load(settings.networks / stage.start).weights
        teachers = [checkpoints.load(settings.networks / name).network(device) for name in stage.taught]
        made_of = {**stage.recipe, "threads": self.threads if device.type == "cpu" else None}
        record = {"recipe": made_of, "classes": list(dataset.classes)}
        train = self.even if recipe.balanced and settings.source is None else dataset.train
        if lost := left(stage.folder.with_name(f"resume-{stage.name}.safetensors"), made_of):
            tqdm.write(f"{stage.name}: {lost}", file=sys.stderr)
        loop.train(
            recipe, train, dataset.dev, stage.folder, record, device, weights, teachers, len(dataset.classes),
            settings.compiled,
        )  # fmt: skip

    def adopt(self, path: Path, data: str) -> None:
        """Make a checkpoint of somebody's a member, unless it is one already."""
        target = self.settings.networks / adopting.name_of(path)
        if not (target / "recipe.json").exists():
            mean, deviation = self.settings.mean, self.settings.std
            adopting.adopt(
                path, target, self.dataset, data, self.settings.classes, mean, deviation, self.device, tqdm.write
            )

    @cached_property
    def imagenet(self) -> dict[str, torch.Tensor]:
        """The weights of ImageNet that --init names, or torchvision's own; raises Slip where they are not to be had."""
        return start.read(self.settings.init)

    @cached_property
    def even(self) -> Split:
        """As many faces as train has, drawn anew with each emotion as often as the others."""
        return rendered.even(len(self.dataset.train), self.settings.data_seed)

    def foretell(self, recipes: Sequence[Recipe], plan: Plan, ranks: int) -> None:
        """Say how long networks of these recipes will take to train, shared out over `ranks`."""
        teachers = [plan.teachers(recipe) for recipe in recipes]
        hours = pace.hours(recipes, teachers, len(self.dataset.train), len(self.dataset.classes), self.device) / ranks
        tqdm.write(
            f"train: {len(recipes)} networks in {'about' if ranks == 1 else 'at least'} {hours:.1f} hours, "
            "by a few steps of each kind, and then the analyses"
        )

    def tell(self, made: Network, networks: Sequence[Network]) -> None:
        """Say what a new member reaches, and the members that are there by now together."""
        members = [stage for stage in networks if stage.network.role == "member" and stage.record()]
        answers = {
            stage.name: encoding.read_npy(stage.folder / "dev_views.npy").astype(np.float64) for stage in members
        }
        right = [
            f"{(logits.argmax(1) == self.dataset.dev.labels).mean():.1%}"
            for logits in (answers[made.name], np.mean([softmax(each) for each in answers.values()], 0))
        ]
        together = f"; {len(members)} members together {right[1]}" if len(members) > 1 else ""
        tqdm.write(f"{made.name:<24} {right[0]} of dev right over views{together}")

    @cached_property
    def study(self) -> Study:
        """What every analysis is given; raises Slip for networks that answer other faces."""
        settings, names, device = self.settings, self.names, self.device
        members = [checkpoints.load(settings.networks / name) for name in names.all]
        dev = self.dataset.dev
        if settings.shipped:
            members = shipping.aligned(members, settings.networks, dev.images, self.dataset.train)
        for member in members:
            if len(member.view_logits) != len(dev):
                raise Slip(
                    f"{settings.networks / member.name} answers {len(member.view_logits):,} dev faces of {len(dev):,}; "
                    "load members of the same data"
                )
        by_name = dict(zip(names.all, members, strict=True))
        return Study(
            dataset=self.dataset,
            members=tuple(by_name[name] for name in names.members),
            overfitted=tuple(by_name[name] for name in names.overfitted),
            balanced=tuple(by_name[name] for name in names.balanced),
            student=by_name.get(names.student),
            device=device,
            seed=settings.seed,
            effort=settings.effort,
            asked=Asked(settings.preset, settings.seed),
        )

    def _analyse(self, stage: Analysis) -> None:
        """Run an analysis and write its result; of a restricted data set, its faces apart."""
        study = self.study
        result, private = named.module("analyses", stage.name).analyse(study), study.dataset.restricted
        if private:
            arrays, faces = stored.arrays(result), stored.arrays(result, "private")
            restricted.check(stage.name, arrays, stored.plain(result), len(study.classes))
            splits = (study.dataset.train, study.dataset.dev, study.dataset.test)
            for name, count in restricted.blank(arrays, [s.images for s in splits if s is not None]).items():
                tqdm.write(
                    f"{stage.name}: {count} of {name} left out, since it looks like a single picture of the data"
                )
            stored.write_faces(self.settings.own, stage.name, faces, fingerprints.of_value(stage.recipe))
        folder = stage.folder.parent
        places.claim(folder, [stage.name], RESULTS, guard.earlier_results(folder))
        recipe = {"recipe": stage.recipe, "inputs": stage.inputs, "made_with": machine.description(study.device)}
        stored.write(stage.folder, result, recipe, private)
        self.log.changed += [*(stage.folder / file for file in stored.FILES), folder / places.LIST]


def left(state: Path, recipe: JSON) -> str:
    """Return what is lost of a training that was stopped and cannot go on; "" where it can, and where there is none.

    A damaged `state` is told where it is read.
    """
    try:
        with safe_open(state, "numpy") as file:
            stopped = json.loads(file.metadata()["state"])
        epochs, begun = int(stopped["epoch"]), dict(stopped["recipe"])
    except (OSError, SafetensorError, ValueError, KeyError, TypeError):
        return ""
    if begun == recipe:
        return ""
    changed = differences({"code": begun.get("code")}, {"code": recipe.get("code")})
    before, now = (f"{count} threads" if (count := each.get("threads")) else "a GPU" for each in (begun, recipe))
    why = changed[0] if changed else f"it ran on {before} and not on {now}"
    return f"{epochs} trained epochs cannot be gone on from, since {why}; they are kept until the first new one ends"
