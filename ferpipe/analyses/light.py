"""Does a good picture make a right answer? Brightness, contrast and detail of a face against what the network does.

Seen, over the pictures as they are; and done: the same pictures in poor light, without contrast, or blurred.
"""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy.ndimage import gaussian_filter
from scipy.stats import rankdata

from ferpipe.analyses import magnitudes, subjects
from ferpipe.analyses.counterfactuals import available, dev_faces
from ferpipe.analyses.faces import predictions, stratified
from ferpipe.analyses.regions import regions
from ferpipe.analyses.roles import features
from ferpipe.analyses.study import Study
from ferpipe.analyses.subjects import Subject
from ferpipe.data.faces.rendered import draw
from ferpipe.data.faces.traits import NAMES
from ferpipe.explainers.inputs import logits
from ferpipe.results.common import Across
from ferpipe.results.light import ChangeName, Light, Thirds
from ferpipe.statistics.across import across, correlation
from ferpipe.statistics.intervals import contrast, proportion

QUALITIES = ("brightness", "contrast", "detail")
DARK, FLAT, BLURRED = 0.4, 0.5, 1.0  # share of the light, and of the contrast, that is left; pixels
DRAW = 163  # marks this analysis's generators


def analyse(study: Study) -> Light:
    """Return accuracy by thirds of each quality of a picture, and how a face's detail goes with its total saliency.

    Brightness and contrast are the mean and the deviation of the face's pixels, detail the mean size of what a blur
    takes away there. `difference` is the accuracy of the upper third less that of the lower.
    """
    chosen = stratified(study.labels, study.effort["light"].faces, np.random.default_rng([study.seed, DRAW, 0]))
    images, right = study.dataset.dev.images[chosen], (predictions(study) == study.labels)[chosen]
    count = study.effort["light"].resamples
    face = regions(study.dataset).get("face")
    quality = qualities(images, np.ones(images.shape, bool) if face is None else face[chosen])
    thirds = {
        name: by_third(quality[name], right, np.random.default_rng([study.seed, DRAW, 1 + k]), count)
        for k, name in enumerate(QUALITIES)
    }
    return Light(
        brightness=thirds["brightness"],
        contrast=thirds["contrast"],
        detail=thirds["detail"],
        quiet=quiet(study),
        done=done(study),
        turned=turned(study),
        dark=DARK,
        flat=FLAT,
        n=len(chosen),
        seed=study.seed,
        resamples=count,
    )


def qualities(images: np.ndarray, faces: np.ndarray) -> dict[str, np.ndarray]:
    """Return each picture's QUALITIES (n,) in grey levels, over its face's mask (n, 48, 48) bool, all where empty."""
    faces = np.where(faces.any((1, 2), keepdims=True), faces, True)
    size = faces.sum((1, 2))
    grey, detail = images.astype(np.float64), 255 * np.abs(features(images)["detail"])
    brightness = (grey * faces).sum((1, 2)) / size
    squares = ((grey - brightness[:, None, None]) ** 2 * faces).sum((1, 2)) / size
    return {"brightness": brightness, "contrast": np.sqrt(squares), "detail": (detail * faces).sum((1, 2)) / size}


def by_third(values: np.ndarray, right: np.ndarray, rng: np.random.Generator, count: int) -> Thirds:
    """Return the accuracy in each third of `values` (n,), None without faces, and the outer two's difference."""
    bounds = np.quantile(values, [1 / 3, 2 / 3])
    place = np.searchsorted(bounds, values, side="right")  # equal values stand together
    groups = [right[place == k].astype(float) for k in range(3)]
    accuracies = [proportion(group > 0) if len(group) else None for group in groups]
    return Thirds(bounds.tolist(), accuracies, contrast(groups[2], groups[0], rng, count))


def quiet(study: Study) -> Across | None:
    """Return Spearman's correlation of a face's detail with the summed size of its answer's gradient, over networks.

    None where pictures show no face.
    """
    if (face := regions(study.dataset).get("face")) is None:
        return None
    chosen = magnitudes.sampled(study)
    ranks = rankdata(qualities(study.dataset.dev.images[chosen], face[chosen])["detail"])
    trained, control = ([correlation(ranks, rankdata(maps.sum((1, 2)))) for maps in group]
                        for group in magnitudes.of_each(study))  # fmt: skip
    return across(trained, subjects.rows(study, (DRAW, 20), len(chosen)), control, fisher=True)


def worsened(images: np.ndarray) -> dict[ChangeName, np.ndarray]:
    """Return pictures (n, 48, 48) in [0, 1], as they are and changed for the worse, by name.

    In poor light, which makes all of a picture darker; with half the contrast about its own mean; and blurred.
    """
    grey = images.astype(np.float32) / 255
    mean = grey.mean((1, 2), keepdims=True)
    return {
        "dark": grey * DARK,
        "flat": mean + FLAT * (grey - mean),
        "blurred": gaussian_filter(grey, (0, BLURRED, BLURRED)),
    }


def done(study: Study) -> dict[ChangeName, Across | None]:
    """Return how much accuracy each change costs, over networks: what a good picture is worth."""
    chosen = magnitudes.sampled(study)
    labels = study.labels[chosen]
    changed = worsened(study.dataset.dev.images[chosen])

    def lost(name: ChangeName) -> Callable[[Subject], np.ndarray]:
        def of(subject: Subject) -> np.ndarray:
            after = logits(subject.quick, changed[name], study.device).argmax(1) == labels
            return (subject.answers[chosen] == labels).astype(float) - after

        return of

    return {
        name: subjects.means(study, (DRAW, 30 + k), *subjects.each(study, lost(name))) for k, name in enumerate(changed)
    }


def turned(study: Study) -> Across | None:
    """Return the share of answers that change when the light comes from the other side; None where none can be moved.

    Of drawn faces: all shadows fall the other way, and nothing else changes.
    """
    if not available(study):
        return None
    chosen = magnitudes.sampled(study)
    faces = dev_faces(study)[chosen]
    traits = faces.traits.copy()
    traits[:, NAMES.index("light_x")] *= -1
    images = draw(replace(faces, traits=traits))
    trained, control = subjects.each(
        study,
        lambda subject: (logits(subject.quick, images, study.device).argmax(1) != subject.answers[chosen]).astype(
            float
        ),
    )
    return subjects.means(study, (DRAW, 40), trained, control)
