"""What `analyses/selectivity.py` found: how much filters prefer one emotion, and what the loss of one costs."""

from dataclasses import dataclass

from ferpipe.results.common import Across


@dataclass(frozen=True)
class Replicated:
    """A mean over members with its interval over what `over` says: members or, of one member, filters."""

    value: float
    by_member: list[float]
    interval: list[float]
    over: str


@dataclass(frozen=True)
class Layer:
    """What a block hands on, its means over channels and networks: selectivity, by chance, and what exceeds that."""

    layer: str
    filters: int
    index: float
    null: float
    auroc: float
    eta_squared: float
    excess: Replicated
    filters_interval: list[float]  # over the analysis model's filters


@dataclass(frozen=True)
class Effect:
    """How answers change when a filter is zeroed, after less before; recall by class, None without faces."""

    recall: list[float | None]
    loses: int | None  # the class whose recall falls most
    accuracy: float
    changed: float  # share of other answers
    mcnemar: float  # p that as many are right


@dataclass(frozen=True)
class Zeroed(Effect):
    """A filter of Table 1, its winner there and in which share of resamples, and the effect of its loss."""

    layer: str
    filter: int
    winner: int
    share: float
    holm: float  # the p corrected for the number of filters


@dataclass(frozen=True)
class Zeroing:
    """What zeroing each of Table 1's filters does; `same` of the `losing` ones cost their winner most."""

    filters: list[Zeroed]
    losing: int
    same: int
    n: int
    counts: list[int]  # of the sample by class


@dataclass(frozen=True)
class Selectivity:
    """The selectivity of every layer's filters."""

    layers: list[Layer]
    rise: Across | None  # of the excess from the first layer to the last, in a line
    zeroing: Zeroing
    members: int
    n: int
    permutations: int
    resamples: int
    seed: int
