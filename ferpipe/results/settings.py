"""What `analyses/settings.py` found: what the networks were made with, and how well the analysis model answers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accuracies:
    """The analysis model's accuracies at its chosen epoch, with Wilson intervals; test's are None without labels."""

    name: str
    epoch: int  # from 1
    train_accuracy: float | None  # None where train is not known
    train_n: int
    dev_accuracy: float
    dev_interval: list[float]
    dev_n: int
    test_accuracy: float | None
    test_interval: list[float] | None
    test_n: int | None


@dataclass(frozen=True)
class Chance:
    """Whether the analysis model tells the classes apart at all, and whether it would with its outputs renamed."""

    usual: float  # share of dev's most frequent class
    better: bool  # whether it is right more often than that one answer for all, by McNemar's test
    renamed: float  # accuracy, were each output called as it fits best
    names: list[int]  # then: the label of each output


@dataclass(frozen=True)
class Asked:
    """What the command line asked for."""

    preset: str
    seed: int


@dataclass(frozen=True)
class Settings(Asked):
    """The run's settings."""

    versions: dict[str, str]  # by package
    device: str
    precision: str
    threads: int
    parameters: dict[str, str | bool | float]  # the analysis model's recipe, see networks/recipes.py
    members: int
    pretrained: bool
    analysis_model: Accuracies
    chance: Chance
    foreign: str  # of somebody's own networks: how pictures enter the first; empty of ours
