"""What `analyses/ensemble.py` found: the ensemble against its members."""

from dataclasses import dataclass

from ferpipe.results.common import Across


@dataclass(frozen=True)
class Accuracy:
    """An accuracy on dev with its Wilson interval."""

    accuracy: float
    interval: list[float]


@dataclass(frozen=True)
class Scored(Accuracy):
    """An accuracy and a loss."""

    loss: float


@dataclass(frozen=True)
class OneMember(Scored):
    """A member, and what makes it differ."""

    name: str
    seed: int
    stem: str
    width: int
    taught: bool  # by earlier members, beside the labels


@dataclass(frozen=True)
class Named(Accuracy):
    """A network by its name."""

    name: str


@dataclass(frozen=True)
class Tested(Accuracy):
    """An accuracy on test."""

    n: int


@dataclass(frozen=True)
class Gain:
    """A mean difference on the same faces with its interval from resamples."""

    value: float
    interval: list[float]
    resamples: int


@dataclass(frozen=True)
class OfSize:
    """Ensembles of one size: mean, lowest and highest accuracy."""

    size: int
    accuracy: float
    lowest: float
    highest: float
    subsets: int  # that were tried


@dataclass(frozen=True)
class Views:
    """Accuracies when each answer is averaged over views of the face."""

    members: list[Accuracy]
    mean: Accuracy


@dataclass(frozen=True)
class Student(Named):
    """The student and its paired test against the best member."""

    goes_on: bool  # whether it started from a member's weights
    views: Accuracy
    best: Named
    difference: Gain
    mcnemar: float


@dataclass(frozen=True)
class Ensemble:
    """Members, the mean of their probabilities, and their vote, on dev."""

    members: list[OneMember]
    kinds: int  # recipes among the members, their seeds aside
    mean: Scored
    vote: Accuracy
    gain: Gain  # of the mean over the average member
    mcnemar: list[float]  # p of the mean against each member
    by_size: list[OfSize]
    disagreement: float | None  # share of faces that two members answer differently; None for one member
    shared: Across | None  # of each member's errors, the share to which another gives the same wrong answer
    shared_chance: Across | None  # the same, were errors independent given the true class
    helped: Across | None  # by how much the vote is right more often than each member
    n: int
    views: Views
    student: Student | None
    test: Tested | None
