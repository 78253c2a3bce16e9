"""How much of every answer hangs on the mouth, and how much on eyes and brows: what is lost without them.

Of drawn faces, what is lost without the action units there; of photographs, what is lost when the part is hidden,
twice: behind the face's own blur, and behind grey, since what hides also shows something.
"""

from collections.abc import Callable

import numpy as np

from ferpipe.analyses import subjects
from ferpipe.analyses.counterfactuals import available, counterfactuals
from ferpipe.analyses.faces import stratified
from ferpipe.analyses.regions import regions
from ferpipe.analyses.study import Study
from ferpipe.analyses.subjects import Subject
from ferpipe.data import fer2013
from ferpipe.data.faces.rendered import UNITS
from ferpipe.explainers.attributions import blurred
from ferpipe.explainers.perturbation import log_odds
from ferpipe.explainers.superpixels import BLUR
from ferpipe.results.common import Across
from ferpipe.size import SIDE
from ferpipe.statistics.across import Statistic, across

Asks = Callable[[Study, np.ndarray, np.ndarray, np.ndarray], Statistic]
UPPER, MOUTH, REST = range(3)  # groups of parts
OF_UNIT = {
    **dict.fromkeys(("AU1", "AU2", "AU4", "AU5", "AU6", "AU7", "AU43"), UPPER),
    **dict.fromkeys(("AU10", "AU12", "AU15", "AU16", "AU17", "AU20", "AU23", "AU25", "AU26"), MOUTH),
    "AU9": REST,
}
OF_REGION = {"eyes": UPPER, "brows": UPPER, "mouth": MOUTH, "nose": REST}
FEWEST = 5  # faces of a class below which it is not compared
DRAW = 196  # marks this module's generators


def sampled(study: Study) -> np.ndarray:
    """Return the dev faces of which parts are taken away: some of each class, and all of sadness."""
    rng = np.random.default_rng([study.seed, DRAW, 0])
    some = stratified(study.labels, study.effort["subjects"].faces // 2, rng)
    sad = study.label(fer2013.SAD)
    more = np.flatnonzero(study.labels == sad)[: len(some)] if sad is not None else some[:0]
    return np.union1d(some, more)


def lacking(study: Study, chosen: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return pictures (k, 48, 48) in [0, 1] without a part, of which face each is, and what fill and group, (k, 2)."""
    images = study.dataset.dev.images[chosen]
    if available(study):
        parts = counterfactuals(study, chosen, UNITS)
        whose = np.repeat(np.arange(len(chosen)), [len(face.parts) for face in parts])
        groups = [(0, OF_UNIT[part]) for face in parts for part in face.parts]
        pictures = np.concatenate([np.zeros((0, SIDE, SIDE), np.uint8), *(face.pictures for face in parts)])
        return pictures.astype(np.float32) / 255, whose, np.array(groups, int).reshape(-1, 2)
    whole = images.astype(np.float32) / 255
    fills = (blurred(images, BLUR), np.broadcast_to(whole.mean((1, 2), keepdims=True), whole.shape))
    masks = regions(study.dataset)
    hidden = [np.where(masks[name][chosen], fill, whole) for fill in fills for name in OF_REGION]  # type: ignore[index]
    groups = [(fill, group) for fill in range(len(fills)) for group in OF_REGION.values()]
    whose = np.tile(np.arange(len(chosen)), len(groups))
    return np.concatenate(hidden), whose, np.repeat(np.array(groups), len(chosen), axis=0)


def lost(study: Study, subject: Subject, chosen: np.ndarray, without: tuple[np.ndarray, ...]) -> np.ndarray:
    """Return each class's log-odds that go with each group of parts, (fills, n, 3, classes)."""
    pictures, whose, kinds = without
    whole = log_odds(subject.quick, study.dataset.dev.images[chosen], study.device)
    fall = whole[whose] - log_odds(subject.quick, pictures, study.device)
    total = np.zeros((int(kinds[:, 0].max(initial=0)) + 1, len(chosen), 3, len(study.classes)))
    np.add.at(total, (kinds[:, 0], whose, kinds[:, 1]), fall)
    return total


def findings(study: Study) -> tuple[Across | None, Across | None]:
    """Return whether happy hangs on the mouth more than others do, and found sadness on the eyes more than missed.

    Over networks. By how much the mouth's share of what is lost is larger for happy than for any other emotion, of
    rightly answered faces; and by how much the share of eyes and brows in what sadness loses is larger for found sad
    faces than for missed ones. The smaller over fills. None of pictures that show no face.
    """
    if study.dataset.shows != "face":
        return None, None
    chosen = sampled(study)
    without = lacking(study, chosen)
    own, control = subjects.each(study, lambda subject: lost(study, subject, chosen, without))
    rows = subjects.rows(study, (DRAW, 1), len(chosen))
    networks = subjects.trained(study), subjects.untrained(study)
    answers = [[subject.answers[chosen] for subject in group] for group in networks]

    def over(statistic: Asks) -> Across | None:
        trained, untrained = (
            [statistic(study, falls, given, chosen) for falls, given in zip(group, of_group, strict=True)]
            for group, of_group in zip((own, control), answers, strict=True)
        )
        return across(trained, rows, untrained)

    happy = over(mouth) if study.label(fer2013.HAPPY) is not None else None
    return happy, over(eyes) if study.label(fer2013.SAD) is not None else None


def mouth(study: Study, falls: np.ndarray, answers: np.ndarray, chosen: np.ndarray) -> Statistic:
    """Return the mouth's share for happy less the largest of another emotion's, the smaller over fills."""
    labels, happy, resting = study.labels[chosen], study.label(fer2013.HAPPY), study.label(fer2013.RESTING)
    right = answers == labels
    of_label = falls[:, np.arange(len(labels)), :, labels].transpose(1, 0, 2)  # (fills, n, 3)
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


def eyes(study: Study, falls: np.ndarray, answers: np.ndarray, chosen: np.ndarray) -> Statistic:
    """Return the share of eyes and brows for found sad faces less that for missed ones, the smaller over fills.

    A network from which nothing is lost, however a part of its missed faces is hidden, has no share there that could be
    smaller: no difference is seen in it, and it speaks against a verdict instead of being left out.
    """
    sad = study.label(fer2013.SAD)
    of_sad = falls[..., sad]
    is_sad = study.dataset.truth["emotions"][chosen] == sad if "emotions" in study.dataset.truth else None
    is_sad = study.labels[chosen] == sad if is_sad is None else is_sad
    found, missed = is_sad & (answers == sad), is_sad & (answers != sad)

    def of(rows: np.ndarray) -> np.ndarray:
        if min(found.sum(), missed.sum()) < FEWEST:
            return np.full(len(rows), np.nan)
        more = [portion(rows * found, fill, UPPER) - portion(rows * missed, fill, UPPER) for fill in of_sad]
        return np.nan_to_num(np.min(more, axis=0))

    return of


def portion(rows: np.ndarray, falls: np.ndarray, group: int) -> np.ndarray:
    """Return the share of a group in the falls (n, 3) of weighted faces, (rows,): what helps counts, faces together."""
    sums = np.maximum(rows @ falls, 0)
    return np.divide(sums[:, group], sums.sum(1), out=np.full(len(rows), np.nan), where=sums.sum(1) > 0)
