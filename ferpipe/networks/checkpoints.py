"""A member on disk: weights, recipe, history.

<members>/<name>/weights.safetensors   the chosen epoch's weights: float32, float16 where shipped
                 history.json          per epoch: train and dev loss and accuracy; the chosen epoch
                 dev_logits.npy        (epochs, n, 7) float16: every later question about the curves
                 dev_views.npy         (n, 7) float16: the chosen epoch's, averaged over views; an overfitting model's
                                       as they are, since nobody asks for these
                 train_margins.npy     (n,) float16: of each train face, while it was trained on; see training/loop.py
                 recipe.json           parameters, data, code; what it was made with; hashes of the weights, or null,
                                       of the other files, and of itself
"""

from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from ferpipe.errors import Slip
from ferpipe.networks.foreign import Adopted
from ferpipe.networks.members import CURVES, Member
from ferpipe.networks.recipes import Recipe
from ferpipe.networks.resnet import ResNet18
from ferpipe.storage import encoding
from ferpipe.storage.encoding import JSON
from ferpipe.storage.fingerprints import of_file, of_value

FILES = ("history.json", "dev_logits.npy", "dev_views.npy")  # beside weights and record
MARGINS = "train_margins.npy"


def sealed(folder: Path, record: JSON) -> JSON:
    """Return a member's record with the hashes of FILES in `folder`, and of the record itself."""
    record = {key: value for key, value in record.items() if key != "hash"}  # of a member that was sealed elsewhere
    names = [*FILES, MARGINS] if (folder / MARGINS).exists() else FILES
    record["files"] = {name: of_file(folder / name) for name in names}
    return {**record, "hash": of_value(record)}


def load(folder: Path) -> Member:
    """Return the member in `folder`; raises Slip naming the file that is missing, broken or not ours."""
    record = encoding.read_json(folder / "recipe.json")
    history = encoding.read_json(folder / "history.json")
    path = folder / "weights.safetensors"
    cure = f"remove the folder {folder} and run python build.py train"
    try:
        recipe = Recipe(**record["recipe"]["parameters"])
        weighted = record["weights"] is not None
        hashes = {path: record["weights"]} if weighted else {}
        files = record.get("files", {})  # older ones have none
        names = [*FILES, MARGINS] if MARGINS in files else FILES
        hashes |= {folder / name: files[name] for name in names if files}
        for file, recorded in hashes.items():
            if (got := of_file(file)) != recorded:
                raise Slip(f"{file} has hash {got}, recipe.json beside it says {recorded}: it is damaged; {cure}")
        if "hash" in record and record["hash"] != of_value({k: v for k, v in record.items() if k != "hash"}):
            raise Slip(f"{folder / 'recipe.json'} is damaged: its hash is another than it says; {cure}")
        logits, averaged = (encoding.read_npy(folder / name) for name in FILES[1:])
        margins = encoding.read_npy(folder / MARGINS) if MARGINS in files else None
        _check(history, logits, averaged)
        member = Member(folder.name, recipe, history["epochs"], history["chosen"], logits, averaged,
                        record["made_with"], load_file(path) if weighted else None,
                        "init" in record["recipe"], margins, record["recipe"].get("foreign", ""),
                        "start" in record["recipe"])  # fmt: skip
        if member.foreign:
            member = Adopted(**vars(member), outside=record["recipe"]["outside"])
        if weighted:
            _check_weights(member)
    except FileNotFoundError as error:
        raise Slip(f"{error.filename} is missing; {cure}") from None
    except (IsADirectoryError, NotADirectoryError) as error:
        raise Slip(f"{folder} is not a member of ours: {error.filename}: {error.strerror}; {cure}") from None
    except OSError as error:
        raise Slip(f"{error.filename or path}: {error.strerror or error}; nothing is known to be damaged: mend that "
                   "and run again") from None  # fmt: skip
    except (SafetensorError, RuntimeError, ValueError, KeyError, TypeError, AttributeError) as error:
        reason = (str(error).splitlines() or [""])[0]
        raise Slip(f"{folder} is not a member of ours: {type(error).__name__} {reason}; {cure}") from None
    return member


def _check(history: JSON, logits: np.ndarray, averaged: np.ndarray) -> None:
    """Raise ValueError unless a member's answers fit its history."""
    curves, (epochs, *shape) = history["epochs"], logits.shape
    lengths = {name: len(curves[name]) for name in CURVES}
    if set(lengths.values()) != {epochs} or history["chosen"] not in range(1, epochs + 1):
        raise ValueError(f"curves of {lengths} epochs, {history['chosen']} chosen, answers of {epochs}")
    if averaged.shape != tuple(shape) or averaged.ndim != 2:
        raise ValueError(f"answers of {logits.shape} and {averaged.shape}")
    if not (np.isfinite(logits).all() and np.isfinite(averaged).all()):
        raise ValueError("answers that are not finite")


def _check_weights(member: Member) -> None:
    """Raise ValueError unless the weights have the shapes that the recipe says, before memory is taken for those."""
    assert member.weights is not None
    with torch.device("meta"):
        recipe = member.recipe
        network = ResNet18(recipe.stem, recipe.width, member.view_logits.shape[1]).state_dict()
    shapes = {name: value.shape for name, value in member.weights.items()}
    if shapes != {name: value.shape for name, value in network.items()}:
        raise ValueError("weights of another network than its recipe's")
