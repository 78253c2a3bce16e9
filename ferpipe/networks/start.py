"""Weights to start from: torchvision's ResNet-18, trained on ImageNet's colour pictures."""

import pickle
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from ferpipe.errors import Slip
from ferpipe.networks.foreign import grey
from ferpipe.networks.resnet import ResNet18

IMAGENET = "imagenet"  # what --init calls torchvision's own file
CURE = "wanted the state dict of torchvision's resnet18"
CHANNELS = torch.tensor([0.485, 0.456, 0.406]), torch.tensor([0.229, 0.224, 0.225])  # mean and deviation, as it learned


def read(place: str) -> dict[str, Tensor]:
    """Return torchvision's weights of ResNet-18, fit for ours with its 7x7 stem and a width of 64.

    `place` is a file, or IMAGENET: then torchvision fetches its own, and keeps them. The first convolution's three
    colour channels are made one, for a grey picture that is normalised as ours are: inside a picture it answers as
    torchvision's does to the same picture in colour. `fc` is left out, since its classes are others. A file of pickle
    is read with weights_only. Raises Slip where there is no network, or naming every key that is missing, unknown or of
    another shape.
    """
    pretrained = _fetched() if place == IMAGENET else _opened(Path(place))
    ours = ResNet18("imagenet", 64).state_dict()
    weights = {key: value for key, value in pretrained.items() if not key.startswith("fc.")}
    stem = weights.get("conv1.weight")
    if stem is not None and stem.ndim == 4 and stem.shape[1] == 3 and "bn1.running_mean" in weights:
        weights["conv1.weight"], offset = grey(stem.float(), *CHANNELS)
        weights["bn1.running_mean"] = weights["bn1.running_mean"].float() - offset
    needed = {key for key in ours if not key.startswith("fc.") and not key.endswith("num_batches_tracked")}
    problems = [f"'{key}' is missing" for key in sorted(needed - set(weights))]
    problems += [f"'{key}' is unknown" for key in sorted(set(weights) - set(ours))]
    problems += [
        f"'{key}' has the shape {tuple(weights[key].shape)}, not {tuple(ours[key].shape)}"
        for key in sorted(set(weights) & set(ours))
        if weights[key].shape != ours[key].shape
    ]
    if problems:
        raise Slip(f"--init {place}: {'; '.join(problems)}; {CURE}")
    return {key: value.to(ours[key].dtype) for key, value in weights.items()}


def _fetched() -> dict[str, Tensor]:
    """Return torchvision's weights from its cache or from where it publishes them; raises Slip where it cannot."""
    from torchvision.models import ResNet18_Weights  # a second, which only this needs

    try:
        weights = ResNet18_Weights.IMAGENET1K_V1.get_state_dict(progress=True, check_hash=True)
    except (OSError, RuntimeError) as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise Slip(
            f"--init imagenet: torchvision's weights could not be fetched ({reason}); name a file that holds them with "
            "--init FILE"
        ) from None
    return dict(weights)


def _opened(path: Path) -> dict[str, Tensor]:
    try:
        if path.suffix == ".safetensors":
            weights: Any = load_file(path)
        else:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # torch's doubts about a pickle that it then refuses
                weights = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise Slip(f"--init {path}: no such file; {CURE}") from None
    except (OSError, RuntimeError, ValueError, KeyError, EOFError, SafetensorError, pickle.UnpicklingError,
            zipfile.BadZipFile) as error:  # fmt: skip
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        if isinstance(error, pickle.UnpicklingError):  # torch's words for it advise to read it unsafely
            reason = "it may hold code"
        raise Slip(f"--init {path} is not a file of weights alone ({reason}); {CURE}") from None
    if not isinstance(weights, dict) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise Slip(f"--init {path} holds {type(weights).__name__}, not weights by name; {CURE}")
    return weights
