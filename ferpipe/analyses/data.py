"""The data set: how many faces of each class, their mean, and examples."""

import numpy as np

from ferpipe.analyses.faces import FEWEST
from ferpipe.analyses.study import Study
from ferpipe.data.dataset import Dataset, Split
from ferpipe.results.common import SplitName
from ferpipe.results.data import Data, Examples, Means, Notes, Size
from ferpipe.results.restricted import alike
from ferpipe.size import SIDE
from ferpipe.storage.encoding import JSON

ORIGINAL = ("rendered", "fer2013")  # data sets whose classes are the original's, in its order
EXAMPLES = 6  # faces shown of each class
DRAW = 101  # marks this analysis's generators


def analyse(study: Study) -> Data:
    """Return class counts of each split, and mean faces and examples of train, or of dev where there is no train.

    Of a restricted data set a mean is left out that is of fewer than FEWEST faces, or looks like one of them.
    """
    dataset = study.dataset
    means, used = shown_means(dataset)
    drawn, examples = examples_of(shown(dataset), len(study.classes), study.seed)
    splits: dict[SplitName, Split | None] = {
        "train": dataset.train if len(dataset.train) else None, "dev": dataset.dev, "test": dataset.test
    }  # fmt: skip
    return Data(
        name=dataset.name,
        restricted=dataset.restricted,
        splits={name: None if split is None else size(split, len(study.classes)) for name, split in splits.items()},
        notes=noted(dataset.notes),
        mean_faces_n=used,
        examples=drawn,
        seed=study.seed,
        arrays=Means(means),
        private=Examples(examples),
        shows=dataset.shows,
        classes=None if dataset.name in ORIGINAL else list(dataset.classes),
    )


def shown(dataset: Dataset) -> Split:
    """Return the split that stands for the data: train, or dev for networks that came without it."""
    return dataset.train if len(dataset.train) else dataset.dev


def shown_means(dataset: Dataset) -> tuple[np.ndarray, list[int]]:
    """Return the mean faces of `shown` that may be shown, (classes, 48, 48) in [0, 1], and of how many each is."""
    means, used = mean_faces(shown(dataset), len(dataset.classes), FEWEST if dataset.restricted else 1)
    if dataset.restricted:  # the mean of pictures that are all alike is one of them
        for split in dataset.splits.values():
            for label in {label for label, _ in alike(means, split.images)}:
                means[label], used[label] = 0, 0
    return means, used


def noted(notes: JSON) -> Notes:
    """Return what a reader noted; of photographs it knows no wrong labels and no hands."""
    return Notes(
        source=notes["source"],
        form=notes["form"],
        pictures=notes["pictures"],
        converted=notes["converted"],
        dev_held_out=notes["dev_held_out"],
        test_labels=notes["test_labels"],
        dev_is_test=notes.get("dev_is_test", False),
        missing_classes=notes.get("missing_classes"),
        left_out=notes.get("left_out"),
        wrong_labels=notes.get("wrong_labels"),
        hands_sad=notes.get("hands_sad"),
        hands_others=notes.get("hands_others"),
    )


def size(split: Split, classes: int) -> Size:
    """Return a split's n, and its counts by class, None where labels are withheld."""
    labels = split.labels
    return Size(len(split), None if labels is None else np.bincount(labels, minlength=classes).tolist())


def mean_faces(split: Split, classes: int, fewest: int) -> tuple[np.ndarray, list[int]]:
    """Return each class's mean face (classes, 48, 48) float32 in [0, 1] and of how many faces; zeros below `fewest`."""
    means, used = np.zeros((classes, SIDE, SIDE), np.float32), []
    for label in range(classes):
        images = split.images[split.labels == label]
        used.append(len(images) if len(images) >= fewest else 0)
        if used[-1]:
            means[label] = images.mean(0, dtype=np.float64) / 255
    return means, used


def examples_of(split: Split, classes: int, seed: int) -> tuple[list[int], np.ndarray]:
    """Return how many faces are drawn of each class, and the faces (classes, 6, 48, 48) uint8."""
    faces = np.zeros((classes, EXAMPLES, SIDE, SIDE), np.uint8)
    counts = []
    for label in range(classes):
        drawn = np.random.default_rng([seed, DRAW, label]).permutation(np.flatnonzero(split.labels == label))[:EXAMPLES]
        faces[label, : len(drawn)] = split.images[drawn]
        counts.append(len(drawn))
    return counts, faces
