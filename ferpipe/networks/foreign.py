"""Somebody's own ResNet-18: a checkpoint as torchvision, a training script or Lightning wrote it, made one of ours.

What a checkpoint does not say is read off it: how its pictures were normalised, whether a max-pool follows the first
convolution, and how large its pictures were. Batch normalisation keeps the mean and variance of each channel over the
training pictures, and only pictures that enter as those did have them again.
"""

import argparse
import math
import pathlib
import pickle
import re
import warnings
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor, nn

from ferpipe.errors import Slip
from ferpipe.networks.members import Member
from ferpipe.networks.resnet import DEVIATION, MEAN, STEM_CHANNELS, STEMS, ResNet18, normalise

WANTED = "wanted a state dict of a ResNet-18 (torch.save(network.state_dict(), FILE), or safetensors)"
_SCALAR = np.float64(0).__reduce__()[0]  # what makes numpy's scalars; it moved from numpy.core to numpy._core
HARMLESS: list[Any] = [  # what training scripts keep beside weights; none of it runs code
    argparse.Namespace, pathlib.PosixPath, pathlib.PurePosixPath, np.dtype, np.float64,
    (_SCALAR, "numpy.core.multiarray.scalar"), (_SCALAR, "numpy._core.multiarray.scalar"),
    *(type(np.dtype(name)) for name in ("f4", "f8", "i4", "i8", "?")),
]  # fmt: skip
SUFFIXES = (".pt", ".pth", ".ckpt", ".bin", ".safetensors", ".tar")
ANCHOR = "layer1.0.conv1.weight"  # a key that every such network has; what stands before it stands before all
OTHERS = ((re.compile(r"\.shortcut\."), ".downsample."), (re.compile(r"^linear\."), "fc."))  # of CIFAR's ResNets
FEWEST, MOST = 2, 20  # outputs
BIAS = re.compile(r"((?:layer\d\.\d\.)?)(?:conv(\d)|downsample\.0)\.bias")
IDLE = re.compile(  # what a network keeps that has no part in its answers, as a whole word of a name
    r"(^|[._])(loss\w*|criterion\w*|metrics?|accuracy|confusion|class_weights?|mean|std|n_averaged|total_ops|total_params)([._]|$)"
)
GREYS = {  # ways to normalise grey levels in [0, 1]: mean and deviation
    "half": ((0.5,), (0.5,)),
    "ours": ((MEAN,), (DEVIATION,)),
    "none": ((0.0,), (1.0,)),
    "imagenet": ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225)),
    "bytes": ((0.0,), (1 / 255,)),  # grey levels as they are
}
ENLARGED = (1, 2, 4)  # how many times as large as 48 pixels the pictures may have been
PROBES = 32  # pictures on which the ways are compared


@dataclass(frozen=True)
class Foreign:
    """A network's weights by our names; the first convolution may still take three colours."""

    weights: dict[str, Tensor]
    width: int
    classes: int
    told: list[str]  # what was renamed or left out

    @property
    def stems(self) -> list[str]:
        """The stems of ours that its first convolution fits, the likeliest first."""
        kernel = self.weights["conv1.weight"].shape[-1]
        return [name for name, (size, *_) in STEMS.items() if size == kernel]


@dataclass(frozen=True)
class Way:
    """How pictures enter a network: a stem, how much larger they are made, and how they are normalised."""

    stem: str
    enlarge: int
    mean: tuple[float, ...]
    deviation: tuple[float, ...]

    def __str__(self) -> str:
        """Say it in a line."""
        mean, deviation = ("/".join(f"{value:.4g}" for value in part) for part in (self.mean, self.deviation))
        larger = f", pictures enlarged {self.enlarge} times" * (self.enlarge > 1)
        return f"stem {self.stem}{larger}, mean {mean}, deviation {deviation}"


class Framed(nn.Conv2d):
    """A first convolution that reads the input `outside`, and not zero, beyond a picture's edge."""

    outside = 0.0

    def forward(self, x: Tensor) -> Tensor:
        """Return the maps (n, outputs, h / stride, w / stride)."""
        framed = F.pad(x, (self.kernel_size[0] // 2,) * 4, value=self.outside)
        return F.conv2d(framed, self.weight, self.bias, self.stride)


@dataclass(frozen=True)
class Adopted(Member):
    """A member that is somebody's own network: beyond a picture's edge lies what lay there for it."""

    outside: float = 0.0  # as an input of ours

    def network(self, device: torch.device) -> ResNet18:
        """Return the network in evaluation mode on `device`, with gradients off for its weights."""
        network = super().network(torch.device("cpu"))
        return framed(network, self.outside).to(memory_format=torch.channels_last).to(device).requires_grad_(False)


def read(path: Path) -> Foreign:
    """Return the network in a file, read with weights_only; raises Slip where none of this form is there, with why."""
    state, told = _state(_opened(path), path)
    return _named(state, path, told)


def files(place: Path) -> list[Path]:
    """Return the checkpoints at a place: the file itself, or those in a folder; raises Slip where there is none."""
    if place.is_file():
        return [place]
    inside = [path for path in place.glob("*") if path.name[0] != "."] if place.is_dir() else []
    paths = sorted(path for path in inside if path.suffix.lower() in SUFFIXES)
    if not paths:
        raise Slip(f"--load {place}: no member and no checkpoint there; {WANTED}, or a folder of such")
    return paths


def ways(network: Foreign, mean: Sequence[float] = (), deviation: Sequence[float] = ()) -> list[Way]:
    """Return how pictures may enter a network, by the mean and deviation where these are known."""
    colours = network.weights["conv1.weight"].shape[1]
    greys = [(tuple(mean), tuple(deviation))] if mean else [*GREYS.values()]
    for part in (mean, deviation):
        if len(part) not in (0, 1, colours):
            raise Slip(f"--mean and --std: got {len(part)} values, wanted one, or {colours} for {colours} channel(s)")
    fitting = [(m, d) for m, d in greys if len(m) in (1, colours)]
    if not mean and colours == 3:  # a network in colour learned as torchvision's do, most likely
        fitting.sort(key=lambda way: len(way[0]) == 1)
    larger = {"imagenet": ENLARGED}
    return [Way(stem, by, m, d) for m, d in fitting for stem in network.stems for by in larger.get(stem, (1,))]


def entered(network: Foreign, candidates: Sequence[Way], pictures: Tensor) -> Way:
    """Return the way in which pictures (n, 48, 48) uint8 have the statistics that the network's normalisation kept.

    Of those that fit alike the first, as of a network that was never trained. Raises Slip where it gives no numbers.
    """
    misfits = [misfit(made(network, way), normalise(pictures[:PROBES])) for way in candidates]
    best = min(filter(math.isfinite, misfits), default=None)
    if best is None:
        raise Slip("--load: the network's answers are no finite numbers; its weights are too large, or a variance is "
                   "below zero")  # fmt: skip
    return next(way for way, misfit in zip(candidates, misfits, strict=True) if misfit <= best * (1 + 1e-6))


def made(network: Foreign, way: Way) -> ResNet18:
    """Return one of ours, in evaluation mode, that answers to our pictures as the network does to its own."""
    ours = ResNet18(way.stem, network.width, network.classes, way.enlarge)
    ours.load_state_dict(adapted(network, way))
    return framed(ours, outside(way)).eval()


def outside(way: Way) -> float:
    """Return what lies beyond a picture's edge, as an input of ours: the network's zero, of colours their mean."""
    return (sum(way.mean) / len(way.mean) - MEAN) / DEVIATION


def framed(network: ResNet18, outside: float) -> ResNet18:
    """Return the network itself, whose first convolution reads `outside` beyond a picture's edge from now on."""
    first = network.conv1
    conv1 = Framed(1, first.out_channels, first.kernel_size, first.stride, first.padding, bias=False)  # type: ignore[arg-type]
    conv1.load_state_dict(first.state_dict())
    conv1.outside = outside
    network.conv1 = conv1.train(first.training)
    return network


def adapted(network: Foreign, way: Way) -> dict[str, Tensor]:
    """Return its weights for one grey channel that is normalised as ours are."""
    weights = dict(network.weights)
    stem = weights["conv1.weight"]
    mean, deviation = (torch.tensor(part).float().expand(stem.shape[1]) for part in (way.mean, way.deviation))
    weights["conv1.weight"], offset = grey(stem, mean, deviation)
    weights["bn1.running_mean"] = weights["bn1.running_mean"] - offset
    return weights


def grey(stem: Tensor, mean: Tensor, deviation: Tensor) -> tuple[Tensor, Tensor]:
    """Return kernels (outputs, 1, h, w) for our inputs, and what they lack of the answers of `stem`, (outputs,).

    `mean` and `deviation` are of its channels, for grey levels in [0, 1].
    """
    slope, offset = (part.view(1, -1, 1, 1) for part in (DEVIATION / deviation, (MEAN - mean) / deviation))
    return (stem * slope).sum(1, keepdim=True), (stem * offset).sum((1, 2, 3))


def misfit(network: nn.Module, inputs: Tensor) -> float:
    """Return how far the channels' means and variances on inputs are from those that were kept, over all layers.

    0 for a network without batch normalisation.
    """
    parts: list[float] = []

    def compared(layer: nn.BatchNorm2d, arguments: tuple[Tensor, ...]) -> None:
        values = arguments[0].transpose(0, 1).flatten(1)
        kept_mean, kept_variance = layer.running_mean, layer.running_var
        assert kept_mean is not None and kept_variance is not None
        kept_variance = kept_variance.clamp_min(1e-8)
        shift = (values.mean(1) - kept_mean) ** 2 / kept_variance
        spread = (values.var(1).clamp_min(1e-8) / kept_variance).log() ** 2
        parts.append(float((shift + spread).clamp_max(1e4).mean()))

    handles = [
        layer.register_forward_pre_hook(partial(compared))
        for layer in network.modules()
        if isinstance(layer, nn.BatchNorm2d)
    ]
    with torch.inference_mode():
        network(inputs)
    for handle in handles:
        handle.remove()
    return sum(parts) / max(1, len(parts))


def _opened(path: Path) -> Any:
    try:
        if told := _other(path):
            raise Slip(f"--load {path} is {told}; {WANTED}")
        if path.suffix.lower() == ".safetensors":
            return load_file(path)
        with warnings.catch_warnings(), torch.serialization.safe_globals(HARMLESS):
            warnings.simplefilter("ignore")  # torch's doubts about a pickle that it then refuses
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise Slip(f"--load {path}: no such file; {WANTED}") from None
    except PermissionError as error:
        raise Slip(f"--load {path}: {error.strerror}; change its permissions") from None
    except pickle.UnpicklingError as error:
        kind = re.search(r"GLOBAL ([\w.]+)", str(error))
        if not kind:
            raise Slip(f"--load {path} is no file that torch.save wrote, or holds code; {WANTED}") from None
        raise Slip(
            f"--load {path} holds the object {kind[1]}, which only running its code could read; {WANTED}"
        ) from None
    except (OSError, RuntimeError, ValueError, KeyError, EOFError, SafetensorError, zipfile.BadZipFile) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise Slip(f"--load {path} is no checkpoint that can be read ({reason:.120}); {WANTED}") from None


def _other(path: Path) -> str:
    """Return what a file is that often stands in the place of weights, or nothing."""
    with path.open("rb") as file:
        start = file.read(200).lstrip().lower()
    if not start:
        return "empty"
    if start.startswith(b"version https://git-lfs"):
        return "a pointer of Git LFS, and the weights were not fetched (git lfs pull)"
    if start.startswith((b"<!doctype", b"<html", b"<?xml")):
        return "a web page, as a download leaves it that had to be confirmed"
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            if any(name.endswith("/constants.pkl") for name in archive.namelist()):
                return "of TorchScript: torch.save(torch.jit.load(FILE).state_dict(), FILE) writes its weights"
    return ""


def _state(content: Any, path: Path) -> tuple[dict[str, Tensor], list[str]]:
    """Return the first table of tensors in what a file holds that has a ResNet's first block, and what was told."""
    states = {}
    for place, table in _tables(content):
        named = {key: value for key, value in table.items() if isinstance(value, Tensor)}
        if _prefixes(named):
            states[place] = named
    if states:
        taken, *rest = states
        return states[taken], [f"'{taken}' is taken, and not {', '.join(map(repr, rest))}"] if rest else []
    held = ", ".join(map(str, [*content][:5])) if isinstance(content, Mapping) else type(content).__name__
    raise Slip(f"--load {path} holds no ResNet-18: no '…{ANCHOR}' in it, but {held:.120}; {WANTED}")


def _tables(content: Any, place: str = "", depth: int = 3) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give each table in what a file holds with its place there, such as 'state_dict'."""
    if isinstance(content, Mapping) and depth:
        yield place, {key: value for key, value in content.items() if isinstance(key, str)}
        for key, value in content.items():
            yield from _tables(value, f"{place}.{key}".strip("."), depth - 1)


def _prefixes(names: Iterable[str]) -> list[str]:
    """Return what stands before the names of each ResNet among these, the shortest first."""
    return sorted((name.removesuffix(ANCHOR) for name in names if f".{name}".endswith(f".{ANCHOR}")), key=len)


def _named(state: dict[str, Tensor], path: Path, told: list[str]) -> Foreign:
    """Return a table of tensors by our names; raises Slip where it is of another network."""
    prefix, *others = _prefixes(state)
    if others:
        rest = ", ".join(map(repr, others))
        told.append(f"several networks are in it: that under '{prefix}' is taken, and not that under {rest}")
        state = {name: value for name, value in state.items() if not name.startswith(tuple(others))}
    if prefix:
        told.append(f"'{prefix}' stands before each name and is dropped")
    weights = {name.removeprefix(prefix): value for name, value in state.items() if name.startswith(prefix)}
    outside = sorted(name for name in state if not name.startswith(prefix))
    for pattern, other in OTHERS:
        weights = {pattern.sub(other, name): value for name, value in weights.items()}
    deep = [name for name in ("layer1.0.conv3.weight", "layer1.2.conv1.weight") if name in weights]
    if deep:
        raise Slip(f"--load {path} is a larger ResNet ('{deep[0]}' is there); {WANTED}")
    odd = [name for name, value in weights.items() if value.layout != torch.strided or value.is_meta]
    odd += [
        name for name, value in weights.items() if value.is_complex() or value.is_quantized or value.dtype == torch.bool
    ]
    if odd or weights[ANCHOR].ndim != 4:
        raise Slip(f"--load {path}: '{(odd or [ANCHOR])[0]}' holds no plain numbers, or not of that shape; {WANTED}")
    weights = {
        name: value if name.endswith("num_batches_tracked") else value.float() for name, value in weights.items()
    }
    width = weights[ANCHOR].shape[0]
    weights = _headed(weights, 8 * width, path, told)
    for name in [*filter(BIAS.fullmatch, weights)]:  # the normalisation that follows takes it away again
        norm = BIAS.sub(lambda match: f"{match[1]}bn{match[2]}" if match[2] else f"{match[1]}downsample.1", name)
        mean = weights.get(f"{norm}.running_mean")
        if mean is not None and mean.shape == weights[name].shape:
            weights[f"{norm}.running_mean"] = mean - weights.pop(name)
    stem = weights.get("conv1.weight")
    fits = stem is not None and stem.ndim == 4 and stem.shape[0] == STEM_CHANNELS and stem.shape[1] in (1, 3)
    if stem is None or not fits or stem.shape[2] != stem.shape[3] or stem.shape[2] not in (3, 7):
        got = None if stem is None else tuple(stem.shape)
        raise Slip(f"--load {path}: conv1.weight is {got}; wanted (64, 1 or 3, 7, 7) or (64, 1 or 3, 3, 3)")
    with torch.device("meta"):
        ours = ResNet18("imagenet", width, weights["fc.weight"].shape[0]).state_dict()
    counts = {name: torch.tensor(0) for name in ours if name.endswith("num_batches_tracked")}
    weights = {**counts, **weights}
    missing = sorted(set(ours) - set(weights))
    wrong = [
        f"'{name}' is {tuple(weights[name].shape)}, not {tuple(ours[name].shape)}"
        for name in sorted(set(ours) & set(weights) - {"conv1.weight"})
        if weights[name].shape != ours[name].shape
    ]
    if missing or wrong:
        lacks = [f"'{name}' is missing" for name in missing]
        raise Slip(f"--load {path} is no ResNet-18 of this form: {'; '.join([*lacks, *wrong][:6])}; {WANTED}")
    left = [*outside, *sorted(set(weights) - set(ours))]
    if strange := [name for name in left if not IDLE.search(name)]:
        raise Slip(f"--load {path} is no ResNet-18 of this form: it also has {_few(strange)}; ferpipe.report takes any "
                   "network")  # fmt: skip
    if left:
        told.append(f"left out: {_few(left)}")
    tensors = {name: weights[name] for name in ours}
    if unfit := [name for name, value in tensors.items() if not torch.isfinite(value.float()).all()]:
        raise Slip(f"--load {path}: '{unfit[0]}' holds values that are not finite")
    return Foreign(tensors, width, tensors["fc.weight"].shape[0], told)


def _few(names: Sequence[str]) -> str:
    return f"{', '.join(names[:6])}{f' and {len(names) - 6} more' if len(names) > 6 else ''}"


def _headed(weights: dict[str, Tensor], features: int, path: Path, told: list[str]) -> dict[str, Tensor]:
    """Return weights whose last layer is called fc, whatever it was called; raises Slip where it is not one layer."""
    heads = [
        name
        for name, value in weights.items()
        if value.ndim == 2 and value.shape[1] == features and "layer" not in name
    ]
    if len(heads) != 1:
        raise Slip(
            f"--load {path}: wanted one last layer (2 to 20, {features}), got "
            f"{', '.join(f'{name} {tuple(weights[name].shape)}' for name in heads) or 'none'}; {WANTED}"
        )
    classes = weights[heads[0]].shape[0]
    after = [name for name, value in weights.items() if value.ndim == 2 and value.shape[1] == classes != features]
    if after:
        layers = ", ".join(f"{name} {tuple(weights[name].shape)}" for name in (*heads, *after))
        raise Slip(f"--load {path} ends in several layers ({layers}), wanted one: ferpipe.report takes any network")
    if not FEWEST <= classes <= MOST:
        raise Slip(f"--load {path} has {classes:,} outputs; wanted {FEWEST} to {MOST}, a class each")
    name = heads[0].removesuffix("weight")
    rest = {key: value for key, value in weights.items() if not key.startswith(name)}
    if name != "fc.":
        told.append(f"'{name.rstrip('.')}' is taken as the last layer")
    bias = weights.get(f"{name}bias", torch.zeros(classes))
    return {**rest, "fc.weight": weights[heads[0]], "fc.bias": bias}
