"""FER2013: its classes, its file names, the contest's CSV files, and FER+, which labels the same faces anew.

I. Goodfellow et al., Challenges in representation learning: a report on three machine learning contests (2013).
PublicTest is dev, PrivateTest is test; labels are withheld where they are not given. E. Barsoum et al., Training deep
networks for facial expression recognition with crowd-sourced label distribution (ICMI 2016).
"""

import csv
import re
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import closing

import numpy as np

from ferpipe.data import tables
from ferpipe.data.classes import order
from ferpipe.data.dataset import SPLITS, UNKNOWN, Split
from ferpipe.data.sources import Entry, Progress, Source, shown, some
from ferpipe.errors import Slip
from ferpipe.size import SIDE

EMOTIONS = tuple(order("fer2013").values())  # a label is an index into them
PLUS = tuple(order("ferplus").values())
VOTES = "fer2013new.csv"  # FER+: a row a face of fer2013.csv
LEFT_OUT = ("unknown", "NF")  # its last columns: votes for no emotion, and for no face
RELEASES = (("fer2013.csv",), ("icml_face_data.csv",), ("train.csv", "test.csv"))
USAGES = {"training": "train", "publictest": "dev", "privatetest": "test"}
_PREFIX = re.compile(r"(training|publictest|privatetest)[_-]\d+(\.|$)", re.IGNORECASE)

# What the original report looked at, by class.
RESTING = "neutral"  # no expression to be explained
HAPPY, SAD = "happy", "sad"  # read off the mouth, and the eyes; a hand at the head was suspected of the latter
RIGHT = ("happy", "surprise", "neutral", "angry")  # explained where they were answered rightly
WRONG = ("sad", "fear", "disgust", "angry")  # and where wrongly: true classes
BEST, WORST = ("happy", "surprise", "neutral"), ("disgust", "fear", "sad")  # read best and worst, it says
TAKEN = {"sad": ("neutral",), "fear": ("sad", "neutral")}  # what it says these are taken for


def prefix(name: str) -> str | None:
    """Return the split that FER2013's name of a file tells, None for any other."""
    match = _PREFIX.match(name.rsplit("/", 1)[-1])
    return USAGES[match[1].lower()] if match else None


def chosen(source: Source) -> list[Entry]:
    """Return the one table that holds all, or the contest's train.csv with its test.csv; raises Slip for others."""
    entries = [entry for entry in source.tables if entry.file.lower() != VOTES]
    if len(entries) == 1:
        return entries
    files = [entry.file.lower() for entry in entries]
    for release in RELEASES:
        if files.count(release[0]) == 1 and files.count(release[-1]) <= 1:
            return [entries[files.index(name)] for name in release if name in files]
    names = some(entry.name for entry in source.tables)
    raise Slip(
        f"{source.title} holds the CSV files {names}; wanted one fer2013.csv, or one train.csv: name one of them"
    )


def read(source: Source, entries: Sequence[Entry], progress: Progress | None) -> dict[str, Split]:
    """Return the splits of the contest's tables; labels that are withheld are UNKNOWN."""
    rows: dict[str, list[tuple[int, int, bytes]]] = {split: [] for split in SPLITS}
    for default, entry in zip(SPLITS, entries, strict=False):  # of rows without Usage
        for number, row in tables.read(source, entry, EMOTIONS, progress):
            split = "test" if row.label is None else row.split or default  # unlabelled: only to be predicted
            rows[split].append((UNKNOWN if row.label is None else row.label, number, row.pixels))
    return {split: _split(of_split) for split, of_split in rows.items()}


def plus(
    source: Source, entry: Entry, votes: Source, ballots: Entry, progress: Progress | None
) -> tuple[dict[str, Split], Counter[str]]:
    """Return FER+'s splits, and how many faces were left out, by reason: no majority, or not a face.

    The label is the majority's, by the rule of the authors' own program: single votes are dropped, and more than half
    of the others must agree. Raises Slip where the tables are not of the same faces.
    """
    rows: dict[str, list[tuple[int, int, bytes]]] = {split: [] for split in SPLITS}
    left_out: Counter[str] = Counter()
    where = votes.name(ballots)
    with closing(_ballots(votes, ballots)) as answers:
        for number, row in tables.read(source, entry, EMOTIONS, progress):
            ballot = next(answers, None)
            if ballot is None:
                raise Slip(f"{where}: ends after {number:,} rows, {source.name(entry)} goes on; wanted a row a face")
            split, answer = ballot
            if row.split not in (None, split):
                raise Slip(f"{where}, row {number + 1:,}: is of {split}, the same row of {entry.file} of {row.split}; "
                           "wanted both in one order: download them again")  # fmt: skip
            if answer in PLUS:
                rows[split].append((PLUS.index(answer), number, row.pixels))
            else:
                left_out["not a face" if answer == "NF" else "unknown"] += 1
        if next(answers, None) is not None:
            raise Slip(f"{where}: has more rows than {source.name(entry)}; wanted a row a face")
    return {split: _split(of_split) for split, of_split in rows.items()}, left_out


def _split(rows: Sequence[tuple[int, int, bytes]]) -> Split:
    pixels = np.frombuffer(bytearray().join(row[2] for row in rows), np.uint8).reshape(-1, SIDE, SIDE)
    labels, numbers = (np.array([row[k] for row in rows], np.int64) for k in (0, 1))
    return Split(pixels, labels, numbers.astype(str))


def _ballots(source: Source, entry: Entry) -> Generator[tuple[str, str], None, None]:
    """Yield each face's split and what the majority said: a class of PLUS, or one of LEFT_OUT."""
    where, columns = source.name(entry), ("usage", "image name", *_COLUMNS)
    with closing(source.lines(entry)) as lines:
        for number, line in enumerate(lines, 1):
            fields = next(csv.reader([line.decode("utf-8-sig", "replace").strip()]), [])
            if number == 1:
                if tuple(field.strip().lower() for field in fields) != columns:
                    raise Slip(
                        f"{where}: begins with '{shown(','.join(fields), 80)}'; wanted FER+'s {','.join(columns)}"
                    )
                continue
            if not fields:
                continue
            counts = [int(field) if field.strip().isdecimal() else -1 for field in fields[2:]]
            split = USAGES.get(fields[0].strip().lower())
            if split is None or len(counts) != len(_COLUMNS) or min(counts) < 0:
                raise Slip(f"{where}, line {number:,}: '{shown(','.join(fields), 60)}'; wanted Usage, a name and "
                           f"{len(_COLUMNS)} counts of votes")  # fmt: skip
            yield split, majority(counts)


_COLUMNS = (
    "neutral", "happiness", "surprise", "sadness", "anger", "disgust", "fear", "contempt", *map(str.lower, LEFT_OUT),
)  # fmt: skip


def majority(counts: Sequence[int]) -> str:
    """Return what most of a face's ten voters said, "unknown" where none has more than half of what counts."""
    counted = [count if count > 1 else 0 for count in counts]
    most = max(counted)
    answers = (*PLUS, *LEFT_OUT)
    return answers[counted.index(most)] if 2 * most > sum(counted) else "unknown"
