"""Wrong looks elsewhere: does the evidence for a wrong answer lie outside the face more than that for a right one?

Seen, on faces matched by answer and confidence; and done: what lies outside is hidden, and the answer may change.
"""

import numpy as np

from ferpipe.analyses import evidence, pairs
from ferpipe.analyses.pairs import NEAR, Pairs
from ferpipe.analyses.regions import regions
from ferpipe.analyses.study import Study
from ferpipe.explainers.attributions import blurred
from ferpipe.explainers.inputs import BATCH, logits
from ferpipe.explainers.superpixels import BLUR
from ferpipe.results.elsewhere import ByAnswer, Elsewhere, Patches
from ferpipe.statistics.intervals import mcnemar, mean, proportion

PATCHES = 4  # cells outside the face that are hidden
DRAWS = 20  # regions as large as eyes and mouth that are drawn elsewhere on a face
DRAW = 153  # marks this analysis's generators


def analyse(study: Study) -> Elsewhere:
    """Return the share of positive evidence outside the face, for wrong against right answers, and what hiding it does.

    `matched`: over networks, the mean difference within pairs of a wrong and a right face of the same answer and about
    the same confidence. `misled`: how much oftener eyes and mouth speak for a wrong answer rather than for the truth
    than drawn places of the same size elsewhere on the face do. `patches`: of the analysis model's pairs, the answers
    that change when the strongest cells outside the face are hidden, against as many drawn ones outside, with McNemar's
    exact p, for wrong and for right answers.
    """
    trained, _ = pairs.of_each(study)
    rngs = [np.random.default_rng([study.seed, DRAW, k]) for k in range(4)]
    first = trained[0] if trained else None
    shares = [outside(study, first, side) for side in (0, 1)] if first else [np.zeros(0)] * 2
    resamples = study.effort["elsewhere"].resamples
    return Elsewhere(
        wrong=mean(shares[0][~np.isnan(shares[0])], rngs[2], resamples),
        right=mean(shares[1][~np.isnan(shares[1])], rngs[3], resamples),
        matched=pairs.over_networks(study, lambda of: differences(study, of), (0, 1), rngs[0]),
        misled=pairs.over_networks(study, lambda of: misled(study, of), (0,), rngs[1]),
        patches=ByAnswer(*(patches(study, first, side) if first else None for side in (0, 1))),
        hidden=PATCHES,
        near=NEAR,
        seed=study.seed,
        resamples=resamples,
    )


def outside(study: Study, of: Pairs, side: int) -> np.ndarray:
    """Return the share of positive evidence outside the face, of wrong (0) or right (1) faces (k,); NaN for none."""
    masks = ~regions(study.dataset)["face"][of.places[:, side]]
    return evidence.shares(of.of_answer(side), masks)


def differences(study: Study, of: Pairs) -> np.ndarray:
    """Return how much more of the evidence lies outside the face in the wrong one of each pair (k,); NaN for none."""
    return outside(study, of, 0) - outside(study, of, 1)


def misled(study: Study, of: Pairs) -> np.ndarray:
    """Return for each wrong face whether eyes and mouth speak more for the answer than for the truth, 0 or 1, less how
    often places of the same size elsewhere on the face do, (k,) in [-1, 1]; NaN where there is no room for these.

    A wrong answer is the loudest class, so that any place may favour it.
    """
    masks = regions(study.dataset)
    places = of.places[:, 0]
    truth = study.dataset.truth.get("emotions", study.labels)[places]
    rows = np.arange(len(places))
    for_answer = of.of_answer(0) - of.falls[rows, 0, truth]
    inside = evidence.coverage((masks["eyes"] | masks["mouth"])[places]).reshape(len(places), evidence.CELLS**2)
    rest = evidence.coverage((masks["face"] & ~masks["eyes"] & ~masks["mouth"])[places]).reshape(
        len(places), evidence.CELLS**2
    )
    cells = for_answer.reshape(len(places), evidence.CELLS**2)
    rng = np.random.default_rng([study.seed, DRAW, 9])
    values = np.full(len(places), np.nan)
    for face, (cell, parts, outer) in enumerate(zip(cells, inside, rest, strict=True)):
        if not 0 < parts.sum() <= outer.sum():
            continue
        elsewhere = []
        for _ in range(DRAWS):
            order = rng.permutation(len(outer))
            before = np.cumsum(outer[order]) - outer[order]
            taken = np.clip(parts.sum() - before, 0, outer[order])  # as large as eyes and mouth
            elsewhere.append(taken @ cell[order] > 0)
        values[face] = float(parts @ cell > 0) - float(np.mean(elsewhere))
    return values


def patches(study: Study, of: Pairs, side: int) -> Patches | None:
    """Return how often hiding the strongest PATCHES cells outside the face changes the answer, beside drawn ones.

    Of the wrong (0) or right (1) faces of the pairs. A cell is outside where more than half of it is; faces with fewer
    than twice PATCHES such cells are left out. None without any.
    """
    chosen = of.places[:, side]
    masks = ~regions(study.dataset)["face"][chosen]
    cells = evidence.coverage(masks).reshape(len(chosen), evidence.CELLS**2) > 0.5
    enough = np.flatnonzero(cells.sum(1) >= 2 * PATCHES)
    if not len(enough):
        return None
    rng = np.random.default_rng([study.seed, DRAW, 6, side])
    seen = of.of_answer(side).reshape(len(chosen), evidence.CELLS**2)
    strongest = np.where(cells[enough], seen[enough], -np.inf)
    drawn = np.where(cells[enough], rng.random((len(enough), evidence.CELLS**2)), -np.inf)
    answers = of.subject.answers[chosen[enough]]
    changed = [
        without(study, chosen[enough], np.argsort(-order, axis=1)[:, :PATCHES]) != answers
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
