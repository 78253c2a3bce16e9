"""The data audit as a table: copies, contradicting labels, blank pictures, brightness and contrast of each split."""

from collections.abc import Sequence

from markupsafe import Markup

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td
from ferpipe.results.audit import Audit, Copies, Seen
from ferpipe.text.formats import bracketed, integer, interval, number, percent
from ferpipe.text.language import Language

_SPLITS = ("train", "dev", "test")
_LEVELS = ("brightness", "contrast")


def draw(audit: Audit, language: Language) -> Figure:
    """Return what was found by splits; small below a count, how many of the copies are exact."""
    words = language.words("audit")
    counts = {key: [(_count(audit.near, key, split), _count(audit.exact, key, split)) for split in _SPLITS]
              for key in ("within", *_SPLITS, "conflicts")}  # fmt: skip
    rows: list[list[str | Td]] = [
        [words["n"], *(_whole(of.n if (of := audit.splits[split]) else None) for split in _SPLITS)],
        *(_row(words[key], [_copies(*pair, words["exact"]) for pair in pairs]) for key, pairs in counts.items()),
        [words["blank"], *(_whole(of.blank if (of := audit.splits[split]) else None) for split in _SPLITS)],
        *(_row(words[key], [_levels(audit, split, key, language) for split in _SPLITS]) for key in _LEVELS),
    ]
    if wrong := audit.wrong_labels:
        rows.append([words["wrong_labels"], *(_share(wrong.get(split)) for split in _SPLITS)])
    data = [[key, split, *pair] for key, pairs in counts.items() for split, pair in zip(_SPLITS, pairs, strict=True)]
    files = {"audit.csv": csv_file(["copies", "split", "near", "exact"], data)}
    body = table.table(language.row("audit.head"), rows, "audit", _foot(audit.seen, language))
    return Figure(body, "audit", "audit.csv", files)


def _row(head: str, cells: Sequence[Td]) -> list[str | Td]:
    return [head, *cells]


def _count(copies: Copies, key: str, split: str) -> int | None:
    """Return how many faces of a split have a copy in itself, in the split `key`, or of another label."""
    if key == "conflicts":
        return {"train": copies.conflicts.train, "dev": copies.conflicts.dev, "test": copies.conflicts.test}[split]
    if key == "within":
        return repeated.faces if (repeated := copies.within[split]) else None
    shared = copies.across.get("_".join(sorted((key, split), key=_SPLITS.index)))
    return shared[split] if shared else None


def _copies(near: int | None, exact: int | None, words: str) -> Td:
    if near is None or exact is None:
        return Td("–", "number")
    small = Markup("<small>{}</small>").format(words.format(n=integer(exact))) if near else ""
    return Td(Markup("{}{}").format(integer(near), small), "number")


def _whole(count: int | None) -> Td:
    return Td("–" if count is None else integer(count), "number")


def _levels(audit: Audit, split: str, key: str, language: Language) -> Td:
    of = audit.splits[split]
    if of is None:
        return Td("–", "number")
    quality = {"brightness": of.brightness, "contrast": of.contrast}[key]
    levels = dict(zip(audit.quantiles, quality.quantiles, strict=True))
    half = interval(language, (levels[0.25], levels[0.75]), "number", 0)
    return Td(number(levels[0.5], 0) + bracketed(language, half), "number")


def _share(value: float | None) -> Td:
    return Td("–" if value is None else percent(value), "number")


def _foot(seen: Seen, language: Language) -> str:
    """Return what the copies in train are worth, or nothing where there are none."""
    if not (seen.accuracy and seen.rest):
        return ""
    shares = {name: percent(share.value) + bracketed(language, interval(language, share.interval))
              for name, share in (("seen", seen.accuracy), ("rest", seen.rest))}  # fmt: skip
    return language.words("audit")["foot"].format(**shares)
