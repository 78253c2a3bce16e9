"""Networks that come with the package: one with its weights, the others by their answers alone.

ferpipe/shipped/<data set>/<name>/   a member as checkpoints.py describes; weights in float16, or none
                           dev.npy   (n,) uint64: a hash of each dev face, in the order of the logits

`python -m ferpipe.training.shipping FOLDER NAME` packs a folder of members, with the weights of the one that is named.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from safetensors.torch import load_file, save_file

from ferpipe.data import cache
from ferpipe.errors import Slip
from ferpipe.networks.checkpoints import FILES, sealed
from ferpipe.networks.members import Member
from ferpipe.storage import atomic, encoding, fingerprints

PLACE = fingerprints.PACKAGE / "shipped"


def faces(images: np.ndarray) -> np.ndarray:
    """Return a hash of each image, (n,) uint64."""
    digests = [hashlib.sha256(image.tobytes()).digest()[:8] for image in np.ascontiguousarray(images)]
    return np.frombuffer(b"".join(digests), "<u8")


def aligned(members: Sequence[Member], place: Path, images: np.ndarray) -> list[Member]:
    """Return the members with their answers in the order of the dev faces (n, 48, 48); raises Slip if any is unknown.

    Each form of the data set has an order of its own.
    """
    known = {face: index for index, face in enumerate(np.load(place / "dev.npy", allow_pickle=False).tolist())}
    order = [known.get(face, -1) for face in faces(images).tolist()]
    if missing := order.count(-1):
        raise Slip(
            f"{missing:,} of the {len(order):,} dev faces are not those that the shipped networks were measured on; "
            "use the whole PublicTest split, or train: leave out --preset shipped"
        )
    return [
        replace(member, epoch_logits=member.epoch_logits[:, order], view_logits=member.view_logits[order])
        for member in members
    ]


def pack(folder: Path, whole: str, dev: np.ndarray, target: Path) -> None:
    """Copy the networks that a build's `folder` names to `target`, `whole` with float16 weights, the others without."""
    names = json.loads((folder / "networks.json").read_bytes())
    every = [*names["members"], names["overfitted"], *filter(None, [names["student"]])]
    if whole not in every:
        raise Slip(f"{whole} is none of {', '.join(every)}")
    with atomic.folder(target) as new:
        np.save(new / "dev.npy", faces(dev))
        for name in every:
            _pack_network(folder / names["place"] / name, new / name, name == whole)
    for old in target.glob("*/recipe.json"):
        if old.parent.name not in every:
            atomic.remove(old.parent)


def _pack_network(source: Path, target: Path, whole: bool) -> None:
    target.mkdir()
    for file in FILES:
        (target / file).write_bytes((source / file).read_bytes())
    record: encoding.JSON = {**encoding.read_json(source / "recipe.json"), "weights": None}
    if whole:
        weights = load_file(source / "weights.safetensors")
        # normalisation stays: it is small, and its variances may be large
        halves = {name: value.half() if value.ndim > 1 else value for name, value in weights.items()}
        save_file(halves, target / "weights.safetensors")
        record["weights"] = fingerprints.of_file(target / "weights.safetensors")
    (target / "recipe.json").write_bytes(encoding.json_bytes(sealed(target, record)))


def main(arguments: list[str]) -> None:
    """Pack what the command line names."""
    parser = argparse.ArgumentParser(description="pack a build's networks into the package")
    parser.add_argument("folder", type=Path, help="a run's folder, such as .artefacts/runs/NAME/fer2013")
    parser.add_argument("name", help="the network whose weights are shipped")
    asked = parser.parse_args(arguments)
    place = asked.folder / json.loads((asked.folder / "networks.json").read_bytes())["place"]
    data = encoding.read_json(place / asked.name / "recipe.json")["recipe"]["data"]
    records = (path for path in place.parent.glob("dataset-*/recipe.json") if encoding.read_json(path)["data"] == data)
    dataset = cache.load(next(records).parent, data)
    pack(asked.folder, asked.name, dataset.dev.images, PLACE / dataset.name)


if __name__ == "__main__":
    main(sys.argv[1:])
