"""Which faces are shown, and which stand for all: by rules that were stated before anybody looked."""

from collections.abc import Sequence

import numpy as np

from ferpipe.analyses.study import Study
from ferpipe.results.common import Face

FEWEST = 30  # faces in a published mean of a restricted data set: a mean of few shows persons


def predictions(study: Study) -> np.ndarray:
    """Return the analysis model's answers on dev, (n,) int64."""
    return study.members[0].dev_logits.argmax(1)


def typical(study: Study, label: int) -> int | None:
    """Return the rightly answered dev face of a class whose confidence is the median one; None without any.

    Of an even number, the lower of the two in the middle; equal confidences stand in the data set's order.
    """
    right = np.flatnonzero((study.labels == label) & (predictions(study) == label))
    if not len(right):
        return None
    order = np.argsort(study.probabilities[right, label], kind="stable")
    return int(right[order[(len(right) - 1) // 2]])


def labels_of(study: Study, names: Sequence[str]) -> list[int]:
    """Return the labels of the classes that are named; for those that there are not, of others in their order."""
    named = [label for name in names if (label := study.label(name)) is not None]
    others = [label for label in range(len(study.classes)) if label not in named]
    return [*named, *others][: max(len(names), len(named))]


def nearest(study: Study, label: int) -> int | None:
    """Return the typical face of a class or, if none was answered rightly, the one that came nearest to it.

    That is the class's face with the highest probability of its own class; of a class without faces, any face with
    the highest probability of that class, so that a figure keeps its places. None only for an empty split.
    """
    if (median := typical(study, label)) is not None:
        return median
    of_class = np.flatnonzero(study.labels == label)
    among = of_class if len(of_class) else np.arange(len(study.labels))
    return int(among[study.probabilities[among, label].argmax()]) if len(among) else None


def described(study: Study, index: int) -> Face:
    """Return a dev face's label, prediction, probability of that prediction, and name."""
    prediction = int(predictions(study)[index])
    probability, name = float(study.probabilities[index, prediction]), str(study.dataset.dev.names[index])
    return Face(int(study.labels[index]), prediction, probability, name)


def stratified(labels: np.ndarray, n: int, rng: np.random.Generator) -> np.ndarray:
    """Return the sorted indices of about n faces, each class in proportion and with at least one; all if n suffices."""
    if n >= len(labels):
        return np.arange(len(labels))
    chosen = []
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        count = min(len(members), max(1, round(n * len(members) / len(labels))))
        chosen.append(rng.permutation(members)[:count])
    return np.sort(np.concatenate(chosen))
