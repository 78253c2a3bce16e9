"""Faces drawn anew for a verdict: as many as it takes, all rightly labelled, of which no network has seen any.

In a small class of dev, wrong labels can outnumber the right ones.
"""

import numpy as np

from ferpipe.analyses.counterfactuals import available
from ferpipe.analyses.study import Study
from ferpipe.data.faces.rendered import Faces, draw_many, sample

DRAW = 198  # marks the faces, which are the same ones whatever the run's seed


def faces(emotions: np.ndarray, index: int) -> Faces:
    """Return a face of each of these emotions (n,), true and labelled; those of another index are others."""
    return sample(len(emotions), 1000 * DRAW + index, emotions=emotions, mislabel=False)


def evenly(study: Study) -> tuple[np.ndarray, np.ndarray] | None:
    """Return pictures (n, 48, 48) uint8 and labels (n,), equally many of each emotion; None where none can be drawn.

    Analyses of one run share them.
    """
    if not available(study):
        return None
    if "evenly" not in study.shared:
        drawn = faces(np.arange(study.effort["fresh"].faces) % len(study.classes), 1)
        study.shared["evenly"] = draw_many(drawn), drawn.emotions
    return study.shared["evenly"]
