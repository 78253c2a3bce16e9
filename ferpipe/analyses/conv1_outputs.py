"""The outputs of all 64 first-layer filters for one face, and what kind of filter each is over many faces."""

import numpy as np

from ferpipe.analyses import subjects
from ferpipe.analyses.faces import FEWEST, described, predictions, stratified, typical
from ferpipe.analyses.roles import DEAD, KINDS, LIKE, SHADE, kinds_of, likenesses, responses, standard
from ferpipe.analyses.study import Study
from ferpipe.data import fer2013
from ferpipe.explainers.inputs import batches, inputs
from ferpipe.results.common import Across
from ferpipe.results.conv1_outputs import Conv1Outputs, Kernels, Outputs, Thresholds
from ferpipe.statistics.across import apart

SAME = 0.95  # |correlation| of two kernels from which on they are duplicates
GRID = 64  # points a side of the kernels' Fourier transform
ORIENTATIONS = 8  # bins of half a turn
DRAW = 106  # marks this analysis's generators


def analyse(study: Study) -> Conv1Outputs:
    """Return the first layer's kernels, its outputs for one face, the kinds' counts and the order to show them in.

    The face: the rightly answered happy dev face of median confidence, else any rightly answered, else the first.
    """
    images = study.dataset.dev.images
    index = the_face(study)
    kernels = study.model.conv1.weight[:, 0].float().cpu().numpy()
    rng = np.random.default_rng([study.seed, DRAW])
    chosen = stratified(study.labels, study.effort["conv1_outputs"].faces, rng)
    likeness, variance = likenesses(study.model, images[chosen], study.device)
    kinds = kinds_of(likeness, variance)
    outputs = responses(study.model, inputs(images[index : index + 1], study.device))[0]
    mean, used = mean_outputs(study, int(study.labels[index]))
    return Conv1Outputs(
        face=described(study, index),
        order=order(kernels),
        kinds={kind: kinds.count(kind) for kind in (*KINDS, "dead", "other")},
        kind=kinds,
        fitting=fitting(study, images[chosen]),
        likeness=dict(zip(KINDS, likeness.T.tolist(), strict=True)),
        thresholds=Thresholds(likeness=LIKE, dead=DEAD, duplicate=SAME, shade_blur=SHADE),
        size=outputs.shape[1],
        duplicates=duplicates(kernels),
        n=len(chosen),
        mean_n=used,
        seed=study.seed,
        arrays=Kernels(kernels, mean),
        private=Outputs(images[index], outputs),
    )


def fitting(study: Study, images: np.ndarray) -> Across | None:
    """Return the share of the first layer's filters that fit one of KINDS on faces (n, 48, 48), over networks."""
    trained, control = subjects.each(
        study,
        lambda subject: np.isin(kinds_of(*likenesses(subject.network, images, study.device)), KINDS).astype(float),
    )
    return apart(trained, np.random.default_rng([study.seed, DRAW, 2]), study.effort["subjects"].resamples, control)


def mean_outputs(study: Study, label: int) -> tuple[np.ndarray, int]:
    """Return the first layer's mean outputs (64, h, w) over rightly answered faces of a class, and of how many."""
    right = np.flatnonzero((study.labels == label) & (predictions(study) == label))
    used = len(right) if len(right) >= (FEWEST if study.dataset.restricted else 1) else 0
    parts = [
        responses(study.model, batch).sum(0, dtype=np.float64)
        for _, batch in batches(study.dataset.dev.images[right[:used] if used else right[:0]], study.device)
    ]
    if not parts:
        blank = responses(study.model, inputs(study.dataset.dev.images[:1], study.device))[0]
        return np.zeros_like(blank), 0
    total: np.ndarray = np.sum(parts, axis=0)
    return (total / used).astype(np.float32), used


def the_face(study: Study) -> int:
    """Return the index of the dev face that is shown."""
    label = study.label(fer2013.HAPPY)
    if label is not None and (happy := typical(study, label)) is not None:
        return happy
    right = np.flatnonzero(predictions(study) == study.labels)
    return int(right[0]) if len(right) else 0


def order(kernels: np.ndarray) -> list[int]:
    """Return the filters by the orientation, then the frequency of their strongest wave; those without one first."""
    spectrum = np.abs(np.fft.fft2(kernels, (GRID, GRID)))[:, : GRID // 2 + 1]  # half the plane holds all of it
    keys = []
    for index, strength in enumerate(spectrum):
        row, column = np.unravel_index(int(strength.argmax()), strength.shape)
        down, across = int(row), (int(column) + GRID // 2) % GRID - GRID // 2
        length = float(np.hypot(down, across))
        turn = float(np.arctan2(down, across)) % np.pi / np.pi  # [0, 1)
        waves = length * kernels.shape[1] / GRID >= 0.5  # half a wave or more inside the kernel
        keys.append((1 + round(turn * ORIENTATIONS) % ORIENTATIONS if waves else 0, length, index))
    return [index for _, _, index in sorted(keys)]


def duplicates(kernels: np.ndarray) -> int:
    """Return how many pairs of kernels are the same up to brightness, contrast and sign."""
    flat = standard(kernels.astype(np.float64))
    pairs = np.abs(flat @ flat.T) / flat.shape[1] > SAME
    return int(np.triu(pairs, 1).sum())
