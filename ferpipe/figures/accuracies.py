"""Our accuracies beside the original's."""

from collections.abc import Sequence

from ferpipe.drawing import table
from ferpipe.drawing.figure import Figure, csv_file
from ferpipe.drawing.table import Td
from ferpipe.drawing.words import share
from ferpipe.results.ensemble import Ensemble
from ferpipe.results.original import Original
from ferpipe.results.settings import Settings
from ferpipe.text.formats import percent
from ferpipe.text.language import Language

_KEYS = ("train", "dev", "test")
_Entry = tuple[float | None, Sequence[float] | None]  # accuracy and its interval


def draw(settings: Settings, ensemble: Ensemble, original: Original, language: Language) -> Figure:
    """Return models by splits; the best of ours on dev is marked."""
    entries = _entries(settings, ensemble, original)
    best = max(entries[name]["dev"][0] or 0.0 for name in ("analysis", "vote", "mean"))
    rows: list[list[str | Td]] = [
        [
            language.words("accuracies")[name],
            *(_cell(of[key], language, key == "dev" and of[key][0] == best) for key in _KEYS),
        ]
        for name, of in entries.items()
    ]
    data = csv_file(["model", *_KEYS], [[name, *(of[key][0] for key in _KEYS)] for name, of in entries.items()])
    body = table.table(language.row("accuracies.head"), rows, "accuracies")
    return Figure(body, "settings", "accuracies.csv", {"accuracies.csv": data})


def _entries(settings: Settings, ensemble: Ensemble, original: Original) -> dict[str, dict[str, _Entry]]:
    """Return each model's accuracies by split."""
    ours, vote, mean, test = settings.analysis_model, ensemble.vote, ensemble.mean, ensemble.test
    nothing: _Entry = (None, None)
    return {
        "original": {"train": (original.train_accuracy, None), "dev": (original.dev_accuracy, None), "test": nothing},
        "kaggle": {"train": nothing, "dev": nothing, "test": (original.leaderboard_accuracy, None)},
        "analysis": {
            "train": (ours.train_accuracy, None),
            "dev": (ours.dev_accuracy, ours.dev_interval),
            "test": (ours.test_accuracy, ours.test_interval),
        },
        "vote": {"train": nothing, "dev": (vote.accuracy, vote.interval), "test": nothing},
        "mean": {
            "train": nothing,
            "dev": (mean.accuracy, mean.interval),
            "test": (test.accuracy, test.interval) if test else nothing,
        },
    }


def _cell(entry: _Entry, language: Language, best: bool) -> Td:
    accuracy, bounds = entry
    if accuracy is None:
        return Td("–", "number")
    text = share(language, accuracy, bounds) if bounds else percent(accuracy)
    return Td(f"{text} \N{BLACK STAR}" if best else text, "number best" if best else "number")
