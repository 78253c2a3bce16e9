"""A member on disk: weights, recipe, history; and in memory, ready to be asked.

<members>/<name>/weights.safetensors   the chosen epoch's weights: float32, float16 where shipped
                 history.json          per epoch: train and dev loss and accuracy; the chosen epoch
                 dev_logits.npy        (epochs, n, 7) float16: every later question about the curves
                 dev_views.npy         (n, 7) float16: the chosen epoch's, averaged over views
                 recipe.json           parameters, data, code; what it was made with; hash of the weights, or null
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from ferpipe import results
from ferpipe.errors import Slip
from ferpipe.fingerprints import of_file
from ferpipe.training.recipes import Recipe
from ferpipe.training.resnet import ResNet18


@dataclass(frozen=True)
class Member:
    """One trained network with its recipe and history."""

    name: str
    recipe: Recipe
    history: dict[str, list[float]]  # train_loss, dev_loss, train_accuracy, dev_accuracy, one value an epoch
    epoch: int  # the chosen epoch, from 1: the lowest dev loss at full size
    epoch_logits: np.ndarray  # (epochs, n, 7) float16 on dev
    view_logits: np.ndarray  # (n, 7) float16 on dev: the chosen epoch's, averaged over views
    made_with: dict[str, Any]  # versions, device, precision, threads
    weights: dict[str, torch.Tensor] | None  # None where only the answers were kept
    pretrained: bool = False  # whether it started from weights of ImageNet instead of drawn ones

    @cached_property
    def dev_logits(self) -> np.ndarray:
        """The chosen epoch's logits on dev, (n, 7) float64."""
        return self.epoch_logits[self.epoch - 1].astype(np.float64)

    def network(self, device: torch.device) -> ResNet18:
        """Return the network in evaluation mode on `device`, with gradients off for its weights."""
        if self.weights is None:
            raise Slip(f"the weights of {self.name} are not here; python build.py train --data PATH makes your own")
        network = ResNet18(self.recipe.stem, self.recipe.width)
        network.load_state_dict(self.weights)
        return network.to(memory_format=torch.channels_last).to(device).eval().requires_grad_(False)


def load(folder: Path) -> Member:
    """Return the member in `folder`; raises Slip naming the file that is missing, broken or not ours."""
    record = results.read_json(folder / "recipe.json")
    history = results.read_json(folder / "history.json")
    path = folder / "weights.safetensors"
    cure = f"remove the folder {folder} and run python build.py train"
    try:
        recipe = Recipe(**record["recipe"]["parameters"])
        kept = record["weights"] is not None
        if kept and (got := of_file(path)) != record["weights"]:
            raise Slip(f"{path} has hash {got}, recipe.json beside it says {record['weights']}: it is damaged; {cure}")
        logits = np.load(folder / "dev_logits.npy", allow_pickle=False)
        averaged = np.load(folder / "dev_views.npy", allow_pickle=False)
        member = Member(folder.name, recipe, history["epochs"], history["chosen"], logits, averaged,
                        record["made_with"], load_file(path) if kept else None, "init" in record["recipe"])  # fmt: skip
        if kept:
            member.network(torch.device("cpu"))
    except FileNotFoundError as error:
        raise Slip(f"{error.filename} is missing; {cure}") from None
    except (SafetensorError, RuntimeError, ValueError, EOFError, KeyError, TypeError, AttributeError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise Slip(f"{folder} is not a member of ours: {type(error).__name__} {reason}; {cure}") from None
    return member
