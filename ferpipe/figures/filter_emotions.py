"""The emotion that activates each filter most, beside the original's Table 1."""

from markupsafe import Markup

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td
from ferpipe.emotions import EMOTIONS
from ferpipe.results.filter_emotions import FilterEmotions
from ferpipe.results.original import Agreement, Original
from ferpipe.text.formats import emotion, number, percent
from ferpipe.text.language import Language


def draw(filter_emotions: FilterEmotions, original: Original, language: Language) -> Figure:
    """Return filters by layers: our winner, its share of the bootstrap samples, the original's winner below."""
    ours, theirs, words = filter_emotions, original.filter_emotions, language.words("filter_emotions")
    rows: list[list[str | Td]] = []
    for index, winners in enumerate(ours.winners):
        cells = [_cell(language, *cell) for cell in zip(winners, ours.share[index], theirs[index], strict=True)]
        rows.append([str(index), *cells])
    same = agreement(ours.winners, theirs)
    foot = words["foot"].format(same=same.same, cells=same.cells, chance=number(same.chance, 1))
    data = [
        [index, layer, EMOTIONS[winner], ours.share[index][column], theirs[index][column]]
        for index, winners in enumerate(ours.winners)
        for column, (layer, winner) in enumerate(zip(ours.layers, winners, strict=True))
    ]
    files = {"filter-emotions.csv": csv_file(["filter", "layer", "emotion", "share", "original"], data)}
    body = table.table([words["filter"], *ours.layers], rows, "winners", foot)
    return Figure(body, "filter_emotions", "filter-emotions.csv", files, wide=True)


def agreement(winners: list[list[int]], original: list[list[str]]) -> Agreement:
    """Return how many cells name the same emotion, of how many, and how many guessing would."""
    pairs = [(EMOTIONS[w], o) for ws, os in zip(winners, original, strict=True) for w, o in zip(ws, os, strict=True)]
    return Agreement(sum(w == o for w, o in pairs), len(pairs), len(pairs) / len(EMOTIONS))


def _cell(language: Language, winner: int, share: float, old: str) -> Td:
    same = EMOTIONS[winner] == old
    words = language.words("filter_emotions")
    mark = Markup(' <span class="tick" role="img" aria-label="{}">✓</span>').format(words["same"]) if same else ""
    name, before = emotion(language, winner), words["old"].format(name=emotion(language, old))
    cell = Markup("<b>{}</b> {}{}<small>{}</small>").format(name, percent(share, 0), mark, before)
    return Td(cell, "winner same" if same else "winner")
