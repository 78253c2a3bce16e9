"""Classes by their names: what a number means in each data set, and how people spell the emotions.

    orders/<data set>.txt   a line a class, its number and its name, below the source of both
    orders/spellings.txt    a line an emotion: the name that is used here, then others

A user's own file has the form of the former: `--classes FILE`.
"""

import re
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path

from ferpipe.data.sources import reason, shown, some
from ferpipe.errors import Slip

ORDERS = Path(__file__).parent / "orders"
FEWEST, MOST = 2, 20  # classes of a data set
LENGTH = 40  # characters of a name
_LINE = re.compile(r"(\d{1,3})(?:\s*[:=,\t]\s*|\s+)(\S.*)")
_NUMBERED = re.compile(r"^\d{1,3}[\s_.-]+")  # 0_anger
_UNFIT = re.compile(r"[<>&\"'`{}|\\]|[^\S ]")  # what is markup on a page, or in a text


def names() -> list[str]:
    """Return the data sets whose numbers are known."""
    return sorted(path.stem for path in ORDERS.glob("*.txt") if path.stem != "spellings")


def order(asked: str) -> dict[int, str]:
    """Return the class of each number, in their order: of a data set, or as a file has it; raises Slip for others."""
    path = ORDERS / f"{asked}.txt" if asked in names() else Path(asked)
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, ValueError) as error:
        known = f"wanted {', '.join(names())}, or a file with a line a class such as '0 happy'"
        raise Slip(f"--classes {shown(asked)}: {reason(error)}; {known}") from None
    classes: dict[int, str] = {}
    for number, line in enumerate(lines, 1):
        line = re.sub(r"(^|\s)#.*", "", line)
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if not match or int(match[1]) in classes:
            raise Slip(
                f"{shown(path)}, line {number}: '{shown(line.strip(), 40)}'; wanted a number, once, and the name of "
                "its class, such as '0 happy'"
            )
        classes[int(match[1])] = fit(match[2], str(path))
    by_name = called(classes.values())
    classes = {number: by_name[name] for number, name in sorted(classes.items())}
    if len(set(classes.values())) < len(classes) or not FEWEST <= len(classes) <= MOST:
        told = f"{len(classes)} lines" + f" ({some(classes.values(), MOST)})" * bool(classes)
        raise Slip(f"{shown(path)} has {told}; wanted {FEWEST} to {MOST} classes, a line each, each once")
    return classes


@cache
def spellings() -> dict[str, str]:
    """Return the name that is used here for each spelling of an emotion, in lower case."""
    lines = (ORDERS / "spellings.txt").read_text(encoding="utf-8").splitlines()
    words = [line.split() for line in lines if line and not line.startswith("#")]
    return {spelling: first for first, *others in words for spelling in (first, *others)}


def fit(name: str, where: str) -> str:
    """Return a class's name without needless spaces; raises Slip where it is none that a page can print."""
    name = " ".join(filter(None, unicodedata.normalize("NFC", name).split(" ")))
    if _UNFIT.search(name) or not name.isprintable() or not 0 < len(name) <= LENGTH:
        raise Slip(
            f"{shown(where)}: '{shown(name, 60)}' is no name for a class; wanted up to {LENGTH} letters, digits, "
            "spaces and - _ . ( ): rename it"
        )
    return name


def called(written: Iterable[str]) -> dict[str, str]:
    """Return the class of each written name: the same for any case and, where most are emotions, for any spelling."""
    first = {name.casefold(): name for name in sorted(set(written), reverse=True)}
    known = {key: spellings().get(_NUMBERED.sub("", key)) for key in first}
    if 2 * len(set(filter(None, known.values()))) >= len(first) >= FEWEST:
        first = {key: known[key] or name for key, name in first.items()}
    return {name: first[name.casefold()] for name in set(written)}


def ordered(classes: Iterable[str]) -> tuple[str, ...]:
    """Return classes in their order: emotions as `spellings` has them, which begins with FER2013's; others by name."""
    known = list(dict.fromkeys(spellings().values()))
    places = {name: (known.index(name) if name in known else len(known), name.casefold()) for name in classes}
    return tuple(sorted(places, key=lambda name: places[name]))


def shows(classes: Sequence[str]) -> str:
    """Return what the pictures of these classes are called: a "face" if most are emotions, else a "picture"."""
    return "face" if 2 * len(set(classes) & set(spellings().values())) >= len(classes) else "picture"
