"""A data set as it lies on disk, in every form that people have it: a zip, a folder or a CSV file.

fer2013   the contest's CSV files, or its pictures, which its file names tell
ferplus   fer2013.csv with fer2013new.csv beside it
rafdb     its list of labels with the aligned pictures
others    any tree of pictures in folders of their classes, called as its folder is
"""

import hashlib
import os
import re
from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ferpipe.data import classes as names
from ferpipe.data import fer2013, pictures, rafdb, sources, trees
from ferpipe.data.dataset import SPLITS, UNKNOWN, Dataset, Split
from ferpipe.data.sources import Entry, Progress, Source, some
from ferpipe.errors import Slip

HELD_OUT = 10  # one in ten
DRAWN = "rendered"  # the name of the data set that is not read


class Parts(NamedTuple):
    """What a reader made of a source."""

    splits: dict[str, Split]  # with labels, UNKNOWN where they are withheld
    converted: int  # pictures that were not grey and 48x48
    left_out: Counter[str]  # pictures, by reason
    warnings: tuple[str, ...] = ()  # what to tell at once
    dev_is_test: bool = False  # there were no dev pictures, and those called test serve as such


class Form(NamedTuple):
    """How a source is to be read."""

    name: str  # of the data set
    told: str  # what it is, in words
    classes: tuple[str, ...]
    read: Callable[[Progress | None], Parts]
    certain: bool = True  # whether the form itself tells the name, wherever the data set lies


def signature(path: Path) -> str:
    """Return a cheap identity of what lies at `path` as 64 hexadecimal digits; raises Slip when nothing does.

    A file's is the hash of its bytes, and FER+'s of both its tables; a folder's of the names, sizes and times of its
    pictures and tables.
    """
    sources.check(path)
    if os.path.isdir(path):
        facts = "".join(f"{name}\0{size}\0{changed}\n" for name, size, changed, _ in sources.folder_entries(path))
        return hashlib.sha256(facts.encode("utf-8", "surrogateescape")).hexdigest()
    try:
        hashes = []
        for file in filter(None, (path, beside(path))):
            with open(file, "rb") as opened:
                hashes.append(hashlib.file_digest(opened, "sha256").hexdigest())
        return hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
    except OSError as error:
        raise Slip(f"{sources.shown(path)} cannot be read ({sources.reason(error)}); change its permissions") from None


def beside(path: Path) -> Path | None:
    """Return FER+'s table of votes beside fer2013.csv itself, if it is there."""
    votes = path.with_name(fer2013.VOTES)
    return votes if path.name.lower() == "fer2013.csv" and votes.is_file() else None


def name_of(path: Path, classes: str | None = None) -> str:
    """Return what the data set at `path` is called, from the names of its files; raises Slip where it is none."""
    with ExitStack() as stack:
        return _form(stack, path, classes, None).name


def certain(path: Path, classes: str | None = None) -> bool:
    """Return whether the data set at `path` is called as it is by its form, and not by its folder."""
    with ExitStack() as stack:
        return _form(stack, path, classes, None).certain


def load(
    path: Path,
    seed: int,
    progress: Progress | None = None,
    name: str | None = None,
    classes: str | None = None,
    restricted: bool = True,
    tell: Callable[[str], object] | None = None,
) -> Dataset:
    """Return the data set at `path`; without labelled dev data a tenth of train, drawn by `seed`, becomes dev.

    It is called `name`, or as its form or its folder is; `classes` is what --classes says. `progress` is told how many
    pictures were just finished, `tell` what was left out. Raises Slip naming the file, and in a CSV the line, that
    cannot be used.
    """
    with ExitStack() as stack:
        form = _form(stack, path, classes, name)
        parts = form.read(progress)
    notes: dict[str, object] = {
        "source": sources.shown(Path(os.path.abspath(path)).name),
        "form": form.told,
        "pictures": sum(map(len, parts.splits.values())),
        "converted": parts.converted,
    }
    for warning in parts.warnings:
        if tell:
            tell(warning)
    if parts.dev_is_test:
        notes["dev_is_test"] = True
    if parts.left_out:
        notes["left_out"] = dict(sorted(parts.left_out.items()))
    return _dataset(name or form.name, form.classes, parts.splits, notes, seed, sources.shown(path), restricted)


def _form(stack: ExitStack, path: Path, asked: str | None, name: str | None) -> Form:
    """Return how what lies at `path` is read under a `name`, while the stack is open."""
    source = stack.enter_context(sources.opened(path))
    images = source.pictures
    if source.lists and images:
        _only(asked, "rafdb", source.title)
        return _of_pictures("rafdb", source, path, *rafdb.places(source), None)
    releases = {file for release in fer2013.RELEASES for file in release}
    pixels = any(entry.file.lower() in releases for entry in source.tables)
    if images and (not pixels or trees.has_splits(entry.name for entry in images)):
        return _tree(source, path, asked, name)
    if not source.tables:
        zips = sorted(path.glob("*.zip")) if os.path.isdir(path) else []
        hint = f" (name {sources.shown(zips[0])} itself to read that)" if zips else ""
        hint = hint or (f" that are read, but {_unread(source)}" if source.unread else "")
        raise Slip(f"{source.title} holds neither pictures nor CSV files{hint}; {trees.WANTED}, or fer2013.csv")
    votes = [entry for entry in source.tables if entry.file.lower() == fer2013.VOTES]
    entries = fer2013.chosen(source)
    if asked not in (None, "fer2013", "ferplus"):
        _only(asked, "fer2013", source.title)
    if asked != "fer2013" and (votes or beside(path)):
        if len(votes) > 1 or len(entries) > 1:
            raise Slip(f"{source.title}: wanted one fer2013.csv and one {fer2013.VOTES}; name one of them")
        ballots = source if votes else stack.enter_context(sources.opened(path.with_name(fer2013.VOTES)))
        of_faces, of_votes = entries[0], (votes or ballots.entries)[0]
        return Form("ferplus", "CSV with FER+", fer2013.PLUS,
                    lambda progress: _plus(source, of_faces, ballots, of_votes, progress))  # fmt: skip
    return Form("fer2013", "CSV", fer2013.EMOTIONS,
                lambda progress: Parts(fer2013.read(source, entries, progress), 0, Counter()))  # fmt: skip


def _only(asked: str | None, order: str, title: str) -> None:
    if asked not in (None, order):
        raise Slip(f"{title}: its form says what its labels mean, those of {order}; leave out --classes {asked}")


def _plus(source: Source, faces: Entry, ballots: Source, votes: Entry, progress: Progress | None) -> Parts:
    splits, left_out = fer2013.plus(source, faces, ballots, votes, progress)
    return Parts(splits, 0, left_out)


def _tree(source: Source, path: Path, asked: str | None, name: str | None) -> Form:
    """Return how a tree of pictures is read."""
    entries = source.pictures
    files = [entry.name for entry in entries]
    places = trees.places(files, source.title)
    labels = {place.label for place in places if place.label is not None}
    if asked is None and trees.is_fer2013(files, labels):
        known = names.called([*labels, *fer2013.EMOTIONS])
        numbers = {str(number): name for number, name in enumerate(fer2013.EMOTIONS)}
        called = {label: numbers.get(label, known[label]) for label in labels}
        named = [place._replace(label=called.get(place.label or "")) for place in trees.moved(places, files)]
        return _of_pictures("fer2013", source, path, entries, named, fer2013.EMOTIONS)
    called, ordered = trees.named(labels, source.title, asked)
    name = name or slug(path)
    if name in names.names() and (name != slug(path) or set(ordered) != set(names.order(name).values())):
        raise Slip(f"{source.title}: is called {name}, which is another data set ({some(ordered)} here); give it "
                   "a name of its own with --name")  # fmt: skip
    if len(ordered) > names.MOST:
        raise Slip(f"{source.title}: {len(ordered)} classes ({some(ordered)}); wanted {names.FEWEST} to {names.MOST}: "
                   f"{trees.WANTED}")  # fmt: skip
    named = [place._replace(label=called.get(place.label or "")) for place in places]
    return _of_pictures(name, source, path, entries, named, ordered)._replace(certain=False)


def slug(path: Path) -> str:
    """Return a data set's name from its folder's or its zip's; raises Slip where nothing is left of it."""
    place = Path(os.path.abspath(path))
    name = place.name if os.path.isdir(path) else place.stem
    word = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-").lower()[:60]
    if not word or word == DRAWN:
        raise Slip(f"{sources.shown(path)}: '{sources.shown(name)}' is no name for a data set; give one with --name")
    return word


def _of_pictures(
    name: str,
    source: Source,
    path: Path,
    entries: list[Entry],
    places: list[trees.Place],
    classes: tuple[str, ...] | None,
) -> Form:
    """Return how pictures are read whose places are known; `classes` in their order, None: those of RAF-DB."""
    ordered = classes or tuple(names.order("rafdb").values())
    told = "folder of pictures" if os.path.isdir(path) else "zip of pictures"
    return Form(name, told, ordered, lambda progress: _pictures(source, entries, places, ordered, progress))


def _pictures(
    source: Source, entries: list[Entry], places: list[trees.Place], classes: tuple[str, ...], progress: Progress | None
) -> Parts:
    images, changed = pictures.read(source, entries, progress)
    labels = np.array([UNKNOWN if place.label is None else classes.index(place.label) for place in places], np.int64)
    stems = np.array([place.stem for place in places])
    # By the file's name first: then every layout gives one order, and no subset begins with a single class.
    ordered = sorted(range(len(places)), key=lambda index: (places[index].stem, labels[index], entries[index].name))
    left_out = Counter({"unreadable": len(source.unread)} if source.unread else {})
    seen: set[tuple[str, bytes]] = set()
    unique = []
    for index in ordered:  # of two copies of a tree in one place, each face counts once
        face = (places[index].below, images[index].tobytes())
        if face in seen:
            left_out["repeated"] += 1
        else:
            seen.add(face)
            unique.append(index)
    has_dev = any(place.split == "dev" for place in places)
    indices = {
        split: np.array([i for i in unique if split_of(places[i], has_dev) == split], np.intp) for split in SPLITS
    }
    splits = {split: Split(images[i], labels[i], stems[i]) for split, i in indices.items()}
    warnings = [source.recoded] if source.recoded else []
    twice = sorted(entries[index].name for index in set(ordered) - set(unique))
    warnings += [f"{len(twice):,} picture(s) stand there twice ({some(twice)}): counted once"] if twice else []
    warnings += [source.warning] if source.unread else []
    return Parts(splits, int(changed[unique].sum()), left_out, tuple(warnings), not has_dev and len(splits["dev"]) > 0)


def split_of(place: trees.Place, has_dev: bool) -> str:
    """Return the split of a picture: train, dev or test; without dev pictures, those in test are dev."""
    if place.label is None or place.split == "unlabelled":
        return "test"
    return "dev" if place.split == "test" and not has_dev else place.split


def _unread(source: Source) -> str:
    """Return how many pictures of which kinds are not read here."""
    counts = Counter(entry.suffix[1:].upper() for entry in source.unread)
    return ", ".join(f"{count:,} {suffix}" for suffix, count in sorted(counts.items()))


def _dataset(
    name: str,
    classes: tuple[str, ...],
    splits: dict[str, Split],
    notes: dict[str, object],
    seed: int,
    title: str,
    restricted: bool,
) -> Dataset:
    train, dev, test = splits["train"], splits["dev"], splits["test"]
    _check(train, classes, f"{len(train):,} train, {len(dev):,} dev, {len(test):,} test", title)
    held_out = len(dev) == 0
    if held_out:
        train, dev = _divided(train, len(classes), seed, title)
    known = len(test) > 0 and not np.any(test.labels == UNKNOWN)
    notes |= {
        "dev_held_out": held_out,
        "missing_classes": {"train": _missing(train, classes), "dev": _missing(dev, classes)},
        "test_labels": known,
    }
    opened = Split(test.images, test.labels if known else None, test.names) if len(test) else None
    return Dataset(name, restricted, classes, train, dev, opened, notes, shows=names.shows(classes))


def _check(train: Split, classes: tuple[str, ...], counts: str, title: str) -> None:
    if len(train) == 0:
        raise Slip(
            f"{title} has no labelled training pictures ({counts}); {trees.WANTED}, or a CSV with emotion and pixels"
        )
    label, *others = np.unique(_labels(train))
    if not others:
        name = classes[label]
        raise Slip(f"{title}: all {len(train):,} training pictures are '{name}'; wanted two classes or more: add some")


def _divided(train: Split, classes: int, seed: int, title: str) -> tuple[Split, Split]:
    """Return train without a tenth of each class, and that tenth; a class of two or more gives at least one."""
    rng = np.random.default_rng(seed)
    held = np.zeros(len(train), bool)
    for label in range(classes):
        members = np.flatnonzero(_labels(train) == label)
        count = max(round(len(members) / HELD_OUT), 1) if len(members) > 1 else 0
        held[rng.permutation(members)[:count]] = True
    if not held.any():
        raise Slip(
            f"{title}: {len(train)} training pictures, one of each class, leave none for dev; wanted more of each"
        )
    return _part(train, ~held), _part(train, held)


def _part(split: Split, chosen: np.ndarray) -> Split:
    return Split(split.images[chosen], _labels(split)[chosen], split.names[chosen])


def _labels(split: Split) -> np.ndarray:
    assert split.labels is not None, "train and dev are made of labelled pictures alone"
    return split.labels


def _missing(split: Split, classes: tuple[str, ...]) -> list[str]:
    present = set(_labels(split).tolist())
    return [name for label, name in enumerate(classes) if label not in present]
