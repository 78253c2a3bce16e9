"""How much of every answer hangs on the mouth, and how much on eyes and brows: what is lost without them.

Of drawn faces, what is lost without the action units there; of photographs, what is lost when the part is hidden,
twice: behind the face's own blur, and behind grey, since what hides also shows something.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from ferpipe.analyses import fresh, subjects
from ferpipe.analyses.counterfactuals import HAND, Counterfactual, available, counterfactuals, taken_apart
from ferpipe.analyses.faces import stratified
from ferpipe.analyses.regions import regions
from ferpipe.analyses.study import Study
from ferpipe.analyses.subjects import Subject
from ferpipe.data import fer2013
from ferpipe.data.faces.rendered import UNITS, draw_many, without
from ferpipe.explainers.attributions import blurred
from ferpipe.explainers.perturbation import log_odds
from ferpipe.explainers.superpixels import BLUR
from ferpipe.results.common import Across
from ferpipe.size import SIDE
from ferpipe.statistics.across import Statistic, across

UPPER, MOUTH, REST = range(3)  # groups of parts
OF_UNIT = {
    **dict.fromkeys(("AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU43"), UPPER),
    **dict.fromkeys(("AU10", "AU12", "AU15", "AU16", "AU17", "AU20", "AU23", "AU25", "AU26"), MOUTH),
    "AU9": REST,
}
OF_REGION = {"eyes": UPPER, "brows": UPPER, "mouth": MOUTH, "nose": REST}
FEWEST = 5  # faces of a class below which it is not compared
DRAW = 196  # marks this module's generators


@dataclass(frozen=True)
class Sample:
    """Faces, and the same ones without a part each."""

    images: np.ndarray  # (n, 48, 48) uint8
    labels: np.ndarray  # (n,): of faces drawn anew the true ones
    lacking: np.ndarray  # (k, 48, 48) float32 in [0, 1]
    whose: np.ndarray  # (k,): of which face each is
    kinds: np.ndarray  # (k, 2): what hides the part, of one or more fills, and the group that it belongs to
    units: np.ndarray | None = None  # (n, 17) what each face shows, of faces drawn anew


def of_each_class(study: Study) -> Sample:
    """Return some dev faces of each class."""
    rng = np.random.default_rng([study.seed, DRAW, 0])
    return of_dev(study, stratified(study.labels, study.effort["subjects"].faces // 2, rng))


def of_sadness(study: Study) -> Sample:
    """Return sad faces: drawn anew where they can be, without a hand, which speaks for sadness itself; else dev's."""
    sad, count = study.label(fer2013.SAD), study.effort["parts"].faces
    if not available(study):
        rng = np.random.default_rng([study.seed, DRAW, 3])
        return of_dev(study, rng.permutation(np.flatnonzero(study.labels == sad))[:count])
    faces = without(fresh.faces(np.full(count, sad), 0), HAND)
    images = draw_many(faces)
    return replace(redrawn(images, faces.emotions, taken_apart(faces, images, UNITS)), units=faces.units)


def of_dev(study: Study, chosen: np.ndarray) -> Sample:
    """Return dev faces, which are drawn again without a part, or a part of which is hidden in two ways."""
    images, labels = study.dataset.dev.images[chosen], study.labels[chosen]
    if available(study):
        return redrawn(images, labels, counterfactuals(study, chosen, UNITS))
    whole = images.astype(np.float32) / 255
    fills = (blurred(images, BLUR), np.broadcast_to(whole.mean((1, 2), keepdims=True), whole.shape))
    masks = regions(study.dataset)
    hidden = [np.where(masks[name][chosen], fill, whole) for fill in fills for name in OF_REGION]  # type: ignore[index]
    groups = [(fill, group) for fill in range(len(fills)) for group in OF_REGION.values()]
    whose = np.tile(np.arange(len(chosen)), len(groups))
    return Sample(images, labels, np.concatenate(hidden), whose, np.repeat(np.array(groups), len(chosen), axis=0))


def redrawn(images: np.ndarray, labels: np.ndarray, parts: Sequence[Counterfactual]) -> Sample:
    """Return drawn faces with their counterfactuals."""
    whose = np.repeat(np.arange(len(parts)), [len(face.parts) for face in parts])
    groups = [(0, OF_UNIT[part]) for face in parts for part in face.parts]
    pictures = np.concatenate([np.zeros((0, SIDE, SIDE), np.uint8), *(face.pictures for face in parts)])
    return Sample(images, labels, pictures.astype(np.float32) / 255, whose, np.array(groups, int).reshape(-1, 2))


class Asked(NamedTuple):
    """What a network says of a sample."""

    falls: np.ndarray  # (fills, n, 3, classes): each class's log-odds that go with each group of parts
    answers: np.ndarray  # (n,)


def ask(study: Study, sample: Sample, subject: Subject) -> Asked:
    """Return what a network loses of its log-odds without each group of parts, and what it answers with all of them."""
    whole = log_odds(subject.quick, sample.images, study.device)
    fall = whole[sample.whose] - log_odds(subject.quick, sample.lacking, study.device)
    fills = int(sample.kinds[:, 0].max(initial=0)) + 1
    total = np.zeros((fills, len(sample.images), 3, len(study.classes)))
    np.add.at(total, (sample.kinds[:, 0], sample.whose, sample.kinds[:, 1]), fall)
    return Asked(total, whole.argmax(1))


Asks = Callable[[Study, Sample, Asked], Statistic]


class Findings(NamedTuple):
    """What the networks say; None of pictures that show no face."""

    happy_mouth: Across | None
    sad_eyes: Across | None
    anew: int  # faces drawn for the latter


def findings(study: Study) -> Findings:
    """Return whether happy hangs on the mouth more than others do, and found sadness on the eyes more than missed.

    Over networks. By how much the mouth's share of what is lost is larger for happy than for any other emotion, of
    rightly answered faces; and by how much the share of eyes and brows in what sadness loses is larger for found sad
    faces than for missed ones. The smaller over fills.
    """
    if study.dataset.shows != "face":
        return Findings(None, None, 0)

    def over(sample: Sample, statistic: Asks, draw: int) -> Across | None:
        if not len(sample.images):
            return None
        rows = subjects.rows(study, (DRAW, draw), len(sample.images))
        trained, untrained = (
            [statistic(study, sample, ask(study, sample, subject)) for subject in group]
            for group in (subjects.trained(study), subjects.untrained(study))
        )
        return across(trained, rows, untrained)

    happy = over(of_each_class(study), mouth, 1) if study.label(fer2013.HAPPY) is not None else None
    if study.label(fer2013.SAD) is None:
        return Findings(happy, None, 0)
    sad = of_sadness(study)
    return Findings(happy, over(sad, eyes, 2), 0 if sad.units is None else len(sad.units))


def mouth(study: Study, sample: Sample, asked: Asked) -> Statistic:
    """Return the mouth's share for happy less the largest of another emotion's, the smaller over fills."""
    labels = sample.labels
    happy, resting = study.label(fer2013.HAPPY), study.label(fer2013.RESTING)
    right = asked.answers == labels
    of_label = asked.falls[:, np.arange(len(labels)), :, labels].transpose(1, 0, 2)  # (fills, n, 3)
    others = [
        label
        for label in range(len(study.classes))
        if label not in (happy, resting) and (right & (labels == label)).sum() >= FEWEST
    ]

    def of(rows: np.ndarray) -> np.ndarray:
        def share(label: int | None, fill: np.ndarray) -> np.ndarray:
            return portion(rows * (right & (labels == label)), fill, MOUTH)

        if not others:
            return np.full(len(rows), np.nan)
        more = [share(happy, fill) - np.max([share(label, fill) for label in others], axis=0) for fill in of_label]
        return np.asarray(np.min(more, axis=0))

    return of


def eyes(study: Study, sample: Sample, asked: Asked) -> Statistic:
    """Return the share of eyes and brows for found sad faces less that for missed ones, the smaller over fills.

    Of faces that are drawn, each missed one is held against the found one with the nearest action units: what a
    face does not show, no network can use. A network from which nothing is lost, however a part of its missed faces
    is hidden, has no share there that could be smaller: no difference is seen in it, and it speaks against a
    verdict instead of being left out.
    """
    sad, labels = study.label(fer2013.SAD), sample.labels
    of_sad = asked.falls[..., sad]
    found, missed = (labels == sad) & (asked.answers == sad), (labels == sad) & (asked.answers != sad)
    if min(found.sum(), missed.sum()) < FEWEST:
        return lambda rows: np.full(len(rows), np.nan)
    beside = found if sample.units is None else nearest(sample.units, found, missed)

    def of(rows: np.ndarray) -> np.ndarray:
        more = [portion(rows * beside, fill, UPPER) - portion(rows * missed, fill, UPPER) for fill in of_sad]
        return np.nan_to_num(np.min(more, axis=0))

    return of


def nearest(units: np.ndarray, found: np.ndarray, missed: np.ndarray) -> np.ndarray:
    """Return how often each face is the found one whose units (n, 17) are nearest to those of a missed one, (n,)."""
    apart = ((units[missed][:, None] - units[found]) ** 2).sum(2)
    return np.bincount(np.flatnonzero(found)[apart.argmin(1)], minlength=len(units))


def portion(rows: np.ndarray, falls: np.ndarray, group: int) -> np.ndarray:
    """Return the share of a group in the falls (n, 3) of weighted faces, (rows,): what helps counts, faces together."""
    sums = np.maximum(rows @ falls, 0)
    return np.divide(sums[:, group], sums.sum(1), out=np.full(len(rows), np.nan), where=sums.sum(1) > 0)
