"""The class that activates each filter most, beside the original's Table 1."""

from collections.abc import Sequence

from markupsafe import Markup

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td
from ferpipe.results.filter_emotions import FilterEmotions
from ferpipe.results.original import Agreement, Original
from ferpipe.text.formats import class_name, number, percent
from ferpipe.text.language import Language


def draw(filter_emotions: FilterEmotions, original: Original, language: Language) -> Figure:
    """Return filters by layers: our winner, its share of the bootstrap samples, the original's winner below."""
    ours, words, compared = filter_emotions, language.words("filter_emotions"), comparable(language.classes, original)
    theirs = original.filter_emotions if compared else [[""] * len(ours.layers) for _ in ours.winners]
    rows: list[list[str | Td]] = []
    for index, winners in enumerate(ours.winners):
        cells = [_cell(language, *cell) for cell in zip(winners, ours.share[index], theirs[index], strict=True)]
        rows.append([str(index), *cells])
    foot = ""
    if compared:
        same = agreement(ours.winners, theirs, language.classes)
        foot = words["foot"].format(same=same.same, cells=same.cells, chance=number(same.chance, 1))
    data = [
        [index, layer, language.classes[winner], ours.share[index][column], theirs[index][column] or None]
        for index, winners in enumerate(ours.winners)
        for column, (layer, winner) in enumerate(zip(ours.layers, winners, strict=True))
    ]
    files = {
        "filter-emotions.csv": csv_file(
            ["filter", "layer", "emotion" if compared else "class", "share", "original"], data
        )
    }
    body = table.table([words["filter"], *ours.layers], rows, "winners", foot)
    return Figure(body, "filter_emotions", "filter-emotions.csv", files, wide=True)


def comparable(classes: Sequence[str], original: Original) -> bool:
    """Return whether filters that answer to these classes can be compared with the original's: it had the same."""
    return set(classes) == set(original.classes)


def agreement(winners: list[list[int]], original: list[list[str]], classes: Sequence[str]) -> Agreement:
    """Return how many cells name the same class, of how many, and how many guessing would."""
    pairs = [(classes[w], o) for ws, os in zip(winners, original, strict=True) for w, o in zip(ws, os, strict=True)]
    return Agreement(sum(w == o for w, o in pairs), len(pairs), len(pairs) / len(classes))


def _cell(language: Language, winner: int, share: float, old: str) -> Td:
    same = language.classes[winner] == old
    words = language.words("filter_emotions")
    mark = Markup(' <span class="tick" role="img" aria-label="{}">✓</span>').format(words["same"]) if same else ""
    before = Markup("<small>{}</small>").format(words["old"].format(name=class_name(language, old))) if old else ""
    cell = Markup("<b>{}</b> {}{}{}").format(class_name(language, winner), percent(share, 0), mark, before)
    return Td(cell, "winner same" if same else "winner")
