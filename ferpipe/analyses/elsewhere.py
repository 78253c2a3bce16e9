"""Wrong looks elsewhere: does the evidence for a wrong answer lie outside the face more than that for a right one?

Seen, on faces matched by answer and confidence; and done: what lies outside is hidden, and the answer may change.
"""

import numpy as np
from scipy.stats import mannwhitneyu

from ferpipe.analyses import evidence
from ferpipe.analyses.atlas import of_faces
from ferpipe.analyses.regions import ELLIPSE, ellipse, regions
from ferpipe.analyses.study import Study
from ferpipe.explainers.attributions import blurred
from ferpipe.explainers.inputs import BATCH, logits
from ferpipe.explainers.superpixels import BLUR
from ferpipe.results.elsewhere import ByAnswer, Compared, Elsewhere, Matched, OfSize, Patches
from ferpipe.size import SIDE
from ferpipe.statistics.intervals import LEVEL, mcnemar, mean, proportion

SIZES = (0.85, 1.0, 1.15)  # of the ellipse that stands for a photographed face
NEAR = 0.1  # of confidence: the matched faces differ by no more
PATCHES = 4  # cells outside the face that are hidden
DRAW = 153  # marks this analysis's generators


def analyse(study: Study) -> Elsewhere:
    """Return the share of positive evidence outside the face, for wrong against right answers, and what hiding it does.

    `matched`: each wrong face beside one right face of the same answer and about the same confidence; the mean
    difference, the p of Mann & Whitney (1947) and Cliff's delta (1993). `sizes` repeats it for other sizes of the face
    where that is an ellipse. `patches`: the answers that change when the strongest cells outside the face are hidden,
    against as many drawn ones outside, with McNemar's exact p, for wrong and for right answers.
    """
    chosen = evidence.sampled(study)
    seen, answers, right = of_faces(study, chosen)
    confidence = study.probabilities[chosen, answers]
    pairs = matched(answers, right, confidence, np.random.default_rng([study.seed, DRAW, 0]))
    outside = {1.0: ~regions(study.dataset)["face"][chosen]}
    if "regions" not in study.dataset.truth:
        outside = {size: ~around(size, len(chosen)) for size in SIZES}
    by_size = {size: compared(study, evidence.shares(seen, masks), right, pairs) for size, masks in outside.items()}
    hidden = [
        patches(study, chosen[faces], seen[faces], outside[1.0][faces], answers[faces], index)
        for index, faces in enumerate((~right, right), 1)
    ]
    return Elsewhere(
        **vars(by_size[1.0]),
        sizes=[OfSize(**vars(same), size=size, area=float(outside[size].mean())) for size, same in by_size.items()],
        patches=ByAnswer(*hidden),
        hidden=PATCHES,
        near=NEAR,
        n=len(chosen),
        seed=study.seed,
        resamples=study.effort["elsewhere"].resamples,
    )


def around(size: float, n: int) -> np.ndarray:
    """Return the ellipse that stands for a face, so many times as large, for n faces, (n, 48, 48) bool."""
    mask = ellipse((ELLIPSE[0] * size, ELLIPSE[1] * size))
    return np.broadcast_to(mask, (n, SIDE, SIDE))


def matched(answers: np.ndarray, right: np.ndarray, confidence: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return pairs (k, 2) of a wrong and a right face of the same answer and nearly the same confidence.

    Each face stands in one pair at most; wrong faces come in drawn order and take the nearest right one that is left.
    """
    pairs, taken = [], np.zeros(len(answers), bool)
    for wrong in rng.permutation(np.flatnonzero(~right)):
        free = np.flatnonzero(right & ~taken & (answers == answers[wrong]))
        if not len(free):
            continue
        gaps = np.abs(confidence[free] - confidence[wrong])
        if gaps.min() <= NEAR:
            taken[free[gaps.argmin()]] = True
            pairs.append((wrong, free[gaps.argmin()]))
    return np.array(pairs, int).reshape(-1, 2)


def compared(study: Study, shares: np.ndarray, right: np.ndarray, pairs: np.ndarray) -> Compared:
    """Return the mean shares (n,) of all right and all wrong faces, and how the matched ones differ."""
    count = study.effort["elsewhere"].resamples
    known = ~np.isnan(shares)
    pairs = pairs[known[pairs].all(1)]
    wrong, other = shares[pairs[:, 0]], shares[pairs[:, 1]]
    difference = mean(wrong - other, np.random.default_rng([study.seed, DRAW, 3]), count)
    matched = None
    if difference is not None:
        p = float(mannwhitneyu(wrong, other).pvalue)
        matched = Matched(**vars(difference), level=LEVEL, p=p, delta=delta(wrong, other))
    return Compared(
        wrong=mean(shares[known & ~right], np.random.default_rng([study.seed, DRAW, 4]), count),
        right=mean(shares[known & right], np.random.default_rng([study.seed, DRAW, 5]), count),
        matched=matched,
    )


def delta(first: np.ndarray, second: np.ndarray) -> float:
    """Return how much more often a value of the first exceeds one of the second than the other way, in [-1, 1]."""
    return float(np.sign(first[:, None] - second[None]).mean())


def patches(
    study: Study, chosen: np.ndarray, seen: np.ndarray, outside: np.ndarray, answers: np.ndarray, index: int
) -> Patches | None:
    """Return how often hiding the strongest PATCHES cells outside the face changes the answer, beside drawn ones.

    For dev faces `chosen` with evidence `seen` (n, 8, 8) and `answers`. A cell is outside where more than half of it
    is; faces with fewer than twice PATCHES such cells are left out. None without any.
    """
    places = evidence.coverage(outside).reshape(len(chosen), evidence.CELLS**2) > 0.5
    enough = np.flatnonzero(places.sum(1) >= 2 * PATCHES)
    if not len(enough):
        return None
    rng = np.random.default_rng([study.seed, DRAW, 6, index])
    strongest = np.where(places[enough], seen.reshape(len(chosen), -1)[enough], -np.inf)
    drawn = np.where(places[enough], rng.random((len(enough), evidence.CELLS**2)), -np.inf)
    changed = [
        without(study, chosen[enough], np.argsort(-order, axis=1)[:, :PATCHES]) != answers[enough]
        for order in (strongest, drawn)
    ]
    return Patches(proportion(changed[0]), proportion(changed[1]), mcnemar(*changed), len(enough))


def without(study: Study, chosen: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Return the answers (n,) to dev faces whose `cells` (n, k), numbered by rows, are hidden behind their blur."""
    images = study.dataset.dev.images[chosen]
    visible = np.ones((len(chosen), evidence.CELLS**2), bool)
    np.put_along_axis(visible, cells, False, axis=1)
    visible = visible.reshape(-1, evidence.CELLS, evidence.CELLS).repeat(evidence.CELL, 1).repeat(evidence.CELL, 2)
    answers = np.zeros(len(images), int)
    for start in range(0, len(images), BATCH):
        part = slice(start, start + BATCH)
        whole, hidden = images[part].astype(np.float32) / 255, blurred(images[part], BLUR)
        answers[part] = logits(study.quick, np.where(visible[part], whole, hidden), study.device).argmax(1)
    return answers
