"""What a drawer gives back, and how it reads a result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np

    from ferpipe.results.stored import Result

ALT = "\ue004"  # stands in a body for the figure's alt, which its section writes
CAPTION = "\ue005"  # in a table's body, for its numbered caption
ASSETS = "\ue006"  # before the name of one of the figure's files
LABEL = "\ue008"  # for "Figure 3"
REFERRED = "\ue00b{}\ue00c"  # for "Figure 3" as a link, of a figure named as fig:saliency
RISE = "rise.png"  # its half above zero
SCALE = "scale.png"  # the bar of the signed colour scale: the same file in every figure that has it


@dataclass(frozen=True)
class Figure:
    """A figure or table in one language: HTML, the files it shows, and the data behind it."""

    body: str
    analysis: str  # its code is ferpipe/analyses/<analysis>.py
    data: str  # which of the files holds the numbers drawn
    files: Mapping[str, bytes] = field(default_factory=dict)
    wide: bool = False  # may stand wider than the text
    fades: bool = False  # a slider fades between face and map
    note: str = ""  # a line under the caption: what this edition could not show


def picture(result: Result, name: str) -> np.ndarray | None:
    """Return an array from which a face could be recognised, or None where it must not be shown."""
    return result.faces.get(name, result.arrays.get(name))


def numbers_file(numbers: Any) -> bytes:
    """Return the numbers as a JSON file."""
    import json

    return (json.dumps(numbers, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def csv_file(header: list[str], rows: list[list[Any]]) -> bytes:
    """Return a table as a CSV file; nothing stands where there is no number."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(["" if value is None else value for value in row] for row in rows)
    return text.getvalue().encode()
