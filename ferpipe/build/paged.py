"""The network that a page carries, out of the page's results: to be asked where its own weights are not at hand."""

from pathlib import Path
from typing import cast

import numpy as np
import torch

from ferpipe.networks.members import Member
from ferpipe.networks.recipes import Recipe
from ferpipe.networks.resnet import ResNet18
from ferpipe.results import stored
from ferpipe.results.network import Network


def member(folder: Path, classes: int) -> Member:
    """Return the network of `results/DATA/network/`, whose weights are whole numbers of ten bits with a scale each.

    Its normalisation is folded into them already and stands as that which changes nothing.
    """
    result = cast("Network", stored.read(folder))
    network = ResNet18(result.stem, result.width, classes, result.enlarge)
    state = {name: value.clone() for name, value in network.state_dict().items()}
    at = row = 0
    for layer, norm in _layers(state):
        outputs, inputs, *window = state[f"{layer}.weight"].shape
        size = state[f"{layer}.weight"].numel()
        whole = torch.tensor(result.arrays.weights[at : at + size].astype(np.float32)).view(outputs, *window, inputs)
        scale = torch.tensor(result.arrays.scales[row : row + outputs]).view(-1, *[1] * (1 + len(window)))
        state[f"{layer}.weight"] = (whole * scale).movedim(-1, 1).contiguous()
        state[f"{norm}.bias"] = torch.tensor(result.arrays.biases[row : row + outputs])
        if norm != layer:
            state[f"{norm}.running_var"] = torch.full((outputs,), 1 - network.bn1.eps)
        at, row = at + size, row + outputs
    recipe = Recipe(stem=result.stem, width=result.width, enlarge=result.enlarge)
    answers = np.zeros((result.n, classes), np.float16)  # the page's results keep none of them
    history = {"dev_accuracy": [result.accuracy]}
    return Member(result.name, recipe, history, 1, answers[None], answers, {}, state)


def _layers(state: dict[str, torch.Tensor]) -> list[tuple[str, str]]:
    """Return the layers that have weights, each with the normalisation behind it, as a picture meets them.

    A shortcut comes last in its block; the linear layer has a bias of its own.
    """
    blocks = [f"layer{stage}.{block}" for stage in (1, 2, 3, 4) for block in (0, 1)]
    parts = [("conv1", "bn1"), ("conv2", "bn2"), ("downsample.0", "downsample.1")]
    inside = [(f"{block}.{layer}", f"{block}.{norm}") for block in blocks for layer, norm in parts]
    named = [("conv1", "bn1"), *inside, ("fc", "fc")]
    return [(layer, norm) for layer, norm in named if f"{layer}.weight" in state]
