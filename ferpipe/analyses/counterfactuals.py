"""Rendered faces drawn again without one part: what that part truly does to a network's answer.

The truth is interventional: the same face, light and noise with one action unit at rest or the hand gone. Nothing else
differs, so the change of the answer's log-odds is the part's effect on this network.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ferpipe.analyses.study import Study
from ferpipe.data.faces.rendered import RESTING, UNITS, Faces, draw, draw_many, joined, without
from ferpipe.errors import Slip
from ferpipe.explainers.perturbation import log_odds
from ferpipe.size import SIDE
from ferpipe.storage.encoding import Arrays

HAND = "hand"
PARTS = (*UNITS, HAND)
CHANGED = 2  # grey levels by which a pixel must differ to belong to a part, as in the data set's own masks
CURE = "python build.py --rebuild data draws them anew"


@dataclass(frozen=True)
class Counterfactual:
    """One face's parts in the order of PARTS, the picture without each, and the pixels that each changed."""

    parts: tuple[str, ...]
    pictures: np.ndarray  # (parts, 48, 48) uint8
    masks: np.ndarray  # (parts, 48, 48) bool, none of them empty


def available(study: Study) -> bool:
    """Return whether the faces are drawn, so that they can be drawn again."""
    return study.dataset.name == "rendered"


def dev_faces(study: Study) -> Faces:
    """Return the dev faces as parameters; raises Slip where the data set does not hold them."""
    truth: Arrays = study.dataset.truth
    names = ("emotions", "units", "hands", "traits", "seeds")
    if missing := [name for name in names if name not in truth]:
        raise Slip(f"the rendered dev faces have no {' and '.join(missing)}, so they cannot be drawn again; {CURE}")
    return Faces(truth["emotions"], study.labels, *(truth[name] for name in names[1:]))


def counterfactuals(study: Study, indices: np.ndarray, parts: Sequence[str] = PARTS) -> list[Counterfactual]:
    """Return `taken_apart` of these dev faces; raises Slip if a face comes out changed."""
    faces = dev_faces(study)[indices]
    originals = draw(faces)
    if (other := (originals != study.dataset.dev.images[indices]).any((1, 2))).any():
        names = study.dataset.dev.names[indices][other]
        raise Slip(
            f"{len(names)} dev faces, such as {names[0]}, are drawn otherwise than the data set has them; {CURE}"
        )
    return taken_apart(faces, originals, parts)


def taken_apart(faces: Faces, originals: np.ndarray, parts: Sequence[str] = PARTS) -> list[Counterfactual]:
    """Return for each of the faces, drawn as `originals` (n, 48, 48), its parts and the face without each.

    A unit is a part where it exceeds what it does on its own (RESTING), a hand where there is one, and both only where
    they show: hair or the hand hides some.
    """
    by_part = [
        np.flatnonzero(faces.hands if part == HAND else faces.units[:, UNITS.index(part)] > RESTING) for part in parts
    ]
    lacking = [without(faces[places], part) for part, places in zip(parts, by_part, strict=True)]
    whose = np.concatenate([np.zeros(0, int), *by_part])
    pictures = draw_many(joined(lacking)) if lacking else originals[whose]
    masks = np.abs(originals[whose].astype(int) - pictures) >= CHANGED
    by_face: list[list[tuple[str, np.ndarray, np.ndarray]]] = [[] for _ in originals]
    for place, part, picture, mask in zip(
        whose, np.repeat(parts, [len(p) for p in by_part]), pictures, masks, strict=True
    ):
        if mask.any():
            by_face[place].append((str(part), picture, mask))
    return [_gathered(of_face) for of_face in by_face]


def _gathered(lacking: list[tuple[str, np.ndarray, np.ndarray]]) -> Counterfactual:
    pictures = np.array([picture for _, picture, _ in lacking], np.uint8).reshape(-1, SIDE, SIDE)
    masks = np.array([mask for _, _, mask in lacking], bool).reshape(-1, SIDE, SIDE)
    return Counterfactual(tuple(part for part, _, _ in lacking), pictures, masks)


def effects(
    network: nn.Module,
    images: np.ndarray,
    targets: np.ndarray,
    parts: Sequence[Counterfactual],
    device: torch.device,
) -> list[np.ndarray]:
    """Return each part's true effect, (parts,) for each face: the target's log-odds with the part less those without.

    For images (n, 48, 48) uint8 and targets (n,); a positive effect speaks for the target.
    """
    counts = np.array([len(face.parts) for face in parts], int)
    pictures = np.concatenate([images[:0], *(face.pictures for face in parts)])
    whole = log_odds(network, images, device)[np.arange(len(images)), targets]
    lacking = log_odds(network, pictures, device)[np.arange(len(pictures)), np.repeat(targets, counts)]
    ends = np.cumsum(counts)
    return [odds - lacking[end - n : end] for odds, n, end in zip(whole, counts, ends, strict=True)]
