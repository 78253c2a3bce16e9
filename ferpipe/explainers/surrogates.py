"""The linear model that LIME fits around one picture (Ribeiro et al. 2016), in closed form.

For a fixed set of masks the weighted ridge solution is one matrix P, and the weights of every picture, class and
network are P @ Y, with Y the network's answers on the masked copies.
"""

import numpy as np
from scipy.stats import rankdata

STILL = 1e-6  # answers that range over less never change: what is left is rounding


def proximity(masks: np.ndarray, kernel_width: float) -> np.ndarray:
    """Return each mask's weight (m,) in (0, 1]: lime's kernel on the cosine distance to the whole picture.

    A mask (m, cells) holds 1 where a segment is shown.
    """
    distance = 1 - np.sqrt(masks.sum(1) / masks.shape[1])  # the cosine of a 0/1 vector with the vector of ones
    weights: np.ndarray = np.sqrt(np.exp(-((distance / kernel_width) ** 2)))
    return weights


def solution(masks: np.ndarray, weights: np.ndarray, ridge: float) -> np.ndarray:
    """Return P (cells, m): P @ answers are the ridge coefficients, with a free intercept."""
    share = weights / weights.sum()
    centred = masks - share @ masks
    scaled = centred.T * weights  # (cells, m)
    answers_centred = scaled - np.outer(scaled.sum(1), share)
    return np.linalg.solve(scaled @ centred + ridge * np.eye(masks.shape[1]), answers_centred)


def fit(masks: np.ndarray, answers: np.ndarray, weights: np.ndarray, coefficients: np.ndarray) -> float | None:
    """Return the weighted R^2 of a linear model with free intercept, at most 1; None if the answers never change."""
    if np.ptp(answers) < STILL:
        return None
    share = weights / weights.sum()
    predicted = masks @ coefficients
    residual = (answers - share @ answers) - (predicted - share @ predicted)
    spread = float(share @ (answers - share @ answers) ** 2)
    return 1 - float(share @ residual**2) / spread


def rank_correlation(first: np.ndarray, second: np.ndarray) -> float | None:
    """Return Spearman's correlation of two vectors; None if either is constant or has fewer than two values."""
    ranks = [rankdata(values) for values in (first, second)]
    if any(len(r) < 2 or np.ptp(r) == 0 for r in ranks):
        return None
    return float(np.clip(np.corrcoef(ranks)[0, 1], -1, 1))


def rank_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Return Spearman's correlation of each two arrays of (n, ...), (n,) float64; NaN where either is constant."""
    ranks = [rankdata(values.reshape(len(values), -1), axis=1) for values in (first, second)]
    a, b = (each - each.mean(1, keepdims=True) for each in ranks)
    spread = np.sqrt((a**2).sum(1) * (b**2).sum(1))
    along = np.divide((a * b).sum(1), spread, out=np.full(len(a), np.nan), where=spread > 0)
    clipped: np.ndarray = np.clip(along, -1, 1)
    return clipped


def stability(masks: np.ndarray, answers: np.ndarray, weights: np.ndarray, ridge: float) -> float | None:
    """Return the rank correlation of the coefficients found from two halves of the samples; None as for `fit`."""
    if np.ptp(answers) < STILL:
        return None
    halves = [solution(masks[k::2], weights[k::2], ridge) @ answers[k::2] for k in (0, 1)]
    return rank_correlation(*halves)
