"""The ledger's rows, as the page has judged them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """A claim: what it is about by language, the statistic that decides it, and the verdict."""

    id: str
    verdict: str  # holds, fails, undecided
    statistic: float | None  # None where this run has no such number
    interval: list[float] | None
    n: int | None
    threshold: float | None
    side: str  # of the threshold on which it holds: above, below
    expression: str
    family: int  # claims corrected together
    smallest: float | None  # distance from the threshold that could have been shown
    unit: str
    figure: str
    finding: dict[str, str]
    original: dict[str, str]
    why: dict[str, str]


@dataclass(frozen=True)
class Claims:
    """All claims in the order of the page."""

    rows: list[Row]
