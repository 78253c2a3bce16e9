"""The data audit: pictures that stand more than once, blank ones, brightness and contrast, and what the copies are
worth.

Two pictures are near-duplicates when they differ by at most TOLERANCE grey levels (root mean square) after brightness
and contrast are matched: a copy that was compressed or lit again, not another photograph of the same person. Candidates
are found on coarse pictures, as perceptual hashes do (Zauner 2010), but by their correlation: no cell falls on the
wrong side of a threshold. For 36,000 pictures that is 36,000^2 / 2 pairs x 144 products = 93 thousand million in
float32, some seconds of a processor's matrix unit, in blocks of 16 MiB; the candidates alone are compared at full size.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ferpipe.analyses import subjects
from ferpipe.analyses.faces import predictions
from ferpipe.analyses.study import Study
from ferpipe.data.dataset import Dataset, Split
from ferpipe.data.faces.rendered import posterior
from ferpipe.results.audit import Audit, Conflicts, Copies, Errors, Levels, PairName, Pictures, Repeated, Seen, Shared
from ferpipe.results.common import SplitName
from ferpipe.size import SIDE
from ferpipe.statistics.intervals import proportion

CELLS = 12  # a side of the coarse pictures: means of 4x4 pixels
CORRELATION = 0.98  # of coarse pictures: candidates
TOLERANCE = 3.0  # grey levels; a picture resampled and compressed once more differs by about one from what it was
BLANK = 1.0  # grey levels: a picture that deviates less shows nothing
BLOCK = 2048  # pictures compared at once with as many others
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
SPLITS: tuple[SplitName, ...] = ("train", "dev", "test")
PAIRS: dict[PairName, tuple[int, int]] = {"train_dev": (0, 1), "train_test": (0, 2), "dev_test": (1, 2)}  # of SPLITS
UNKNOWN = -1  # a withheld label
DRAW = 193  # marks this analysis's generator


@dataclass(frozen=True)
class Groups:
    """The pictures of all splits, one after the other, and which of them are copies; every array is (n,)."""

    place: np.ndarray  # of each picture's split in SPLITS
    labels: np.ndarray  # int64, UNKNOWN where they are withheld
    means: np.ndarray  # brightness in grey levels
    deviations: np.ndarray  # contrast in grey levels
    exact: np.ndarray  # the same number for pictures that are equal pixel by pixel
    near: np.ndarray  # and for all that near-duplicates link

    def of(self, split: SplitName) -> np.ndarray:
        """Return the near-duplicates' group of each picture of a split."""
        return self.near[self.place == SPLITS.index(split)]


def grouped(study: Study) -> Groups:
    """Return the pictures' groups; analyses of one run share them."""
    if "groups" not in study.shared:
        splits = parts(study.dataset)
        images = np.concatenate([split.images for split in splits.values()])
        place = np.repeat([SPLITS.index(name) for name in splits], [len(split) for split in splits.values()])
        labels = np.concatenate([known(split) for split in splits.values()])
        means, deviations, coarse = measured(images)
        blank = deviations < BLANK
        exact = hashed(images, blank)
        near = linked(images, means, deviations, coarse, exact, ~blank)
        study.shared["groups"] = Groups(place, labels, means, deviations, exact, near)
    return study.shared["groups"]


def analyse(study: Study) -> Audit:
    """Return the copies within and across splits, exact ones and all, the blank pictures, brightness and contrast.

    Pictures that are linked by copies are a group. Blank pictures are counted on their own and are nobody's copies.
    Brightness and contrast are a picture's mean and deviation. None for a split that there is not.
    """
    groups = grouped(study)
    place, labels, near = groups.place, groups.labels, groups.near
    return Audit(
        splits={
            name: described(groups.means[inside], groups.deviations[inside])
            if (inside := place == index).any()
            else None
            for index, name in enumerate(SPLITS)
        },
        exact=copies(groups.exact, place, labels),
        near=copies(near, place, labels),
        seen=seen(study, groups),
        errors=errors(study, near, place, labels),
        wrong_labels=study.dataset.notes.get("wrong_labels"),
        tolerance=TOLERANCE,
        correlation=CORRELATION,
        quantiles=list(QUANTILES),
        n=len(place),
    )


def parts(dataset: Dataset) -> dict[str, Split]:
    """Return the splits that hold pictures, by name."""
    every = {"train": dataset.train, "dev": dataset.dev, "test": dataset.test}
    return {name: split for name, split in every.items() if split is not None and len(split)}


def known(split: Split) -> np.ndarray:
    """Return a split's labels (n,) int64, UNKNOWN where they are withheld."""
    return np.full(len(split), UNKNOWN) if split.labels is None else split.labels


def measured(images: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return each picture's mean and deviation in grey levels, (n,), and its coarse form, unit vectors (n, 144)
    float32.

    Of images (n, 48, 48) uint8. The coarse form has its mean removed, so that the product of two is their correlation.
    """
    means, deviations = np.zeros(len(images)), np.zeros(len(images))
    coarse = np.zeros((len(images), CELLS**2), np.float32)
    for start in range(0, len(images), BLOCK):
        block = slice(start, start + BLOCK)
        grey = images[block].astype(np.float32)
        means[block], deviations[block] = grey.mean((1, 2), np.float64), grey.std((1, 2), np.float64)
        cells = F.avg_pool2d(torch.from_numpy(grey)[:, None], SIDE // CELLS).flatten(1).numpy()
        cells -= cells.mean(1, keepdims=True)
        length = np.linalg.norm(cells, axis=1, keepdims=True)
        coarse[block] = np.divide(cells, length, out=np.zeros_like(cells), where=length > 0)
    return means, deviations, coarse


def hashed(images: np.ndarray, blank: np.ndarray) -> np.ndarray:
    """Return the group (n,) of each picture, equal for equal pixels; every blank one has a group of its own."""
    digests = np.array([hashlib.sha256(image.tobytes()).hexdigest() for image in images])
    groups: np.ndarray = np.unique(digests, return_inverse=True)[1]
    return np.where(blank, len(images) + np.arange(len(images)), groups)


def linked(
    images: np.ndarray, means: np.ndarray, deviations: np.ndarray, coarse: np.ndarray, exact: np.ndarray,
    among: np.ndarray,
) -> np.ndarray:  # fmt: skip
    """Return the group (n,) of each picture: the exact groups, joined where near-duplicates link them.

    One picture of each exact group stands for all, of those `among` (n,) bool.
    """
    _, first, group = np.unique(exact, return_index=True, return_inverse=True)
    chosen = first[among[first]]
    pairs = [chosen[pair] for pair in near_duplicates(images, means, deviations, coarse, chosen)]
    edges = group[np.concatenate([np.zeros((0, 2), np.intp), *pairs])]  # (m, 2)
    graph = coo_array((np.ones(len(edges), bool), (edges[:, 0], edges[:, 1])), shape=(len(first), len(first)))
    joined: np.ndarray = connected_components(graph, directed=False)[1][group]
    return joined


def near_duplicates(
    images: np.ndarray, means: np.ndarray, deviations: np.ndarray, coarse: np.ndarray, chosen: np.ndarray
) -> Iterator[np.ndarray]:
    """Yield pairs (m, 2), as places in `chosen`, of near-duplicates among the chosen pictures, each pair once."""
    vectors = torch.from_numpy(coarse[chosen])  # torch multiplies on every core
    for top in range(0, len(vectors), BLOCK):
        for left in range(top, len(vectors), BLOCK):
            likeness = (vectors[top : top + BLOCK] @ vectors[left : left + BLOCK].T).numpy()
            rows = np.flatnonzero(likeness.max(1) >= CORRELATION)  # few: sooner than a look at every pair
            above, beside = np.nonzero(likeness[rows] >= CORRELATION)
            pairs = np.stack([top + rows[above], left + beside], axis=1)
            pairs = pairs[pairs[:, 0] < pairs[:, 1]]
            for start in range(0, len(pairs), BLOCK):
                part = pairs[start : start + BLOCK]
                yield part[differences(images, means, deviations, chosen[part]) <= TOLERANCE]


def differences(images: np.ndarray, means: np.ndarray, deviations: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """Return how far the pictures of each pair (m, 2) differ, (m,) in grey levels, root mean square over the pixels.

    Both are brought to the mean and the deviation of the one with more contrast.
    """

    def standard(indices: np.ndarray) -> np.ndarray:
        grey = images[indices].reshape(len(indices), SIDE * SIDE).astype(np.float32)
        centred: np.ndarray = grey - means[indices, None].astype(np.float32)
        return centred / deviations[indices, None].astype(np.float32)

    squares = (standard(pairs[:, 0]) - standard(pairs[:, 1])) ** 2
    levels: np.ndarray = deviations[pairs].max(1) * np.sqrt(squares.mean(1))
    return levels


def described(means: np.ndarray, deviations: np.ndarray) -> Pictures:
    """Return a split's n, its blank pictures, and mean and quantiles of brightness and contrast in grey levels."""
    brightness, contrast = (Levels(float(v.mean()), np.quantile(v, QUANTILES).tolist()) for v in (means, deviations))
    return Pictures(len(means), int((deviations < BLANK).sum()), brightness, contrast)


def copies(groups: np.ndarray, place: np.ndarray, labels: np.ndarray) -> Copies:
    """Return what is counted of groups (n,) within splits, across two of them, and with different labels.

    `place` (n,) are indices into SPLITS.
    """
    present = [(place == index).any() for index in range(len(SPLITS))]
    return Copies(
        within={name: repeated(groups[place == k]) if present[k] else None for k, name in enumerate(SPLITS)},
        across={
            name: shared(groups, place, a, b) if present[a] and present[b] else None for name, (a, b) in PAIRS.items()
        },
        conflicts=conflicts(groups, place, labels),
    )


def repeated(groups: np.ndarray) -> Repeated:
    """Return how many groups have two faces or more, and how many faces these have."""
    sizes = np.unique(groups, return_counts=True)[1]
    return Repeated(int((sizes > 1).sum()), int(sizes[sizes > 1].sum()))


def shared(groups: np.ndarray, place: np.ndarray, a: int, b: int) -> dict[Shared, int]:
    """Return how many groups two splits, by their indices, have in common, and how many faces of each are in these."""
    common = np.intersect1d(groups[place == a], groups[place == b])
    return {"groups": len(common), **{SPLITS[k]: int(np.isin(groups[place == k], common).sum()) for k in (a, b)}}


def contradicting(groups: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the groups with different labels, each once."""
    labelled = labels != UNKNOWN
    pairs = np.unique(np.stack([groups[labelled], labels[labelled]]), axis=1)  # a group, once for each of its labels
    names, counts = np.unique(pairs[0], return_counts=True)
    return names[counts > 1]


def conflicts(groups: np.ndarray, place: np.ndarray, labels: np.ndarray) -> Conflicts:
    """Return how many groups have different labels, their labelled faces, and how many of these each split has."""
    names, labelled = contradicting(groups, labels), labels != UNKNOWN
    faces = labelled & np.isin(groups, names)
    train, dev, test = (
        int(faces[place == index].sum()) if labelled[place == index].any() else None for index in range(len(SPLITS))
    )
    return Conflicts(groups=len(names), faces=int(faces.sum()), train=train, dev=dev, test=test)


def errors(study: Study, groups: np.ndarray, place: np.ndarray, labels: np.ndarray) -> Errors:
    """Return what share of the networks' errors on dev nobody could have avoided, as far as can be known.

    Of drawn faces: the answers that are not the true emotion, and on which an ideal reader errs too, who is given the
    true strength of every action unit and knows how faces are drawn. Elsewhere: of the errors on pictures that stand
    more than once, those whose copies carry another label; a person is not asked.
    """
    truth = study.dataset.truth
    trained = [member.dev_logits.argmax(1) for member in study.members]
    control = [subject.answers for subject in subjects.untrained(study)]
    if {"emotions", "units"} <= truth.keys():
        beyond = posterior(truth["units"]).argmax(1) != truth["emotions"]

        def share(answers: np.ndarray) -> np.ndarray:
            return np.where(answers != truth["emotions"], beyond, np.nan)

        reader: float | None = float(beyond.mean())
    else:
        dev = place == SPLITS.index("dev")
        names, counts = np.unique(groups[labels != UNKNOWN], return_counts=True)
        copied = np.isin(groups[dev], names[counts > 1])
        faulty = np.isin(groups[dev], contradicting(groups, labels))

        def share(answers: np.ndarray) -> np.ndarray:
            return np.where((answers != study.labels) & copied, faulty, np.nan)

        reader = float(faulty[copied].mean()) if copied.any() else None
    common = subjects.means(study, (DRAW, 0), [share(answers) for answers in trained], [share(a) for a in control])
    return Errors(common, reader, known="units" in truth)


def copied_in_train(groups: Groups) -> np.ndarray:
    """Return which dev faces have a copy in train, (n,) bool."""
    return np.isin(groups.of("dev"), groups.of("train"))


def seen(study: Study, groups: Groups) -> Seen:
    """Return the share of dev faces with a copy in train, and the analysis model's accuracy on these and the rest."""
    copied, right = copied_in_train(groups), predictions(study) == study.labels
    return Seen(
        share=proportion(copied),
        accuracy=proportion(right[copied]) if copied.any() else None,
        rest=proportion(right[~copied]) if not copied.all() else None,
    )
