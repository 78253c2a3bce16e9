"""What `analyses/settings.py` found: what the networks were made with, and how well the analysis model answers."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Accuracies:
    """The analysis model's accuracies at its chosen epoch, with Wilson intervals; test's are None without labels."""

    name: str
    epoch: int  # from 1
    train_accuracy: float
    train_n: int
    dev_accuracy: float
    dev_interval: list[float]
    dev_n: int
    test_accuracy: float | None
    test_interval: list[float] | None
    test_n: int | None


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
