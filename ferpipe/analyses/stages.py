"""Stage by stage: what outputs still show of the face, how much of it one sees, and how many faces excite a filter."""

import numpy as np
import torch

from ferpipe.analyses.faces import stratified
from ferpipe.analyses.filter_emotions import class_means
from ferpipe.analyses.responses import responses
from ferpipe.analyses.roles import features, standard
from ferpipe.analyses.study import Study
from ferpipe.explainers.activations import FILTERS, LAYERS, recording
from ferpipe.explainers.inputs import batches
from ferpipe.results.stages import Layer, Stages
from ferpipe.size import SIDE
from ferpipe.statistics.intervals import averaged, correlation

SHOWS = ("face", "edges", "shade")  # what an output may follow
LOUD = 0.9  # quantile of the other emotions' faces above which a filter's response counts as an answer
DRAW = 162  # marks this analysis's generators


def analyse(study: Study) -> Stages:
    """Return by layer how nearly its outputs follow the face, and what share of its emotion's faces excites a filter.

    `above` is the likeness less that against the next face of the sample, which says how much of it is this face's and
    not any face's.
    """
    rng = np.random.default_rng([study.seed, DRAW, 0])
    chosen = stratified(study.labels, study.effort["stages"].faces, rng)
    images = study.dataset.dev.images[chosen]
    same, other = likeness(study, images, images), likeness(study, images, np.roll(images, 1, axis=0))
    above = {name: (same[name] - other[name]).mean(0) for name in LAYERS}  # (channels,) each
    share = modes(study)
    count = study.effort["stages"].resamples

    def draw(index: int) -> np.random.Generator:
        return np.random.default_rng([study.seed, DRAW, index])

    depths = np.repeat(np.arange(len(LAYERS)), [len(above[name]) for name in LAYERS])
    return Stages(
        layers=[
            Layer(
                layer=name,
                likeness=float(same[name].mean()),
                above=averaged(above[name], draw(1 + depth), count),
                modes=averaged(share[name], draw(11 + depth), count),
                receptive=receptive(study, name),
            )
            for depth, name in enumerate(LAYERS)
        ],
        trend=correlation(depths, np.concatenate(list(above.values())), draw(20), count),
        modes=averaged(np.concatenate(list(share.values())), draw(21), count),
        loud=LOUD,
        n=len(chosen),
        seed=study.seed,
        resamples=count,
    )


def likeness(study: Study, images: np.ndarray, against: np.ndarray) -> dict[str, np.ndarray]:
    """Return for each layer how nearly the outputs for `images` follow the faces `against`, (n, channels) in [0, 1]."""
    likenesses: dict[str, list[np.ndarray]] = {name: [] for name in LAYERS}
    with torch.inference_mode(), recording(study.model, LAYERS, lambda out: out.float()) as outputs:
        for place, batch in batches(images, study.device, 64):
            study.model(batch)
            seen = {**features(against[place]), "face": against[place].astype(np.float64) / 255}
            for name in LAYERS:
                maps = outputs[name].cpu().double().contiguous().numpy()
                side = maps.shape[2]
                flat = standard(maps)  # (n, channels, p)
                small = [standard(reduced(seen[what], side))[:, None] for what in SHOWS]  # (n, 1, p)
                likenesses[name].append(np.max([np.abs((flat * view).mean(2)) for view in small], axis=0))
    return {name: np.concatenate(parts) for name, parts in likenesses.items()}


def reduced(maps: np.ndarray, side: int) -> np.ndarray:
    """Return maps (n, 48, 48) at `side` pixels, each the mean of what it covers."""
    edges = np.linspace(0, SIDE, side + 1).round().astype(int)
    sums = np.add.reduceat(np.add.reduceat(maps, edges[:-1], axis=1), edges[:-1], axis=2)
    sizes = np.diff(edges)
    smaller: np.ndarray = sums / (sizes[:, None] * sizes[None, :])
    return smaller


def modes(study: Study) -> dict[str, np.ndarray]:
    """Return for each layer what share of its preferred emotion's dev faces each of the first filters answers to."""
    shares = {}
    for name in LAYERS:
        values = responses(study)[name][:, :FILTERS]
        answered = []
        for channel, winner in enumerate(np.nanargmax(class_means(values, study.labels, len(study.classes)), axis=1)):
            inside = study.labels == winner
            level = np.quantile(values[~inside, channel], LOUD) if (~inside).any() else -np.inf
            answered.append(float((values[inside, channel] > level).mean()))
        shares[name] = np.array(answered)
    return shares


def receptive(study: Study, layer: str) -> int:
    """Return the side, in pixels, of the part of a face that one output of a layer can depend on: at most 48.

    Counted by hiding nothing: a NaN in the face spreads to all that depends on it.
    """
    side = SIDE
    blank = np.zeros((1, SIDE, SIDE), np.float32)
    with torch.inference_mode(), recording(study.model, (layer,), lambda out: out.float()) as outputs:
        for _, batch in batches(blank, study.device):
            study.model(batch)
            middle = outputs[layer].shape[-1] // 2
            rows = []
            for row in range(SIDE):
                poisoned = batch.clone()
                poisoned[:, :, row] = float("nan")
                study.model(poisoned)
                rows.append(bool(outputs[layer][0, :, middle].isnan().any()))
            side = sum(rows)
    return side
