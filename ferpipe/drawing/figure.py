"""What a drawer gives back, and its data as files."""

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ferpipe.results.common import Estimate
from ferpipe.results.stored import plain

ALT = "\ue004"  # stands in a body for the figure's alt, which its section writes
CAPTION = "\ue005"  # in a table's body, for its numbered caption
ASSETS = "\ue006"  # before the name of one of the figure's files
LABEL = "\ue008"  # for "Figure 3"
REFERRED = "\ue00b{}\ue00c"  # for "Figure 3" as a link, of a figure named as fig:saliency
RISE = "rise.webp"  # its half above zero
SCALE = "scale.webp"  # the bar of the signed colour scale: the same file in every figure that has it
SHARED = FACE, MEAN, PICTURE = "face", "mean", "picture"  # how the names of pictures begin that several figures show
CARD = 1200, 630  # width and height of a page's card, which OpenGraph's readers cut to


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
    after: str = ""  # HTML behind the figure, for the page's script
    one: str = ""  # the same of one face alone, for the page of a data set that may show none

    def picture(self, name: str) -> str | None:
        """Return which of its files is the figure of this name as one picture; None of a table."""
        plots = [file for file in self.files if file.endswith(".svg")]
        return plots[0] if plots else f"{name}.png" if f"{name}.png" in self.files else None


def numbers_file(numbers: object, **more: object) -> bytes:
    """Return the numbers of a result, or of what holds such, as a JSON file; `more` stands beside them."""
    value = {**plain(numbers), **more} if more else plain(numbers)
    return (json.dumps(value, ensure_ascii=False, sort_keys=True, indent=1) + "\n").encode()


def flat(estimate: Estimate | None) -> list[float | None]:
    """Return value, both ends of the interval and n, as a CSV file has them."""
    return [estimate.value, *estimate.interval, estimate.n] if estimate else [None, None, None, 0]


def csv_file(header: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """Return a table as a CSV file; nothing stands where there is no number."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(["" if value is None else value for value in row] for row in rows)
    return text.getvalue().encode()
