"""The atlas: where the evidence for each answer lies over the whole dev set, when it is right and when it is wrong."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.stats import ttest_ind

from ferpipe.analyses import evidence
from ferpipe.analyses.faces import FEWEST, predictions
from ferpipe.analyses.regions import regions
from ferpipe.analyses.roles import features
from ferpipe.analyses.study import Study
from ferpipe.emotions import EMOTIONS
from ferpipe.explainers.surrogates import rank_correlation
from ferpipe.results.stored import Result
from ferpipe.statistics.intervals import LEAST, QUANTILE, contrast, mean, proportion

SIDES = ("right", "wrong")
DISCOVERY = 0.05  # share of the cells called different that may be so by chance (Benjamini & Hochberg 1995)
DRAW = 152  # marks this analysis's generators


def analyse(study: Study) -> Result:
    """Return each answer's mean evidence on the 8x8 grid, over right and over wrong faces, and its shares by region.

    Arrays (7, 8, 8) float32: `right` and `wrong`, means of the answer's evidence in log-odds over the faces that got
    that answer, `<side>_half`, half of their 95% intervals (normal), and `different` (uint8, 0 or 1), the cells in
    which the two differ (Welch's test, false discovery controlled over all cells). Zeros where faces are too few.
    `share` holds, for each region and answer, the mean share of the positive evidence of right faces inside it, beside
    its area.
    """
    chosen = evidence.sampled(study)
    found, answers, right = of_faces(study, chosen)
    fewest = FEWEST if study.dataset.restricted else LEAST
    shape = (len(EMOTIONS), evidence.CELLS, evidence.CELLS)
    arrays: dict[str, np.ndarray] = {}
    counts: dict[str, list[int]] = {}
    for side, own in zip(SIDES, (right, ~right), strict=True):
        arrays[side], arrays[f"{side}_half"] = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
        counts[side] = []
        for label in range(len(EMOTIONS)):
            maps = found[own & (answers == label)]
            counts[side].append(len(maps) if len(maps) >= fewest else 0)
            if counts[side][-1]:
                arrays[side][label] = maps.mean(0)
                arrays[f"{side}_half"][label] = QUANTILE * maps.std(0, ddof=1) / np.sqrt(len(maps))
    pairs = {
        label: [found[own & (answers == label)] for own in (right, ~right)]
        for label in range(len(EMOTIONS))
        if counts["right"][label] and counts["wrong"][label]
    }
    arrays["different"] = differing(pairs).astype(np.uint8)
    numbers = {
        "n": len(chosen),
        **counts,
        "cells": evidence.CELLS**2,
        "discovery": DISCOVERY,
        "different": [int(own.sum()) if label in pairs else None for label, own in enumerate(arrays["different"])],
        "share": shares(study, chosen, found, answers, right),
        **contrasts(study, chosen, found, answers, right),
        "seed": study.seed,
        "resamples": study.effort["atlas"].resamples,
    }
    return Result(numbers, arrays)


def of_faces(study: Study, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the chosen faces' evidence for their answers (n, 8, 8), these answers (n,), and whether they are right."""
    answers = predictions(study)[chosen]
    return evidence.of_answer(study), answers, answers == study.labels[chosen]


def differing(pairs: dict[int, list[np.ndarray]]) -> np.ndarray:
    """Return in which cells right and wrong faces' evidence differs, (7, 8, 8) bool, by label of `pairs`."""
    found = np.zeros((len(EMOTIONS), evidence.CELLS, evidence.CELLS), bool)
    if not pairs:
        return found
    p = np.stack([np.nan_to_num(ttest_ind(*own, equal_var=False).pvalue, nan=1.0) for own in pairs.values()])
    found[list(pairs)] = discovered(p.ravel()).reshape(p.shape)
    return found


def discovered(p: np.ndarray) -> np.ndarray:
    """Return which of the tests (k,) are called, such that DISCOVERY of the calls are false on average."""
    order = np.argsort(p, kind="stable")
    below = np.flatnonzero(p[order] <= DISCOVERY * np.arange(1, len(p) + 1) / len(p))
    called = np.zeros(len(p), bool)
    if len(below):
        called[order[: below[-1] + 1]] = True
    return called


def shares(
    study: Study, chosen: np.ndarray, found: np.ndarray, answers: np.ndarray, right: np.ndarray
) -> dict[str, dict[str, Any]]:
    """Return by region its area and the share of positive evidence inside it: over all right faces, and by answer."""
    count = study.effort["atlas"].resamples
    table: dict[str, dict[str, Any]] = {}
    for index, (name, masks) in enumerate(regions(study.dataset).items()):
        masks = masks[chosen]
        own = evidence.shares(found, masks)
        usable = right & ~np.isnan(own) & masks.any((1, 2))
        rows = [usable, *(usable & (answers == label) for label in range(len(EMOTIONS)))]
        stats = [mean(own[row], drawn(study, index, k), count) for k, row in enumerate(rows)]
        area = float(masks[usable].mean()) if usable.any() else None
        table[name] = {"area": area, "all": stats[0], "by_answer": stats[1:]}
    return table


def contrasts(
    study: Study, chosen: np.ndarray, found: np.ndarray, answers: np.ndarray, right: np.ndarray
) -> dict[str, Any]:
    """Return the comparisons that the original's findings rest on, with interval and n; None where few faces count.

    `happy_mouth`: by how much the mouth's share of the positive evidence is larger for happy than for other answers, of
    right faces. `sad_eyes`: by how much the share of the evidence for sad that lies on eyes and brows is larger in sad
    faces that were found than in missed ones. `misled`: the share of wrong answers for which eyes and mouth speak more
    for the answer than for the true class. `features`: the share of the positive evidence of right faces on brows,
    eyes, nose and mouth less their share of the face's area. `edges`: the mean rank correlation of a face's evidence
    and its edges' strength, cell by cell.
    """
    count = study.effort["atlas"].resamples
    masks = {name: own[chosen] for name, own in regions(study.dataset).items()}
    labels, every = study.labels[chosen], evidence.of_dev(study)
    happy, sad = EMOTIONS.index("happy"), EMOTIONS.index("sad")
    mouth = evidence.shares(found, masks["mouth"])
    seen = right & ~np.isnan(mouth)
    upper = evidence.shares(every[:, sad], masks["eyes"] | masks["brows"])
    missed = (labels == sad) & ~np.isnan(upper)
    where = evidence.coverage(masks["eyes"] | masks["mouth"])
    speaks = (every * where[:, None]).sum((2, 3))  # (n, 7): what eyes and mouth together say for each class
    rows = np.arange(len(chosen))
    misled = speaks[rows, answers] > speaks[rows, labels]
    parts_share, face_share = evidence.shares(found, masks["features"]), evidence.shares(found, masks["face"])
    usable = right & (face_share > 0) & masks["face"].any((1, 2))
    area = masks["features"][usable].sum((1, 2)) / np.maximum(masks["face"][usable].sum((1, 2)), 1)
    strength = evidence.coverage(features(study.dataset.dev.images[chosen])["edges"])
    along = [rank_correlation(a.ravel(), b.ravel()) for a, b in zip(found[right], strength[right], strict=True)]
    return {
        "happy_mouth": contrast(
            mouth[seen & (answers == happy)], mouth[seen & (answers != happy)], drawn(study, 30), count
        ),
        "sad_eyes": contrast(upper[missed & right], upper[missed & ~right], drawn(study, 31), count),
        "misled": proportion(misled[~right]) if (~right).any() else None,
        "features": mean(parts_share[usable] / face_share[usable] - area, drawn(study, 32), count),
        "edges": mean(np.array([one for one in along if one is not None]), drawn(study, 33), count),
    }


def drawn(study: Study, *index: int) -> np.random.Generator:
    """Return the generator of one statistic."""
    return np.random.default_rng([study.seed, DRAW, *index])
