"""What every layer answers to every dev face, asked once for all analyses of a run."""

import numpy as np

from ferpipe.analyses.study import Study
from ferpipe.explainers.activations import EVERY, spatial_means


def responses(study: Study) -> dict[str, np.ndarray]:
    """Return `spatial_means` of EVERY layer of the analysis model on dev; analyses of one run share them."""
    if "responses" not in study.shared:
        study.shared["responses"] = spatial_means(study.model, EVERY, study.dataset.dev.images, study.device)
    return study.shared["responses"]
