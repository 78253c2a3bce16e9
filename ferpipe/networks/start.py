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
from ferpipe.networks.resnet import ResNet18

CURE = "wanted the state dict of torchvision's resnet18"


def read(path: Path) -> dict[str, Tensor]:
    """Return the weights in a state dict of torchvision's ResNet-18, fit for ours with the stem `imagenet`.

    The first convolution's three colour channels are summed into one: a grey picture is the same in all three. `fc` is
    left out, since its classes are others. A file of pickle is read with weights_only. Raises Slip naming every key
    that is missing, unknown or of another shape.
    """
    pretrained = _opened(path)
    ours = ResNet18("imagenet", 64).state_dict()
    weights = {key: value for key, value in pretrained.items() if not key.startswith("fc.")}
    stem = weights.get("conv1.weight")
    if stem is not None and stem.ndim == 4 and stem.shape[1] == 3:
        weights["conv1.weight"] = stem.sum(1, keepdim=True)
    needed = {key for key in ours if not key.startswith("fc.") and not key.endswith("num_batches_tracked")}
    problems = [f"'{key}' is missing" for key in sorted(needed - set(weights))]
    problems += [f"'{key}' is unknown" for key in sorted(set(weights) - set(ours))]
    problems += [
        f"'{key}' has the shape {tuple(weights[key].shape)}, not {tuple(ours[key].shape)}"
        for key in sorted(set(weights) & set(ours))
        if weights[key].shape != ours[key].shape
    ]
    if problems:
        raise Slip(f"--init {path}: {'; '.join(problems)}; {CURE}")
    return {key: value.to(ours[key].dtype) for key, value in weights.items()}


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
