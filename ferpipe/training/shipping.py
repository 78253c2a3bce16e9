"""Networks that come with the package: members and student with their weights, the others by their answers alone.

ferpipe/shipped/<data set>/<name>/   a network as checkpoints.py describes; weights in float16, or none
                           dev.npy   (n,) uint64: a hash of each dev face, in the order of the logits
                         train.npy   (n,) uint64: of each train face with its label, in the order of the margins

Beside what a record has elsewhere it says how often the network is right on dev when it is averaged over views.

`python -m ferpipe.training.shipping FOLDER [NAME ...]` packs the networks of a folder, or those that are named.
"""

import argparse
import hashlib
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.torch import load_file, save_file

from ferpipe.data import cache
from ferpipe.data.dataset import Split
from ferpipe.errors import Slip
from ferpipe.networks.checkpoints import sealed
from ferpipe.networks.members import Member
from ferpipe.storage import atomic, encoding, fingerprints

PLACE = fingerprints.PACKAGE / "shipped"
ASKED = ("member", "student")  # roles whose weights are shipped


def faces(images: np.ndarray, labels: np.ndarray | None = None) -> np.ndarray:
    """Return a hash of each image, (n,) uint64; with its label, where these are given."""
    each = [image.tobytes() for image in np.ascontiguousarray(images)]
    if labels is not None:  # equal faces may carry different ones
        each = [image + bytes([label]) for image, label in zip(each, labels.tolist(), strict=True)]
    digests = [hashlib.sha256(content).digest()[:8] for content in each]
    return np.frombuffer(b"".join(digests), "<u8")


def aligned(members: Sequence[Member], place: Path, dev: np.ndarray, train: Split | None = None) -> list[Member]:
    """Return the members with their answers in the order of the dev faces (n, 48, 48); raises Slip if any is unknown.

    Each form of the data set has an order of its own. Margins are brought into that of the train faces, and left out
    where these are not given or are not those that the members learned.
    """
    order, learned = _order(place / "dev.npy", faces(dev)), np.array([-1])
    if missing := int((order < 0).sum()):
        raise Slip(
            f"{missing:,} of the {len(order):,} dev faces are not those that the shipped networks were measured on; "
            "use the whole PublicTest split, or train: leave out --preset shipped"
        )
    if train is not None and (place / "train.npy").exists():
        learned = _order(place / "train.npy", faces(train.images, train.labels))
    return [
        replace(
            member, epoch_logits=member.epoch_logits[:, order], view_logits=member.view_logits[order],
            margins=None if member.margins is None or learned.min() < 0 else member.margins[learned],
        )
        for member in members
    ]  # fmt: skip


def _order(file: Path, asked: np.ndarray) -> np.ndarray:
    """Return each hash's place among those in `file`, (n,) int64, equal ones in turn; -1 for one that is not there."""
    places: dict[int, list[int]] = {}
    for index, face in enumerate(np.load(file, allow_pickle=False).tolist()):
        places.setdefault(face, []).append(index)
    turns = {face: iter(indices) for face, indices in places.items()}
    return np.array([next(turns[face], places[face][-1]) if face in places else -1 for face in asked.tolist()])


def pack(folder: Path, names: Sequence[str], train: Split, dev: Split, target: Path) -> None:
    """Copy networks of `folder` to `target`, each in the place of the one there of its role and seed.

    `train` and `dev` are what they learned and were measured on. Raises Slip for a name that is not there, and where
    the networks in `target` know other faces.
    """
    assert dev.labels is not None
    if missing := [name for name in names if not (folder / name / "recipe.json").is_file()]:
        raise Slip(f"{folder}: no network {', '.join(missing)} there")
    known = {"dev": faces(dev.images), "train": faces(train.images, train.labels)}
    for split, hashes in known.items():
        file = target / f"{split}.npy"
        if file.exists() and not np.array_equal(np.load(file, allow_pickle=False), hashes):
            raise Slip(f"the networks in {target} know other {split} faces; empty that folder first")
    target.mkdir(parents=True, exist_ok=True)
    for split, hashes in known.items():
        atomic.write(target / f"{split}.npy", encoding.npy_bytes(hashes))
    for name in names:
        before = [old.parent for old in target.glob("*/recipe.json") if _place(old.parent) == _place(folder / name)]
        with atomic.folder(target / name) as new:
            _pack(folder / name, new, dev.labels)
        for old in before:
            if old.name != name:
                atomic.remove(old)


def _place(folder: Path) -> tuple[str, int]:
    """Return a network's role and seed."""
    parameters = encoding.read_json(folder / "recipe.json")["recipe"]["parameters"]
    return parameters["role"], parameters["seed"]


def _pack(source: Path, target: Path, labels: np.ndarray) -> None:
    record: encoding.JSON = {**encoding.read_json(source / "recipe.json"), "weights": None}
    for file in record["files"]:
        (target / file).write_bytes((source / file).read_bytes())
    if record["recipe"]["parameters"]["role"] in ASKED:
        weights = load_file(source / "weights.safetensors")
        # normalisation stays: it is small, and its variances may be large
        halves = {name: value.half() if value.ndim > 1 else value for name, value in weights.items()}
        save_file(halves, target / "weights.safetensors")
        record["weights"] = fingerprints.of_file(target / "weights.safetensors")
        record["views_accuracy"] = float((encoding.read_npy(source / "dev_views.npy").argmax(1) == labels).mean())
    (target / "recipe.json").write_bytes(encoding.json_bytes(sealed(target, record)))


def main(arguments: list[str]) -> None:
    """Pack what the command line names."""
    parser = argparse.ArgumentParser(description="pack trained networks into the package")
    parser.add_argument("folder", type=Path, help="a folder of networks, such as .artefacts/fer2013/members")
    parser.add_argument("names", nargs="*", help="the networks to pack; without names, all of them")
    asked = parser.parse_args(arguments)
    names = asked.names or sorted(path.parent.name for path in asked.folder.glob("*/recipe.json"))
    data = encoding.read_json(asked.folder / names[0] / "recipe.json")["recipe"]["data"]
    records = asked.folder.parent.glob("dataset-*/recipe.json")
    dataset = cache.load(next(path.parent for path in records if encoding.read_json(path)["data"] == data), data)
    pack(asked.folder, names, dataset.train, dataset.dev, PLACE / dataset.name)


if __name__ == "__main__":
    main(sys.argv[1:])
