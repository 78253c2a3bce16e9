"""Suspects: wrong labels among the train faces, by training dynamics.

The margin of a face is its label's logit less the largest other one, averaged over the epochs of a training (Pleiss et
al. 2020): a face with a wrong label is pulled the other way by all faces that look like it, and stays low. On rendered
faces the true emotions say which labels are wrong. Elsewhere near-duplicates with contradicting labels do, of which
one at least is wrong; copies within train lower each other's margins, so that this check is not independent of them.
"""

import numpy as np

from ferpipe.analyses.audit import contradicting, grouped
from ferpipe.analyses.study import Study
from ferpipe.results.suspects import Bins, Check, Cutoff, Faces, Ranking, Suspect, Suspects
from ferpipe.statistics.intervals import proportion

SHARES = (0.01, 0.02, 0.05, 0.1, 0.2)  # of the faces, the most suspect ones
CHOSEN = 0.05  # that a person would look through
BINS = 40
SHOWN = 12


def analyse(study: Study) -> Suspects:
    """Return how many wrong labels are among the train faces of the lowest margins, and the lowest of all.

    Margins are means over the members that have them: those trained before they were kept have none.
    """
    train = study.dataset.train
    each = [member.margins for member in study.members if member.margins is not None]
    each = [margins for margins in each if len(margins) == len(train)]  # loaded ones may know other faces
    if not each:
        return Suspects(len(study.members), 0, 0, None, [], None)
    margins, ranked = averaged(np.stack(each).astype(np.float64))
    check, wrong = contradicted(study)
    lowest = [] if study.dataset.restricted else ranked[:SHOWN].tolist()
    return Suspects(
        members=len(study.members),
        measured=len(each),
        n=len(ranked),
        ranking=ranking(margins[ranked], wrong[ranked], check),
        shown=[described(study, index, float(margins[index])) for index in lowest],
        private=Faces(train.images[lowest]) if lowest else None,
    )


def averaged(each: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the mean margin of each face, (n,), and the indices of the faces that have one, the lowest first.

    Of margins (members, n), not a number where a member was not trained on a face.
    """
    known = np.isfinite(each)
    count = known.sum(0)
    margins = np.divide(np.where(known, each, 0).sum(0), count, out=np.full(each.shape[1], np.inf), where=count > 0)
    order = np.argsort(margins, kind="stable")
    return margins, order[: int((count > 0).sum())]


def contradicted(study: Study) -> tuple[Check, np.ndarray]:
    """Return what is known of the labels of train's faces, and which of them it contradicts, (n,) bool."""
    train = study.dataset.train
    if "train_emotions" in study.dataset.truth:
        return "truth", study.dataset.truth["train_emotions"] != train.labels
    groups = grouped(study)
    return "copies", np.isin(groups.of("train"), contradicting(groups.near, groups.labels))


def ranking(margins: np.ndarray, wrong: np.ndarray, check: Check) -> Ranking:
    """Return how many labels are wrong, (n,) bool, among the first of the rising margins (n,)."""
    cutoffs = {share: cutoff(margins, wrong, share) for share in SHARES}
    edges = np.linspace(margins[0], max(margins[-1], margins[0] + 1e-3), BINS + 1)
    counts = {label: np.histogram(margins[wrong == label], edges)[0].tolist() for label in (False, True)}
    return Ranking(
        check, proportion(wrong), list(cutoffs.values()), cutoffs[CHOSEN],
        Bins(edges.tolist(), right=counts[False], wrong=counts[True]),
    )  # fmt: skip


def cutoff(margins: np.ndarray, wrong: np.ndarray, share: float) -> Cutoff:
    """Return what is found among a share of the faces, of the lowest margins; one face at least."""
    n = max(1, round(share * len(margins)))
    return Cutoff(
        share=share,
        n=n,
        highest=float(margins[n - 1]),
        precision=proportion(wrong[:n]),
        recall=float(wrong[:n].sum() / wrong.sum()) if wrong.any() else None,
    )


def described(study: Study, index: int, margin: float) -> Suspect:
    """Return a train face's label, true emotion where it is known, margin and name."""
    train, emotions = study.dataset.train, study.dataset.truth.get("train_emotions")
    assert train.labels is not None
    emotion = None if emotions is None else int(emotions[index])
    return Suspect(int(train.labels[index]), emotion, margin, str(train.names[index]))
