"""What `analyses/calibration.py` found: how far probabilities can be taken at their word."""

from dataclasses import dataclass

from ferpipe.results.common import Across, Estimate


@dataclass(frozen=True)
class Ece:
    """The expected calibration error in [0, 1], beside what chance alone makes of it."""

    value: float
    calibrated: list[float]  # what 95 % of networks have that are as sure and perfectly calibrated, on as many faces
    n: int


@dataclass(frozen=True)
class Quality:
    """How good probabilities are."""

    accuracy: Estimate
    loss: Estimate
    brier: Estimate  # squared distance of the probabilities from the label's, in [0, 2]
    overconfidence: Estimate  # mean confidence less accuracy
    ece: Ece


@dataclass(frozen=True)
class Bin:
    """A bin of the reliability diagram: mean confidence, accuracy with its Wilson interval, n."""

    confidence: float
    accuracy: float
    interval: list[float]
    n: int


@dataclass(frozen=True)
class State(Quality):
    """A member after an epoch (from 1), before temperature scaling and after."""

    epoch: int
    temperature: Estimate
    reliability: list[Bin]
    scaled: Quality


@dataclass(frozen=True)
class Course:
    """A member by epoch: loss = accuracy x loss_right + (1 - accuracy) x loss_wrong, None without such answers."""

    epochs: list[int]
    accuracy: list[float]
    loss: list[float]
    loss_right: list[float | None]
    loss_wrong: list[float | None]
    scaled_loss: list[float]  # after temperature scaling, fitted on the half of dev in which a face is not
    temperature: list[float]  # fitted on all of dev
    best: int  # the chosen epoch
    chosen: State
    last: State


@dataclass(frozen=True)
class Rise:
    """What changes from the epoch of the lowest loss to the last, in the overfitting models that have a minimum."""

    loss: Across | None
    accuracy: Across | None
    same: Across | None  # of the last errors, the share that gave the same wrong answer before, less surely
    again: Across | None  # of the last errors, the share that were errors before
    again_chance: Across | None  # the share of all faces that were errors before
    surer_wrong: Across | None  # rise of confidence on faces that are wrong at both ends
    surer_right: Across | None  # and on those that are right at both
    models: int
    counted: int  # of these, those that once beat the class frequencies


@dataclass(frozen=True)
class Together(Quality):
    """The ensemble's mean of probabilities."""

    members: int


@dataclass(frozen=True)
class Calibration:
    """Both models' calibration on dev by epoch, and that of the ensemble."""

    analysis: Course
    overfitted: Course
    ensemble: Together
    rise: Rise  # of all overfitting models
    n: int
    bins: int
    resamples: int
    seed: int
