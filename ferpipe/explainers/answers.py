"""What a network answers to pictures, asked so that it is left as it was; what it cannot answer is refused in words."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import chain

import numpy as np
import torch
from torch import Tensor, nn

Targets = int | Sequence[int] | np.ndarray | Tensor | None  # a label for all, or each picture's; None: the prediction
PIXELS = 2**20  # of the pictures that are forwarded at once, at most


@contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Hold a network in evaluation mode; the modules that are in training mode are put back into it."""
    training = [module for module in network.modules() if module.training]
    if training:  # an ascent asks a thousand times
        network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True


@contextmanager
def differentiating(network: nn.Module, pictures: Tensor) -> Iterator[Tensor]:
    """Yield a copy of pictures from which gradients begin, whatever the caller switched off; no weight gets any."""
    with torch.inference_mode(False), torch.enable_grad():
        leaf = fitting(network, pictures).detach().requires_grad_()
        with evaluating(network):
            yield leaf


def device_of(network: nn.Module) -> torch.device:
    """Return the device of a network's first weight, where its pictures go; the CPU if it has none."""
    return next((value.device for value in chain(network.parameters(), network.buffers())), torch.device("cpu"))


def check(network: nn.Module, pictures: Tensor) -> None:
    """Raise TypeError or ValueError unless a network can be given pictures (n, channels, h, w)."""
    if not isinstance(network, nn.Module):
        raise TypeError(f"network is a {type(network).__name__}; it must be a torch.nn.Module")
    if not isinstance(pictures, Tensor):
        raise TypeError(f"pictures are a {type(pictures).__name__}; they must be a tensor: torch.as_tensor makes one")
    if pictures.ndim != 4:
        raise ValueError(f"pictures are {tuple(pictures.shape)}; they must be (n, channels, h, w): use picture[None]")
    if not pictures.is_floating_point():
        raise ValueError(f"pictures are {pictures.dtype}: divide bytes by 255 and normalise them as for the training")
    devices = {value.device for value in chain(network.parameters(), network.buffers())}
    if devices and pictures.device not in devices:
        place = device_of(network)
        raise ValueError(f"pictures are on {pictures.device}, the network on {place}: use pictures.to('{place}')")


def fitting(network: nn.Module, pictures: Tensor) -> Tensor:
    """Return a copy of pictures in the precision of a network's weights, into which the network may write."""
    check(network, pictures)
    weights = chain(network.parameters(), network.buffers())
    precision = next((value.dtype for value in weights if value.is_floating_point()), pictures.dtype)
    return pictures.to(precision, copy=True)


def run(network: nn.Module, pictures: Tensor) -> object:
    """Return whatever a network makes of pictures (n, channels, h, w)."""
    copy = fitting(network, pictures)
    with evaluating(network):
        return network(copy)


def answer(network: nn.Module, pictures: Tensor) -> Tensor:
    """Return logits (n, classes), of several outputs the one called so or the first; with gradients where on."""
    outputs = run(network, pictures)
    if isinstance(outputs, Mapping):
        outputs = outputs.get("logits")
    elif not isinstance(outputs, Tensor) and hasattr(outputs, "logits"):
        outputs = outputs.logits
    elif isinstance(outputs, (tuple, list)) and outputs:
        outputs = outputs[0]
    if not isinstance(outputs, Tensor):
        raise ValueError("the network's output is no tensor and has no `logits`: wrap it in a module that returns them")
    if outputs.ndim != 2 or len(outputs) != len(pictures):
        shape = tuple(outputs.shape)
        raise ValueError(f"the output for {len(pictures)} pictures is {shape}: wrap the network to return (n, classes)")
    return outputs


def labels(logits: Tensor, targets: Targets) -> Tensor:
    """Return the label (n,) int64 that is explained of each picture, for logits (n, classes)."""
    if logits.isnan().any():
        raise ValueError("the network's answers are not numbers: the pictures, or its weights, have NaN or infinity")
    count, classes = logits.shape
    if targets is None:
        return logits.detach().argmax(1)
    chosen = targets.detach().cpu().numpy() if isinstance(targets, Tensor) else np.asarray(targets)
    if chosen.shape not in ((), (count,)):
        raise ValueError(f"targets are {chosen.shape}; they must be one label, or one for each of {count} pictures")
    if chosen.size and (chosen.dtype.kind not in "iu" or not 0 <= chosen.min() <= chosen.max() < classes):
        extent = f"from {chosen.min()} to {chosen.max()}" if chosen.dtype.kind in "iu" else str(chosen.dtype)
        raise ValueError(f"targets are {extent}; they must be labels, whole numbers from 0 to {classes - 1}")
    return torch.tensor(np.broadcast_to(chosen.astype(np.int64), count), device=logits.device)


def odds(logits: np.ndarray, classes: Sequence[int] | None = None) -> np.ndarray:
    """Return the log-odds (n, k) float64 of `classes`, of all unless named, for logits (n, classes).

    A logit less the logsumexp of the others: unlike a probability, it does not saturate. A lone logit is one already.
    """
    values, count = torch.tensor(logits, dtype=torch.float64), logits.shape[1]
    if count == 1:
        return values.numpy()
    columns = [
        values[:, label] - torch.cat([values[:, :label], values[:, label + 1 :]], 1).logsumexp(1)
        for label in (range(count) if classes is None else classes)
    ]
    return torch.stack(columns, 1).numpy()


def at_least(least: int, **counts: int) -> None:
    """Raise ValueError unless all of these are whole numbers from `least`."""
    for name, count in counts.items():
        if not isinstance(count, int | np.integer) or count < least:
            raise ValueError(f"{name} (={count!r}) must be a whole number from {least}")


def at_once(pictures: Tensor, most: int = PIXELS) -> int:
    """Return how many pictures (n, channels, h, w) are forwarded at once: `most`, fewer where they are large."""
    return max(1, min(most, PIXELS // max(1, pictures.shape[-2] * pictures.shape[-1])))
