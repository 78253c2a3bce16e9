"""The outputs of all 64 first-layer filters for one face, and what kind of filter each is over many faces."""

from __future__ import annotations

import numpy as np
import torch
from scipy.ndimage import gaussian_filter, sobel

from ferpipe.analyses.activations import recording
from ferpipe.analyses.faces import described, predictions, stratified, typical
from ferpipe.analyses.inputs import batches, inputs
from ferpipe.analyses.study import Study
from ferpipe.emotions import EMOTIONS, SIDE
from ferpipe.results import Result

FACES, SMOKE_FACES = 200, 28  # of dev, by class, over which the kinds are decided
SHADE = 4.0  # pixels: what a blur of this width leaves is light and shadow
LIKE = 0.6  # mean |correlation| with the face, its edges or its shading from which on a filter is of that kind
DEAD = 1e-4  # of the liveliest filter's response variance: below it a filter does not answer to faces
SAME = 0.95  # |correlation| of two kernels from which on they are duplicates
KINDS = ("outline", "shade", "passes")  # then dead, other
GRID = 64  # points a side of the kernels' Fourier transform
ORIENTATIONS = 8  # bins of half a turn
DRAW = 106  # marks this analysis's generators


def analyse(study: Study) -> Result:
    """Return kernels (64, k, k), one face's outputs (64, h, w), the kinds' counts and the order to show them in.

    The face: the rightly answered happy dev face of median confidence, else any rightly answered, else the first.
    """
    images = study.dataset.dev.images
    index = the_face(study)
    kernels = study.model.conv1.weight[:, 0].float().cpu().numpy()
    rng = np.random.default_rng([study.seed, DRAW])
    chosen = stratified(study.labels, SMOKE_FACES if study.smoke else FACES, rng)
    likeness, variance = likenesses(study, images[chosen])
    kinds = kinds_of(likeness, variance)
    outputs = responses(study, images[index : index + 1])[0]
    numbers = {
        "face": described(study, index),
        "order": order(kernels),
        "kinds": {kind: kinds.count(kind) for kind in (*KINDS, "dead", "other")},
        "kind": kinds,
        "likeness": {kind: [float(value) for value in column] for kind, column in zip(KINDS, likeness.T, strict=True)},
        "thresholds": {"likeness": LIKE, "dead": DEAD, "duplicate": SAME, "shade_blur": SHADE},
        "size": outputs.shape[1],
        "duplicates": duplicates(kernels),
        "n": len(chosen),
        "seed": study.seed,
    }
    return Result(numbers, {"kernels": kernels}, {"image": images[index], "outputs": outputs})


def the_face(study: Study) -> int:
    """Return the index of the dev face that is shown."""
    if (happy := typical(study, EMOTIONS.index("happy"))) is not None:
        return happy
    right = np.flatnonzero(predictions(study) == study.labels)
    return int(right[0]) if len(right) else 0


def responses(study: Study, images: np.ndarray) -> np.ndarray:
    """Return the first convolution's outputs (n, 64, h, w) float32, before normalisation."""
    with torch.inference_mode(), recording(study.model, ["conv1"]) as found:
        study.model(inputs(images, study.device))
    return found["conv1"].float().cpu().contiguous().numpy()


def likenesses(study: Study, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each filter's mean |correlation| with edges, shading and face, (64, 3), and its response variance (64,).

    Correlated over positions, face by face; the frame is left out, where the convolution sees its own padding.
    """
    found, variances = [], []
    for place, _ in batches(images, study.device, 50):
        maps = responses(study, images[place])
        stride, edge = SIDE // maps.shape[2], study.model.conv1.kernel_size[0] // 2
        inner = slice(-(-edge // stride), maps.shape[2] - -(-edge // stride))
        maps = maps[:, :, inner, inner].astype(np.float64)
        variances.append(maps.var((2, 3)))
        seen = {name: m[:, ::stride, ::stride][:, inner, inner] for name, m in features(images[place]).items()}
        found.append(correlated(maps, seen))
    return np.concatenate(found).mean(0), np.concatenate(variances).mean(0)


def features(images: np.ndarray) -> dict[str, np.ndarray]:
    """Return maps (n, 48, 48) of each picture's slopes down and across, their length, shading, and the picture."""
    grey = images.astype(np.float64) / 255
    down, across = sobel(grey, 1), sobel(grey, 2)
    shade = gaussian_filter(grey, (0, SHADE, SHADE))
    return {"down": down, "across": across, "edges": np.hypot(down, across), "shade": shade, "face": grey}


def correlated(maps: np.ndarray, seen: dict[str, np.ndarray]) -> np.ndarray:
    """Return |correlation| (n, 64, 3) of outputs with edges, shading and face; 0 where either does not vary.

    An output is like the edges if its size follows theirs, or if it is a slope in some direction: then the multiple
    correlation with the two slopes says so.
    """
    outputs = standard(maps)  # (n, 64, p)
    size = standard(np.abs(maps - maps.mean((2, 3), keepdims=True)))
    flat = {name: standard(values)[:, None] for name, values in seen.items()}  # (n, 1, p)
    down, across = ((outputs * flat[name]).mean(2) for name in ("down", "across"))
    both = (flat["down"] * flat["across"]).mean(2)
    square = (down**2 + across**2 - 2 * down * across * both) / np.maximum(1 - both**2, 1e-6)
    slope = np.sqrt(np.clip(square, 0, 1))
    edges = np.maximum(slope, (size * flat["edges"]).mean(2))
    return np.stack([edges, *(np.abs((outputs * flat[name]).mean(2)) for name in ("shade", "face"))], axis=2)


def standard(maps: np.ndarray) -> np.ndarray:
    """Return maps (..., h, w) as (..., h w) with mean 0 and deviation 1; zeros where a map does not vary."""
    flat = maps.reshape(*maps.shape[:-2], -1)
    centred = flat - flat.mean(-1, keepdims=True)
    deviation = centred.std(-1, keepdims=True)
    varies = deviation > 1e-7 * (1 + np.abs(flat).max(-1, keepdims=True, initial=0))
    return np.divide(centred, deviation, out=np.zeros_like(centred), where=varies)


def kinds_of(likeness: np.ndarray, variance: np.ndarray) -> list[str]:
    """Return each filter's kind: dead, else what it is most like, if by LIKE or more, else other."""
    kinds = []
    for row, spread in zip(likeness, variance, strict=True):
        if spread <= DEAD * variance.max():
            kinds.append("dead")
        else:
            kinds.append(KINDS[int(row.argmax())] if row.max() >= LIKE else "other")
    return kinds


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
