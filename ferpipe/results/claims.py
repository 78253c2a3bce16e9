"""The ledger's rows, as the page has judged them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Side:
    """What one data set says about a claim."""

    edition: str
    title: dict[str, str]  # of the data set, by language
    verdict: str  # holds, fails, undecided, not applicable
    statistic: float | None  # the mean over networks; None where this run has no such number
    interval: list[float] | None
    n: int | None  # faces, or other units
    networks: int
    past: int  # of these, on the claimed side of the bar
    control: float | None  # the mean of untrained networks
    draws: int  # of these
    threshold: float | None
    bar: float | None  # what is to be passed: the threshold, or what untrained networks reach
    bound: bool  # whether it is what these reach
    smallest: float | None  # distance from the bar that this run could have shown
    withheld: bool  # whether it would hold, but for networks that answer no better than chance


@dataclass(frozen=True)
class Row:
    """A claim: what it is about by language, the statistic that decides it, and the verdicts."""

    id: str
    threshold: float | None
    side: str  # of the threshold on which it holds: above, below
    about: str  # learned, data, architecture
    expression: str
    family: int  # claims corrected together
    unit: str
    figure: str
    finding: dict[str, str]
    original: dict[str, str]
    why: dict[str, str]
    sides: list[Side]  # of the data sets on the site; this page's first

    @property
    def verdict(self) -> str:
        """This page's verdict."""
        return self.sides[0].verdict


@dataclass(frozen=True)
class Claims:
    """All claims in the order of the page."""

    rows: list[Row]
