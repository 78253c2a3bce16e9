"""The contest's CSV files, one row a face: emotion, its 2,304 pixels as text, and sometimes its Usage.

Rows are streamed; a line is never longer than LINE_LIMIT, and what is kept of it is its 2,304 bytes.
"""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from typing import NamedTuple

import numpy as np

from ferpipe.data.sources import LINE_LIMIT, Entry, Progress, Source, counted, shown
from ferpipe.errors import Slip
from ferpipe.size import SIDE

PIXELS = SIDE * SIDE
GREYS = {str(value): value for value in range(256)}  # stricter than int(), which takes '+1' and '1_0'
USAGES = {"training": "train", "publictest": "dev", "privatetest": "test"}
CURE = "mend the line, or download the file again"


class Row(NamedTuple):
    """One face of a table."""

    split: str | None  # None where the table has no Usage
    label: int | None  # None where it is withheld
    pixels: bytes  # 2,304, row by row


def read(source: Source, entry: Entry, classes: Sequence[str], progress: Progress | None) -> Iterator[tuple[int, Row]]:
    """Yield a table's rows with their numbers from 0; raises Slip as `rows` does."""
    with closing(source.lines(entry)) as lines:  # a bad row leaves them half read
        yield from enumerate(counted(rows(lines, source.name(entry), classes), progress))


def rows(lines: Iterable[bytes], name: str, classes: Sequence[str]) -> Iterator[Row]:
    """Yield a table's rows; raises Slip that calls the table `name` and gives the line's number from 1.

    Labels are numbers, indices into `classes`.
    """
    labels = {str(label): label for label in range(len(classes))}
    columns: list[str] | None = None
    empty = True
    for number, line in enumerate(lines, 1):
        try:
            text = _text(line)
            if not text.strip():
                continue
            if columns is None:
                columns = _columns(_fields(text.removeprefix("\ufeff")))
                continue
            row = _row(_fields(text), columns, classes, labels)
        except ValueError as error:
            raise Slip(f"{name}, line {number}: {error}") from None
        empty = False
        yield row
    if empty:
        what = "has a header but no rows" if columns else "is empty"
        raise Slip(f"{name} {what}; wanted a header and one row a face: download it again")


def _text(line: bytes) -> str:
    if len(line) > LINE_LIMIT:
        raise ValueError(
            f"the line is longer than {LINE_LIMIT:,} bytes; wanted one face a line: download the file again"
        )
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        byte = f"byte {error.start + 1} is {error.object[error.start]:#04x}"
        raise ValueError(f"{byte}, which is not UTF-8; wanted a CSV file as text: {CURE}") from None
    if "\0" in text:
        raise ValueError(f"it holds NUL bytes; wanted a CSV file as UTF-8 text: {CURE}")
    return text


def _fields(text: str) -> list[str]:
    if '"' not in text:  # the csv module takes as long as all the rest
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True, skipinitialspace=True))
    except csv.Error as error:
        raise ValueError(f"its quotes are wrong ({shown(error)}); {CURE}") from None


def _columns(fields: list[str]) -> list[str]:
    names = [field.strip().lower() for field in fields]
    header = shown(",".join(fields).strip(), 60)
    if "pixels" not in names:
        raise ValueError(
            f"the header is '{header}'; wanted a line such as 'emotion,pixels,Usage' before the rows: add it"
        )
    if twice := sorted(name for name in names if name and names.count(name) > 1):
        raise ValueError(f"the header '{header}' has '{shown(twice[0], 40)}' twice; rename one")
    return names


def _row(fields: list[str], columns: list[str], classes: Sequence[str], labels: Mapping[str, int]) -> Row:
    if len(fields) != len(columns):
        raise ValueError(f"{len(fields)} fields; the header has {len(columns)}: {CURE}")
    cells = {name: field.strip() for name, field in zip(columns, fields, strict=True)}
    split = USAGES.get(cells["usage"].lower()) if "usage" in cells else None
    if "usage" in cells and split is None:
        raise ValueError(f"Usage is '{shown(cells['usage'], 40)}'; wanted Training, PublicTest or PrivateTest: {CURE}")
    emotion = cells.get("emotion")
    label = None if emotion is None else labels.get(emotion)
    withheld = emotion is None or (emotion == "" and split == "test")  # the contest withheld PrivateTest's labels
    if label is None and not withheld:
        expected = f"a label from 0 ({classes[0]}) to {len(classes) - 1} ({classes[-1]})"
        raise ValueError(f"emotion is '{shown(emotion, 40)}'; wanted {expected}: {CURE}")
    return Row(split, label, _pixels(cells["pixels"]))


def _pixels(text: str) -> bytes:
    values = _parsed(text)
    if values is not None:
        return values.tobytes()
    numbers = text.split()  # again, slowly, to say what is wrong
    if len(numbers) != PIXELS:
        raise ValueError(f"{len(numbers):,} pixels; wanted {PIXELS:,} ({SIDE}x{SIDE}): {CURE}")
    try:
        return bytes(map(GREYS.__getitem__, numbers))
    except KeyError as error:
        pixel = f"pixel {numbers.index(error.args[0]) + 1:,} is '{shown(error.args[0], 40)}'"
        raise ValueError(f"{pixel}; wanted a whole number from 0 to 255: {CURE}") from None


def _parsed(text: str) -> np.ndarray | None:
    """Return the 2,304 pixels as uint8, or None unless the text is that many numbers of 0 to 255 between spaces."""
    codes = np.frombuffer(b"   " + text.encode("ascii", "replace") + b" ", np.uint8)
    digits = codes - 48  # uint8 wraps: what is no digit is 10 or more
    is_digit = digits < 10
    last = np.flatnonzero(is_digit[:-1] & ~is_digit[1:])  # where each number ends
    if len(last) != PIXELS or not np.all(is_digit | (codes == 32)):
        return None
    tens, hundreds = is_digit[last - 1], is_digit[last - 1] & is_digit[last - 2]
    values = digits[last].astype(np.uint16)
    values += tens * digits[last - 1] * np.uint16(10)
    values += hundreds * digits[last - 2] * np.uint16(100)
    if np.any(hundreds & is_digit[last - 3]) or values.max() > 255:
        return None
    return values.astype(np.uint8)
