"""What `analyses/curves.py` found: loss and accuracy per epoch."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Curve:
    """A network's history, one value an epoch; train's are of a sample of its faces, without augmentation."""

    epochs: list[int]  # from 1
    train_loss: list[float]
    dev_loss: list[float]
    train_accuracy: list[float]
    dev_accuracy: list[float]
    best: int  # the epoch of the lowest dev loss
    n_train: int
    n_dev: int


@dataclass(frozen=True)
class Curves:
    """The early-stopped analysis model and the overfitting one."""

    analysis: Curve
    overfitted: Curve
