"""A finding as a small drawing in the text: a dot a network, a ring for untrained ones, a line for the threshold."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape

from ferpipe.text.formats import written
from ferpipe.text.language import Language

WIDTH, HEIGHT = 320, 62  # of the drawing's own units, CSS pixels where there is room
LEFT, LINE = 10, 34  # where its axis begins, and how far down it lies
LETTER = 7  # of a label's width, about: two labels that would touch are one


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
    known = [*values, threshold, *([] if control is None else [control])]
    low, high = min(known), max(known)
    reach = WIDTH - 2 * LEFT

    def x(value: float) -> str:
        return f"{LEFT + reach * (value - low) / (high - low) if high > low else WIDTH / 2:.1f}"

    mean = sum(values) / len(values)
    told = words["told"].format(
        values=language.words("formats")["join"].join(written(language, value, unit) for value in values),
        threshold=written(language, threshold, unit),
    )
    if control is not None:
        told += words["control"].format(control=written(language, control, unit))
    marks = [
        f'<text class="what" x="{LEFT}" y="12">{escape(words[what])}</text>',
        f'<line class="axis" x1="{LEFT}" x2="{WIDTH - LEFT}" y1="{LINE}" y2="{LINE}"/>',
        f'<line class="bar" x1="{x(threshold)}" x2="{x(threshold)}" y1="{LINE - 10}" y2="{LINE + 10}"/>',
        *([f'<circle class="untrained" cx="{x(control)}" cy="{LINE}" r="5"/>'] if control is not None else []),
        *(f'<circle class="network" cx="{x(value)}" cy="{LINE}" r="5"/>' for value in values),
        *_labels([(x(threshold), written(language, threshold, unit)), (x(mean), written(language, mean, unit))]),
    ]
    return Markup('<svg class="spark" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>').format(
        WIDTH, HEIGHT, f"{words[what]}{language.words('page')['colon']}{told}", Markup("".join(marks))
    )


def _labels(places: Sequence[tuple[str, str]]) -> list[str]:
    """Return the threshold's and the mean's numbers below the axis; the mean's alone where they would touch."""
    (bar, threshold), (mean, value) = places
    if abs(float(bar) - float(mean)) < LETTER * (len(threshold) + len(value)) / 2 + LETTER:
        places = places[1:]
    return [
        f'<text class="{"mean" if text is value else "threshold"}" x="{place}" y="{HEIGHT - 4}" '
        f'text-anchor="{_anchor(float(place))}">{escape(text)}</text>'
        for place, text in places
    ]


def _anchor(place: float) -> str:
    """Return on which side of its place a label stands, so that it does not leave the drawing."""
    return "start" if place < 50 else "end" if place > WIDTH - 50 else "middle"
