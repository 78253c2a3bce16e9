"""What the layers inside a network put out. No hook outlives its `with`."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial

import numpy as np
import torch
from torch import Tensor, nn

from ferpipe.explainers.answers import run
from ferpipe.explainers.inputs import batches
from ferpipe.networks import resnet

LAYERS, STAGES, EVERY, BLOCKS = resnet.LAYERS, resnet.STAGES, resnet.EVERY, resnet.BLOCKS  # of our own networks
FILTERS = 6  # shown of each layer, as in the original report


@contextmanager
def recording(
    network: nn.Module, layers: Sequence[str], reduce: Callable[[Tensor], Tensor] = torch.clone
) -> Iterator[dict[str, Tensor]]:
    """Yield a mapping that holds, after a forward pass, what `reduce` made of each named layer's output.

    Of a layer that runs several times, of its last. `reduce` runs inside the hook: maps need not be kept when their
    means are wanted. Where it returns the output or a view of it, the network goes on with a copy: nothing behind the
    layer, such as a ReLU in place, writes into what is held, and its gradient is the layer's.
    """
    outputs: dict[str, Tensor] = {}

    def keep(name: str, module: nn.Module, args: object, out: Tensor) -> Tensor | None:
        outputs[name] = reduce(_tensor(name, out))
        shared = outputs[name].untyped_storage().data_ptr() == out.untyped_storage().data_ptr()
        return out.clone() if shared else None

    handles = []
    try:
        for name in layers:
            handles.append(_named(network, name).register_forward_hook(partial(keep, name)))
        yield outputs
    finally:
        for handle in handles:
            handle.remove()


def mapped(network: nn.Module, pictures: Tensor) -> dict[str, tuple[int, ...]]:
    """Return the shape of each layer's maps (n, channels, h, w) for such pictures, in the order in which they are made.

    Layers that put out something else are left out.
    """
    shapes: dict[str, tuple[int, ...]] = {}

    def keep(name: str, module: nn.Module, args: object, out: object) -> None:
        if isinstance(out, Tensor) and out.ndim == 4:
            shapes[name] = tuple(out.shape)

    handles = [module.register_forward_hook(partial(keep, name)) for name, module in network.named_modules() if name]
    try:
        with torch.inference_mode():
            run(network, pictures)
    finally:
        for handle in handles:
            handle.remove()
    return shapes


class _Reached(Exception):
    """The layer has been reached: what lies behind it is not computed."""


def output(network: nn.Module, layer: str, pictures: Tensor) -> Tensor:
    """Return what the named layer puts out for pictures (n, channels, h, w) when it first runs, (n, channels, h, w).

    With its gradient, where these are on. Nothing behind it is computed. A linear layer puts out (n, channels).
    """
    outputs: list[Tensor] = []

    def stop(module: nn.Module, args: object, out: Tensor) -> None:
        outputs.append(_tensor(layer, out))
        raise _Reached

    handle = _named(network, layer).register_forward_hook(stop)
    try:
        run(network, pictures)
    except _Reached:
        return outputs[0]
    finally:
        handle.remove()
    raise ValueError(f"the network never runs its layer {layer}")


def maps(outputs: Mapping[str, Tensor], layer: str) -> Tensor:
    """Return a layer's maps (n, channels, h, w) of a mapping that `recording` filled; ValueError if it has none."""
    if layer not in outputs:
        raise ValueError(f"the network never runs its layer {layer}")
    if outputs[layer].ndim != 4:
        shape = tuple(outputs[layer].shape)
        raise ValueError(f"the layer {layer} puts out {shape}, no maps (n, channels, h, w): name a convolution")
    return outputs[layer]


def spatial_means(
    network: nn.Module, layers: Sequence[str], pictures: Tensor | np.ndarray, device: torch.device | None = None
) -> dict[str, np.ndarray]:
    """Return each layer's outputs' means over positions, (n, channels) float64, for pictures as of `inputs.logits`."""
    layers = (layers,) if isinstance(layers, str) else layers
    parts: dict[str, list[np.ndarray]] = {name: [] for name in layers}
    with torch.inference_mode(), recording(network, layers, _over_places) as means:
        for _, inputs in batches(pictures, device):
            means.clear()
            run(network, inputs)
            for name in layers:
                parts[name].append(maps(means, name)[..., 0, 0].cpu().double().numpy())
    return {name: np.concatenate(arrays) for name, arrays in parts.items()}


def _over_places(out: Tensor) -> Tensor:
    return out.float().mean((2, 3), keepdim=True) if out.ndim == 4 else out


def _named(network: nn.Module, layer: str) -> nn.Module:
    try:
        return network.get_submodule(layer)
    except AttributeError:
        raise ValueError(f"the network has no layer {layer!r}: dict(network.named_modules()) lists them") from None


def _tensor(layer: str, out: object) -> Tensor:
    if not isinstance(out, Tensor):
        raise ValueError(f"the layer {layer} puts out a {type(out).__name__}, no tensor: name another layer")
    return out
