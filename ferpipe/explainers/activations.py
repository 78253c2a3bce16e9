"""What the layers inside a network put out, before normalisation. No hook outlives its `with`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ferpipe.explainers.inputs import batches

LAYERS = ("conv1", "layer1.0.conv1", "layer2.0.conv1", "layer3.0.conv1", "layer4.0.conv1")  # of the original report
STAGES = tuple(f"layer{stage}.{block}.conv{conv}" for stage in (1, 2, 3, 4) for block in (0, 1) for conv in (1, 2))
EVERY = ("conv1", *STAGES)  # in the order in which a face passes them
FILTERS = 6  # shown of each layer, as in the original report


@contextmanager
def recording(
    network: nn.Module, layers: Sequence[str], reduce: Callable[[Tensor], Tensor] = torch.clone
) -> Iterator[dict[str, Tensor]]:
    """Yield a mapping that holds, after a forward pass, what `reduce` made of each named layer's output.

    `reduce` runs inside the hook: a convolution's output is seen before anything behind it can write into it, and a
    stage's maps need not be kept when their means are wanted.
    """
    found: dict[str, Tensor] = {}

    def keeper(name: str) -> Callable[..., None]:
        def keep(module: nn.Module, given: Any, output: Tensor) -> None:
            found[name] = reduce(output)

        return keep

    handles = [network.get_submodule(name).register_forward_hook(keeper(name)) for name in layers]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


class _Reached(Exception):
    """The layer has been reached: what lies behind it is not computed."""


def output(network: nn.Module, layer: str, given: Tensor) -> Tensor:
    """Return the named layer's output for the inputs `given`, (n, channels, h, w); nothing behind it is computed."""
    kept: list[Tensor] = []

    def stop(module: nn.Module, args: Any, out: Tensor) -> None:
        kept.append(out)
        raise _Reached

    handle = network.get_submodule(layer).register_forward_hook(stop)
    try:
        network(given)
    except _Reached:
        return kept[0]
    finally:
        handle.remove()
    raise ValueError(f"the network never runs its layer {layer}")


def spatial_means(
    network: nn.Module, layers: Sequence[str], images: np.ndarray, device: torch.device
) -> dict[str, np.ndarray]:
    """Return for each layer the mean over positions of each channel's output, (n, channels) float64."""
    parts: dict[str, list[np.ndarray]] = {name: [] for name in layers}
    with torch.inference_mode(), recording(network, layers, lambda out: out.float().mean((2, 3))) as found:
        for _, given in batches(images, device):
            network(given)
            for name in layers:
                parts[name].append(found[name].cpu().double().numpy())
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}
