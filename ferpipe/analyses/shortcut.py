"""The planted shortcut: in rendered faces a hand goes with sadness. What the network makes of it, and who finds it.

Whether a hand decides an answer is known: the same face is drawn without it. A method that shows what decides must mark
the hand where it did.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import rankdata

from ferpipe.analyses.counterfactuals import HAND, available, counterfactuals
from ferpipe.analyses.study import Study
from ferpipe.emotions import EMOTIONS, SIDE
from ferpipe.explainers.methods import BASELINES, METHODS, relevance
from ferpipe.explainers.perturbation import log_odds
from ferpipe.results.stored import Result
from ferpipe.statistics.intervals import bootstrap, proportion

KINDS = ("decisive", "other")  # hands that change the answer when they go, and hands that do not
SAD = EMOTIONS.index("sad")
DRAW = 122  # marks this analysis's generators


def analyse(study: Study) -> Result:
    """Return how often removing the hand changes the answer, and how surely each method finds the hand.

    Over all dev faces whose hand shows: `flips`, the share of changed answers, and the same by the first answer;
    `answers` (7, 7), counts of the answer with the hand by the one without; `sad_effect`, the mean change of sadness's
    log-odds that the hand makes. `methods` and `baselines`: the area under the ROC curve of relevance for the first
    answer against the pixels that the hand changed, 0.5 by chance, a mean over up to FACES faces of each of KINDS.
    None where there is nothing to measure, all of it where the faces are not drawn by us.
    """
    keys = ("n", "flips", "by_answer", "answers", "sad_effect", "explained", "methods", "baselines")
    numbers: dict[str, Any] = dict.fromkeys(keys)
    if available(study):
        numbers |= measured(study)
    return Result({"available": available(study), **numbers, **parameters(study)})


def parameters(study: Study) -> dict[str, Any]:
    """Return what the numbers were made with."""
    return {
        "seed": study.seed,
        "resamples": study.effort["shortcut"].resamples,
        "effort": study.effort["shortcut"].share,
    }


def measured(study: Study) -> dict[str, Any]:
    """Return the numbers of a data set whose faces are drawn."""
    hands = np.flatnonzero(study.dataset.truth["hands"])
    found = counterfactuals(study, hands, (HAND,))
    shows = [k for k, one in enumerate(found) if one.parts]
    images = study.dataset.dev.images[hands[shows]]
    lacking = np.array([found[k].pictures[0] for k in shows], np.uint8).reshape(images.shape)
    masks = np.array([found[k].masks[0] for k in shows], bool).reshape(images.shape)
    before, after = (log_odds(study.quick, faces, study.device) for faces in (images, lacking))
    answers, others = before.argmax(1), after.argmax(1)
    flips = answers != others
    counts = np.zeros((len(EMOTIONS), len(EMOTIONS)), int)
    np.add.at(counts, (answers, others), 1)
    aucs, explained = found_by(study, images, masks, answers, flips)
    return {
        "n": len(images),
        "flips": share(flips),
        "by_answer": [share(flips[answers == label]) for label in range(len(EMOTIONS))],
        "answers": counts.tolist(),
        "sad_effect": mean(study, before[:, SAD] - after[:, SAD], 0),
        "explained": explained,
        "methods": {name: aucs[name] for name in METHODS},
        "baselines": {name: aucs[name] for name in BASELINES},
    }


def found_by(
    study: Study, images: np.ndarray, masks: np.ndarray, answers: np.ndarray, flips: np.ndarray
) -> tuple[dict[str, dict[str, Any]], dict[str, int]]:
    """Return the mean area under the ROC curve by method and kind, and of how many faces of each kind."""
    drawn = {kind: chosen(study, k, flips == (kind == "decisive")) for k, kind in enumerate(KINDS)}
    places = np.concatenate(list(drawn.values()))
    decisive = np.arange(len(places)) < len(drawn["decisive"])
    effort = study.effort["shortcut"].share
    aucs: dict[str, dict[str, Any]] = {}
    for name in (*METHODS, *BASELINES):
        maps = relevance(name, study.quick, images[places], answers[places], study.device, study.seed, effort)
        values = auc(maps, masks[places])
        aucs[name] = {"decisive": mean(study, values[decisive], 1), "other": mean(study, values[~decisive], 2)}
    return aucs, {kind: len(own) for kind, own in drawn.items()}


def chosen(study: Study, kind: int, wanted: np.ndarray) -> np.ndarray:
    """Return the places of up to FACES of the `wanted` faces (n,) bool, drawn and then sorted."""
    rng = np.random.default_rng([study.seed, DRAW, kind])
    return np.sort(rng.permutation(np.flatnonzero(wanted))[: study.effort["shortcut"].faces])


def auc(maps: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return how surely a pixel inside a mask ranks above one outside, (n,) in [0, 1]: the area under the ROC curve.

    For maps (n, 48, 48) and masks bool, neither empty nor full; equal pixels count one half (Mann & Whitney 1947).
    """
    pixels = SIDE * SIDE
    ranks, inside = rankdata(maps.reshape(-1, pixels), axis=1), masks.reshape(-1, pixels)
    n = inside.sum(1)
    above: np.ndarray = (ranks * inside).sum(1) - n * (n + 1) / 2
    return above / (n * (pixels - n))


def share(values: np.ndarray) -> dict[str, Any] | None:
    """Return the share of true values (n,) bool with its interval and n; None without any."""
    return proportion(values) if len(values) else None


def mean(study: Study, values: np.ndarray, index: int) -> dict[str, Any] | None:
    """Return the mean of `values` (n,) with its interval and n; None without any."""
    if not len(values):
        return None
    rng = np.random.default_rng([study.seed, DRAW, len(KINDS) + index])
    interval = bootstrap(values, rng, study.effort["shortcut"].resamples)
    return {"value": float(values.mean()), "interval": interval, "n": len(values)}
