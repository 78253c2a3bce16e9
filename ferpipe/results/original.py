"""What the report that this one rebuilds published, as `report/report.toml` has it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class OriginalSettings:
    """The original's machine."""

    device: str
    python: str
    torch: str
    cuda: str


@dataclass(frozen=True)
class Original:
    """The original's figures; classes by their names in `classes`."""

    title: str
    classes: list[str]  # a label is an index into them
    school: dict[str, str]  # by language
    train_accuracy: float
    dev_accuracy: float
    leaderboard_accuracy: float  # of an ensemble on Kaggle's public leaderboard
    ensemble_gain: list[float]  # from, to
    best: list[str]
    worst: list[str]
    lime_right: list[str]
    filter_emotions: list[list[str]]  # Table 1: filters by layers
    settings: OriginalSettings


@dataclass(frozen=True)
class Agreement:
    """In how many cells of Table 1 both name the same emotion, and how many by guessing."""

    same: int
    cells: int
    chance: float
