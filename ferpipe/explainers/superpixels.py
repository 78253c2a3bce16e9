"""lime itself on one face: its segments, the weight of each for an answer, and how far these may be trusted."""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from contextlib import redirect_stderr
from dataclasses import dataclass
from typing import Any

import numpy as np
from lime.lime_image import LimeImageExplainer
from skimage.segmentation import slic
from sklearn.linear_model import Ridge

from ferpipe.explainers import surrogates
from ferpipe.explainers.attributions import blurred

SEGMENTS, COMPACTNESS, SMOOTHING = 49, 0.2, 0.5  # of SLIC; lime's quickshift leaves one to four of 48x48 pixels
RIDGE = 0.01  # lime's default of 1 shrinks the weights
KERNEL_WIDTH = 0.25  # lime's default, on cosine distances
BLUR = 6.0  # pixels: what is hidden shows the face without its features; a segment's mean would leave them readable
BATCH = 250  # masked faces forwarded at once

Classifier = Callable[[np.ndarray], np.ndarray]  # grey images (n, 48, 48) float32 in [0, 1] to answers (n, 7)


@dataclass(frozen=True)
class Explanation:
    """A face's segments (48, 48) uint8, and by label their weights, the fit's R^2 and the halves' rank correlation."""

    segments: np.ndarray
    weights: dict[int, np.ndarray]  # (segments,)
    r2: dict[int, float | None]
    stability: dict[int, float | None]

    def painted(self, label: int) -> np.ndarray:
        """Return a label's weights on their segments, (48, 48) float32."""
        return self.weights[label][self.segments].astype(np.float32)


class _Explainer(LimeImageExplainer):  # type: ignore[misc]
    """lime's explainer, which keeps the samples it drew and draws no bar."""

    samples: tuple[np.ndarray, np.ndarray]  # masks (m, segments), answers (m, 7)

    def data_labels(self, *args: Any, **kwargs: Any) -> tuple[np.ndarray, np.ndarray]:
        with redirect_stderr(io.StringIO()):  # its bar cannot be switched off
            self.samples = super().data_labels(*args, **kwargs)
        return self.samples


def segmented(image: np.ndarray) -> np.ndarray:
    """Return the segment of each pixel, numbered from 0 without gaps, for a grey image (48, 48) (Achanta et al. 2012).

    Of a colour image (48, 48, 3) the first channel counts: lime turns grey into three equal ones.
    """
    grey = image[..., 0] if image.ndim == 3 else image
    found = slic(grey, n_segments=SEGMENTS, compactness=COMPACTNESS, sigma=SMOOTHING, channel_axis=None, start_label=0)
    return np.unique(found, return_inverse=True)[1].reshape(grey.shape)


def explain(image: np.ndarray, classifier: Classifier, labels: Sequence[int], samples: int, seed: int) -> Explanation:
    """Return lime's explanation of the answers for `labels` on a uint8 image (48, 48) (Ribeiro et al. 2016)."""
    explainer = _Explainer(KERNEL_WIDTH, feature_selection="none", random_state=np.random.RandomState(seed))
    explanation = explainer.explain_instance(
        np.repeat((image.astype(np.float32) / 255)[..., None], 3, axis=2),
        lambda images: classifier(images[..., 0]),
        labels=tuple(labels),
        top_labels=None,
        hide_color=np.repeat(blurred(image[None], BLUR)[0][..., None], 3, axis=2),
        num_samples=samples,
        batch_size=BATCH,
        segmentation_fn=segmented,
        model_regressor=Ridge(alpha=RIDGE),
        random_seed=0,  # of lime's own segmentation, which is not used: the state is the samples' alone
    )
    masks, answers = explainer.samples
    near = surrogates.proximity(masks, KERNEL_WIDTH)
    weights = {label: _in_order(explanation.local_exp[label]) for label in labels}
    r2 = {label: surrogates.fit(masks, answers[:, label], near, weights[label]) for label in labels}
    stability = {label: surrogates.stability(masks, answers[:, label], near, RIDGE) for label in labels}
    return Explanation(explanation.segments.astype(np.uint8), weights, r2, stability)


def _in_order(pairs: list[tuple[int, float]]) -> np.ndarray:
    return np.array([weight for _, weight in sorted(pairs)])
