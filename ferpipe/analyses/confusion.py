"""The confusion matrix: which class is taken for which, and every figure that is read off it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from ferpipe.analyses import fresh, subjects
from ferpipe.analyses.faces import predictions
from ferpipe.analyses.study import Study
from ferpipe.data import fer2013
from ferpipe.explainers.inputs import logits
from ferpipe.networks.folding import folded
from ferpipe.networks.members import Member
from ferpipe.results.common import Across, Estimate
from ferpipe.results.confusion import Confused, Confusion, Findings, Moved
from ferpipe.statistics.across import Statistic, across
from ferpipe.statistics.intervals import percentiles, proportion, wilson

PAIRS = 5  # most confused pairs that are named
DRAW = 161  # marks this analysis's generators


def analyse(study: Study) -> Confusion:
    """Return the analysis model's counts on dev, true by predicted, and their summaries."""
    answers = predictions(study)
    k = len(study.classes)
    counts = table(study.labels, answers, k)
    recall, precision, f1 = by_class(counts)
    scores = [score for share, score in zip(recall, f1, strict=True) if share and score is not None]
    rightly = None  # the counts of faces whose label is right, where that is known
    if (emotions := study.dataset.truth.get("emotions")) is not None:
        right = study.labels == emotions
        rightly = table(study.labels[right], answers[right], k)
    return Confusion(
        n=len(answers),
        counts=counts.tolist(),
        accuracy=proportion(answers == study.labels),
        balanced_accuracy=float(np.mean([share.value for share in recall if share])),  # over the classes there are
        macro_f1=float(np.mean(scores)),
        kappa=kappa(counts),
        recall=recall,
        precision=precision,
        f1=f1,
        confused=confused(counts, rightly),
        truly=None if rightly is None else confused(rightly, rightly),
        frequency=frequency(study, answers == study.labels),
        **vars(findings(study)),
        seed=study.seed,
    )


def frequency(study: Study, right: np.ndarray) -> Estimate | None:
    """Return Spearman's correlation (1904) of a class's recall with its number of training faces; None for under three.

    With its interval over resamples of the faces.
    """
    sizes = np.bincount(train_labels(study), minlength=len(study.classes))
    drawn = recalls(study.labels, right, len(study.classes))(subjects.rows(study, (DRAW, 0), len(right)))
    known = ~np.isnan(drawn[0])
    if known.sum() < 3:
        return None
    value, *others = alike(np.broadcast_to(sizes[known], (len(drawn), known.sum())), drawn[:, known])
    return Estimate(float(value), percentiles(np.array(others)), int(known.sum()))


def train_labels(study: Study) -> np.ndarray:
    """Return train's labels, (n,) int64."""
    assert study.dataset.train.labels is not None
    return study.dataset.train.labels


def recalls(labels: np.ndarray, right: np.ndarray, classes: int) -> Statistic:
    """Return the recall of each class (rows, classes) of weighted faces; NaN without faces."""
    inside = (labels[:, None] == np.arange(classes)).astype(float)

    def of(rows: np.ndarray) -> np.ndarray:
        faces = rows @ inside
        return np.divide(rows @ (inside * right[:, None]), faces, out=np.full(faces.shape, np.nan), where=faces > 0)

    return of


def alike(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation (1904) of each row of two arrays (rows, k); 0 where one of the two is constant."""
    return pearson(*(rankdata(values, axis=1, nan_policy="omit") for values in (first, second)))


def pearson(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return the correlation of each row of two arrays (rows, k); 0 where one of the two is constant."""
    a, b = (values - np.nanmean(values, axis=1, keepdims=True) for values in (first, second))
    length = np.sqrt(np.nansum(a**2, axis=1) * np.nansum(b**2, axis=1))
    return np.divide(np.nansum(a * b, axis=1), length, out=np.zeros_like(length), where=length > 0)


def findings(study: Study) -> Findings:
    """Return what the networks' answers say about the original's findings."""
    k, labels = len(study.classes), study.labels
    answers = [member.dev_logits.argmax(1) for member in study.members]
    drawn = [subject.answers for subject in subjects.untrained(study)]
    rows = subjects.rows(study, (DRAW, 1), len(labels))

    def over_all(statistic: Callable[[np.ndarray], Statistic]) -> Across | None:
        return across([statistic(each) for each in answers], rows, [statistic(each) for each in drawn])

    answered = evenly(study)
    named = {*fer2013.BEST, *fer2013.WORST} <= set(study.classes)
    confusions = {name for true, others in fer2013.TAKEN.items() for name in (true, *others)} <= set(study.classes)
    return Findings(
        skill=over_all(lambda each: skill(recalls(labels, each == labels, k))),
        best=over_all(lambda each: best(study, recalls(labels, each == labels, k))) if named else None,
        balanced=balanced(study, answered),
        moved=moved(study, answered),
        anew=0 if answered.labels is study.labels else len(answered.labels),
        cells=over_all(lambda each: least(labels, each, study.classes)) if confusions else None,
    )


def skill(recall: Statistic) -> Statistic:
    """Return the mean recall of the classes there are, less that of an answer drawn among them."""

    def of(rows: np.ndarray) -> np.ndarray:
        drawn = recall(rows)
        return np.nanmean(drawn, axis=1) - 1 / np.maximum((~np.isnan(drawn)).sum(1), 1)

    return of


def best(study: Study, recall: Statistic) -> Statistic:
    """Return how much better the original's best classes are read than its worst, whichever one class is left out.

    The smallest of the differences of means: no single class decides it.
    """
    first, second = ([study.classes.index(name) for name in names] for names in (fer2013.BEST, fer2013.WORST))

    def of(rows: np.ndarray) -> np.ndarray:
        drawn = recall(rows)
        differences = [
            drawn[:, [label for label in first if label != left]].mean(1)
            - drawn[:, [label for label in second if label != left]].mean(1)
            for left in (*first, *second)
        ]
        smallest: np.ndarray = np.min(differences, axis=0)
        return smallest

    return of


class Answered(NamedTuple):
    """What members, and networks that saw each class alike, answer to the same faces."""

    labels: np.ndarray  # (n,)
    members: list[np.ndarray]  # (n,) each, as the next
    balanced: list[np.ndarray]


def evenly(study: Study) -> Answered:
    """Return the answers to faces drawn anew, equally many of each emotion, where they can be; else to dev."""
    groups = study.members, study.balanced
    whole = bool(study.balanced) and all(member.weights is not None for group in groups for member in group)
    if not whole or (drawn := fresh.evenly(study)) is None:
        return Answered(study.labels, *([member.dev_logits.argmax(1) for member in group] for group in groups))
    images, labels = drawn

    def answers(member: Member) -> np.ndarray:
        return logits(folded(member.network(study.device)), images, study.device).argmax(1)

    return Answered(labels, *([answers(member) for member in group] for group in groups))


def balanced(study: Study, answered: Answered) -> Across | None:
    """Return how nearly the recalls of networks that saw each class alike go with the members' mean recalls.

    For each of the former the smallest correlation over classes (Pearson 1895) with one of them left out: no single
    class decides that the order stays; that it does not, one may, see `moved`. None without any of these networks.
    Of so few classes ranks tell too little: with all in order their correlation is one, whatever the recalls. A
    resample draws faces, and the members too.
    """
    labels, k = answered.labels, len(study.classes)
    present = np.unique(labels)
    if len(present) < 4:
        return None
    rows = subjects.rows(study, (DRAW, 1), len(labels))
    count = len(answered.members)
    shares = subjects.rows(study, (DRAW, 2), count)
    stretch = np.sqrt(count / max(1, count - 1))  # resamples of so few differ too little
    shares = 1 / count + stretch * (shares - 1 / count)
    of_each = np.stack([recalls(labels, answers == labels, k)(rows) for answers in answered.members], axis=1)
    together = np.einsum("rm,rmc->rc", shares, of_each)

    def against(answers: np.ndarray) -> Statistic:
        def of(_: np.ndarray) -> np.ndarray:
            alone = recalls(labels, answers == labels, k)(rows)
            smallest: np.ndarray = np.min(
                [pearson(np.delete(together, c, 1), np.delete(alone, c, 1)) for c in present], 0
            )
            return smallest

        return of

    return across([against(answers) for answers in answered.balanced], rows, fisher=True)


def moved(study: Study, answered: Answered) -> Moved | None:
    """Return the class whose mean recall networks that saw each class alike change most; None without any."""
    if not answered.balanced:
        return None
    labels = answered.labels
    every = np.ones((1, len(labels)))
    before, after = (
        np.mean([recalls(labels, answers == labels, len(study.classes))(every)[0] for answers in group], axis=0)
        for group in (answered.members, answered.balanced)
    )
    label = int(np.nanargmax(np.abs(after - before)))
    others = pearson(*(np.delete(recall, label)[None] for recall in (before, after)))
    return Moved(label, float(before[label]), float(after[label]), float(others[0]))


def least(labels: np.ndarray, answers: np.ndarray, classes: Sequence[str]) -> Statistic:
    """Return by how much the least of the cells that the original names exceeds what is expected of it.

    A cell is the share of a class's missed faces with that answer; expected is the answer's share of the errors on
    other classes, among those that may be given here. NaN where a class has no missed face.
    """
    k = len(classes)
    cells = (labels[:, None] * k + answers[:, None] == np.arange(k * k)).astype(float)
    named = [(classes.index(true), classes.index(other)) for true, others in fer2013.TAKEN.items() for other in others]

    def of(rows: np.ndarray) -> np.ndarray:
        counts = (rows @ cells).reshape(-1, k, k)
        counts[:, np.arange(k), np.arange(k)] = 0  # errors alone
        excess = []
        for true, other in named:
            elsewhere = counts.sum(1) - counts[:, true]
            elsewhere[:, true] = 0  # no error here can be that
            share, expected = (
                np.divide(part[:, other], part.sum(1), out=np.full(len(rows), np.nan), where=part.sum(1) > 0)
                for part in (counts[:, true], elsewhere)
            )
            excess.append(share - expected)
        smallest: np.ndarray = np.min(excess, axis=0)
        return smallest

    return of


def table(labels: np.ndarray, answers: np.ndarray, k: int) -> np.ndarray:
    """Return counts (k, k) int64, true classes in rows, predicted ones in columns."""
    return np.bincount(labels * k + answers, minlength=k * k).reshape(k, k)


def by_class(counts: np.ndarray) -> tuple[list[Estimate | None], list[float | None], list[float | None]]:
    """Return recall with Wilson intervals, precision and F1 of each class; None where nothing defines them.

    F1 of a class that exists but was never answered rightly is 0; of one that neither exists nor was answered, None.
    """
    recall: list[Estimate | None] = []
    precision: list[float | None] = []
    f1: list[float | None] = []
    for right, true, answered in zip(np.diag(counts).tolist(), counts.sum(1).tolist(), counts.sum(0).tolist(),
                                     strict=True):  # fmt: skip
        recall.append(Estimate(right / true, wilson(right, true), true) if true else None)
        precision.append(right / answered if answered else None)
        f1.append(2 * right / (true + answered) if true + answered else None)
    return recall, precision, f1


def kappa(counts: np.ndarray) -> float | None:
    """Return the agreement beyond chance (Cohen 1960), at most 1; None when chance alone agrees on everything."""
    share = counts / counts.sum()
    chance = float(share.sum(0) @ share.sum(1))
    return (float(np.trace(share)) - chance) / (1 - chance) if chance < 1 else None


def confused(counts: np.ndarray, rightly: np.ndarray | None = None) -> list[Confused]:
    """Return up to PAIRS wrong cells, by their share of the labelled class, then by count, then in the classes' order.

    `rightly` are the counts of the faces among these whose label is right, where that is known.
    """
    rows = counts.sum(1)
    cells = [
        Confused(
            label=i,
            prediction=j,
            count=int(counts[i, j]),
            share=float(counts[i, j] / rows[i]),
            wrong_labels=None if rightly is None else int(counts[i, j] - rightly[i, j]),
        )
        for i in range(len(rows))
        for j in range(len(rows))
        if i != j and counts[i, j]
    ]
    return sorted(cells, key=lambda cell: (-cell.share, -cell.count))[:PAIRS]
