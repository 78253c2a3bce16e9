"""Where the evidence lies: how every class's log-odds fall when one place of a face is hidden, for a whole split.

A place is a cell of an 8x8 grid, the finest that results of a restricted data set may carry. It is hidden with half a
cell around it, behind the face's own blur: a single cell is smaller than an eye.
"""

from functools import cache

import numpy as np
import torch
from torch import nn

from ferpipe.analyses.faces import predictions, stratified
from ferpipe.analyses.study import Study
from ferpipe.explainers import stem
from ferpipe.explainers.answers import odds
from ferpipe.explainers.attributions import blurred
from ferpipe.explainers.perturbation import log_odds
from ferpipe.explainers.superpixels import BLUR
from ferpipe.networks.folding import Folded
from ferpipe.size import SIDE

CELLS = 8  # a side
CELL = SIDE // CELLS  # pixels
MARGIN = CELL // 2  # pixels hidden around a cell
FACES = 4  # whose hidden copies are forwarded at once: more of them leave the cache
DRAW = 151  # marks this module's generator


@cache
def shown() -> np.ndarray:
    """Return what is left of a face, (65, 48, 48) bool: all of it first, then all but each cell with its margin."""
    visible = np.ones((1 + CELLS**2, SIDE, SIDE), bool)
    for place, (row, column) in enumerate(np.ndindex(CELLS, CELLS), 1):
        top, left = max(0, row * CELL - MARGIN), max(0, column * CELL - MARGIN)
        visible[place, top : (row + 1) * CELL + MARGIN, left : (column + 1) * CELL + MARGIN] = False
    return visible


def falls(network: nn.Module, images: np.ndarray, device: torch.device) -> np.ndarray:
    """Return each class's log-odds of the whole face less those with each cell hidden, (n, classes, 8, 8) float32.

    Of images (n, 48, 48) uint8. What is positive speaks for the class.
    """
    ours = network if device.type == "cpu" and isinstance(network, Folded) and network.enlarge == 1 else None
    patches = stem.by_mask(ours.conv1, ours.maxpool, shown()) if ours else None
    evidence = []
    for start in range(0, len(images), FACES):
        faces = images[start : start + FACES]
        whole, hidden = faces.astype(np.float32) / 255, blurred(faces, BLUR)
        if ours is None or patches is None:
            copies = np.where(shown(), whole[:, None], hidden[:, None])
            answers = log_odds(network, copies.reshape(-1, SIDE, SIDE), device)
        else:
            with torch.inference_mode():
                logits = stem.logits_of_each(ours, whole, hidden, patches)
            answers = odds(logits.flatten(0, 1).float().numpy())
        by_copy = answers.reshape(len(faces), len(shown()), -1)
        fall = by_copy[:, :1] - by_copy[:, 1:]
        evidence.append(fall.transpose(0, 2, 1).reshape(len(faces), -1, CELLS, CELLS).astype(np.float32))
    return np.concatenate(evidence)


def sampled(study: Study) -> np.ndarray:
    """Return the dev faces whose evidence is looked at."""
    return stratified(study.labels, study.effort["evidence"].faces, np.random.default_rng([study.seed, DRAW]))


def of_dev(study: Study) -> np.ndarray:
    """Return `falls` of the analysis model for the sampled dev faces; analyses of one run share it."""
    if "evidence" not in study.shared:
        study.shared["evidence"] = falls(study.quick, study.dataset.dev.images[sampled(study)], study.device)
    return study.shared["evidence"]


def of_answer(study: Study) -> np.ndarray:
    """Return the evidence for the analysis model's answer, (n, 8, 8), for the sampled dev faces."""
    answers = predictions(study)[sampled(study)]
    return of_dev(study)[np.arange(len(answers)), answers]


def coverage(masks: np.ndarray) -> np.ndarray:
    """Return the share of each cell that lies inside masks (n, 48, 48) bool, (n, 8, 8) float64 in [0, 1]."""
    share: np.ndarray = masks.reshape(-1, CELLS, CELL, CELLS, CELL).mean((2, 4))
    return share


def shares(evidence: np.ndarray, masks: np.ndarray) -> np.ndarray:
    """Return the share of each face's positive evidence (n, 8, 8) inside its mask (n, 48, 48); NaN without any."""
    positive = np.maximum(evidence.astype(np.float64), 0)
    total = positive.sum((1, 2))
    inside = (positive * coverage(masks)).sum((1, 2))
    return np.divide(inside, total, out=np.full(len(total), np.nan), where=total > 0)
