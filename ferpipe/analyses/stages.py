"""Stage by stage: what outputs still show of the face, how much of it one sees, and how many faces excite a filter."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from ferpipe.analyses.faces import stratified
from ferpipe.analyses.filter_emotions import class_means
from ferpipe.analyses.responses import responses
from ferpipe.analyses.roles import features, standard
from ferpipe.analyses.study import Study
from ferpipe.emotions import SIDE
from ferpipe.explainers.activations import FILTERS, LAYERS, recording
from ferpipe.explainers.inputs import batches
from ferpipe.results.stored import Result
from ferpipe.statistics.intervals import bootstrap, correlation

SHOWS = ("face", "edges", "shade")  # what an output may follow
LOUD = 0.9  # quantile of the other emotions' faces above which a filter's response counts as an answer
DRAW = 162  # marks this analysis's generators


def analyse(study: Study) -> Result:
    """Return by layer how nearly its outputs follow the face, and what share of its emotion's faces excites a filter.

    `likeness`: the mean over a layer's channels of the largest |correlation| of an output map with the face, its edges
    or its shading at the map's own resolution, as its mean over faces; `above` is that less the same against the next
    face of the sample, which says how much of it is this face's and not any face's. `modes`: of the filters of Table 1,
    the share of the preferred emotion's faces that excite it more than the LOUD quantile of all other faces do.
    `receptive` is the side, in pixels, of what one output can see. `trend` is Spearman's correlation of `above` with
    depth.
    """
    rng = np.random.default_rng([study.seed, DRAW, 0])
    chosen = stratified(study.labels, study.effort["stages"].faces, rng)
    images = study.dataset.dev.images[chosen]
    own, other = likeness(study, images, images), likeness(study, images, np.roll(images, 1, axis=0))
    share = modes(study)
    count = study.effort["stages"].resamples
    layers = []
    for depth, name in enumerate(LAYERS):
        above = (own[name] - other[name]).mean(0)  # (channels,)
        layers.append(
            {
                "layer": name,
                "likeness": float(own[name].mean()),
                "above": estimate(above, study, 1 + depth, count),
                "modes": estimate(share[name], study, 11 + depth, count),
                "receptive": receptive(study, name),
            }
        )
    depths = np.concatenate([np.full(own[name].shape[1], depth) for depth, name in enumerate(LAYERS)])
    every = np.concatenate([(own[name] - other[name]).mean(0) for name in LAYERS])
    numbers = {
        "layers": layers,
        "trend": correlation(depths, every, np.random.default_rng([study.seed, DRAW, 20]), count),
        "modes": estimate(np.concatenate([share[name] for name in LAYERS]), study, 21, count),
        "loud": LOUD,
        "n": len(chosen),
        "seed": study.seed,
        "resamples": count,
    }
    return Result(numbers)


def estimate(values: np.ndarray, study: Study, index: int, count: int) -> dict[str, Any]:
    """Return the mean over filters (n,) with its interval over them and n."""
    rng = np.random.default_rng([study.seed, DRAW, index])
    return {"value": float(values.mean()), "interval": bootstrap(values, rng, count), "n": len(values)}


def likeness(study: Study, images: np.ndarray, against: np.ndarray) -> dict[str, np.ndarray]:
    """Return for each layer how nearly the outputs for `images` follow the faces `against`, (n, channels) in [0, 1]."""
    found: dict[str, list[np.ndarray]] = {name: [] for name in LAYERS}
    with torch.inference_mode(), recording(study.model, LAYERS, lambda out: out.float()) as outputs:
        for place, given in batches(images, study.device, 64):
            study.model(given)
            seen = {**features(against[place]), "face": against[place].astype(np.float64) / 255}
            for name in LAYERS:
                maps = outputs[name].cpu().double().contiguous().numpy()
                side = maps.shape[2]
                flat = standard(maps)  # (n, channels, p)
                small = [standard(reduced(seen[what], side))[:, None] for what in SHOWS]  # (n, 1, p)
                found[name].append(np.max([np.abs((flat * one).mean(2)) for one in small], axis=0))
    return {name: np.concatenate(parts) for name, parts in found.items()}


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
        found = []
        for channel, winner in enumerate(np.nanargmax(class_means(values, study.labels), axis=1)):
            own = study.labels == winner
            level = np.quantile(values[~own, channel], LOUD) if (~own).any() else -np.inf
            found.append(float((values[own, channel] > level).mean()))
        shares[name] = np.array(found)
    return shares


def receptive(study: Study, layer: str) -> int:
    """Return the side, in pixels, of the part of a face that one output of a layer can depend on: at most 48.

    Counted by hiding nothing: a NaN in the face spreads to all that depends on it.
    """
    side = SIDE
    blank = np.zeros((1, SIDE, SIDE), np.float32)
    with torch.inference_mode(), recording(study.model, (layer,), lambda out: out.float()) as outputs:
        for _, given in batches(blank, study.device):
            study.model(given)
            middle = outputs[layer].shape[-1] // 2
            rows = []
            for row in range(SIDE):
                poisoned = given.clone()
                poisoned[:, :, row] = float("nan")
                study.model(poisoned)
                rows.append(bool(outputs[layer][0, :, middle].isnan().any()))
            side = sum(rows)
    return side
