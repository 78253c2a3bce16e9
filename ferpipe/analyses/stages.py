"""Stage by stage: what outputs still show of the face, how much of it one sees, and how many faces excite a filter."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from scipy.stats import rankdata
from torch import nn

from ferpipe.analyses import fresh, magnitudes, responses, subjects
from ferpipe.analyses.ascents import trend
from ferpipe.analyses.faces import stratified
from ferpipe.analyses.responses import Means
from ferpipe.analyses.roles import features, standard
from ferpipe.analyses.study import Study
from ferpipe.explainers.activations import LAYERS, recording, spatial_means
from ferpipe.explainers.inputs import batches
from ferpipe.results.common import Across
from ferpipe.results.stages import Layer, Stages
from ferpipe.size import SIDE
from ferpipe.statistics.across import apart, jackknifed
from ferpipe.statistics.intervals import averaged

SHOWS = ("face", "edges", "shade")  # what an output may follow
LOUD = 0.9  # quantile of the other emotions' faces above which a filter's response counts as an answer
PREFERS = 0.7  # area under the ROC curve from which on a filter prefers an emotion
LEAST = 6  # pixels a side of a map that can be compared with a face
ENOUGH = 5  # faces of an emotion in each third
GROUPS = 10  # of faces, of which each is left out once
ALL = "all"  # of LAYERS together
DRAW = 162  # marks this analysis's generators


class Caught(NamedTuple):
    """What share of its emotion's faces excites a filter that prefers one, and of how many filters a network."""

    share: Across | None
    preferring: int


def analyse(study: Study) -> Stages:
    """Return by layer how nearly its outputs follow the face, and what share of its emotion's faces excites a filter.

    `above` is the likeness less that against the next face of the sample, which says how much of it is this face's and
    not any face's. Maps of fewer than LEAST pixels a side are left out: so few points correlate by chance.
    """
    rng = np.random.default_rng([study.seed, DRAW, 0])
    chosen = stratified(study.labels, study.effort["stages"].faces, rng)
    images, few = study.dataset.dev.images[chosen], slice(study.effort["stages"].samples)
    same, above = resemblance(study, study.model, images)
    of_each = subjects.each(study, lambda subject: falling(resemblance(study, subject.network, images[few])[1]))
    labels, every = answers(study)
    shares = modes(labels, every)
    count = study.effort["stages"].resamples

    def draw(index: int) -> np.random.Generator:
        return np.random.default_rng([study.seed, DRAW, index])

    return Stages(
        layers=[
            Layer(
                layer=name,
                likeness=float(same[name].mean()) if name in same else None,
                above=averaged(above[name].mean(0), draw(1 + depth), count) if name in above else None,
                modes=shares[name].share,
                preferring=shares[name].preferring,
                receptive=receptive(study, name),
            )
            for depth, name in enumerate(LAYERS)
        ],
        falling=apart(of_each[0], draw(20), count, of_each[1], trend, fisher=True),
        modes=shares[ALL].share,  # an untrained filter that prefers an emotion does so by chance
        preferring=PREFERS,
        loud=LOUD,
        n=len(chosen),
        anew=len(labels) if fresh.evenly(study) else 0,
        seed=study.seed,
        resamples=count,
    )


def resemblance(
    study: Study, network: nn.Module, images: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Return each layer's likeness to its own faces, and how much more that is than to others', (n, channels)."""
    same, other = (likeness(study, network, images, seen) for seen in (images, np.roll(images, 1, axis=0)))
    return same, {name: same[name] - other[name] for name in same}


def falling(above: dict[str, np.ndarray]) -> np.ndarray:
    """Return the depth and the mean over faces of each filter, (filters, 2)."""
    rows = [
        np.stack([np.full(values.shape[1], LAYERS.index(name)), values.mean(0)], 1) for name, values in above.items()
    ]
    return np.concatenate(rows)


def likeness(study: Study, network: nn.Module, images: np.ndarray, against: np.ndarray) -> dict[str, np.ndarray]:
    """Return for each layer how nearly the outputs for `images` follow the faces `against`, (n, channels) in [0, 1]."""
    likenesses: dict[str, list[np.ndarray]] = {}
    with torch.inference_mode(), recording(network, LAYERS, lambda out: out.float()) as outputs:
        for place, batch in batches(images, study.device, 64):
            network(batch)
            seen = {**features(against[place]), "face": against[place].astype(np.float64) / 255}
            for name in (name for name in LAYERS if outputs[name].shape[-1] >= LEAST):
                maps = outputs[name].cpu().double().contiguous().numpy()
                side = maps.shape[2]
                flat = standard(maps)  # (n, channels, p)
                small = [standard(reduced(seen[what], side))[:, None] for what in SHOWS]  # (n, 1, p)
                alike = np.max([np.abs((flat * view).mean(2)) for view in small], axis=0)
                likenesses.setdefault(name, []).append(alike)
    return {name: np.concatenate(parts) for name, parts in likenesses.items()}


def reduced(maps: np.ndarray, side: int) -> np.ndarray:
    """Return maps (n, 48, 48) at `side` pixels, each the mean of what it covers."""
    edges = np.linspace(0, SIDE, side + 1).round().astype(int)
    sums = np.add.reduceat(np.add.reduceat(maps, edges[:-1], axis=1), edges[:-1], axis=2)
    sizes = np.diff(edges)
    smaller: np.ndarray = sums / (sizes[:, None] * sizes[None, :])
    return smaller


def modes(labels: np.ndarray, every: Sequence[Means]) -> dict[str, Caught]:
    """Return for each layer, and for ALL of them, what share of its emotion's faces excites a filter, over networks.

    `every` network's responses to faces of these labels (n,). Of the filters that prefer an emotion. Their errors
    are those of the faces, which all networks share; filters are not drawn, all that a network has are asked.
    """
    group = np.arange(len(labels)) // 3 % GROUPS  # as many of each third
    answered = [
        [caught(labels, means, group != left) for left in (GROUPS, *range(GROUPS))]  # none left out, then each
        for means in every
    ]
    table = {}
    for name in (*LAYERS, ALL):
        shares = np.array([[averages[name][0] for averages in network] for network in answered]).T
        shares[0, np.isnan(shares[1:]).mean(0) >= 0.5] = np.nan  # it rests on a few faces
        counts = [network[0][name][1] for network in answered]
        table[name] = Caught(jackknifed(shares[0], shares[1:], len(labels)), round(float(np.mean(counts))))
    return table


def answers(study: Study) -> tuple[np.ndarray, list[Means]]:
    """Return labels (n,) and each trained network's responses to these faces, drawn anew where they can be."""
    if (drawn := fresh.evenly(study)) is None:
        return study.labels[magnitudes.sampled(study)], responses.of_each(study)[0]
    images, labels = drawn
    return labels, [spatial_means(each.network, LAYERS, images, study.device) for each in subjects.trained(study)]


def caught(labels: np.ndarray, means: Means, among: np.ndarray) -> dict[str, tuple[float, int]]:
    """Return by layer, and of ALL, the mean share of its emotion's faces to which a filter answers, and of how many.

    A filter's emotion is the one with the highest mean response on every third face `among` those that are asked (n,)
    bool. It prefers it if on the next ones a face of it answers more strongly than one of another with a probability of
    PREFERS or more (Mann & Whitney 1947). On the rest it answers to those above LOUD of the other faces. Emotions with
    few faces cannot be judged; NaN where no filter prefers one.
    """
    chosen, tested, scored = (np.arange(len(labels)) % 3 == part for part in range(3))
    whole = chosen, tested, scored
    chosen, tested, scored = (third & among for third in whole)
    common = [
        label
        for label in np.unique(labels)
        if min((labels[third] == label).sum() for third in whole) >= ENOUGH
        and all((labels[third] == label).any() for third in (chosen, tested, scored))
    ]
    shares = {}
    for name in LAYERS:
        values, of_layer = means[name], list[np.ndarray]()
        best = np.argmax([values[chosen & (labels == label)].mean(0) for label in common], 0) if common else np.zeros(0)
        ranks = rankdata(values[tested], axis=0)
        for place, label in enumerate(common):
            mine, others = (labels == label)[tested].sum(), (labels != label)[tested].sum()
            above = ranks[labels[tested] == label].sum(0) - mine * (mine + 1) / 2  # of all pairs, those in its favour
            prefers = (best == place) & (above >= PREFERS * mine * others)
            if mine * others and (scored & (labels != label)).any():
                loud = np.quantile(values[scored & (labels != label)][:, prefers], LOUD, axis=0)
                of_layer.append((values[scored & (labels == label)][:, prefers] > loud).mean(0))
        shares[name] = np.concatenate([np.zeros(0), *of_layer])
    shares[ALL] = np.concatenate(list(shares.values()))
    return {name: (float(each.mean()) if len(each) else float("nan"), len(each)) for name, each in shares.items()}


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
