"""To which pixels each network's answers react at all: the sizes of the gradients, asked once for all analyses."""

import numpy as np

from ferpipe.analyses import subjects
from ferpipe.analyses.faces import stratified
from ferpipe.analyses.study import Study
from ferpipe.analyses.subjects import Subject
from ferpipe.explainers.attributions import gradient
from ferpipe.explainers.inputs import batches
from ferpipe.size import SIDE

DRAW = 192  # marks this module's generator


def sampled(study: Study) -> np.ndarray:
    """Return the dev faces of which every network is asked."""
    return stratified(study.labels, study.effort["subjects"].faces, np.random.default_rng([study.seed, DRAW]))


def of_each(study: Study) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Return the maps of the trained and of the untrained networks, (n, 48, 48) each, for the sampled faces."""
    if "magnitudes" not in study.shared:
        chosen = sampled(study)
        study.shared["magnitudes"] = subjects.each(study, lambda subject: sizes(study, subject, chosen))
    return study.shared["magnitudes"]


def sizes(study: Study, subject: Subject, chosen: np.ndarray) -> np.ndarray:
    """Return the size of the gradient of each answer's logit by the pixels of dev faces, (n, 48, 48) float32."""
    maps = np.zeros((len(chosen), SIDE, SIDE), np.float32)
    for place, batch in batches(study.dataset.dev.images[chosen], study.device):
        maps[place] = np.abs(gradient(subject.network, batch, subject.answers[chosen][place]))
    return maps
