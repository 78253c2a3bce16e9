"""Our accuracies beside the original's where it looked at faces too."""

from collections.abc import Sequence

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td, number_cell
from ferpipe.drawing.words import share
from ferpipe.results.ensemble import Ensemble
from ferpipe.results.original import Original
from ferpipe.results.settings import Settings
from ferpipe.text.formats import NONE, percent
from ferpipe.text.language import Language

_KEYS = ("train", "dev", "test")
_DEV = 1
_Entry = tuple[float | None, Sequence[float] | None]  # accuracy and its interval


def draw(settings: Settings, ensemble: Ensemble, original: Original, language: Language) -> Figure:
    """Return models by splits; the best of ours on dev is marked."""
    entries = _entries(settings, ensemble, original)
    if language.shows != "face":
        entries = {name: splits for name, splits in entries.items() if name not in ("original", "kaggle")}
    best = max(entries[name][_DEV][0] or 0.0 for name in ("analysis", "vote", "mean"))
    words = language.words("accuracies")
    rows: list[list[str | Td]] = [
        [words[name], *(_cell(split, language, k == _DEV and split[0] == best) for k, split in enumerate(splits))]
        for name, splits in entries.items()
    ]
    data = csv_file(["model", *_KEYS], [[name, *(split[0] for split in splits)] for name, splits in entries.items()])
    body = table.table(language.row("accuracies.head"), rows, "accuracies")
    return Figure(body, "settings", "accuracies.csv", {"accuracies.csv": data})


def _entries(settings: Settings, ensemble: Ensemble, original: Original) -> dict[str, list[_Entry]]:
    """Return each model's accuracies on train, dev and test."""
    ours, vote, mean, test = settings.analysis_model, ensemble.vote, ensemble.mean, ensemble.test
    nothing: _Entry = (None, None)
    on_dev, on_test = (ours.dev_accuracy, ours.dev_interval), (ours.test_accuracy, ours.test_interval)
    return {
        "original": [(original.train_accuracy, None), (original.dev_accuracy, None), nothing],
        "kaggle": [nothing, nothing, (original.leaderboard_accuracy, None)],
        "analysis": [(ours.train_accuracy, None), on_dev, on_test],
        "vote": [nothing, (vote.accuracy, vote.interval), nothing],
        "mean": [nothing, (mean.accuracy, mean.interval), (test.accuracy, test.interval) if test else nothing],
    }


def _cell(entry: _Entry, language: Language, best: bool) -> Td:
    accuracy, bounds = entry
    if accuracy is None:
        return number_cell(NONE)
    text = share(language, accuracy, bounds) if bounds else percent(accuracy)
    return Td(f"{text} \N{BLACK STAR}" if best else text, "number best" if best else "number")
