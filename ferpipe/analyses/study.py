"""What every analysis is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import torch
from torch import nn

from ferpipe.analyses.effort import Effort
from ferpipe.data.dataset import Dataset
from ferpipe.networks.folding import folded
from ferpipe.networks.members import Member
from ferpipe.networks.resnet import ResNet18, initialised
from ferpipe.results.settings import Asked
from ferpipe.storage.encoding import JSON


@dataclass(frozen=True)
class Study:
    """A data set and the networks trained on it."""

    dataset: Dataset
    members: tuple[Member, ...]  # the ensemble; the first is the analysis model
    overfitted: tuple[Member, ...]
    balanced: tuple[Member, ...]  # networks that saw each class as often as the others, if any
    student: Member | None  # what the ensemble taught, if anything
    device: torch.device
    seed: int
    effort: Mapping[str, Effort]  # by analysis
    asked: Asked  # of the command line, as the settings tell it
    shared: JSON = field(default_factory=dict, compare=False)  # between analyses of one run, by name

    @cached_property
    def model(self) -> ResNet18:
        """The analysis model, in evaluation mode, its weights without gradients."""
        return self.members[0].network(self.device)

    @cached_property
    def quick(self) -> nn.Module:
        """The analysis model for many forward passes: the same answers but for rounding, sooner (see folding.py)."""
        return folded(self.model)

    @torch.inference_mode(False)
    def untrained(self, seed: int) -> ResNet18:
        """Return a network of the analysis model's shape, in evaluation mode, its weights drawn by `seed`."""
        recipe = self.members[0].recipe
        network = initialised(recipe.stem, recipe.width, seed, len(self.classes), recipe.enlarge)
        return network.to(self.device).eval().requires_grad_(False)

    @property
    def classes(self) -> tuple[str, ...]:
        """The names of the classes; a label is an index into them."""
        return self.dataset.classes

    def label(self, name: str) -> int | None:
        """Return the label of a class by its name; None where the data set has no such class."""
        return self.classes.index(name) if name in self.classes else None

    @cached_property
    def labels(self) -> np.ndarray:
        """The dev labels, (n,) int64."""
        assert self.dataset.dev.labels is not None
        return self.dataset.dev.labels

    @cached_property
    def probabilities(self) -> np.ndarray:
        """The analysis model's probabilities on dev, (n, classes)."""
        return softmax(self.members[0].dev_logits)


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return probabilities over the last axis."""
    exponents = np.exp(logits - logits.max(-1, keepdims=True))
    return exponents / exponents.sum(-1, keepdims=True)
