"""Classes for pictures without labels: lines to read, or a submission `id,emotion`."""

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import torch
from tqdm import tqdm

from ferpipe.build import devices, layout, paged
from ferpipe.build.options import DRAWN, ROOT, Options
from ferpipe.data import unlabelled
from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.errors import Slip
from ferpipe.networks import checkpoints, machine, views
from ferpipe.networks.members import Member
from ferpipe.storage import atomic, encoding, places
from ferpipe.storage.freshness import recorded
from ferpipe.training import shipping

PART = 2048  # pictures between two steps of the progress bar
ROLES = ("member", "student", "overfitted", "balanced")


def predict(options: Options) -> None:
    """Print each picture's class with its probabilities or, with --output, write a submission; raises Slip."""
    assert options.images is not None
    if options.output is not None:
        places.check_file("--output", options.output, options.images)
    device = devices.prepared(options.device, options.threads or machine.cores())
    asked = networks(options)
    with tqdm(desc="pictures", unit="picture", mininterval=1) as bar:
        split, converted = unlabelled.load(options.images, bar.update, partial(tqdm.write, file=sys.stderr))
    # a submission may go where the lines would
    streamed = options.output is not None and (options.output == places.STREAM or atomic.stream(options.output))
    told = sys.stderr if streamed else sys.stdout
    for network in asked:
        print(f"asked: {network.described()}", file=told)
    answers, classes = probabilities([network.member for network in asked], split.images, device), asked[0].classes
    print(f"{len(split):,} picture(s), mean over {len(asked)} network(s) and over views", file=told)
    if converted:
        print(
            f"{converted:,} picture(s) made grey 48x48 from their middle square, whatever it shows",
            file=told,
        )
    if options.output is None:
        for name, row in zip(split.names, answers, strict=True):
            print(line(str(name), row, classes))
    elif options.output == places.STREAM:
        sys.stdout.write(submission(split.names, answers, classes).decode())
    else:
        atomic.write(options.output, submission(split.names, answers, classes))
        print(f"{options.output} written", file=told)


@dataclass(frozen=True)
class Asked:
    """A network that is asked, and where it comes from."""

    member: Member
    origin: str  # "published", "run fer2013-smoke-0", "shipped with the package", "from DIR"
    data: str  # the data set that it learned
    classes: tuple[str, ...]
    guessed: bool = False  # whether how pictures enter it was found on drawn faces alone

    def described(self) -> str:
        """Return the network's name with its data and its accuracy there."""
        name, faces = self.member.name, len(self.member.view_logits)
        if not faces:
            return f"{name}, {self.origin}; how often it is right is not known"
        accuracy = self.member.history["dev_accuracy"][self.member.epoch - 1]
        return f"{name}, {self.origin}; learned {self.data}, {accuracy:.1%} right on its {faces:,} dev pictures"


def line(name: str, probabilities: np.ndarray, classes: Sequence[str]) -> str:
    """Return a picture's classes with their probabilities (classes,), the likeliest first."""
    order = np.argsort(-probabilities, kind="stable")
    told = "  ".join(f"{classes[k]} {probabilities[k]:.1%}" for k in order)
    return f"{name if name.isprintable() else name.encode('unicode_escape').decode()}: {told}"


def submission(names: np.ndarray, probabilities: np.ndarray, classes: Sequence[str]) -> bytes:
    """Return a CSV of ids and the likeliest classes: FER2013's as its contest numbers them, others by their names."""
    ours = classes == EMOTIONS
    answers = [str(label) if ours else quoted(classes[label]) for label in probabilities.argmax(1)]
    rows = [f"{quoted(str(name))},{answer}" for name, answer in zip(names, answers, strict=True)]
    return ("\n".join([f"id,{'emotion' if ours else 'class'}", *rows]) + "\n").encode()


def quoted(field: str) -> str:
    """Return a field of a CSV file, in quotes where it needs them."""
    return '"' + field.replace('"', '""') + '"' if any(c in field for c in ',"\r\n') else field


def probabilities(asked: list[Member], images: np.ndarray, device: torch.device) -> np.ndarray:
    """Return the mean over networks of the probabilities (n, classes) of logits averaged over views."""
    total = np.zeros((len(images), asked[0].view_logits.shape[1]))
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
    students: list[str]
    origin: str
    data: str

    @property
    def folders(self) -> dict[str, list[str]]:
        """What --network may name, each with its networks."""
        roles = {"ensemble": self.members} | ({"student": self.students} if self.students else {})
        roles |= {"all": [*self.members, *self.students]}
        return roles | {name: [name] for name in roles["all"]} | roles

    def asked(self, name: str) -> list[Asked]:
        """Return the networks that --network NAME means; raises Slip when there are none."""
        if name not in self.folders:
            raise Slip(f"--network {name}: none such in {self.folder}; there are {', '.join(self.folders)}")
        members = [checkpoints.load(self.folder / folder) for folder in self.folders[name]]
        whole = [member for member in members if member.weights is not None]  # shipped ones may be answers alone
        return [Asked(m, self.origin, self.data, classes(self.folder / m.name)) for m in whole or members]


def classes(folder: Path) -> tuple[str, ...]:
    """Return the classes that a network learned, as its record tells them; those of FER2013 where it does not."""
    return tuple((recorded(folder / "recipe.json") or {}).get("classes", EMOTIONS))


def networks(options: Options) -> list[Asked]:
    """Return the networks to ask: those of --load or --run, the published ones if they are here, or the shipped.

    A network that a published page names is found by its name, of whichever data set it is.
    """
    if options.network == "shipped":
        return of_package("shipped")
    if options.load is not None:
        from ferpipe.build import adopting  # the analyses, which no network of ours needs here

        if files := adopting.checkpoints_at(options.load):
            return of_checkpoints(files, options)
        return of_folder(options.load).asked(options.network)
    if options.run is not None:
        return of_run(options.place, options.run).asked(options.network)
    published = [place for name in ("fer2013", DRAWN) if (place := of_report(options, name))]
    for place in published:
        if options.network in place.folders and (place.data == "fer2013" or options.network in place.members):
            return place.asked(options.network)
    if options.network in ("ensemble", "all"):
        return of_package(options.network)
    if shipped := [
        asked
        for asked in of_package("all")
        if options.network == asked.member.name or options.network == asked.member.recipe.role == "student"
    ]:
        return shipped
    if carried := of_page(options):
        return carried
    runs = ", ".join(layout.names(options.place)) or "none"
    raise Slip(
        f"--network {options.network}: no published or shipped network is called so; name a run with --run ({runs})"
    )


def of_run(artefacts: Path, name: str) -> Place:
    """Return the networks of a run, FER2013's first; raises Slip where there is no such run."""
    base = artefacts / "runs" / name
    if not layout.NAME.fullmatch(name) or not (records := sorted(base.glob("*/networks.json"))):
        runs = ", ".join(layout.names(artefacts)) or "none"
        raise Slip(f"no run '{name}' with networks in {base.parent}; there: {runs}")
    known = encoding.read_json(records[0])
    folder = Path(os.path.normpath(records[0].parent / known["place"]))
    return Place(folder, known["members"], [*filter(None, [known["student"]])], f"run {name}", records[0].parent.name)


def of_report(options: Options, dataset: str = "fer2013") -> Place | None:
    """Return the published ensemble of a data set, where all its members lie among the artefacts; else None."""
    record = recorded((options.results or ROOT / "report" / "results") / dataset / "ensemble" / "recipe.json")
    folder = options.place / dataset / "members"
    roles: dict[str, list[str]] = {role: [] for role in ROLES}
    try:
        for name, network in record["recipe"]["members"].items() if record else ():
            if (recorded(folder / name / "recipe.json") or {})["weights"] != network["weights"]:
                return None
            roles[network["recipe"]["role"]].append(name)
    except (KeyError, TypeError, AttributeError):  # not here, or a record of another form
        return None
    if not roles["member"]:
        return None
    return Place(folder, roles["member"], roles["student"], "published", dataset)


def of_page(options: Options) -> list[Asked]:
    """Return the network of this name that a published page carries, in whole numbers of ten bits, if any does."""
    for numbers in sorted((options.results or ROOT / "report" / "results").glob("*/network/numbers.json")):
        if encoding.read_json(numbers).get("name") == options.network:
            known = classes(numbers.parent)
            carried = paged.member(numbers.parent, len(known))
            return [Asked(carried, "as its page carries it, ten bits a weight", numbers.parents[1].name, known)]
    return []


def of_folder(folder: Path) -> Place:
    """Return the networks in a folder of members; raises Slip when there are none."""
    if not folder.is_dir():
        raise Slip(f"--load {folder}: no such folder; wanted a folder of members")
    roles: dict[str, list[str]] = {role: [] for role in ROLES}
    for entry in sorted(folder.iterdir()):
        if (entry / "recipe.json").exists():
            roles[checkpoints.load(entry).recipe.role].append(entry.name)
    if not roles["member"]:
        raise Slip(f"--load {folder}: wanted one member or more, got {roles}")
    place = Path(os.path.realpath(folder))
    ours = place.name if place.parent == shipping.PLACE else "data of its own"
    data = place.parent.name if place.name == "members" else ours  # .artefacts/<data set>/members
    return Place(folder, roles["member"], roles["student"], f"from {folder}", data)


def of_checkpoints(files: Sequence[Path], options: Options) -> list[Asked]:
    """Return somebody's own networks; raises Slip where one cannot be read, or they have other outputs than the first.

    How pictures enter them is known where a report was built on them; else it is guessed from their batch
    normalisation and drawn faces, and said to be a guess.
    """
    from ferpipe.build import adopting

    tell = partial(print, file=sys.stderr)
    adopted = adopting.place(files, options.mean, options.std, options.classes)
    members, named, guessed = list[Member](), list[tuple[str, ...]](), list[bool]()
    for path in files:
        records = options.place.glob(f"*/{adopted}/{adopting.name_of(path)}/recipe.json")
        # of data sets, pictures of one's own tell more than drawn ones
        known = {record.parents[2].name: record.parent for record in records}
        data = next((name for name in sorted(known) if name != DRAWN), DRAWN)
        guessed.append(data == DRAWN)
        if data in known:
            member = checkpoints.load(known[data])
            tell(f"{path.name}: {member.foreign}, as was found on {data}")
            none = member.view_logits[:0]
            members.append(replace(member, epoch_logits=none[None], epoch=1, view_logits=none))
            named.append(classes(known[data]))
        else:
            members.append(adopting.read(path, options.mean, options.std, tell=tell))
            named.append(adopting.classes(options.classes, members[-1].view_logits.shape[1], path))
        if guessed[-1]:
            cure = f"python build.py --data PATH --load {options.load} finds it on your data"
            tell(f"{path.name}: on drawn faces that is a guess; {cure}")
    if len(set(named)) > 1:
        raise Slip(f"--load {options.load}: {', '.join(path.name for path in files)} have not the same outputs")
    return [
        Asked(member, f"from {options.load}", "data of its own", named[0], guess)
        for member, guess in zip(members, guessed, strict=True)
    ]


def of_package(name: str) -> list[Asked]:
    """Return the shipped networks: the "ensemble"'s members, "all", or the one called "shipped"; raises Slip.

    That is the student or, where there is none, the member that is right most often on dev, averaged over views.
    """
    places = sorted(path.parent for path in (shipping.PLACE / "fer2013").glob("*/weights.safetensors"))
    networks = [checkpoints.load(place) for place in places]
    if not networks:
        raise Slip(
            "no network to ask: none is shipped; python build.py train --data PATH makes some, --load names them"
        )
    if name == "shipped":
        networks = [max(networks, key=lambda network: _standing(network, shipping.PLACE / "fer2013"))]
    elif name == "ensemble":
        networks = [network for network in networks if network.recipe.role == "member"] or networks
    return [Asked(network, "shipped with the package", "fer2013", EMOTIONS) for network in networks]


def _standing(network: Member, place: Path) -> tuple[bool, float]:
    """Return what the network to ask alone is the first in: being the student, and accuracy over views on dev."""
    record = encoding.read_json(place / network.name / "recipe.json")
    single = network.history["dev_accuracy"][network.epoch - 1]  # of one that was packed before views were counted
    return network.recipe.role == "student", record.get("views_accuracy", single)
