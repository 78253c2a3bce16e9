"""The data audit as a table: copies, contradicting labels, blank pictures, brightness and contrast of each split."""

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td, number_cell
from ferpipe.drawing.words import share
from ferpipe.results.audit import Audit, Copies, Levels, Seen
from ferpipe.results.common import SplitName
from ferpipe.text.formats import NONE, bracketed, integer, interval, number, percent
from ferpipe.text.language import Language

_SPLITS: tuple[SplitName, ...] = ("train", "dev", "test")


def draw(audit: Audit, language: Language) -> Figure:
    """Return what was found by splits; small below a count, how many of the copies are exact."""
    words, splits = language.words("audit"), [audit.splits[split] for split in _SPLITS]
    counts = {key: [(_count(audit.near, key, split), _count(audit.exact, key, split)) for split in _SPLITS]
              for key in ("within", *_SPLITS, "conflicts")}  # fmt: skip
    exact = words["exact"]
    rows: list[list[str | Td]] = [[words["n"], *(number_cell(integer(split.n if split else None)) for split in splits)]]
    rows += [[words[key], *(_copies(*pair, exact) for pair in pairs)] for key, pairs in counts.items()]
    rows += [
        [words["blank"], *(number_cell(integer(split.blank if split else None)) for split in splits)],
        [words["brightness"], *(_levels(audit, split.brightness if split else None, language) for split in splits)],
        [words["contrast"], *(_levels(audit, split.contrast if split else None, language) for split in splits)],
    ]
    if wrong := audit.wrong_labels:
        rows.append([words["wrong_labels"], *(number_cell(percent(wrong.get(split))) for split in _SPLITS)])
    data = [[key, split, *pair] for key, pairs in counts.items() for split, pair in zip(_SPLITS, pairs, strict=True)]
    files = {"audit.csv": csv_file(["copies", "split", "near", "exact"], data)}
    body = table.table(language.row("audit.head"), rows, "audit", _foot(audit.seen, language))
    return Figure(body, "audit", "audit.csv", files)


def _count(copies: Copies, key: str, split: SplitName) -> int | None:
    """Return how many faces of a split have a copy in itself, in the split `key`, or of another label."""
    if key == "conflicts":
        return {"train": copies.conflicts.train, "dev": copies.conflicts.dev, "test": copies.conflicts.test}[split]
    if key == "within":
        return repeated.faces if (repeated := copies.within[split]) else None
    shared = next((common for pair, common in copies.across.items() if {key, split} == set(pair.split("_"))), None)
    return shared[split] if shared else None


def _copies(near: int | None, exact: int | None, words: str) -> Td:
    if near is None or exact is None:
        return number_cell(NONE)
    return number_cell(integer(near), words.format(n=integer(exact)) if near else "")


def _levels(audit: Audit, quality: Levels | None, language: Language) -> Td:
    if quality is None:
        return number_cell(NONE)
    levels = dict(zip(audit.quantiles, quality.quantiles, strict=True))
    half = interval(language, (levels[0.25], levels[0.75]), "number", 0)
    return number_cell(number(levels[0.5], 0) + bracketed(language, half))


def _foot(seen: Seen, language: Language) -> str:
    """Return what the copies in train are worth, or nothing where there are none."""
    if not (seen.accuracy and seen.rest):
        return ""
    shares = [share(language, accuracy.value, accuracy.interval) for accuracy in (seen.accuracy, seen.rest)]
    return language.words("audit")["foot"].format(seen=shares[0], rest=shares[1])
