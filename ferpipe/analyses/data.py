"""The data set: how many faces of each class, their mean, and examples."""

from __future__ import annotations

from typing import Any

import numpy as np

from ferpipe.analyses.faces import FEWEST
from ferpipe.analyses.study import Study
from ferpipe.data.dataset import Split
from ferpipe.emotions import EMOTIONS, SIDE
from ferpipe.results.stored import Result

EXAMPLES = 6  # faces shown of each class
DRAW = 101  # marks this analysis's generators


def analyse(study: Study) -> Result:
    """Return class counts of each split, and of train mean_faces (7, 48, 48) in [0, 1] and examples (7, 6, 48, 48).

    A class without faces has zeros; so has the mean of fewer than FEWEST faces of a restricted data set.
    """
    dataset = study.dataset
    fewest = FEWEST if dataset.restricted else 1
    means, used = mean_faces(dataset.train, fewest)
    shown, examples = examples_of(dataset.train, study.seed)
    splits = {"train": dataset.train, "dev": dataset.dev, "test": dataset.test}
    numbers = {
        "name": dataset.name,
        "restricted": dataset.restricted,
        "splits": {name: None if split is None else sizes(split) for name, split in splits.items()},
        "notes": dataset.notes,
        "mean_faces_n": used,
        "examples": shown,
        "seed": study.seed,
    }
    return Result(numbers, {"mean_faces": means}, {"examples": examples})


def sizes(split: Split) -> dict[str, Any]:
    """Return a split's n, and its counts by class, None where labels are withheld."""
    if split.labels is None:
        return {"n": len(split), "counts": None}
    return {"n": len(split), "counts": np.bincount(split.labels, minlength=len(EMOTIONS)).tolist()}


def mean_faces(split: Split, fewest: int) -> tuple[np.ndarray, list[int]]:
    """Return each class's mean face (7, 48, 48) float32 in [0, 1] and of how many faces; zeros below `fewest`."""
    means, used = np.zeros((len(EMOTIONS), SIDE, SIDE), np.float32), []
    for label in range(len(EMOTIONS)):
        own = split.images[split.labels == label]
        used.append(len(own) if len(own) >= fewest else 0)
        if used[-1]:
            means[label] = own.mean(0, dtype=np.float64) / 255
    return means, used


def examples_of(split: Split, seed: int) -> tuple[list[int], np.ndarray]:
    """Return how many faces are shown of each class, and the faces (7, 6, 48, 48) uint8, drawn by seed."""
    faces = np.zeros((len(EMOTIONS), EXAMPLES, SIDE, SIDE), np.uint8)
    shown = []
    for label in range(len(EMOTIONS)):
        own = np.flatnonzero(split.labels == label)
        drawn = np.random.default_rng([seed, DRAW, label]).permutation(own)[:EXAMPLES]
        faces[label, : len(drawn)] = split.images[drawn]
        shown.append(len(drawn))
    return shown, faces
