"""A trained network in memory, with its recipe and history, ready to be asked; checkpoints.py has it on disk."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch

from ferpipe.errors import Slip
from ferpipe.networks.recipes import Recipe
from ferpipe.networks.resnet import ResNet18
from ferpipe.storage.encoding import JSON

CURVES = ("train_loss", "dev_loss", "train_accuracy", "dev_accuracy")
HELD = "held_loss"  # beside them, of training faces that were held out, where there are any


@dataclass(frozen=True)
class Member:
    """One trained network with its recipe and history."""

    name: str
    recipe: Recipe
    history: dict[str, list[float]]  # train_loss, dev_loss, train_accuracy, dev_accuracy, one value an epoch
    epoch: int  # the chosen epoch, from 1: the lowest dev loss at full size
    epoch_logits: np.ndarray  # (epochs, n, classes) float16 on dev
    view_logits: np.ndarray  # (n, classes) float16 on dev: the chosen epoch's, averaged over views (see above)
    made_with: JSON  # versions, device, precision, threads
    weights: dict[str, torch.Tensor] | None  # None where only the answers were kept
    pretrained: bool = False  # whether it started from weights of ImageNet instead of drawn ones
    margins: np.ndarray | None = None  # (n,) float16 of train; None of a network that was trained before they were kept
    foreign: str = ""  # how pictures enter it, of somebody's own network, see foreign.py
    goes_on: bool = False  # whether it started from the weights of a network that taught it

    @cached_property
    def dev_logits(self) -> np.ndarray:
        """The chosen epoch's logits on dev, (n, classes) float64."""
        return self.epoch_logits[self.epoch - 1].astype(np.float64)

    @torch.inference_mode(False)  # whatever the caller is in: weights made there could have no gradients behind them
    def network(self, device: torch.device) -> ResNet18:
        """Return the network in evaluation mode on `device`, with gradients off for its weights."""
        if self.weights is None:
            raise Slip(f"the weights of {self.name} are not here; python build.py train --data PATH makes your own")
        recipe = self.recipe
        network = ResNet18(recipe.stem, recipe.width, self.view_logits.shape[1], recipe.enlarge)
        network.load_state_dict(self.weights)
        return network.to(memory_format=torch.channels_last).to(device).eval().requires_grad_(False)
