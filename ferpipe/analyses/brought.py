"""Networks that somebody brought along: any module that gives logits, made a member that analyses can ask."""

from collections.abc import Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ferpipe.analyses.study import Study
from ferpipe.errors import Slip
from ferpipe.explainers.answers import answer
from ferpipe.explainers.methods import stage
from ferpipe.networks import foreign
from ferpipe.networks.members import Member
from ferpipe.networks.resnet import DEVIATION, MEAN, ResNet18, normalise
from ferpipe.size import SIDE

GUESSED = " (a guess: no batch normalisation has kept them)"


class Entered(nn.Module):
    """Somebody's network as ours: it takes inputs (n, 1, 48, 48) normalised as ours are, and gives logits."""

    mean: Tensor
    std: Tensor

    def __init__(self, network: nn.Module, channels: int, side: int, mean: Sequence[float], std: Sequence[float]):
        super().__init__()
        self.network, self.channels, self.side = network, channels, side
        self.guessed = False  # whether nothing said how its pictures were normalised
        self.register_buffer("mean", torch.tensor(mean).float().view(1, -1, 1, 1), persistent=False)
        self.register_buffer("std", torch.tensor(std).float().view(1, -1, 1, 1), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        """Return logits (n, classes)."""
        grey = x * DEVIATION + MEAN
        if self.side != SIDE:
            grey = F.interpolate(grey, (self.side, self.side), mode="bilinear", align_corners=False)
        levels = (grey.expand(-1, self.channels, -1, -1) - self.mean.to(x)) / self.std.to(x)
        return answer(self.network, levels)

    def __str__(self) -> str:
        """Say how pictures enter it."""
        mean, std = (("/".join(f"{value:.4g}" for value in part.flatten().tolist())) for part in (self.mean, self.std))
        kind = type(self.network).__name__
        told = f"{kind}, {self.channels} channel(s), {self.side} pixels a side, mean {mean}, deviation {std}"
        return told + GUESSED * self.guessed


@dataclass(frozen=True)
class Brought(Member):
    """A member that is a module in memory, of whatever kind."""

    module: Entered | None = None

    def network(self, device: torch.device) -> ResNet18:
        """Return the network in evaluation mode on `device`; no ResNet18, but what asks for its parts is left out."""
        module = deepcopy(self.module)
        assert module is not None
        return cast("ResNet18", module.to(device).eval().requires_grad_(False))


@dataclass(frozen=True)
class Foreign(Study):
    """A study of networks that were brought along."""

    def untrained(self, seed: int) -> ResNet18:
        """Return a copy whose layers are initialised anew by `seed`; weights of none such are put in another order."""
        network = self.members[0].network(torch.device("cpu"))
        with torch.random.fork_rng(devices=[]), torch.no_grad():
            torch.manual_seed(seed)
            for module in network.modules():
                if callable(begin := getattr(module, "reset_parameters", None)):
                    begin()
                    continue
                for weight in module.parameters(recurse=False):
                    weight.copy_(weight.flatten()[torch.randperm(weight.numel())].view_as(weight))
        return network.to(self.device)


def entered(
    network: nn.Module, side: int, mean: tuple[float, ...], std: tuple[float, ...], probes: Tensor
) -> tuple[Entered, int]:
    """Return a network as it takes our inputs, and how many outputs it has; raises Slip where it answers to none.

    In as many channels as its first convolution takes, else in three, else in one. Where `mean` and `std` are not
    given, the way is taken in which pictures have the statistics that its batch normalisation kept; without such it
    is guessed: the usual one of as many channels.
    """
    first = next((m.in_channels for m in network.modules() if isinstance(m, nn.Conv2d)), None)
    told = ""
    for channels in dict.fromkeys([*([first] if first in (1, 3) else []), 3, 1]):
        greys = [(m, d) for m, d in foreign.GREYS.values() if len(m) in (1, channels)]
        if channels == 3:  # most likely as torchvision's
            greys.sort(key=lambda way: len(way[0]) == 1)
        else:
            greys.sort(key=lambda way: way != foreign.GREYS["ours"])
        if mean:
            if {len(mean), len(std)} - {0, 1, channels}:
                told = f"mean and std: got {len(mean)} and {len(std)} values, wanted one, or {channels}"
                continue
            greys = [(mean, std)]
        ways = [Entered(network, channels, side, *way).eval() for way in greys]
        try:
            with torch.inference_mode():
                outputs = ways[0](normalise(probes[:2])).shape[1]
        except Exception as error:  # whatever a stranger's code raises
            told = told or (str(error).splitlines() or [type(error).__name__])[0]
            continue
        norms = [m for m in network.modules() if isinstance(m, nn.BatchNorm2d)]
        if not any(norm.num_batches_tracked for norm in norms):  # without such, or never trained: nothing was kept
            ways[0].guessed = not mean
            return ways[0], outputs
        misfits = [foreign.misfit(way, normalise(probes)) for way in ways]
        best = min(misfits)
        return next(way for way, misfit in zip(ways, misfits, strict=True) if misfit <= best * (1 + 1e-6)), outputs
    raise Slip(f"{type(network).__name__} does not answer pictures (n, 3 or 1, {side}, {side}): {told:.200}")


def mapped(study: Study) -> bool:
    """Return whether the first network has a layer with maps, which LayerCAM explains."""
    try:
        stage(study.model, study.device)
    except ValueError:
        return False
    return True
