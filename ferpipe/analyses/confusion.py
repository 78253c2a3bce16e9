"""The confusion matrix: which emotion is taken for which, and every figure that is read off it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ferpipe.analyses.faces import predictions
from ferpipe.analyses.intervals import proportion, wilson
from ferpipe.analyses.study import Study
from ferpipe.emotions import EMOTIONS
from ferpipe.results import Result

PAIRS = 5  # most confused pairs that are named


def analyse(study: Study) -> Result:
    """Return the analysis model's counts on dev, (7, 7) true by predicted, and their summaries."""
    answers = predictions(study)
    counts = table(study.labels, answers)
    recall, precision, f1 = by_class(counts)
    numbers = {
        "n": len(answers),
        "counts": counts.tolist(),
        "accuracy": proportion(answers == study.labels),
        "balanced_accuracy": float(np.mean([one["value"] for one in recall if one])),  # over the classes there are
        "macro_f1": float(np.mean([value for one, value in zip(recall, f1, strict=True) if one and value is not None])),
        "kappa": kappa(counts),
        "recall": recall,
        "precision": precision,
        "f1": f1,
        "confused": confused(counts),
    }
    return Result(numbers)


def table(labels: np.ndarray, answers: np.ndarray) -> np.ndarray:
    """Return counts (7, 7) int64, true classes in rows, predicted ones in columns."""
    k = len(EMOTIONS)
    return np.bincount(labels * k + answers, minlength=k * k).reshape(k, k)


def by_class(
    counts: np.ndarray,
) -> tuple[list[dict[str, Any] | None], list[float | None], list[float | None]]:
    """Return recall with Wilson intervals, precision and F1 of each class; None where nothing defines them.

    F1 of a class that exists but was never answered rightly is 0; of one that neither exists nor was answered, None.
    """
    recall: list[dict[str, Any] | None] = []
    precision: list[float | None] = []
    f1: list[float | None] = []
    for right, true, answered in zip(np.diag(counts).tolist(), counts.sum(1).tolist(), counts.sum(0).tolist(),
                                     strict=True):  # fmt: skip
        recall.append({"value": right / true, "interval": wilson(right, true), "n": true} if true else None)
        precision.append(right / answered if answered else None)
        f1.append(2 * right / (true + answered) if true + answered else None)
    return recall, precision, f1


def kappa(counts: np.ndarray) -> float | None:
    """Return the agreement beyond chance (Cohen 1960), at most 1; None when chance alone agrees on everything."""
    share = counts / counts.sum()
    chance = float(share.sum(0) @ share.sum(1))
    return (float(np.trace(share)) - chance) / (1 - chance) if chance < 1 else None


def confused(counts: np.ndarray) -> list[dict[str, Any]]:
    """Return up to PAIRS wrong cells, by their share of the true class, then by count, then in the classes' order."""
    rows = counts.sum(1)
    cells = [
        {"label": i, "prediction": j, "count": int(counts[i, j]), "share": float(counts[i, j] / rows[i])}
        for i in range(len(rows))
        for j in range(len(rows))
        if i != j and counts[i, j]
    ]
    return sorted(cells, key=lambda cell: (-cell["share"], -cell["count"]))[:PAIRS]
