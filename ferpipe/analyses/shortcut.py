"""The planted shortcut: in rendered faces a hand goes with sadness. What the network makes of it, and who finds it.

Whether a hand decides an answer is known: the same face is drawn without it. A method that shows what decides must mark
the hand where it did.
"""

from dataclasses import replace

import numpy as np
from scipy.stats import rankdata

from ferpipe.analyses.counterfactuals import HAND, available, counterfactuals
from ferpipe.analyses.study import Study
from ferpipe.data import fer2013
from ferpipe.explainers.methods import BASELINES, METHODS, Baseline, Method, relevance
from ferpipe.explainers.perturbation import log_odds
from ferpipe.results.common import Estimate
from ferpipe.results.shortcut import Finding, Kinds, Shortcut
from ferpipe.size import SIDE
from ferpipe.statistics.intervals import averaged, proportion

KINDS = ("decisive", "other")  # hands that change the answer when they go, and hands that do not
DRAW = 122  # marks this analysis's generators


def analyse(study: Study) -> Shortcut:
    """Return how often removing the hand changes the answer, over all dev faces whose hand shows, and how surely each
    method finds the hand, over some of each of KINDS; relevance is that for the answer with the hand.
    """
    effort = study.effort["shortcut"]
    nothing = Shortcut(
        available=False, n=None, flips=None, by_answer=None, answers=None, sad_effect=None, explained=None,
        methods=None, baselines=None, seed=study.seed, resamples=effort.resamples, effort=effort.share,
    )  # fmt: skip
    if not available(study):
        return nothing
    hands = np.flatnonzero(study.dataset.truth["hands"])
    without = counterfactuals(study, hands, (HAND,))
    visible = [k for k, face in enumerate(without) if face.parts]
    images = study.dataset.dev.images[hands[visible]]
    lacking = np.array([without[k].pictures[0] for k in visible], np.uint8).reshape(images.shape)
    masks = np.array([without[k].masks[0] for k in visible], bool).reshape(images.shape)
    before, after = (log_odds(study.quick, faces, study.device) for faces in (images, lacking))
    answers, others = before.argmax(1), after.argmax(1)
    flips = answers != others
    counts, sad = np.zeros((len(study.classes), len(study.classes)), int), study.classes.index(fer2013.SAD)
    np.add.at(counts, (answers, others), 1)
    drawn = [chosen(study, k, flips == (kind == "decisive")) for k, kind in enumerate(KINDS)]
    findings = finding(study, images, masks, answers, drawn)
    return replace(
        nothing,
        available=True,
        n=len(images),
        flips=share(flips),
        by_answer=[share(flips[answers == label]) for label in range(len(study.classes))],
        answers=counts.tolist(),
        sad_effect=mean(study, before[:, sad] - after[:, sad], 0),
        explained=Kinds(*map(len, drawn)),
        methods={name: findings[name] for name in METHODS},
        baselines={name: findings[name] for name in BASELINES},
    )


def finding(
    study: Study, images: np.ndarray, masks: np.ndarray, answers: np.ndarray, drawn: list[np.ndarray]
) -> dict[Method | Baseline, Finding]:
    """Return the mean area under the ROC curve by method, over the `drawn` faces of each kind."""
    places = np.concatenate(drawn)
    decisive = np.arange(len(places)) < len(drawn[0])
    effort = study.effort["shortcut"].share
    findings: dict[Method | Baseline, Finding] = {}
    for name in (*METHODS, *BASELINES):
        maps = relevance(name, study.quick, images[places], answers[places], study.device, study.seed, effort)
        values = auc(maps, masks[places])
        findings[name] = Finding(mean(study, values[decisive], 1), mean(study, values[~decisive], 2))
    return findings


def chosen(study: Study, kind: int, among: np.ndarray) -> np.ndarray:
    """Return the places of some of the faces `among` (n,) bool, drawn and then sorted."""
    rng = np.random.default_rng([study.seed, DRAW, kind])
    return np.sort(rng.permutation(np.flatnonzero(among))[: study.effort["shortcut"].faces])


def auc(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return how surely a pixel inside a mask ranks above one outside, (n,) in [0, 1]: the area under the ROC curve.

    For maps (n, 48, 48) and masks bool, neither empty nor full; equal pixels count one half (Mann & Whitney 1947).
    """
    pixels = SIDE * SIDE
    ranks, inside = rankdata(maps.reshape(-1, pixels), axis=1), masks.reshape(-1, pixels)
    n = inside.sum(1)
    above: np.ndarray = (ranks * inside).sum(1) - n * (n + 1) / 2
    return above / (n * (pixels - n))


def share(values: np.ndarray) -> Estimate | None:
    """Return the share of true values (n,) bool with its interval and n; None without any."""
    return proportion(values) if len(values) else None


def mean(study: Study, values: np.ndarray, index: int) -> Estimate | None:
    """Return the mean of `values` (n,) with its interval and n; None without any."""
    if not len(values):
        return None
    rng = np.random.default_rng([study.seed, DRAW, len(KINDS) + index])
    return averaged(values, rng, study.effort["shortcut"].resamples)
