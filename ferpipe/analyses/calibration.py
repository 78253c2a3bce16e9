"""Calibration: how far probabilities can be taken at their word, epoch by epoch and where training stopped."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq
from scipy.special import log_softmax, logsumexp
from scipy.stats import rankdata

from ferpipe.analyses import subjects
from ferpipe.analyses.study import Study, softmax
from ferpipe.networks.members import Member
from ferpipe.results.calibration import Bin, Calibration, Course, Ece, Quality, Rise, State, Together
from ferpipe.results.common import Across, Estimate
from ferpipe.statistics.intervals import percentiles, proportion, resamples, wilson
from ferpipe.storage.encoding import JSON

BINS = 15  # of equal mass; as many as in Guo et al. 2017
COOLEST, HOTTEST = 0.05, 20.0  # the temperatures that are tried
GRID = 121  # temperatures, 5 % apart, between which a resample's is interpolated
DRAW = 141  # marks this analysis's generators


def analyse(study: Study) -> Calibration:
    """Return both models' calibration on dev by epoch, at the chosen and the last one, and that of the ensemble's mean.

    Losses are in nats. By epoch, loss = accuracy x loss_right + (1 - accuracy) x loss_wrong, the mean losses of right
    and of wrong answers, None without any. `scaled_loss` is the loss after temperature scaling (Guo et al. 2017): every
    face is scaled by the temperature that fits the half of dev in which it is not; the halves are drawn by seed. All
    statistics are resampled alike, so that their intervals can be compared.
    """
    n, count = len(study.labels), study.effort["calibration"].resamples
    half = np.random.default_rng([study.seed, DRAW, 0]).permutation(n) < n // 2
    weights = resamples(np.random.default_rng([study.seed, DRAW, 1]), n, count)
    chance = np.random.default_rng([study.seed, DRAW, 2]).random((count, n))
    together = quality(mean_logits(study), study.labels, weights, chance)
    return Calibration(
        analysis=course(study.members[0], study.labels, half, weights, chance),
        overfitted=course(study.overfitted[0], study.labels, half, weights, chance),
        ensemble=Together(**vars(together), members=len(study.members)),
        rise=rise(study, half),
        n=n,
        bins=BINS,
        resamples=count,
        seed=study.seed,
    )


def course(member: Member, labels: np.ndarray, half: np.ndarray, weights: np.ndarray, chance: np.ndarray) -> Course:
    """Return a member's losses, one value an epoch, the chosen epoch, and the state there and at the last epoch."""
    epochs = [described(logits.astype(np.float64), labels, half) for logits in member.epoch_logits]
    by_epoch: JSON = {key: [epoch[key] for epoch in epochs] for key in epochs[0]}
    return Course(
        epochs=list(range(1, len(epochs) + 1)),
        accuracy=by_epoch["accuracy"],
        loss=by_epoch["loss"],
        loss_right=by_epoch["loss_right"],
        loss_wrong=by_epoch["loss_wrong"],
        scaled_loss=by_epoch["scaled_loss"],
        temperature=by_epoch["temperature"],
        best=member.epoch,
        chosen=state(member, member.epoch, labels, half, weights, chance),
        last=state(member, len(epochs), labels, half, weights, chance),
    )


def rise(study: Study, half: np.ndarray) -> Rise:
    """Return what changes in each overfitting model from the epoch of its lowest loss to its last.

    That epoch is chosen on one half of dev and looked at on the other, and swapped: chosen on the same faces, the last
    could not be lower. Models that never beat the class frequencies have no minimum to pass, and are left out.
    """
    labels, models = study.labels, []
    for member in study.overfitted:
        first, last = chosen_elsewhere(member, labels, half), member.epoch_logits[-1].astype(np.float64)
        if cross_entropy(first, labels).mean() < cross_entropy(np.log(frequencies(study)), labels).mean():
            models.append((first, last))

    def over_all(draw: int, values: Callable[[np.ndarray, np.ndarray], np.ndarray]) -> Across | None:
        return subjects.means(study, (DRAW, 10 + draw), [values(first, last) for first, last in models])

    def surer(first: np.ndarray, last: np.ndarray) -> np.ndarray:
        return np.asarray(softmax(last).max(1) - softmax(first).max(1))

    def on(value: np.ndarray, faces: np.ndarray) -> np.ndarray:
        return np.where(faces, value, np.nan)

    def wrong(logits: np.ndarray) -> np.ndarray:
        return np.asarray(logits.argmax(1) != labels)

    return Rise(
        loss=over_all(0, lambda first, last: cross_entropy(last, labels) - cross_entropy(first, labels)),
        accuracy=over_all(1, lambda first, last: wrong(first).astype(float) - wrong(last)),
        same=over_all(
            2, lambda first, last: on((first.argmax(1) == last.argmax(1)) & (surer(first, last) > 0), wrong(last))
        ),
        again=over_all(3, lambda first, last: on(wrong(first), wrong(last))),
        again_chance=over_all(4, lambda first, last: wrong(first).astype(float)),
        surer_wrong=over_all(5, lambda first, last: on(surer(first, last), wrong(first) & wrong(last))),
        surer_right=over_all(6, lambda first, last: on(surer(first, last), ~wrong(first) & ~wrong(last))),
        models=len(study.overfitted),
        counted=len(models),
    )


def chosen_elsewhere(member: Member, labels: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return logits (n, classes) on dev, each face's at the epoch of the lowest loss on the half where it is not."""
    losses = np.stack([cross_entropy(logits.astype(np.float64), labels) for logits in member.epoch_logits])
    first, second = (int(losses[:, part].mean(1).argmin()) for part in (half, ~half))
    return np.where(half[:, None], member.epoch_logits[second], member.epoch_logits[first]).astype(np.float64)


def frequencies(study: Study) -> np.ndarray:
    """Return the classes' shares of train as logits' rows (n, classes); a class without faces counts as one face."""
    assert study.dataset.train.labels is not None
    counts = np.maximum(np.bincount(study.dataset.train.labels, minlength=len(study.classes)), 1)
    return np.broadcast_to(counts / counts.sum(), (len(study.labels), len(study.classes)))


def described(logits: np.ndarray, labels: np.ndarray, half: np.ndarray) -> dict[str, float | None]:
    """Return of logits (n, 7) what `Course` has by epoch."""
    losses, right = cross_entropy(logits, labels), logits.argmax(1) == labels
    return {
        "accuracy": float(right.mean()),
        "loss": float(losses.mean()),
        "loss_right": float(losses[right].mean()) if right.any() else None,
        "loss_wrong": float(losses[~right].mean()) if not right.all() else None,
        "scaled_loss": float(cross_entropy(scaled(logits, labels, half), labels).mean()),
        "temperature": temperature(logits, labels),
    }


def state(
    member: Member, epoch: int, labels: np.ndarray, half: np.ndarray, weights: np.ndarray, chance: np.ndarray
) -> State:
    """Return how well a member was calibrated after an epoch (from 1), before temperature scaling and after."""
    logits = member.epoch_logits[epoch - 1].astype(np.float64)
    interval = percentiles(temperatures(logits, labels, weights))
    return State(
        **vars(quality(logits, labels, weights, chance)),
        epoch=epoch,
        temperature=Estimate(temperature(logits, labels), interval, len(labels)),
        reliability=reliability(logits, labels),
        scaled=quality(scaled(logits, labels, half), labels, weights, chance),
    )


def cross_entropy(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return each face's loss (n,) in nats for logits (n, 7)."""
    losses: np.ndarray = -log_softmax(logits, axis=1)[np.arange(len(labels)), labels]
    return losses


def mean_logits(study: Study) -> np.ndarray:
    """Return the logarithms (n, 7) of the probabilities' mean over all members, each at its chosen epoch."""
    each = np.stack([log_softmax(member.dev_logits, axis=1) for member in study.members])
    together: np.ndarray = logsumexp(each, axis=0) - np.log(len(each))
    return together


def quality(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray, chance: np.ndarray) -> Quality:
    """Return accuracy, loss, Brier score, calibration error and overconfidence, with intervals from resamples' weights.

    `brier` (Brier 1950) is the squared distance of the probabilities from the label's, in [0, 2]. `ece`, the expected
    calibration error in [0, 1] (Naeini et al. 2015), is the mean distance of confidence and accuracy in BINS bins of
    equal mass. Chance keeps that above zero: beside it stands the band in which it lies if every confidence is the
    probability of being right (Broecker & Smith 2007), from uniform numbers `chance` (count, n).
    `overconfidence` is the mean confidence less the accuracy.
    """
    probabilities, right = softmax(logits), logits.argmax(1) == labels
    confidence = probabilities.max(1)
    errors = probabilities.copy()
    errors[np.arange(len(labels)), labels] -= 1
    means = {
        "loss": cross_entropy(logits, labels),
        "brier": (errors**2).sum(1),
        "overconfidence": confidence - right,
    }
    drawn = weights @ np.stack(list(means.values()), axis=1)  # (count, statistics)
    estimates = {
        name: Estimate(float(values.mean()), percentiles(column), len(labels))
        for (name, values), column in zip(means.items(), drawn.T, strict=True)
    }
    return Quality(
        accuracy=proportion(right),
        loss=estimates["loss"],
        brier=estimates["brier"],
        overconfidence=estimates["overconfidence"],
        ece=calibration_error(confidence, right, chance),
    )


def calibration_error(confidence: np.ndarray, right: np.ndarray, chance: np.ndarray) -> Ece:
    """Return the expected calibration error, in [0, 1], as `quality` describes it."""
    inside = (binned(confidence)[:, None] == np.arange(BINS)) / len(right)  # (n, bins): a bin's share of a face

    def error(answers: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs((confidence - answers) @ inside).sum(1))

    return Ece(float(error(right[None])[0]), percentiles(error(chance < confidence)), len(right))


def binned(confidence: np.ndarray) -> np.ndarray:
    """Return each face's bin (n,), from 0 to BINS - 1, of equal mass by rank.

    Equal confidences, such as many of exactly 1, share a bin: else the order of the faces would divide them.
    """
    return (BINS * (rankdata(confidence) - 0.5) / len(confidence)).astype(int)


def reliability(logits: np.ndarray, labels: np.ndarray) -> list[Bin]:
    """Return of each bin that is not empty the mean confidence, the accuracy, its Wilson interval and n."""
    confidence, right = softmax(logits).max(1), logits.argmax(1) == labels
    bins = binned(confidence)
    return [
        Bin(
            confidence=float(confidence[inside].mean()),
            accuracy=float(right[inside].mean()),
            interval=wilson(int(right[inside].sum()), int(inside.sum())),
            n=int(inside.sum()),
        )
        for inside in (bins == index for index in range(BINS))
        if inside.any()
    ]


def scaled(logits: np.ndarray, labels: np.ndarray, half: np.ndarray) -> np.ndarray:
    """Return logits (n, 7) over the temperature of the half (n,) bool in which a face is not."""
    first, second = (temperature(logits[part], labels[part]) for part in (half, ~half))
    return logits / np.where(half, second, first)[:, None]


def temperature(logits: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature of the lowest loss, within COOLEST and HOTTEST; 1 if none is lower than another.

    The loss is convex in 1 / T, so that its slope has one root, and an end is the answer where it has none inside.
    """

    def slope(logarithm: float) -> float:
        return float(slopes(logits, labels, float(np.exp(logarithm))).sum())

    low, high = float(np.log(COOLEST)), float(np.log(HOTTEST))
    if slope(0.0) == 0:
        return 1.0
    if slope(low) <= 0:
        return COOLEST
    if slope(high) >= 0:
        return HOTTEST
    return float(np.exp(brentq(slope, low, high)))


def temperatures(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return the temperature that fits each resample, (count,), from one matrix product over a grid of temperatures."""
    grid = np.linspace(np.log(COOLEST), np.log(HOTTEST), GRID)
    slope = weights @ np.stack([slopes(logits, labels, value) for value in np.exp(grid)], axis=1)  # (count, GRID)
    above = np.clip((slope > 0).sum(1), 1, GRID - 1)  # it falls, and is positive up to here
    rows = np.arange(len(slope))
    before, after = slope[rows, above - 1], slope[rows, above]
    share = np.divide(before, before - after, out=np.zeros_like(before), where=before > after)
    return np.exp(grid[above - 1] + np.clip(share, 0, 1) * (grid[1] - grid[0]))


def slopes(logits: np.ndarray, labels: np.ndarray, value: float) -> np.ndarray:
    """Return each face's derivative (n,) of the loss by 1 / T at the temperature `value`; their sum falls with T."""
    logits = logits - logits.max(1, keepdims=True)  # the same slope, and exactly none for equal logits
    expected = (softmax(logits / value) * logits).sum(1)
    excess: np.ndarray = expected - logits[np.arange(len(labels)), labels]
    return excess
