"""Does a good picture make a right answer? Brightness, contrast and detail of a face against what the network does."""

import numpy as np

from ferpipe.analyses.faces import predictions, stratified
from ferpipe.analyses.regions import regions
from ferpipe.analyses.roles import features
from ferpipe.analyses.study import Study
from ferpipe.explainers.attributions import gradient
from ferpipe.explainers.inputs import batches
from ferpipe.results.light import Along, Light, Thirds
from ferpipe.statistics.intervals import contrast, correlation, proportion

QUALITIES = ("brightness", "contrast", "detail")
DRAW = 163  # marks this analysis's generators


def analyse(study: Study) -> Light:
    """Return accuracy by thirds of each quality of a picture, and how a face's detail goes with its total saliency.

    Brightness and contrast are the mean and the deviation of the face's pixels, detail the mean size of what a blur
    takes away there. `difference` is the accuracy of the upper third less that of the lower. `saliency`: Spearman's
    correlation of detail with the summed size of the answer's gradient, over all, right and wrong answers.
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
    total = saliency(study, chosen)
    along = [
        correlation(quality["detail"][faces], total[faces], np.random.default_rng([study.seed, DRAW, 11 + k]), count)
        for k, faces in enumerate((np.ones(len(right), bool), right, ~right))
    ]
    return Light(
        brightness=thirds["brightness"],
        contrast=thirds["contrast"],
        detail=thirds["detail"],
        saliency=Along(*along),
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


def saliency(study: Study, chosen: np.ndarray) -> np.ndarray:
    """Return the summed size of the gradient of each answer's logit by the pixels, (n,)."""
    total, targets = np.zeros(len(chosen)), predictions(study)[chosen]
    for place, batch in batches(study.dataset.dev.images[chosen], study.device):
        total[place] = np.abs(gradient(study.model, batch, targets[place])).sum((1, 2))
    return total
