"""What `build/compare.py` found of two runs; written nowhere, but shown on a page of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ferpipe.results.curves import Curve
from ferpipe.results.ensemble import Accuracy
from ferpipe.results.settings import Settings

if TYPE_CHECKING:
    import numpy as np

What = Literal["analysis", "ensemble", "views"]
Why = Literal["", "data", "kept"]  # not paired since the data differ, or since a network's answers are not kept


@dataclass(frozen=True)
class Said:
    """What a run says of a finding."""

    verdict: str
    statistic: float | None
    interval: list[float] | None
    bar: float | None


@dataclass(frozen=True)
class Run:
    """One of the two."""

    name: str
    data: str  # the data set
    settings: Settings
    networks: int  # members of the ensemble
    curve: Curve | None  # of the analysis model
    said: dict[str, Said]  # by finding
    maps: np.ndarray | None  # (classes, 48, 48): the mean gradient's size of each class, a face's sums to 1


@dataclass(frozen=True)
class Difference:
    """An accuracy of both runs on dev, and by how much the second's is higher."""

    what: What
    first: Accuracy
    second: Accuracy
    value: float
    interval: list[float]
    p: float | None  # McNemar's; None where the two are not paired


@dataclass(frozen=True)
class Comparison:
    """Two runs, the first one and the second."""

    first: Run
    second: Run
    differences: list[Difference]
    why: Why  # these are not paired; empty where they are
    n: int  # dev pictures, of the first
