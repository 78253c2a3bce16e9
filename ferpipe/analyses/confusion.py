"""The confusion matrix: which class is taken for which, and every figure that is read off it."""

from collections.abc import Sequence

import numpy as np

from ferpipe.analyses.faces import predictions
from ferpipe.analyses.study import Study
from ferpipe.data import fer2013
from ferpipe.explainers.surrogates import rank_correlation
from ferpipe.results.common import Estimate
from ferpipe.results.confusion import ByClaim, Confused, Confusion, Frequency, Taken
from ferpipe.statistics.intervals import percentiles, proportion, resamples, wilson

PAIRS = 5  # most confused pairs that are named
DRAW = 161  # marks this analysis's generators


def analyse(study: Study) -> Confusion:
    """Return the analysis model's counts on dev, true by predicted, and their summaries."""
    answers = predictions(study)
    counts = table(study.labels, answers, len(study.classes))
    recall, precision, f1 = by_class(counts)
    scores = [score for share, score in zip(recall, f1, strict=True) if share and score is not None]
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
        confused=confused(counts),
        frequency=frequency(study, answers == study.labels),
        taken=taken(counts, study.classes),
        resamples=study.effort["confusion"].resamples,
        seed=study.seed,
    )


def frequency(study: Study, right: np.ndarray) -> Frequency:
    """Return Spearman's correlation of a class's recall with its number of training faces, of all and of BALANCED.

    With intervals over resamples of each class's faces; None for fewer than three classes.
    """
    means, drawn = recalls(study, right)
    labels = study.dataset.train.labels
    assert labels is not None
    sizes = np.bincount(labels, minlength=len(study.classes))

    def among(names: Sequence[str]) -> Estimate | None:
        labels = [label for label in map(study.classes.index, names) if not np.isnan(means[label])]
        if len(labels) < 3:
            return None
        value, *others = (ranked(sizes[labels], recall) for recall in (means[labels], *drawn[:, labels]))
        return Estimate(value, percentiles(np.array(others)), len(labels))

    balanced = [name for name in fer2013.BALANCED if name in study.classes]
    return Frequency(among(study.classes), among(balanced) if len(balanced) == len(fer2013.BALANCED) else None)


def ranked(first: np.ndarray, second: np.ndarray) -> float:
    """Return Spearman's correlation (1904); 0 where one of the two is constant."""
    return rank_correlation(first, second) or 0.0


def recalls(study: Study, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the recall of each class (7,) and of resamples of its faces (resamples, 7); NaN without faces."""
    count = study.effort["confusion"].resamples
    means, drawn = np.full(len(study.classes), np.nan), np.full((count, len(study.classes)), np.nan)
    for label in range(len(study.classes)):
        faces = right[study.labels == label].astype(float)
        if len(faces):
            means[label] = faces.mean()
            drawn[:, label] = resamples(np.random.default_rng([study.seed, DRAW, label]), len(faces), count) @ faces
    return means, drawn


def taken(counts: np.ndarray, classes: Sequence[str]) -> ByClaim:
    """Return what share of the missed faces of a class was taken for those of TAKEN, with Wilson's interval and n.

    Beside it `even`, the share if errors were spread evenly over the other classes; `both` joins the two. None without
    missed faces, or such classes.
    """
    by_class = {}
    if not {name for pair in fer2013.TAKEN.items() for name in (pair[0], *pair[1])} <= set(classes):
        return ByClaim(None, None, None)
    for name, others in fer2013.TAKEN.items():
        label = classes.index(name)
        missed = int(counts[label].sum() - counts[label, label])
        hits = int(counts[label, [classes.index(other) for other in others]].sum())
        by_class[name] = hits, missed, len(others) / (len(classes) - 1)
    all_hits, all_missed = (sum(column) for column in list(zip(*by_class.values(), strict=True))[:2])
    expected = sum(even * missed for _, missed, even in by_class.values())
    both = share(all_hits, all_missed, expected / max(all_missed, 1))
    sad, fear = (share(*by_class[name]) for name in fer2013.TAKEN)
    return ByClaim(sad, fear, both)


def share(hits: int, n: int, even: float) -> Taken | None:
    """Return hits as a share of n with Wilson's interval, beside `even`; None of none."""
    return Taken(hits / n, wilson(hits, n), n, even) if n else None


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


def confused(counts: np.ndarray) -> list[Confused]:
    """Return up to PAIRS wrong cells, by their share of the true class, then by count, then in the classes' order."""
    rows = counts.sum(1)
    cells = [
        Confused(label=i, prediction=j, count=int(counts[i, j]), share=float(counts[i, j] / rows[i]))
        for i in range(len(rows))
        for j in range(len(rows))
        if i != j and counts[i, j]
    ]
    return sorted(cells, key=lambda cell: (-cell.share, -cell.count))[:PAIRS]
