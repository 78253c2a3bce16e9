"""The networks that a finding is asked of: the ensemble's members, and beside them untrained ones of their shape."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from torch import nn

from ferpipe.analyses.study import Study, softmax
from ferpipe.explainers.inputs import logits
from ferpipe.networks.folding import folded
from ferpipe.networks.resnet import ResNet18
from ferpipe.results.common import Across
from ferpipe.statistics import across as over

DRAW = 191  # marks this module's generators


@dataclass(frozen=True, eq=False)
class Subject:
    """A network in evaluation mode with its answers on dev."""

    network: ResNet18
    logits: np.ndarray  # (n, classes) float64

    @cached_property
    def quick(self) -> nn.Module:
        """The network for many forward passes (see folding.py)."""
        return folded(self.network)

    @cached_property
    def answers(self) -> np.ndarray:
        """Its answers, (n,) int64."""
        return self.logits.argmax(1)

    @cached_property
    def confidence(self) -> np.ndarray:
        """Its answers' probabilities, (n,)."""
        return softmax(self.logits).max(1)


def trained(study: Study) -> list[Subject]:
    """Return the members whose weights are here; analyses of one run share them."""
    if "trained" not in study.shared:
        study.shared["trained"] = [
            Subject(study.model if member is study.members[0] else member.network(study.device), member.dev_logits)
            for member in study.members
            if member.weights is not None
        ]
    return study.shared["trained"]


def untrained(study: Study) -> list[Subject]:
    """Return networks of the first member's shape with drawn weights, the same ones whatever the run's seed.

    Analyses of one run share them.
    """
    if "untrained" not in study.shared:
        seeds = np.random.default_rng(DRAW).integers(2**31, size=study.effort["subjects"].networks).tolist()
        networks = [study.untrained(seed) for seed in seeds]
        images = study.dataset.dev.images
        study.shared["untrained"] = [
            Subject(network, logits(folded(network), images, study.device)) for network in networks
        ]
    return study.shared["untrained"]


def means(
    study: Study, draw: Sequence[int], values: Sequence[np.ndarray], control: Sequence[np.ndarray] = ()
) -> Across | None:
    """Return the mean over faces of `values`, one array (n,) a network; NaN for a face without a value.

    `draw` marks the generator of the resamples. `n` is how many faces have a value, on average over networks.
    """
    if not len(values) or not len(values[0]):
        return None
    counted = round(float(np.mean([(~np.isnan(sample)).sum() for sample in values])))
    statistics, others = [over.mean(sample) for sample in values], [over.mean(sample) for sample in control]
    mean = over.across(statistics, rows(study, draw, len(values[0])), others, n=counted)
    return over.softened(mean, [sample[~np.isnan(sample)] for sample in values]) if mean else None


def rows(study: Study, draw: Sequence[int], n: int) -> np.ndarray:
    """Return the weights (1 + resamples, n) of n faces, of a generator that `draw` marks."""
    rng = np.random.default_rng([study.seed, *draw])
    return over.weights(rng, n, study.effort["subjects"].resamples)


def each(study: Study, ask: Callable[[Subject], np.ndarray]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return what is asked of the trained networks, and of the untrained ones."""
    return [ask(subject) for subject in trained(study)], [ask(subject) for subject in untrained(study)]
