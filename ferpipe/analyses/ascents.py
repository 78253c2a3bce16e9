"""What the pictures that filters answer to say about a network: how regular, how complex, how readable they are.

Of every network, on more filters than are shown and with fewer steps.
"""

from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import rankdata
from torch import Tensor

from ferpipe.analyses import magnitudes, responses, subjects
from ferpipe.analyses.responses import Means
from ferpipe.analyses.study import Study
from ferpipe.analyses.subjects import Subject
from ferpipe.explainers.activations import LAYERS, recording
from ferpipe.explainers.ascent import ascend, levelled, pictures_of
from ferpipe.explainers.inputs import inputs, logits
from ferpipe.results.common import Across
from ferpipe.size import SIDE
from ferpipe.statistics.across import Statistic, apart, correlation

FILTERS = 8  # of each later layer; of the first, all
UNTRAINED = 2  # networks that are asked beside: an ascent is dear, and they decide nothing about pictures
ORIENTATIONS, PHASES = 8, 4
WAVES = (2.0, 3.0, 4.5, 7.0, 11.0, 18.0)  # across a face: 192 gratings in all
DRAW = 194  # marks this module's generators


@dataclass(frozen=True)
class Grown:
    """Pictures of a layer's filters, and what they are to be compared with."""

    pictures: np.ndarray  # (k, 48, 48) float32 in [0, 1]
    begin: np.ndarray  # (k, 48, 48), from which they grew
    reached: np.ndarray  # (k,): the mean over places of what exceeds the filter's mean over faces
    gratings: np.ndarray  # (k,): the most that a grating reaches of it
    answers: np.ndarray  # (k,): what the network takes the pictures for
    winners: np.ndarray  # (k,): the emotion whose faces excite the filter most


def findings(study: Study) -> tuple[Across | None, Across | None, Across | None]:
    """Return how regular the first layer's pictures are, how complexity goes with depth, and how readable all are.

    Over networks. Regular: a picture's spectral entropy over that of its own start.
    Complexity: one less the share of a picture's response that the best grating has; its rank correlation with depth.
    Readable: kappa (Cohen 1960) of what the network takes the pictures for with the emotion that excites the filter.
    """
    groups = [
        [grown(study, subject, means) for subject, means in zip(group, of_group, strict=False)]
        for group, of_group in zip(
            (subjects.trained(study), subjects.untrained(study)[:UNTRAINED]), responses.of_each(study), strict=True
        )
    ]
    regular, complexity, readable = (
        [[ask(layers) for layers in group] for group in groups] for ask in (regularity, complexities, readings)
    )
    count = study.effort["subjects"].resamples
    classes = len(study.classes)
    rngs = [np.random.default_rng([study.seed, DRAW, 100 + k]) for k in range(3)]
    return (
        apart(regular[0], rngs[0], count, regular[1]),
        apart(complexity[0], rngs[1], count, complexity[1], trend, fisher=True),
        apart(readable[0], rngs[2], count, readable[1], lambda units: agreement(units, classes)),
    )


def grown(study: Study, subject: Subject, means: Means) -> list[Grown]:
    """Return the pictures of some filters of each layer."""
    chosen = magnitudes.sampled(study)
    labels = study.labels[chosen]
    present = np.unique(labels)
    waves = gratings()
    layers = []
    for index, layer in enumerate(LAYERS):
        channels = torch.arange(min(means[layer].shape[1], FILTERS) if index else means[layer].shape[1])
        rng = np.random.default_rng([study.seed, DRAW, index])
        begin = rng.standard_normal((len(channels), SIDE, SIDE // 2 + 1, 2))
        thresholds = torch.tensor(means[layer].mean(0), dtype=torch.float32, device=study.device)
        on = channels.to(study.device)
        pictures, reached = ascend(subject.network, layer, on, thresholds, study.effort["subjects"].steps, begin, rng)
        by_class = np.stack([means[layer][labels == label].mean(0) for label in present])[:, : len(channels)]
        images = pictures.cpu().numpy()
        layers.append(
            Grown(
                images,
                pictures_of(torch.tensor(begin, dtype=torch.float32), SIDE).numpy(),
                reached.cpu().double().numpy(),
                most(study, subject, layer, waves, thresholds)[: len(channels)],
                logits(subject.quick, images, study.device).argmax(1),
                present[by_class.argmax(0)],
            )
        )
    return layers


def gratings() -> np.ndarray:
    """Return waves of every orientation, length and phase, (192, 48, 48) float32, levelled as grown pictures are."""
    rows, columns = (np.mgrid[:SIDE, :SIDE] - (SIDE - 1) / 2) * 2 * np.pi / SIDE
    waves = [
        np.cos(count * (np.cos(turn) * columns + np.sin(turn) * rows) + phase)
        for turn in np.pi * np.arange(ORIENTATIONS) / ORIENTATIONS
        for count in WAVES
        for phase in 2 * np.pi * np.arange(PHASES) / PHASES
    ]
    return levelled(torch.tensor(np.stack(waves), dtype=torch.float32)).numpy()


def most(study: Study, subject: Subject, layer: str, waves: np.ndarray, thresholds: Tensor) -> np.ndarray:
    """Return the most that any of the pictures reaches of each of a layer's channels, as `ascend` counts it."""
    with torch.inference_mode(), recording(subject.network, (layer,)) as outputs:
        subject.network(inputs(waves, study.device))
        above = (outputs[layer].float() - thresholds.view(1, -1, 1, 1)).relu().mean((2, 3))
        return above.amax(0).cpu().double().numpy()


def regularity(layers: list[Grown]) -> np.ndarray:
    """Return each picture's spectral entropy over that of its own start, of the first layer, (k,): 1 is no change."""
    first = layers[0]
    before, after = (np.array([entropy_of(picture) for picture in part]) for part in (first.begin, first.pictures))
    return after / np.maximum(before, 1e-12)


def complexities(layers: list[Grown]) -> np.ndarray:
    """Return depth and complexity of each filter that its picture excites, (k, 2)."""
    rows = [
        np.stack([np.full(len(layer.reached), depth), 1 - layer.gratings / np.maximum(layer.reached, 1e-12)], 1)[
            layer.reached > 0
        ]
        for depth, layer in enumerate(layers)
    ]
    return np.concatenate(rows)


def readings(layers: list[Grown]) -> np.ndarray:
    """Return what each picture is taken for and the emotion that excites its filter, (k, 2); FILTERS of each layer."""
    return np.concatenate([np.stack([layer.answers, layer.winners], 1)[:FILTERS] for layer in layers])


def trend(units: np.ndarray) -> Statistic:
    """Return Spearman's correlation (1904) of the columns of `units` (k, 2) as a statistic over its rows."""
    return correlation(rankdata(units[:, 0]), rankdata(units[:, 1]))


def agreement(units: np.ndarray, classes: int) -> Statistic:
    """Return the agreement beyond chance of the columns of labels `units` (k, 2) as a statistic over its rows."""
    first, second = (units[:, k, None] == np.arange(classes) for k in (0, 1))
    same = units[:, 0] == units[:, 1]

    def of(rows: np.ndarray) -> np.ndarray:
        chance = ((rows @ first) * (rows @ second)).sum(1)
        return np.divide(rows @ same - chance, 1 - chance, out=np.full(len(rows), np.nan), where=chance < 1)

    return of


def entropy_of(picture: np.ndarray) -> float:
    """Return a picture's spectral entropy over that of noise: near 1 for noise, near 0 for one wave.

    The entropy of the shares that the waves have in the picture's variance; for white noise, whose shares vary by
    chance, it is less than the logarithm of their number by 0.42 (one less Euler's constant).
    """
    power = np.abs(np.fft.fft2(picture.astype(np.float64) - picture.mean())) ** 2
    share = power.ravel() / max(power.sum(), 1e-12)
    bits = -float((share * np.log(np.maximum(share, 1e-300))).sum())
    return bits / (np.log(picture.size) - (1 - np.euler_gamma))
