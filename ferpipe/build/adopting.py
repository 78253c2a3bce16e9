"""Somebody's own networks: checkpoints made members, so that whatever asks members can ask them."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save

from ferpipe.analyses.ensemble import loss
from ferpipe.analyses.settings import chance
from ferpipe.analyses.study import softmax
from ferpipe.data import classes as names
from ferpipe.data.dataset import Dataset
from ferpipe.data.faces import rendered
from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.errors import Slip
from ferpipe.networks import checkpoints, foreign, machine, views
from ferpipe.networks.members import CURVES, Member
from ferpipe.networks.recipes import Recipe
from ferpipe.storage import atomic, encoding, fingerprints

FORM = 2  # of members that were adopted: those of another are adopted anew
SEED = 0  # of the faces on which a network's way of taking pictures is found, where there are none of its own
BARE = Recipe(
    epochs=1, flip=False, rotate=0.0, scale=0.0, shift=0.0, light=0.0, label_smoothing=0.0, average=0.0, muon=0.0,
    learning_rate=0.0, momentum=0.0, weight_decay=0.0, warmup=0.0, batch=1,
)  # fmt: skip


def checkpoints_at(place: Path, tell: Callable[[str], object] = print) -> list[Path]:
    """Return the checkpoints at a place; none where it is a folder of members, or is not there.

    `tell` hears what else lies in the folder.
    """
    if not place.exists() or (place.is_dir() and any(place.glob("*/recipe.json"))):
        return []
    files = foreign.files(place)
    rest = sorted(path.name for path in place.glob("*") if path not in files) if place.is_dir() else []
    if rest:
        more = f" and {len(rest) - 6} more" if len(rest) > 6 else ""
        tell(f"--load {place}: left aside {', '.join(rest[:6])}{more}; a checkpoint is {', '.join(foreign.SUFFIXES)}")
    return files


def name_of(path: Path) -> str:
    """Return what a checkpoint's member is called: its file, and a hash of what it holds."""
    stem = "".join(c if c.isalnum() or c in "-_." else "-" for c in path.stem)[:40].strip("-.") or "network"
    return f"{stem}-{fingerprints.of_file(path)[:8]}"


def place(files: Sequence[Path], mean: Sequence[float], deviation: Sequence[float], asked: str | None) -> str:
    """Return the name of the folder of these checkpoints' members."""
    order = names.order(asked) if asked else None
    asked_of = [[name_of(path) for path in files], [*mean], [*deviation], order, FORM]
    return f"loaded-{fingerprints.of_value(asked_of)[:8]}"


def read(
    path: Path, mean: Sequence[float], deviation: Sequence[float], pictures: np.ndarray | None = None,
    tell: Callable[[str], object] = print,
) -> foreign.Adopted:  # fmt: skip
    """Return the network in a checkpoint as a member without answers; `tell` hears what was taken and what was not.

    How pictures enter it is found on `pictures` (n, 48, 48) uint8 or, without, on drawn faces. Raises Slip as
    `foreign.read` does.
    """
    network = foreign.read(path)
    probes = rendered.draw(rendered.sample(foreign.PROBES, SEED)) if pictures is None else pictures
    way = foreign.entered(network, foreign.ways(network, mean, deviation), torch.tensor(probes))
    for line in network.told:
        tell(f"{path.name}: {line}")
    tell(f"{path.name}: {network.classes} outputs; {way}")
    recipe = replace(BARE, stem=way.stem, enlarge=way.enlarge, width=network.width)
    empty = np.zeros((0, network.classes), np.float16)
    curves = {name: [0.0] for name in CURVES}
    made_with = machine.description(torch.device("cpu"))
    weights = foreign.adapted(network, way)
    return foreign.Adopted(
        name_of(path), recipe, curves, 1, empty[None], empty, made_with, weights, foreign=str(way),
        outside=foreign.outside(way),
    )  # fmt: skip


def classes(asked: str | None, outputs: int, path: Path) -> tuple[str, ...]:
    """Return the classes of a network's outputs: FER2013's, or those that --classes names; raises Slip for others."""
    if asked is None:
        if outputs != len(EMOTIONS):
            raise Slip(
                f"--load {path} has {outputs} outputs; wanted --classes FILE with a line each, such as '0 happy'"
            )
        return EMOTIONS
    known = tuple(names.order(asked).values())
    if len(known) != outputs:
        raise Slip(f"--load {path} has {outputs} outputs, --classes {asked} names {len(known)}")
    return known


def adopt(
    path: Path, target: Path, dataset: Dataset, data: str, asked: str | None, mean: Sequence[float],
    deviation: Sequence[float], device: torch.device, tell: Callable[[str], object] = print,
) -> None:  # fmt: skip
    """Write the network in a checkpoint as a member in `target`, with its answers to dev.

    `asked` names its outputs in their order, as --classes does; without it they are the data set's. Raises Slip where
    they are not as many.
    """
    adopted = read(path, mean, deviation, dataset.dev.images, tell)
    member: Member = adopted
    outputs = member.view_logits.shape[1]
    if outputs != len(dataset.classes):
        raise Slip(
            f"--load {path} has {outputs} outputs, the data {len(dataset.classes)} classes "
            f"({', '.join(dataset.classes)}); name the numbers of the network's with --classes"
        )
    assert member.weights is not None
    order = tuple(names.order(asked).values()) if asked else dataset.classes
    if sorted(order) != sorted(dataset.classes):
        raise Slip(
            f"--classes {asked} names {', '.join(order)}; wanted a name for each of the {outputs} outputs of {path}, "
            f"the data's classes: {', '.join(dataset.classes)}"
        )
    if order != dataset.classes:
        places = [order.index(name) for name in dataset.classes]
        member.weights.update({key: member.weights[key][places] for key in ("fc.weight", "fc.bias")})
        tell(f"{path.name}: its outputs are {', '.join(order)}, as --classes says")
    member = measured(member, dataset, device)
    tell(said(member, dataset, "--"))
    assert member.weights is not None
    weights = save({name: value.contiguous() for name, value in member.weights.items()})
    with atomic.folder(target) as new:
        (new / "weights.safetensors").write_bytes(weights)
        (new / "history.json").write_bytes(encoding.json_bytes({"epochs": member.history, "chosen": 1}))
        (new / "dev_logits.npy").write_bytes(encoding.npy_bytes(member.epoch_logits))
        (new / "dev_views.npy").write_bytes(encoding.npy_bytes(member.view_logits))
        recipe = {
            "parameters": member.recipe.parameters(), "data": data, "foreign": member.foreign,
            "outside": adopted.outside,
        }  # fmt: skip
        record = {
            "recipe": recipe, "classes": list(dataset.classes), "made_with": machine.description(device),
            "weights": fingerprints.of_file(new / "weights.safetensors"),
        }  # fmt: skip
        (new / "recipe.json").write_bytes(encoding.json_bytes(checkpoints.sealed(new, record)))


def measured(member: Member, dataset: Dataset, device: torch.device) -> Member:
    """Return a member with its answers to dev, and its losses and accuracies there and on as many pictures of train.

    Without train these are not a number. Raises Slip where it answers every picture alike.
    """
    network, dev, known = member.network(device), dataset.dev.images, dataset.dev.labels
    train, labels = dataset.train.images[: len(dev)], dataset.train.labels
    assert labels is not None and known is not None
    answers, averaged = (of(network, torch.from_numpy(dev).to(device)) for of in (views.logits, views.averaged))
    logits = answers.cpu().numpy()
    if not np.ptp(logits, 0).any():
        raise Slip(f"{member.name} answers all {len(dev)} pictures alike, so nothing explains its answers")
    seen = views.logits(network, torch.from_numpy(train).to(device)).cpu().numpy() if len(train) else None
    curves = {
        "train_loss": [float("nan") if seen is None else loss(softmax(seen), labels[: len(train)])],
        "dev_loss": [loss(softmax(logits), known)],
        "train_accuracy": [float("nan") if seen is None else float((seen.argmax(1) == labels[: len(train)]).mean())],
        "dev_accuracy": [float((logits.argmax(1) == known).mean())],
    }
    return replace(
        member,
        history=curves,
        epoch_logits=logits[None].astype(np.float16),
        view_logits=averaged.cpu().numpy().astype(np.float16),
    )


def said(member: Member, dataset: Dataset, flags: str = "") -> str:
    """Return a line on how many of dev a network has right and, at chance, what may be wrong.

    `flags` stands before the names of what the command line says.
    """
    known = dataset.dev.labels
    assert known is not None
    told = chance(member.dev_logits.argmax(1), known, len(dataset.classes))
    right = member.history["dev_accuracy"][0]
    line = f"{member.name}: {right:.1%} of dev right, one answer for all would be on {told.usual:.1%}"
    if not told.better:
        line += f"; that is not demonstrably better, and so perhaps at chance: is {flags}mean or {flags}std wrong, or "
        line += "the order of the outputs?"
    if told.names != sorted(told.names):
        order = [dataset.classes[name] for name in told.names]
        cure = f"--classes FILE of the lines {', '.join(f'{k} {name}' for k, name in enumerate(order))}"
        line += f"{'.' if told.better else ''} Were the outputs {', '.join(order)}, {told.renamed:.1%} would be right: "
        line += f"{cure if flags else 'classes in this order'} says so"
    return line
