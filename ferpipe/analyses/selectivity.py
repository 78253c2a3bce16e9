"""Selectivity: how much the filters of every layer prefer one emotion, and what the loss of one costs.

That a filter answers to an emotion does not mean that the network needs it for that emotion (Leavitt & Morcos 2020):
Table 1's filters are therefore also taken away, one at a time.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from scipy.stats import rankdata, t
from torch import Tensor, nn

from ferpipe.analyses import magnitudes, subjects
from ferpipe.analyses.faces import stratified
from ferpipe.analyses.filter_emotions import bootstrapped
from ferpipe.analyses.responses import Means, of_each, responses
from ferpipe.analyses.study import Study
from ferpipe.explainers.activations import BLOCKS, FILTERS, LAYERS
from ferpipe.explainers.inputs import logits
from ferpipe.results.selectivity import Effect, Layer, Replicated, Selectivity, Zeroed, Zeroing
from ferpipe.statistics.across import Statistic, across
from ferpipe.statistics.intervals import LEVEL, mcnemar, percentiles, resamples

MEASURES = ("index", "null", "excess", "auroc", "eta_squared")
CONSTANT = 1e-6  # of a channel's largest response: a range below is rounding
DRAW = 142  # marks this analysis's generators

Measures = dict[str, np.ndarray]  # by name, one value a filter (channels,)


def analyse(study: Study) -> Selectivity:
    """Return the selectivity of what each block hands on, its rise over depth, and what zeroing Table 1's filters does.

    A face's response is the mean over positions of a channel after addition and ReLU: before them zero means nothing.
    `excess` is the selectivity index less its mean under permuted labels. A layer's value is the mean over channels,
    then over networks.
    """
    labels = study.labels[magnitudes.sampled(study)]
    rng = np.random.default_rng([study.seed, DRAW, 0])
    permutations = study.effort["selectivity"].permutations
    drawn = np.stack([labels, *(rng.permutation(labels) for _ in range(permutations))])
    trained, untrained = of_each(study)
    by_member = [[measures(means[name], drawn) for name in BLOCKS] for means in trained]
    table = np.concatenate([responses(study)[name][:, :FILTERS] for name in LAYERS], axis=1)  # (n, 5 x 6)
    rises, control = ([rise(means, drawn) for means in group] for group in (trained, untrained))
    return Selectivity(
        layers=over_depth(study, by_member),
        rise=across(rises, subjects.rows(study, (DRAW, 3), len(labels)), control),
        zeroing=zeroing(study, table),
        members=len(by_member),
        n=len(labels),
        permutations=permutations,
        resamples=count(study),
        seed=study.seed,
    )


def rise(means: Means, drawn: np.ndarray) -> Statistic:
    """Return by how much a network's selectivity beyond chance rises from its first block to its last, in a line.

    The slope of the least squares over depth, times the depth; chance is that of permuted labels, as in `measures`.
    """
    labels, present = drawn[0], np.unique(drawn[0])
    if len(present) < 2:
        return lambda rows: np.full(len(rows), np.nan)
    depth = np.arange(len(BLOCKS)) / (len(BLOCKS) - 1)
    null = [indices(class_means(means[name], drawn[1:], present)).mean() for name in BLOCKS]

    def of(rows: np.ndarray) -> np.ndarray:
        inside = [rows * (labels == label) for label in present]
        by_class = [part / np.maximum(part.sum(1, keepdims=True), 1e-12) for part in inside]
        excess = [
            indices(np.stack([part @ means[name] for part in by_class], axis=1)).mean(1) - chance
            for name, chance in zip(BLOCKS, null, strict=True)
        ]
        slopes: np.ndarray = (depth - depth.mean()) @ np.stack(excess) / ((depth - depth.mean()) ** 2).sum()
        return slopes

    return of


def count(study: Study) -> int:
    """Return how many resamples are drawn."""
    return study.effort["selectivity"].resamples


def measures(values: np.ndarray, drawn: np.ndarray) -> Measures:
    """Return how selective each channel's responses `values` (n, channels) are.

    `drawn` (1 + permutations, n) are the labels and, below them, the permuted ones. `index` in [0, 1] is as in
    `indices`, `null` its mean under permuted labels, `excess` their difference; `auroc` is the area under the ROC curve
    of the preferred class against the rest (Mann & Whitney 1947), by chance a little above 0.5, since that class is
    chosen on the same faces; `eta_squared` the share of the variance that lies between classes (Fisher 1925). A
    constant channel, and every one where there is one class, has 0, 0, 0, 0.5, 0.
    """
    labels, present = drawn[0], np.unique(drawn[0])
    if len(present) < 2:
        return {name: np.full(values.shape[1], 0.5 * (name == "auroc")) for name in MEASURES}
    values = np.where(np.ptp(values, axis=0) <= CONSTANT * np.abs(values).max(0), 0.0, values)
    means = class_means(values, drawn, present)
    index = indices(means)
    null = index[1:].mean(0)
    inside = labels[:, None] == present[means[0].argmax(0)]  # (n, channels)
    return {
        "index": index[0],
        "null": null,
        "excess": index[0] - null,
        "auroc": areas(values, inside),
        "eta_squared": between(values, means[0], (labels == present[:, None]).sum(1)),
    }


def class_means(values: np.ndarray, drawn: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Return the mean of values (n, channels) over each class's faces, (drawn, classes, channels), by drawn labels."""
    members = drawn[:, None, :] == present[:, None]  # (drawn, classes, n)
    weights = members / members.sum(2, keepdims=True)
    means: np.ndarray = weights.reshape(-1, weights.shape[2]) @ values  # one matrix product
    return means.reshape(len(drawn), len(present), -1)


def indices(means: np.ndarray) -> np.ndarray:
    """Return (highest - rest) / (highest + rest) of class means (drawn, classes, channels) >= 0 (Morcos et al. 2018).

    In [0, 1], (drawn, channels): 1 for a channel that answers to one class alone, 0 for one that answers to all alike.
    The rest is the mean of the other classes' means, so that frequent classes count no more than rare ones.
    """
    highest = means.max(1)
    rest = (means.sum(1) - highest) / (means.shape[1] - 1)
    total = highest + rest
    return np.divide(highest - rest, total, out=np.zeros_like(total), where=total > 0)


def areas(values: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """Return how surely a face `inside` (n, channels) bool answers more strongly than one outside, (channels,)."""
    ranks, n = rankdata(values, axis=0), inside.sum(0)
    above: np.ndarray = (ranks * inside).sum(0) - n * (n + 1) / 2
    return above / (n * (len(values) - n))


def between(values: np.ndarray, means: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return the variance of the means (classes, channels) of `sizes` faces over that of values (n, channels)."""
    centre = values.mean(0)
    total = ((values - centre) ** 2).sum(0)
    explained = (sizes[:, None] * (means - centre) ** 2).sum(0)
    return np.divide(explained, total, out=np.zeros_like(total), where=total > 0)


def over_depth(study: Study, by_member: Sequence[Sequence[Measures]]) -> list[Layer]:
    """Return each layer's means over channels and networks; `by_member` has a list of layers for each."""
    layers = []
    for depth, name in enumerate(BLOCKS):
        members = [member[depth] for member in by_member]
        means = {key: float(np.mean([measured[key].mean() for measured in members])) for key in MEASURES}
        rng = np.random.default_rng([study.seed, DRAW, 1, depth])
        interval = percentiles(resamples(rng, len(members[0]["excess"]), count(study)) @ members[0]["excess"])
        layers.append(
            Layer(
                layer=name.removesuffix(".relu2") if "." in name else "stem",
                filters=len(members[0]["excess"]),
                index=means["index"],
                null=means["null"],
                auroc=means["auroc"],
                eta_squared=means["eta_squared"],
                excess=replicated(np.array([measured["excess"].mean() for measured in members]), interval),
                filters_interval=interval,
            )
        )
    return layers


def replicated(values: np.ndarray, interval: list[float]) -> Replicated:
    """Return the mean of one value a network, with Student's interval over them; of one network, with `interval`."""
    mean = float(values.mean())
    if len(values) < 2:
        return Replicated(mean, values.tolist(), interval, "filters")
    half = float(t.ppf((1 + LEVEL) / 2, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values)))
    return Replicated(mean, values.tolist(), [mean - half, mean + half], "members")


def zeroing(study: Study, table: np.ndarray) -> Zeroing:
    """Return what zeroing each of Table 1's filters does to the analysis model's answers on a stratified sample of dev.

    `table` (n, 30) holds the filters' responses, layer by layer.
    """
    rng = np.random.default_rng([study.seed, DRAW, 2])
    chosen = stratified(study.labels, study.effort["selectivity"].faces, rng)
    images, labels = study.dataset.dev.images[chosen], study.labels[chosen]
    winners, share = bootstrapped(table, study.labels, len(study.classes), count(study), study.seed)
    places = [(layer, channel) for layer in LAYERS for channel in range(FILTERS)]
    each = effects(study.model, places, images, labels, len(study.classes), study.device)
    corrected = holm(np.array([effect.mcnemar for effect in each]))
    filters = [
        Zeroed(**vars(effect), layer=layer, filter=channel, winner=int(winner), share=float(wins), holm=float(p))
        for effect, (layer, channel), winner, wins, p in zip(each, places, winners, share, corrected, strict=True)
    ]
    losing = [zeroed for zeroed in filters if zeroed.loses is not None]
    return Zeroing(
        filters=filters,
        losing=len(losing),
        same=sum(zeroed.loses == zeroed.winner for zeroed in losing),
        n=len(chosen),
        counts=np.bincount(labels, minlength=len(study.classes)).tolist(),
    )


def effects(
    network: nn.Module,
    places: Sequence[tuple[str, int]],
    images: np.ndarray,
    labels: np.ndarray,
    classes: int,
    device: torch.device,
) -> list[Effect]:
    """Return how the answers to images (n, 48, 48) change when a filter, named by layer and channel, is zeroed."""
    before, each = logits(network, images, device).argmax(1), []
    for layer, channel in places:
        with zeroed(network, layer, channel):
            each.append(effect(before, logits(network, images, device).argmax(1), labels, classes))
    return each


def effect(before: np.ndarray, after: np.ndarray, labels: np.ndarray, classes: int) -> Effect:
    """Return how answers (n,) changed; of classes whose recall falls alike the first counts, None where none falls."""
    was, now = before == labels, after == labels
    gained = now.astype(float) - was
    by_class = [gained[labels == label] for label in range(classes)]
    recall = [float(changes.mean()) if len(changes) else None for changes in by_class]
    falls = [change or 0.0 for change in recall]
    return Effect(
        recall=recall,
        loses=int(np.argmin(falls)) if min(falls) < 0 else None,
        accuracy=float(gained.mean()),
        changed=float((before != after).mean()),
        mcnemar=mcnemar(was, now),
    )


@contextmanager
def zeroed(network: nn.Module, layer: str, channel: int) -> Iterator[None]:
    """Set one channel of the named layer's output to zero, within the `with` alone."""

    def zero(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
        others = output.clone()
        others[:, channel] = 0
        return others

    handle = network.get_submodule(layer).register_forward_hook(zero)
    try:
        yield
    finally:
        handle.remove()


def holm(p: np.ndarray) -> np.ndarray:
    """Return p values (k,) raised so that any false finding among the k is no likelier than said (Holm 1979)."""
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(1, np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)))
    return corrected
