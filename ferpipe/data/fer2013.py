"""FER2013 in every form that people have: a zip or a folder, of pictures or of the contest's CSV files, or one CSV.

I. Goodfellow et al., Challenges in representation learning: a report on three machine learning contests (2013).
PublicTest is dev, PrivateTest is test; labels are withheld where they are not given.
"""

import hashlib
import os
from pathlib import Path

import numpy as np

from ferpipe.data import layout, pictures, sources, tables
from ferpipe.data.dataset import SPLITS, Dataset, Split
from ferpipe.data.sources import Entry, Progress, Source
from ferpipe.emotions import EMOTIONS, SIDE
from ferpipe.errors import Slip

UNKNOWN = -1  # a withheld label, while splits are put together
HELD_OUT = 10  # one in ten


def signature(path: Path) -> str:
    """Return a cheap identity of what lies at `path` as 64 hexadecimal digits; raises Slip when nothing does.

    A file's is the hash of its bytes, a folder's of the names, sizes and times of its pictures and tables.
    """
    sources.check(path)
    if os.path.isdir(path):
        facts = "".join(f"{name}\0{size}\0{changed}\n" for name, size, changed, _ in sources.folder_entries(path))
        return hashlib.sha256(facts.encode("utf-8", "surrogateescape")).hexdigest()
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise Slip(f"{sources.shown(path)} cannot be read ({sources.reason(error)}); change its permissions") from None


def load(path: Path, seed: int, progress: Progress | None = None) -> Dataset:
    """Return FER2013 as it lies at `path`; without labelled dev data a tenth of train, drawn by `seed`, becomes dev.

    `progress` is told how many pictures were just finished. Raises Slip naming the file, and in a CSV the line, that
    cannot be used.
    """
    with sources.opened(path) as source:
        images = source.pictures
        csvs = [entry for entry in source.entries if entry.suffix not in sources.PICTURES]
        if images and (not csvs or layout.has_splits(entry.name for entry in images)):
            splits, converted = _from_pictures(source, images, progress)
            form = "folder of pictures" if os.path.isdir(path) else "zip of pictures"
        elif csvs:
            splits, converted, form = _from_tables(source, _chosen(source, csvs), progress), 0, "CSV"
        else:
            zips = sorted(path.glob("*.zip")) if os.path.isdir(path) else []
            hint = f" (name {sources.shown(zips[0])} itself to read that)" if zips else ""
            raise Slip(f"{source.title} holds neither pictures nor CSV files{hint}; {layout.WANTED}, or fer2013.csv")
    name = sources.shown(Path(os.path.abspath(path)).name)
    notes = {"source": name, "form": form, "pictures": sum(map(len, splits.values())), "converted": converted}
    return _dataset(splits, notes, seed, source.title)


def _from_pictures(source: Source, entries: list[Entry], progress: Progress | None) -> tuple[dict[str, Split], int]:
    places = layout.places([entry.name for entry in entries], source.title)
    images, converted = pictures.read(source, entries, progress)
    labels = np.array([UNKNOWN if place.label is None else place.label for place in places], np.int64)
    names = np.array([place.stem for place in places])
    # By the file's name first: then every layout gives one order, and no subset begins with a single class.
    ordered = sorted(range(len(places)), key=lambda index: (places[index].stem, labels[index], entries[index].name))
    indices = {split: np.array([i for i in ordered if places[i].split == split], np.intp) for split in SPLITS}
    return {split: Split(images[i], labels[i], names[i]) for split, i in indices.items()}, converted


def _chosen(source: Source, entries: list[Entry]) -> list[Entry]:
    """Return the one table that holds all, or the contest's train.csv with its test.csv."""
    if len(entries) == 1:
        return entries
    named = [entry.name.rsplit("/", 1)[-1].lower() for entry in entries]
    for release in (("fer2013.csv",), ("icml_face_data.csv",), ("train.csv", "test.csv")):
        if named.count(release[0]) == 1 and named.count(release[-1]) <= 1:
            return [entries[named.index(name)] for name in release if name in named]
    names = sources.some(entry.name for entry in entries)
    raise Slip(
        f"{source.title} holds the CSV files {names}; wanted one fer2013.csv, or one train.csv: name one of them"
    )


def _from_tables(source: Source, entries: list[Entry], progress: Progress | None) -> dict[str, Split]:
    pixels = {split: bytearray() for split in SPLITS}
    labels: dict[str, list[int]] = {split: [] for split in SPLITS}
    numbers: dict[str, list[int]] = {split: [] for split in SPLITS}
    for default, entry in zip(SPLITS, entries, strict=False):  # of rows without Usage
        for number, row in tables.read(source, entry, progress):
            split = "test" if row.label is None else row.split or default  # unlabelled: only to be predicted
            pixels[split] += row.pixels
            labels[split].append(UNKNOWN if row.label is None else row.label)
            numbers[split].append(number)
    return {
        split: Split(
            np.frombuffer(pixels[split], np.uint8).reshape(-1, SIDE, SIDE),
            np.array(labels[split], np.int64),
            np.array(numbers[split], np.int64).astype(str),
        )
        for split in SPLITS
    }


def _dataset(splits: dict[str, Split], notes: dict[str, object], seed: int, title: str) -> Dataset:
    train, dev, test = splits["train"], splits["dev"], splits["test"]
    _check(train, f"{len(train):,} train, {len(dev):,} dev, {len(test):,} test", title)
    held_out = len(dev) == 0
    if held_out:
        train, dev = _divided(train, seed, title)
    known = len(test) > 0 and not np.any(test.labels == UNKNOWN)
    notes |= {
        "dev_held_out": held_out,
        "missing_classes": {"train": _missing(train), "dev": _missing(dev)},
        "test_labels": known,
    }
    opened = Split(test.images, test.labels if known else None, test.names) if len(test) else None
    return Dataset("fer2013", True, EMOTIONS, train, dev, opened, notes)


def _check(train: Split, counts: str, title: str) -> None:
    if len(train) == 0:
        raise Slip(
            f"{title} has no labelled training pictures ({counts}); {layout.WANTED}, or a CSV with emotion and pixels"
        )
    label, *others = np.unique(_labels(train))
    if not others:
        name = EMOTIONS[label]
        raise Slip(f"{title}: all {len(train):,} training pictures are '{name}'; wanted two classes or more: add some")


def _divided(train: Split, seed: int, title: str) -> tuple[Split, Split]:
    """Return train without a tenth of each class, and that tenth; a class of two or more gives at least one."""
    rng = np.random.default_rng(seed)
    held = np.zeros(len(train), bool)
    for label in range(len(EMOTIONS)):
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


def _missing(split: Split) -> list[str]:
    present = set(_labels(split).tolist())
    return [emotion for label, emotion in enumerate(EMOTIONS) if label not in present]
