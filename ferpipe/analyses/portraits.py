"""Portraits: a face of each class under every method of explanation, and one face changed in one thing at a time."""

from dataclasses import replace

import numpy as np

from ferpipe.analyses.counterfactuals import available, dev_faces
from ferpipe.analyses.faces import described, nearest, predictions
from ferpipe.analyses.light import DARK
from ferpipe.analyses.study import Study, softmax
from ferpipe.data import fer2013
from ferpipe.data.faces.rendered import EMOTIONS, UNITS, Faces, draw, without
from ferpipe.data.faces.traits import NAMES
from ferpipe.explainers.inputs import logits
from ferpipe.explainers.methods import METHODS, relevance
from ferpipe.results.portraits import Change, Portraits, Portrayed, Thing
from ferpipe.size import SIDE

SHOWN = 6  # faces at most
SMILE = "happy"  # the emotion of the face that is changed
SURE = 0.9  # the probability from which on the least sure face is taken
LIGHT: Thing = "light"  # the last change: poor light, as analyses/light.py has it


def analyse(study: Study) -> Portraits:
    """Return faces as `saliency` chooses them and, of drawn ones, a happy face with one thing changed at a time."""
    labels = [label for label, name in enumerate(study.classes) if name != fer2013.RESTING][:SHOWN]
    indices = [index for label in labels if (index := nearest(study, label)) is not None]
    images, answers = study.dataset.dev.images[indices], predictions(study)[indices]
    changed, changes, targets = strip(study)
    return Portraits(
        faces=[described(study, index) for index in indices],
        methods=list(METHODS),
        changes=changes,
        sure=SURE,
        effort=study.effort["portraits"].share,
        private=Portrayed(images, maps(study, images, answers), changed, maps(study, changed, targets)),
    )


def maps(study: Study, images: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """Return every method's maps of these faces for these classes, (methods, n, 48, 48)."""
    share = study.effort["portraits"].share
    asked = (study.quick, images, targets, study.device, study.seed, share)
    return np.stack([relevance(name, *asked) for name in METHODS])


def strip(study: Study) -> tuple[np.ndarray, list[Change], np.ndarray]:
    """Return the changed faces (n, 48, 48), what the analysis model says of each, and its predictions (n,).

    The first is the rightly and least surely answered happy dev face of those that wear no glasses, show no hand and
    are answered with SURE and more, or else the surest: its answer can still be moved. None where there is none.
    """
    none: tuple[np.ndarray, list[Change], np.ndarray] = np.zeros((0, SIDE, SIDE), np.uint8), [], np.zeros(0, np.int64)
    if not available(study):
        return none
    faces, label = dev_faces(study), EMOTIONS.index(SMILE)
    bare = (faces.traits[:, NAMES.index("glasses")] < 0.5) & ~faces.hands
    right = np.flatnonzero(bare & (faces.emotions == label) & (predictions(study) == label))
    if not len(right):
        return none
    sure = study.probabilities[right, label]
    first = int(right[np.where(sure >= SURE, sure, 2 - sure).argmin()])
    variants = changed(faces[np.array([first])])
    images = np.concatenate([draw(face) for face in variants.values()])
    images = np.concatenate([images, (images[:1] * DARK).round().astype(np.uint8)])
    chances = softmax(logits(study.quick, images.astype(np.float32) / 255, study.device))
    answers = chances.argmax(1)
    changes = [
        Change(what, int(answer), float(row[answer]), float(row[answers[0]]))
        for what, answer, row in zip([*variants, LIGHT], answers, chances, strict=True)
    ]
    return images, changes, answers


def changed(face: Faces) -> dict[Thing, Faces]:
    """Return a drawn face as it is, and again with one thing changed, by its name."""
    frowning = face.units.copy()
    frowning[:, UNITS.index("AU4")] = 1

    def traits(name: str, value: float) -> Faces:
        values = face.traits.copy()
        values[:, NAMES.index(name)] = value
        return replace(face, traits=values)

    return {
        "none": face,
        "mouth": without(face, "AU12", "AU25"),
        "brows": replace(face, units=frowning),
        "hand": replace(face, hands=np.ones_like(face.hands)),
        "glasses": traits("glasses", 1),
    }
