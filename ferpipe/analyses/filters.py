"""Pictures that six filters of each of five convolutions answer to most, found by gradient ascent."""

import numpy as np
import torch
from torch import Tensor

from ferpipe.analyses.ascents import entropy_of, findings
from ferpipe.analyses.faces import stratified
from ferpipe.analyses.responses import responses
from ferpipe.analyses.study import Study
from ferpipe.explainers.activations import FILTERS, LAYERS, recording, spatial_means
from ferpipe.explainers.ascent import ascend, levelled
from ferpipe.explainers.inputs import batches, logits
from ferpipe.results.filters import Filters, Picture, Pictures, Strongest
from ferpipe.size import SIDE

STRONGEST = 9  # natural faces shown beside each picture
DRAW = 107  # marks this analysis's generators


def analyse(study: Study) -> Filters:
    """Return each filter's picture, what it reached, how regular, complex and readable pictures are, and the strongest
    faces.
    """
    rng = np.random.default_rng([study.seed, DRAW, 0])
    chosen = stratified(study.labels, study.effort["filters"].faces, rng)
    faces = study.dataset.dev.images[chosen]
    thresholds, natural = naturally(study, faces)
    effort = study.effort["filters"]
    grown, reached = np.zeros((len(LAYERS), FILTERS, SIDE, SIDE), np.float32), np.zeros((len(LAYERS), FILTERS))
    for index, layer in enumerate(LAYERS):
        grown[index], reached[index] = best(study, index, thresholds[layer], effort.steps, effort.starts)
    answers = logits(study.model, grown.reshape(-1, SIDE, SIDE), study.device).argmax(1).reshape(reached.shape)
    pictures = []
    for row in zip(grown, reached, [natural[layer][:FILTERS] for layer in LAYERS], answers, strict=True):
        pictures.append([described(*picture) for picture in zip(*row, strict=True)])
    regular, complexity, readable = findings(study)
    return Filters(
        layers=list(LAYERS),
        pictures=pictures,
        regular=regular,
        complexity=complexity,
        readable=readable,
        steps=effort.steps,
        starts=effort.starts,
        n=len(faces),
        seed=study.seed,
        arrays=Pictures(study.model.conv1.weight[:FILTERS, 0].float().cpu().numpy(), grown),
        private=Strongest(strongest(study)),
    )


def strongest(study: Study) -> np.ndarray:
    """Return each filter's STRONGEST dev faces by mean response, the strongest first, halved: (5, 6, k, 24, 24)."""
    half = study.dataset.dev.images.reshape(-1, SIDE // 2, 2, SIDE // 2, 2).mean((2, 4)).round().astype(np.uint8)
    order = [np.argsort(-responses(study)[name][:, :FILTERS], axis=0, kind="stable")[:STRONGEST].T for name in LAYERS]
    faces: np.ndarray = half[np.stack(order)]
    return faces


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
        for _, batch in batches(level, study.device, 64):
            study.model(batch)
            for name in LAYERS:
                above = (outputs[name] - thresholds[name].view(1, -1, 1, 1)).relu().mean((2, 3))
                largest[name] = np.maximum(largest[name], above.amax(0).cpu().double().numpy())
    return thresholds, largest


def best(study: Study, index: int, thresholds: Tensor, steps: int, starts: int) -> tuple[np.ndarray, np.ndarray]:
    """Return of each of a layer's first filters the picture (6, 48, 48) that reached most, and what it reached (6,)."""
    rng = np.random.default_rng([study.seed, DRAW, 1 + index])
    begin = rng.standard_normal((starts * FILTERS, SIDE, SIDE // 2 + 1, 2))
    channels = torch.arange(FILTERS, device=study.device).repeat(starts)
    grown, reached = ascend(study.model, LAYERS[index], channels, thresholds, steps, begin, rng)
    grown, reached = grown.view(starts, FILTERS, SIDE, SIDE).cpu(), reached.view(starts, FILTERS).cpu()
    winner = reached.argmax(0)
    places = torch.arange(FILTERS)
    return grown[winner, places].numpy(), reached[winner, places].double().numpy()


def described(picture: np.ndarray, reached: float, natural: float, answer: int) -> Picture:
    """Return what a picture reached beside the largest that a face reaches, and how it varies.

    The variation is the mean absolute difference of neighbouring pixels over the picture's deviation.
    """
    steps = np.concatenate([np.abs(np.diff(picture, axis=axis)).ravel() for axis in (0, 1)])
    deviation = float(picture.std())
    varies = deviation > 1e-6
    return Picture(
        activation=float(reached),
        natural=float(natural),
        ratio=float(reached / natural) if natural > 0 else None,
        variation=float(steps.mean()) / deviation if varies else 0.0,
        entropy=entropy_of(picture) if varies else 0.0,
        answer=int(answer),
    )
