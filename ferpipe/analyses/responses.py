"""What layers answer to faces: the analysis model's to all of dev, every network's to a sample; asked once a run."""

import numpy as np

from ferpipe.analyses import magnitudes, subjects
from ferpipe.analyses.study import Study
from ferpipe.explainers.activations import BLOCKS, LAYERS, spatial_means

Means = dict[str, np.ndarray]  # (n, channels) float64, by layer


def responses(study: Study) -> Means:
    """Return `spatial_means` of LAYERS of the analysis model on dev; analyses of one run share them."""
    if "responses" not in study.shared:
        study.shared["responses"] = spatial_means(study.model, LAYERS, study.dataset.dev.images, study.device)
    return study.shared["responses"]


def of_each(study: Study) -> tuple[list[Means], list[Means]]:
    """Return those of LAYERS and of BLOCKS, of the trained and the untrained networks, for the faces of `magnitudes`.

    Analyses of one run share them.
    """
    if "responses of each" not in study.shared:
        images = study.dataset.dev.images[magnitudes.sampled(study)]
        study.shared["responses of each"] = tuple(
            [spatial_means(subject.network, (*LAYERS, *BLOCKS), images, study.device) for subject in group]
            for group in (subjects.trained(study), subjects.untrained(study))
        )
    return study.shared["responses of each"]
