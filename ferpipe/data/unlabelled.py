"""Pictures whose emotion is to be told: one photograph, or those without a label in a folder, a zip or a CSV file."""

from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ferpipe.data import pictures, reading, sources, tables, trees
from ferpipe.data.dataset import Split
from ferpipe.data.fer2013 import EMOTIONS
from ferpipe.data.sources import Progress, Source
from ferpipe.errors import Slip
from ferpipe.size import SIDE

WANTED = "wanted a picture, or a folder, a zip or a CSV file of them"


def load(
    path: Path, progress: Progress | None = None, tell: Callable[[str], object] | None = None
) -> tuple[Split, int]:
    """Return the pictures at `path`, unlabelled, and how many had to be made grey, square or 48x48.

    Of a data set with train/ it is the test split; of a CSV file the rows without an emotion or of PrivateTest, or all
    if there are none. Names are the files' stems, or row numbers from 0. Raises Slip when there is nothing to look at.
    """
    with sources.opened(path) as source:
        if tell and source.unread:
            tell(source.warning)
        split, converted = _pictures(source, progress) if source.pictures else (_rows(source, progress), 0)
    if not len(split):
        raise Slip(f"{source.title} holds no unlabelled picture; {WANTED}")
    return split, converted


def _pictures(source: Source, progress: Progress | None) -> tuple[Split, int]:
    entries = source.pictures
    files = [entry.name for entry in entries]
    if any(trees.split_of(part) == "train" for file in files for part in file.split("/")[:-1]):
        places = trees.places(files, source.title)
        if trees.is_fer2013(files, {place.label for place in places if place.label is not None}):
            places = trees.moved(places, files)
        has_dev = any(place.split == "dev" for place in places)
        entries = [e for e, place in zip(entries, places, strict=True) if reading.split_of(place, has_dev) == "test"]
    images, changed = pictures.read(source, entries, progress)
    return Split(images, None, np.array(distinct([entry.name for entry in entries]), str)), int(changed.sum())


def distinct(files: Sequence[str]) -> list[str]:
    """Return a name for each picture: its file's stem or, where two have one, its file or, if need be, its path."""
    ways = [[trees.stem(file), trees.printable(file.rsplit("/", 1)[-1]), trees.printable(file)] for file in files]
    counts = [Counter(names) for names in zip(*ways, strict=True)]
    names = [next((name for name, count in zip(way, counts, strict=True) if count[name] == 1), way[-1]) for way in ways]
    return names if len(set(names)) == len(names) else [way[-1] for way in ways]


def _rows(source: Source, progress: Progress | None) -> Split:
    named = [entry for entry in source.tables if entry.file.lower() == "test.csv"]
    chosen = source.tables if len(source.tables) == 1 else named
    if len(chosen) != 1:
        names = sources.some(entry.name for entry in source.entries) or "no picture and no CSV file"
        raise Slip(f"{source.title} holds {names}; {WANTED}: name one")
    every = list(tables.read(source, chosen[0], EMOTIONS, progress))
    rows = [(number, row) for number, row in every if row.label is None or row.split == "test"] or every
    images = np.frombuffer(bytearray().join(row.pixels for _, row in rows), np.uint8).reshape(-1, SIDE, SIDE)
    return Split(images, None, np.array([str(number) for number, _ in rows]))
