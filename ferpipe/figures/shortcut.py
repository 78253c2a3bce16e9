"""The planted hand: how surely each method marks it, where it decides the answer and where it does not."""

from matplotlib.figure import Figure as Drawing

from ferpipe.drawing import plot
from ferpipe.drawing.figure import Figure, csv_file, flat
from ferpipe.drawing.plot import Words
from ferpipe.figures.scores import rows
from ferpipe.results.shortcut import Shortcut
from ferpipe.text.language import Language

WIDTH, ROW = 704, 28  # CSS pixels
# colour, marker and its sign, rows off the middle
_KINDS = {
    "decisive": (plot.FIRST, "o", "\N{BLACK CIRCLE}", -0.16),
    "other": (plot.SECOND, "s", "\N{BLACK SQUARE}", 0.16),
}


def draw(shortcut: Shortcut, language: Language) -> Figure:
    """Return methods by the area under the ROC curve, or a line that says why there is none."""
    words = language.words("shortcut")
    entries, places = rows(shortcut.methods, shortcut.baselines or {}) if shortcut.n and shortcut.methods else ({}, [])
    data = [
        [name, kind, *flat(estimate)]
        for name, finding in entries.items()
        for kind, estimate in (("decisive", finding.decisive), ("other", finding.other))
    ]
    files = {"shortcut.csv": csv_file(["method", "hand", "auc", "low", "high", "n"], data)}
    if not entries:
        note = words["none" if shortcut.available else "nothing"]
        return Figure(f'<p class="note">{note}</p>', "shortcut", "shortcut.csv", files)
    size, names = (WIDTH, round(96 + ROW * (places[-1] + 1))), {**words, **language.words("scores.methods")}
    body, drawn = plot.drawn("shortcut", language, size, _panel, shortcut, names)
    return Figure(body, "shortcut", "shortcut.csv", files | drawn)


def _panel(figure: Drawing, shortcut: Shortcut, words: Words) -> None:
    axes = figure.subplots()
    plot.margins(figure, left=0.225, right=0.68, below=50, above=34)
    methods = shortcut.methods or {}
    entries, places = rows(methods, shortcut.baselines or {})
    axes.axvline(0.5, color=plot.FAINT, linewidth=0.75, dashes=(3, 2))
    for line, (kind, (colour, marker, sign, off)) in enumerate(_KINDS.items()):
        for place, (name, finding) in zip(places, entries.items(), strict=True):
            if auc := finding.decisive if kind == "decisive" else finding.other:
                fill = colour if name in methods else plot.PAPER
                plot.estimate(axes, place + off, auc.value, auc.interval, colour, fill, marker, 5)
        axes.annotate(f"{sign} {words(kind)}", (1.03, 0.96 - 0.09 * line), xycoords="axes fraction", va="center",
                      color=colour, annotation_clip=False)  # fmt: skip
    plot.rows(axes, places, [words(name) for name in entries], 0.6)
    axes.set_xlabel(words("auc"))
    axes.set_title(words("title"), x=-0.49)
