"""Pictures whose emotion is to be told: one photograph, or those without a label in a folder, a zip or a CSV file."""

from collections import Counter
from pathlib import Path

import numpy as np

from ferpipe.data import layout, pictures, sources, tables
from ferpipe.data.dataset import Split
from ferpipe.data.sources import Progress, Source
from ferpipe.emotions import SIDE
from ferpipe.errors import Slip

WANTED = "wanted a picture, or a folder, a zip or a CSV file of them"


def load(path: Path, progress: Progress | None = None) -> tuple[Split, int]:
    """Return the pictures at `path`, unlabelled, and how many had to be made grey, square or 48x48.

    Of a data set with train/ it is the test split; of a CSV file the rows without an emotion or of PrivateTest, or all
    if there are none. Names are the files' stems, or row numbers from 0. Raises Slip when there is nothing to look at.
    """
    with sources.opened(path) as source:
        split, converted = _pictures(source, progress) if source.pictures else (_rows(source, progress), 0)
    if not len(split):
        raise Slip(f"{source.title} holds no unlabelled picture; {WANTED}")
    return split, converted


def check_names(split: Split, path: Path) -> None:
    """Raise Slip when two pictures have one name: a submission could not tell them apart."""
    twice = [name for name, count in Counter(split.names.tolist()).items() if count > 1]
    if twice:
        raise Slip(f"{sources.shown(path)}: {sources.some(twice)} is the name of two pictures; a row needs its own")


def _pictures(source: Source, progress: Progress | None) -> tuple[Split, int]:
    entries = source.pictures
    if any(part.lower() in ("train", "training") for entry in entries for part in entry.name.split("/")[:-1]):
        places = layout.places([entry.name for entry in entries], source.title)
        entries = [entry for entry, place in zip(entries, places, strict=True) if place.split == "test"]
    images, converted = pictures.read(source, entries, progress)
    return Split(images, None, np.array([layout.stem(entry.name) for entry in entries], str)), converted


def _rows(source: Source, progress: Progress | None) -> Split:
    named = [entry for entry in source.entries if entry.name.rsplit("/", 1)[-1].lower() == "test.csv"]
    chosen = source.entries if len(source.entries) == 1 else named
    if len(chosen) != 1:
        names = sources.some(entry.name for entry in source.entries) or "no picture and no CSV file"
        raise Slip(f"{source.title} holds {names}; {WANTED}: name one")
    every = list(tables.read(source, chosen[0], progress))
    rows = [(number, row) for number, row in every if row.label is None or row.split == "test"] or every
    images = np.frombuffer(b"".join(row.pixels for _, row in rows), np.uint8).reshape(-1, SIDE, SIDE)
    return Split(images, None, np.array([str(number) for number, _ in rows]))
