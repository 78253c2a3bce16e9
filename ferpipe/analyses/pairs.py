"""The evidence for right and wrong answers of every network, on faces matched by answer and confidence."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from ferpipe.analyses import evidence, subjects
from ferpipe.analyses.study import Study
from ferpipe.analyses.subjects import Subject
from ferpipe.explainers.inputs import logits
from ferpipe.networks.folding import folded
from ferpipe.results.common import Across
from ferpipe.statistics.across import apart, shared

NEAR = 0.1  # of confidence: the matched faces differ by no more
DRAW = 195  # marks this module's generators


@dataclass(frozen=True)
class Pairs:
    """A network's wrongly answered faces, a rightly answered one beside each, and the evidence in them."""

    subject: Subject
    places: np.ndarray  # (k, 2): of dev, the wrong one first
    falls: np.ndarray  # (k, 2, classes, 8, 8): what each cell says for each class

    def of_answer(self, side: int) -> np.ndarray:
        """Return the evidence for the answers to the wrong (0) or the right (1) faces, (k, 8, 8)."""
        return self.falls[np.arange(len(self.places)), side, self.subject.answers[self.places[:, side]]]


def of_each(study: Study) -> tuple[list[Pairs], list[Pairs]]:
    """Return some pairs of each trained network, and half as many of each of twice as many untrained ones.

    These vary more from network to network than from face to face. Analyses of one run share them.
    """
    if "pairs" not in study.shared:
        count = study.effort["pairs"].pairs
        groups = ((subjects.trained(study), count), (untrained(study), count // 2))
        study.shared["pairs"] = tuple(
            [drawn(study, subject, k, count) for k, subject in enumerate(group)] for group, count in groups
        )
    return study.shared["pairs"]


def untrained(study: Study) -> list[Subject]:
    """Return the untrained networks that all findings are asked of, and as many others."""
    seeds = np.random.default_rng([DRAW, 1]).integers(2**31, size=study.effort["subjects"].networks).tolist()
    others, images = [study.untrained(seed) for seed in seeds], study.dataset.dev.images
    further = [Subject(network, logits(folded(network), images, study.device)) for network in others]
    return [*subjects.untrained(study), *further]


def over_networks(
    study: Study, values: Callable[[Pairs], np.ndarray], sides: Sequence[int], rng: np.random.Generator
) -> Across | None:
    """Return the mean of a value (k,) of each pair over networks, NaN for a pair without; None without any.

    `sides` of a pair are the faces that the value is of: 0 the wrong one, 1 the right one. Networks err on the same
    faces, which count as such.
    """
    trained, untrained = of_each(study)

    def known(of: Pairs) -> tuple[np.ndarray, np.ndarray]:
        of_pairs = values(of)
        has = ~np.isnan(of_pairs)
        return of_pairs[has], of.places[has][:, list(sides)]

    groups = [known(of) for of in trained]
    error = shared([of_pairs for of_pairs, _ in groups], [faces for _, faces in groups])
    control = [known(of)[0] for of in untrained]
    count = study.effort["subjects"].resamples
    return apart([of_pairs for of_pairs, _ in groups], rng, count, control, error=error)


def drawn(study: Study, subject: Subject, index: int, count: int) -> Pairs:
    """Return at most `count` pairs of one network.

    Where the truth is known, an answer is wrong that is not the true emotion, and faces behind a hand are left out:
    what the hand says is not the face's.
    """
    truth = study.dataset.truth.get("emotions", study.labels)
    bare = ~study.dataset.truth["hands"] if "hands" in study.dataset.truth else np.ones(len(truth), bool)
    right = subject.answers == truth
    rng = np.random.default_rng([study.seed, DRAW, index])
    pairs = matched(subject.answers, right, subject.confidence, bare, rng)[:count]
    images = study.dataset.dev.images[pairs.ravel()]
    shape = (*pairs.shape, len(study.classes), evidence.CELLS, evidence.CELLS)
    falls = evidence.falls(subject.quick, images, study.device) if len(pairs) else np.zeros(shape, np.float32)
    return Pairs(subject, pairs, falls.reshape(shape))


def matched(
    answers: np.ndarray, right: np.ndarray, confidence: np.ndarray, among: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Return pairs (k, 2) of a wrong and a right face, `among` (n,) bool, of the same answer and like confidence.

    Each face stands in one pair at most; wrong faces come in drawn order and take the nearest right one that is left.
    """
    pairs, taken = [], np.zeros(len(answers), bool)
    for wrong in rng.permutation(np.flatnonzero(~right & among)):
        free = np.flatnonzero(right & among & ~taken & (answers == answers[wrong]))
        if not len(free):
            continue
        gaps = np.abs(confidence[free] - confidence[wrong])
        if gaps.min() <= NEAR:
            taken[free[gaps.argmin()]] = True
            pairs.append((wrong, free[gaps.argmin()]))
    return np.array(pairs, int).reshape(-1, 2)
