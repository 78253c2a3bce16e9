"""A picture's segments, the weight of each for an answer, and how far these may be trusted; lime itself on one."""

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

SEGMENTS, COMPACTNESS = 49, 0.2  # of SLIC; lime's quickshift leaves one to four of 48x48 pixels
SMOOTHING = 96  # a picture's shorter side over the deviation of SLIC's blur: with less, noise makes one segment of all
RIDGE = 0.01  # lime's default of 1 shrinks the weights
KERNEL_WIDTH = 0.25  # lime's default, on cosine distances
BLUR = 6.0  # pixels of 48: what is hidden shows a face without its features; a segment's mean would leave them readable
BATCH = 250  # masked pictures forwarded at once

Classifier = Callable[[np.ndarray], np.ndarray]  # grey images (n, h, w) float32 in [0, 1] to answers (n, classes)


@dataclass(frozen=True)
class Explanation:
    """A picture's segments (h, w), numbered from 0; by label their weights, and how far these may be trusted."""

    segments: np.ndarray
    weights: dict[int, np.ndarray]  # (segments,): the change of the answer when a segment is shown instead of hidden
    r2: dict[int, float | None]  # the linear model's weighted R^2, at most 1; None if the answers never change
    stability: dict[int, float | None]  # rank correlation in [-1, 1] of the weights from two halves of the samples

    def painted(self, label: int | None = None) -> np.ndarray:
        """Return a label's weights on their segments, (h, w) float32; of the first label if none is named."""
        label = next(iter(self.weights)) if label is None else label
        if label not in self.weights:
            raise ValueError(f"label {label!r} is not explained; {', '.join(map(str, self.weights))} is")
        return self.weights[label][self.segments].astype(np.float32)


def measured(
    segments: np.ndarray, masks: np.ndarray, answers: dict[int, np.ndarray], weights: dict[int, np.ndarray]
) -> Explanation:
    """Return the explanation that weights are, found from answers (m,) by label under masks (m, segments)."""
    near = surrogates.proximity(masks, KERNEL_WIDTH)
    r2 = {label: surrogates.fit(masks, answers[label], near, weights[label]) for label in weights}
    stability = {label: surrogates.stability(masks, answers[label], near, RIDGE) for label in weights}
    return Explanation(segments, weights, r2, stability)


class _Explainer(LimeImageExplainer):  # type: ignore[misc]
    """lime's explainer, which keeps the samples it drew and draws no bar."""

    samples: tuple[np.ndarray, np.ndarray]  # masks (m, segments), answers (m, classes)

    def data_labels(self, *args: Any, **kwargs: Any) -> tuple[np.ndarray, np.ndarray]:
        with redirect_stderr(io.StringIO()):  # its bar cannot be switched off
            self.samples = super().data_labels(*args, **kwargs)
        return self.samples


def segmented(image: np.ndarray) -> np.ndarray:
    """Return the segment of each pixel (h, w), numbered from 0 without gaps (SLIC; Achanta et al. 2012).

    For a grey image (h, w) or one in colours (h, w, channels), float in any range.
    """
    axis, colours = (-1, image.shape[-1]) if image.ndim == 3 else (None, 1)
    numbers = slic(
        image, n_segments=SEGMENTS, compactness=COMPACTNESS * colours**0.5, sigma=min(image.shape[:2]) / SMOOTHING,
        start_label=0, convert2lab=False, channel_axis=axis,
    )  # fmt: skip
    return np.unique(numbers, return_inverse=True)[1].reshape(image.shape[:2])


def explain(image: np.ndarray, classifier: Classifier, labels: Sequence[int], samples: int, seed: int) -> Explanation:
    """Return lime's explanation of a classifier's answers to a grey uint8 image, for `labels` (Ribeiro et al. 2016)."""
    explainer = _Explainer(KERNEL_WIDTH, feature_selection="none", random_state=np.random.RandomState(seed))
    explanation = explainer.explain_instance(
        np.repeat((image.astype(np.float32) / 255)[..., None], 3, axis=2),
        lambda images: classifier(images[..., 0]),
        labels=tuple(labels),
        top_labels=None,
        hide_color=np.repeat(blurred(image[None], BLUR)[0][..., None], 3, axis=2),
        num_samples=samples,
        batch_size=BATCH,
        segmentation_fn=lambda images: segmented(images[..., 0]),  # lime turns grey into three equal channels
        model_regressor=Ridge(alpha=RIDGE),
        random_seed=0,  # of lime's own segmentation, which is not used: the state is the samples' alone
    )
    masks, columns = explainer.samples
    answers = {label: columns[:, label] for label in labels}
    weights = {label: np.array([weight for _, weight in sorted(explanation.local_exp[label])]) for label in labels}
    return measured(explanation.segments.astype(np.uint8), masks, answers, weights)
