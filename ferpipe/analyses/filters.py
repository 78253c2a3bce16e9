"""Pictures that six filters of each of five convolutions answer to most, found by gradient ascent."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from ferpipe.analyses.activations import FILTERS, LAYERS, recording, spatial_means
from ferpipe.analyses.ascent import ascend, levelled
from ferpipe.analyses.faces import stratified
from ferpipe.analyses.inputs import batches
from ferpipe.analyses.study import Study
from ferpipe.emotions import SIDE
from ferpipe.results import Result

STEPS, SMOKE_STEPS = 80, 8  # half as many again reach some 5 % more
STARTS, SMOKE_STARTS = 2, 1  # of each picture; the one that reaches most is kept
FACES, SMOKE_FACES = 420, 35  # of dev, by class: the natural activations
DRAW = 107  # marks this analysis's generators


def analyse(study: Study) -> Result:
    """Return pictures (5, 6, 48, 48) float32 in [0, 1], the first layer's kernels (6, k, k), and what each reached."""
    rng = np.random.default_rng([study.seed, DRAW, 0])
    chosen = stratified(study.labels, SMOKE_FACES if study.smoke else FACES, rng)
    faces = study.dataset.dev.images[chosen]
    thresholds, natural = naturally(study, faces)
    steps, starts = (SMOKE_STEPS, SMOKE_STARTS) if study.smoke else (STEPS, STARTS)
    shown, found = np.zeros((len(LAYERS), FILTERS, SIDE, SIDE), np.float32), []
    for index, layer in enumerate(LAYERS):
        shown[index], reached = best(study, index, thresholds[layer], steps, starts)
        found.append([described(*of) for of in zip(shown[index], reached, natural[layer][:FILTERS], strict=True)])
    numbers = {
        "layers": list(LAYERS),
        "pictures": found,
        "steps": steps,
        "starts": starts,
        "n": len(faces),
        "seed": study.seed,
    }
    kernels = study.model.conv1.weight[:FILTERS, 0].float().cpu().numpy()
    return Result(numbers, {"kernels": kernels, "pictures": shown})


def naturally(study: Study, faces: np.ndarray) -> tuple[dict[str, Tensor], dict[str, np.ndarray]]:
    """Return each layer's channels' mean output over faces, their thresholds, and the largest activation above it.

    The latter of faces brought to the brightness and contrast of the ascent's pictures: else a bright face would beat
    any pattern.
    """
    means = spatial_means(study.model, LAYERS, faces, study.device)
    thresholds = {
        name: torch.tensor(values.mean(0), dtype=torch.float32, device=study.device) for name, values in means.items()
    }
    largest = {name: np.zeros(values.shape[1]) for name, values in means.items()}
    level = levelled(torch.tensor(faces, dtype=torch.float32)).numpy()
    with torch.inference_mode(), recording(study.model, LAYERS) as outputs:
        for _, given in batches(level, study.device, 64):
            study.model(given)
            for name in LAYERS:
                above = (outputs[name] - thresholds[name].view(1, -1, 1, 1)).relu().mean((2, 3))
                largest[name] = np.maximum(largest[name], above.amax(0).cpu().double().numpy())
    return thresholds, largest


def best(study: Study, index: int, thresholds: Tensor, steps: int, starts: int) -> tuple[np.ndarray, np.ndarray]:
    """Return of each of a layer's first filters the picture (6, 48, 48) that reached most, and what it reached (6,)."""
    rng = np.random.default_rng([study.seed, DRAW, 1 + index])
    begin = rng.standard_normal((starts * FILTERS, SIDE, SIDE // 2 + 1, 2))
    channels = torch.arange(FILTERS, device=study.device).repeat(starts)
    shown, reached = ascend(study.model, LAYERS[index], channels, thresholds, steps, begin, rng)
    shown, reached = shown.view(starts, FILTERS, SIDE, SIDE).cpu(), reached.view(starts, FILTERS).cpu()
    winner = reached.argmax(0)
    places = torch.arange(FILTERS)
    return shown[winner, places].numpy(), reached[winner, places].double().numpy()


def described(picture: np.ndarray, reached: float, natural: float) -> dict[str, Any]:
    """Return the activation, the largest that a face reaches, their ratio (None if no face does), and the variation.

    The variation is the mean absolute difference of neighbouring pixels over the picture's deviation: 1.13 for white
    noise, less for what is smooth.
    """
    steps = np.concatenate([np.abs(np.diff(picture, axis=axis)).ravel() for axis in (0, 1)])
    deviation = float(picture.std())
    return {
        "activation": float(reached),
        "natural": float(natural),
        "ratio": float(reached / natural) if natural > 0 else None,
        "variation": float(steps.mean()) / deviation if deviation > 1e-6 else 0.0,
    }
