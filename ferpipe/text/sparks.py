"""A finding as a small drawing in the text: a dot a network, a ring for untrained ones, a line for the threshold.

Of a claim about enough networks a band too, its interval: that of fewer says nothing of others.
"""

from collections.abc import Mapping
from typing import Any
from unicodedata import east_asian_width

from markupsafe import Markup, escape

from ferpipe.statistics.verdicts import FEWEST
from ferpipe.text.formats import interval, written
from ferpipe.text.language import Language

WIDTH, HEIGHT = 320, 62  # of the drawing's own units, CSS pixels where there is room
LEFT, LINE = 10, 34  # where its axis begins, and how far down it lies
LETTER, HAN = 7, 12  # a letter's width, about, and a Chinese character's
GAP = 3  # from its place, where two labels stand on either side


def spark(language: Language, numbers: Mapping[str, Any], what: str, unit: str = "number") -> Markup:
    """Return networks on an axis as SVG, described in words, of a claim or of a statistic over networks, held to zero.

    `what` is the name of the words that say what is on the axis. Nothing where there is no number.
    """
    values, control = numbers["values"], numbers["control"]
    threshold = numbers.get("bar", numbers.get("threshold", 0.0))
    if isinstance(control, list):
        control = sum(control) / len(control) if control else None
    if not values or threshold is None:
        return Markup("")
    words = language.words("spark")
    band = numbers.get("interval") if len(values) >= FEWEST else None
    known = [*values, *(band or []), threshold, *([] if control is None else [control])]
    low, high = min(known), max(known)
    reach = WIDTH - 2 * LEFT

    def place(value: float) -> float:
        return LEFT + reach * (value - low) / (high - low) if high > low else WIDTH / 2

    def x(value: float) -> str:
        return f"{place(value):.1f}"

    mean = sum(values) / len(values)
    told = words["told"].format(
        values=language.words("formats")["join"].join(written(language, value, unit) for value in values),
        threshold=written(language, threshold, unit),
    )
    if band:
        told += words["band"].format(interval=interval(language, band, unit, bar=threshold))
    if control is not None:
        told += words["control"].format(control=written(language, control, unit))
    marks = [
        f'<text class="what" x="{LEFT}" y="12">{escape(words[what])}</text>',
        f'<line class="axis" x1="{LEFT}" x2="{WIDTH - LEFT}" y1="{LINE}" y2="{LINE}"/>',
        *([f'<line class="band" x1="{x(band[0])}" x2="{x(band[1])}" y1="{LINE}" y2="{LINE}"/>'] if band else []),
        f'<line class="bar" x1="{x(threshold)}" x2="{x(threshold)}" y1="{LINE - 10}" y2="{LINE + 10}"/>',
        *([f'<circle class="untrained" cx="{x(control)}" cy="{LINE}" r="5"/>'] if control is not None else []),
        *(f'<circle class="network" cx="{x(value)}" cy="{LINE}" r="5"/>' for value in values),
        *_labels((place(threshold), written(language, threshold, unit)), (place(mean), written(language, mean, unit))),
    ]
    return Markup('<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, f"{words[what]}{language.words('page')['colon']}{told}", Markup("".join(marks))
    )


def _labels(bar: tuple[float, str], mean: tuple[float, str]) -> list[str]:
    """Return the threshold's and the mean's numbers below the axis; where they would touch, each on its own side.

    Both are moved as far as the drawing's end asks.
    """
    labels = [("threshold", *bar, _anchor(bar[0])), ("mean", *mean, _anchor(mean[0]))]
    if abs(bar[0] - mean[0]) < (_width(bar[1]) + _width(mean[1])) / 2 + LETTER:
        (left, before), (right, after) = sorted([(bar, "threshold"), (mean, "mean")], key=lambda label: label[0][0])
        move = max(0.0, _width(left[1]) + GAP - left[0])
        move -= max(0.0, right[0] + GAP + _width(right[1]) - WIDTH)
        labels = [(before, left[0] - GAP + move, left[1], "end"), (after, right[0] + GAP + move, right[1], "start")]
    return [
        f'<text class="{kind}" x="{x:.1f}" y="{HEIGHT - 4}" text-anchor="{anchor}">{escape(text)}</text>'
        for kind, x, text, anchor in labels
    ]


def _width(text: str) -> int:
    return sum(HAN if east_asian_width(letter) in "WF" else LETTER for letter in text)


def _anchor(place: float) -> str:
    """Return on which side of its place a label stands, so that it does not leave the drawing."""
    return "start" if place < 50 else "end" if place > WIDTH - 50 else "middle"
