"""How numbers are written: the filters of the text, shared by both languages, the tables and the figures.

percent   0.6803 -> 68.0%         both languages; what is not nothing never reads 0.0%, nor what is not all 100.0%
points    0.012 -> +1.2 points    a difference of shares, in percentage points
fall      0.012 -> 1.2 points     the same, where the words say in which direction
change    -0.012 -> falls by 1.2 points and 下降 1.2 个百分点; what reads as zero changes by 0.0
interval  [0.665, 0.696] -> 66.5–69.6% and 66.5% 至 69.6%; an end that is not its bar does not read as it
beside    a value held against an interval, with as many decimals as keep it apart from either end
number    0.1234 -> 0.123         with the asked digits
integer   28709 -> 28,709
class_name  3 or "happy" -> happy and 高兴; a class that the language has no word for keeps its name
method    "rise" -> RISE; "occlusion" -> occlusion and 遮挡
listing   ["a", "b", "c"] -> a, b and c and a、b 和 c
ranking   [{value: ...} or null, ...] -> the classes' names, best first; absent ones are left out
shared    ["happy", "sad"] and ["sad"] -> how many the two have in common
middle    [3, 1, 2] -> the median; what is null is left out
above_chance  the shortcut's methods -> the names of those that mark the hand that decides better than chance
passing   the score card's methods -> the names of those that beat every baseline in every network, and clearly
estimated a statistic over networks -> its mean over them, with interval and n; a finding is judged by its claim
"""

from collections.abc import Callable, Iterable, Mapping
from functools import partial
from statistics import fmean, median
from typing import Any

from ferpipe.errors import Slip
from ferpipe.results.common import Across, Estimate
from ferpipe.results.stored import built
from ferpipe.statistics import verdicts
from ferpipe.text.language import Language

MINUS = "\N{MINUS SIGN}"
NONE = "\N{EN DASH}"  # for a number that a run has none of
DUST = 1e-9  # that a sum of shares may exceed one by
WIDE = "\N{NO-BREAK SPACE}"


def number(value: float | None, digits: int = 2) -> str:
    """Return a number with `digits` decimals; one that would read as zero becomes '<0.01' or '>−0.01'."""
    if value is None:
        return NONE
    least = 10.0**-digits
    if 0 < abs(value) < least / 2:
        return f"<{least:.{digits}f}" if value > 0 else f">{MINUS}{least:.{digits}f}"
    text = f"{abs(value):,.{digits}f}"
    return f"{MINUS}{text}" if value < 0 else text


def integer(value: float | None) -> str:
    """Return a whole number in groups of three digits; refuses a fraction."""
    if value is None:
        return NONE
    if value != int(value):
        raise ValueError(f"{value} is no whole number; | number(digits) writes a fraction")
    return f"{MINUS if value < 0 else ''}{abs(int(value)):,}"


def percent(value: float | None, digits: int = 1) -> str:
    """Return a share in [0, 1] as a percentage; refuses what is no share."""
    if value is None:
        return NONE
    if not -DUST <= value <= 1 + DUST:
        raise ValueError(f"{value} is no share in [0, 1]; a difference of shares is written with | points")
    least = 10.0**-digits
    hundredths = 100 * min(max(value, 0.0), 1.0)
    if 0 < hundredths < least / 2:
        return f"<{least:.{digits}f}%"
    if 100 - least / 2 <= hundredths < 100:
        return f">{100 - least:.{digits}f}%"
    return f"{hundredths:.{digits}f}%"


def p_value(value: float) -> str:
    """Return a test's p with three decimals."""
    return "<0.001" if value < 0.0005 else number(value, 3)


def signed(value: float, digits: int = 1) -> str:
    """Return a number with its sign, none for what reads as zero."""
    text = f"{abs(value):.{digits}f}"
    return text if not float(text) else f"{MINUS if value < 0 else '+'}{text}"


def points(language: Language, value: float | None, digits: int = 1) -> str:
    """Return a difference of shares in percentage points, with its sign and unit."""
    unit = language.words("formats")["points"]
    return NONE if value is None else f"{signed(100 * value, digits)}{WIDE}{unit}"


def fall(language: Language, value: float | None, digits: int = 1) -> str:
    """Return a fall or rise of shares in percentage points with its unit and without a sign."""
    return NONE if value is None else points(language, abs(value), digits).removeprefix("+")


def change(language: Language, value: float | None, unit: str = "points") -> str:
    """Return by how much something rises or falls, as a verb: of shares in percentage points, else a plain number."""
    if value is None:
        return NONE
    size = fall(language, value) if unit == "points" else number(abs(value))
    reads_zero = not float(f"{abs(value):.{3 if unit == 'points' else 2}f}")
    return language.words("formats")["changes" if reads_zero else "rises" if value > 0 else "falls"].format(size=size)


def written(language: Language, value: float, unit: str) -> str:
    """Return a value in its unit: percent, points or number."""
    if unit == "points":
        return points(language, value)
    return percent(value) if unit == "percent" else number(value)


def interval(
    language: Language,
    bounds: Iterable[float] | None,
    unit: str = "percent",
    digits: int | None = None,
    bar: float | None = None,
) -> str:
    """Return an interval [low, high] of shares ('percent'), of their differences ('points') or of plain numbers.

    With one decimal, plain numbers with two, unless `digits` says otherwise. An end is written with up to two more
    where it would else read the same as the `bar` that it is held against: of differences that is zero. An interval of
    shares ends at 0 and 1, beyond which that of a mean over few networks reaches.
    """
    if bounds is None:
        return NONE
    low, high = bounds
    if unit == "percent" and low <= 1 and high >= 0:
        low, high = max(low, 0.0), min(high, 1.0)
    if bar is None and unit == "points":
        bar = 0.0
    return _between(language, low, high, unit, _decimals((low, high), unit, bar, digits))


def beside(language: Language, bar: float, bounds: Iterable[float], unit: str) -> str:
    """Return a bar, or another value, in its unit, with as many decimals as the interval that is held against it."""
    digits = _decimals(bounds, unit, bar)
    if unit == "points":
        return points(language, bar, digits)
    return percent(bar, digits) if unit == "percent" else number(bar, digits)


def _decimals(bounds: Iterable[float], unit: str, bar: float | None, digits: int | None = None) -> int:
    """Return with how many decimals no end of an interval reads the same as its bar: two more at most."""
    if digits is None:
        digits = 2 if unit == "number" else 1
    ends = [end for end in bounds if bar is not None and abs(end - bar) > DUST]
    return digits + next((k for k in range(2) if bar is None or not _alike(ends, bar, unit, digits + k)), 2)


def _alike(ends: Iterable[float], bar: float, unit: str, digits: int) -> bool:
    """Return whether an end reads the same as a bar."""
    scale = 1 if unit == "number" else 100
    return any(round(scale * end, digits) == round(scale * bar, digits) for end in ends)


def _between(language: Language, low: float, high: float, unit: str, digits: int) -> str:
    words = language.words("formats")
    if unit == "percent":
        texts = percent(low, digits), percent(high, digits)
        return words["range"].format(low=texts[0].removesuffix("%"), high=texts[1].removesuffix("%"))
    if unit == "points":
        return f"{signed(100 * low, digits)}{words['to']}{points(language, high, digits)}"
    if unit == "number":
        return f"{number(low, digits)}{words['to']}{number(high, digits)}"
    raise ValueError(f"unknown unit '{unit}'; wanted percent, points or number")


def bracketed(language: Language, text: str) -> str:
    """Return a text in brackets, to be set behind a word or number."""
    return language.words("formats")["bracketed"].format(text=text)


def class_name(language: Language, value: int | str) -> str:
    """Return a class's name in the page's language from its label or its name in the data set."""
    name = language.classes[value] if isinstance(value, int) else value
    return language.words("classes").get(name, name)


def method(language: Language, name: str) -> str:
    """Return the name of a method of explanation, or of a baseline, in the page's language."""
    return language.words("method_names")[name]


def class_names(language: Language) -> list[str]:
    """Return the names of all classes in the page's language, in the order of their labels."""
    return [class_name(language, name) for name in language.classes]


def listing(language: Language, names: Iterable[object]) -> str:
    """Return names joined as a sentence has them."""
    *first, last = [str(name) for name in names] or [""]
    if not first:
        return last
    words = language.words("formats")
    return f"{words['join'].join(first)}{words['last']}{last}"


def ranking(language: Language, values: Iterable[Mapping[str, float] | None]) -> list[str]:
    """Return the classes' names in the data set by falling value; equal ones keep the order of their labels."""
    estimates = zip(language.classes, _estimates(values), strict=True)
    known = [(name, share.value) for name, share in estimates if share is not None]
    return [name for name, _ in sorted(known, key=lambda pair: -pair[1])]


def _estimates(values: Iterable[Mapping[str, float] | None]) -> list[Estimate | None]:
    try:
        return [None if value is None else built(Estimate, value, "a share") for value in values]
    except Slip as error:  # the text's own error, which is told with its line
        raise ValueError(str(error)) from None


def shared(names: Iterable[str], others: Iterable[str]) -> int:
    """Return how many names two lists have in common."""
    return len(set(names) & set(others))


def middle(values: Iterable[float | None]) -> float:
    """Return the median of what is not null; refuses an empty list."""
    return median(value for value in values if value is not None)


def mean(values: Iterable[float]) -> float:
    """Return the mean of a statistic's values over networks; refuses an empty list."""
    return fmean(values)


def passing(methods: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return which methods lie above the best baseline in every network, by a mean margin that is clear of zero."""
    return [
        name
        for name, score in methods.items()
        if score["margin"] and score["margin"]["interval"][0] > 0 and min(score["lead"]["values"]) > 0
    ]


def above_chance(methods: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return which methods mark the hand that decides better than chance, by their whole interval."""
    return [name for name, score in methods.items() if score["decisive"] and score["decisive"]["interval"][0] > 1 / 2]


def estimated(statistic: Mapping[str, object]) -> Estimate:
    """Return the mean of a statistic over networks with its interval and n."""
    try:
        return verdicts.estimated(built(Across, statistic, "a statistic over networks"))
    except Slip as error:
        raise ValueError(str(error)) from None


def filters(language: Language) -> Mapping[str, Callable[..., object]]:
    """Return the filters of the text in one language, by name."""
    silent: list[Callable[..., object]] = [
        number,
        integer,
        percent,
        shared,
        middle,
        mean,
        passing,
        above_chance,
        estimated,
    ]
    spoken: list[Callable[..., object]] = [points, fall, change, interval, beside, class_name, method, listing, ranking]
    return {f.__name__: f for f in silent} | {f.__name__: partial(f, language) for f in spoken}
