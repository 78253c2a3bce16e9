"""Table 1: the emotion that activates each filter most, and how sure that is."""

import numpy as np

from ferpipe.analyses.responses import responses
from ferpipe.analyses.study import Study
from ferpipe.explainers.activations import FILTERS, LAYERS
from ferpipe.results.filter_emotions import FilterEmotions
from ferpipe.statistics.intervals import resamples

TIE = 1e-9  # of a filter's largest mean: closer than this two classes are equal
DRAW = 103  # marks this analysis's generators


def analyse(study: Study) -> FilterEmotions:
    """Return the winners and their bootstrap share, and mean responses of the classes.

    A face's response is the mean over positions of the filter's output before normalisation; a class's, the mean over
    its dev faces, so that frequent classes win no more easily than rare ones. A class without faces is NaN, never wins.
    """
    of_layer = responses(study)
    means = {name: class_means(of_layer[name], study.labels, len(study.classes)).astype(np.float32) for name in LAYERS}
    table = np.concatenate([of_layer[name][:, :FILTERS] for name in LAYERS], axis=1)  # (n, 5 x 6)
    count = study.effort["filter_emotions"].resamples
    winners, share = bootstrapped(table, study.labels, len(study.classes), count, study.seed)
    return FilterEmotions(
        layers=list(LAYERS),
        winners=winners.reshape(len(LAYERS), FILTERS).T.tolist(),
        share=share.reshape(len(LAYERS), FILTERS).T.tolist(),
        n=len(study.labels),
        resamples=count,
        seed=study.seed,
        arrays={
            "means": np.stack([means[name][:FILTERS] for name in LAYERS]),
            **{f"means_{name}": values for name, values in means.items()},
        },
    )


def class_means(values: np.ndarray, labels: np.ndarray, classes: int) -> np.ndarray:
    """Return the mean of values (n, channels) over each class's faces, (channels, classes); NaN for one without."""
    means = np.full((values.shape[1], classes), np.nan)
    for label in np.unique(labels):
        means[:, label] = values[labels == label].mean(0)
    return means


def bootstrapped(
    values: np.ndarray, labels: np.ndarray, classes: int, count: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return each column's winning class and the share of `count` stratified resamples that it wins, both (columns,).

    Classes that tie share the win.
    """
    drawn = np.full((count, values.shape[1], classes), -np.inf)
    for label in np.unique(labels):
        of_class = values[labels == label]
        weights = resamples(np.random.default_rng([seed, DRAW, int(label)]), len(of_class), count)
        drawn[:, :, label] = weights @ of_class
    winners = np.nanargmax(class_means(values, labels, classes), axis=1)
    largest = drawn.max(2, keepdims=True)
    wins = drawn >= largest - TIE * np.abs(largest)
    shares = (wins / wins.sum(2, keepdims=True)).mean(0)  # (columns, classes)
    return winners, shares[np.arange(len(winners)), winners]
