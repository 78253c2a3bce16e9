"""Emotions for pictures without labels: lines to read, or a submission `id,emotion`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ferpipe import atomic, results, shipping
from ferpipe.data import unlabelled
from ferpipe.emotions import EMOTIONS
from ferpipe.errors import Slip
from ferpipe.options import Options
from ferpipe.training import machine, members, views
from ferpipe.training.members import Member

PART = 2048  # pictures between two steps of the progress bar


def predict(options: Options) -> None:
    """Print each picture's emotion with its probabilities or, with --output, write a submission; raises Slip."""
    assert options.images is not None
    if options.output is not None and options.output.is_dir():
        raise Slip(f"--output {options.output} is a folder; wanted a file, such as submission.csv")
    machine.prepare(options.threads or machine.cores())
    device = machine.device(options.device)
    asked = networks(options)
    with tqdm(desc="pictures", unit="picture", mininterval=1) as bar:
        split, converted = unlabelled.load(options.images, bar.update)
    if options.output is not None:
        unlabelled.check_names(split, options.images)
    found = probabilities(asked, split.images, device)
    print(f"{len(split):,} picture(s), answered by {', '.join(member.name for member in asked)}, mean over views")
    if converted:
        print(f"{converted:,} picture(s) made grey 48x48 from their middle square: faces are not looked for")
    if options.output is None:
        for name, row in zip(split.names, found, strict=True):
            print(line(str(name), row))
        return
    atomic.write(options.output, submission(split.names, found))
    print(f"{options.output} written")


def line(name: str, probabilities: np.ndarray) -> str:
    """Return a picture's emotions with their probabilities (7,), the likeliest first."""
    order = np.argsort(-probabilities, kind="stable")
    shown = "  ".join(f"{EMOTIONS[k]} {probabilities[k]:.1%}" for k in order)
    return f"{name if name.isprintable() else name.encode('unicode_escape').decode()}: {shown}"


def submission(names: np.ndarray, probabilities: np.ndarray) -> bytes:
    """Return a CSV of ids and FER2013's numbers of the likeliest emotions."""
    rows = [f"{quoted(str(name))},{answer}" for name, answer in zip(names, probabilities.argmax(1), strict=True)]
    return ("\n".join(["id,emotion", *rows]) + "\n").encode()


def quoted(field: str) -> str:
    """Return a field of a CSV file, in quotes where it needs them."""
    return '"' + field.replace('"', '""') + '"' if any(c in field for c in ',"\r\n') else field


def probabilities(asked: list[Member], images: np.ndarray, device: torch.device) -> np.ndarray:
    """Return the mean over networks of the probabilities (n, 7) of logits averaged over views."""
    total = np.zeros((len(images), len(EMOTIONS)))
    with tqdm(total=len(asked) * len(images), desc="predict", unit="picture", mininterval=1) as bar:
        for member in asked:
            network = member.network(device)
            for start in range(0, len(images), PART):
                part = torch.from_numpy(images[start : start + PART]).to(device)
                total[start : start + PART] += views.averaged(network, part).double().softmax(1).numpy()
                bar.update(len(part))
    return total / len(asked)


@dataclass(frozen=True)
class Place:
    """Networks on disk, by their roles."""

    folder: Path
    members: list[str]
    student: str

    def named(self, name: str) -> list[str]:
        """Return the folders that --network NAME means; raises Slip when there are none."""
        if name == "ensemble":
            return self.members
        if name == "student" and self.student:
            return [self.student]
        if name in self.members:
            return [name]
        there = ", ".join(["ensemble", *filter(None, [self.student and "student"]), *self.members])
        raise Slip(f"--network {name}: none such in {self.folder}; there are {there}")


def networks(options: Options) -> list[Member]:
    """Return the networks to ask: those of --load, of the last FER2013 build, or else the shipped one."""
    if options.network == "shipped":
        return [of_package()]
    record = options.artefacts / "fer2013" / "networks.json"
    if options.load is not None:
        place = found(options.load)
    elif record.exists():
        known = results.read_json(record)
        place = Place(record.parent / "members", known["members"], known["student"])
    elif options.network == "ensemble":
        return [of_package()]
    else:
        raise Slip(f"--network {options.network}: {record} is missing; python build.py train --data PATH makes it")
    return [members.load(place.folder / name) for name in place.named(options.network)]


def found(folder: Path) -> Place:
    """Return the networks in a folder of members; raises Slip when there are none."""
    if not folder.is_dir():
        raise Slip(f"--load {folder}: no such folder; wanted a folder of members")
    roles: dict[str, list[str]] = {"member": [], "student": [], "overfitted": []}
    for entry in sorted(folder.iterdir()):
        if (entry / "recipe.json").exists():
            roles[members.load(entry).recipe.role].append(entry.name)
    if not roles["member"] or len(roles["student"]) > 1:
        raise Slip(f"--load {folder}: wanted one member or more and one student at most, got {roles}")
    return Place(folder, roles["member"], "".join(roles["student"]))


def of_package() -> Member:
    """Return the shipped network; raises Slip when the package has none."""
    for folder in sorted((shipping.PLACE / "fer2013").glob("*/")):
        if (folder / "weights.safetensors").exists():
            return members.load(folder)
    raise Slip("no network to ask: none is shipped; python build.py train --data PATH makes some, --load names them")
