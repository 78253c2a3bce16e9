"""What a statistic over networks says about a finding: holds, fails, or undecided.

A finding speaks of networks, of which a run has a few, and they saw the same faces: y = mean + network + face + rest.
The variance of the mean over both is  networks / K + faces / n + rest / (K n)  (Obuchowski & Rockette 1995), its
degrees of freedom Hillis' (2007): those of Satterthwaite, where the networks alone are few.

The mean of a repetition, of as many other networks and faces, varies as much again: its interval is wider by the root
of two (Cumming & Maillardet 2006). Findings are judged by it: a retraining is not expected to reverse a verdict.
"""

from dataclasses import dataclass
from math import atanh, sqrt, tanh

from ferpipe.results.common import Across, Estimate
from ferpipe.statistics import student

LEVEL = 0.95  # of an interval that stands alone
FEWEST = 3  # networks from which on an interval is over networks
HIGHEST = 0.999  # of a correlation: Fisher's z of 1 is infinite


@dataclass(frozen=True)
class Decision:
    """A verdict and what it rests on."""

    verdict: str  # holds, fails, undecided
    value: float  # the mean over networks
    interval: tuple[float, float]  # of the mean, or of a repetition's
    bar: float  # what is to be passed: the threshold, or what untrained networks reach
    bound: bool  # whether it is what these reach
    past: int  # networks on the claimed side of the bar
    smallest: float | None  # distance from the bar that this run could have shown


def decided(
    statistic: Across,
    threshold: float,
    side: str,
    family: int = 1,
    learned: bool = False,
    repeated: bool = False,
) -> Decision:
    """Return the verdict on the claim that the statistic lies above, or below, the threshold.

    It holds where every network lies there and the interval is clear of the threshold, and fails where the same is true
    of the other side. What is claimed to be `learned` must also lie beyond what untrained networks reach. One network
    decides nothing; of two, each must be clear by its own faces' interval. The level is corrected for a `family` of
    claims (Bonferroni). The interval is that of the mean or, if `repeated`, that in which a repetition's mean falls.
    """
    sign = 1 if side == "above" else -1
    transform, back = (_z, tanh) if statistic.fisher else (float, float)
    values = [transform(value) for value in statistic.values]
    tail = (1 - LEVEL) / 2 / family
    control = [transform(value) for value in statistic.control]
    untrained = _mean(control) if control else None
    binding = learned and untrained is not None and sign * untrained > sign * transform(threshold)
    bar = untrained if binding and untrained is not None else transform(threshold)
    variance, freedom = _variance(values, statistic, control if binding else [])
    value, wider = _mean(values), sqrt(2) if repeated else 1.0
    if len(values) < FEWEST:
        normal = wider * student.quantile(tail, student.NORMAL)
        bounds = [(v - normal * e, v + normal * e) for v, e in zip(values, statistic.errors, strict=True)]
        low, high = min(low for low, _ in bounds), max(high for _, high in bounds)
    else:
        half = student.quantile(tail, freedom) * sqrt(variance)
        # networks that agree by chance leave open what their faces do: `error` is that of these very networks
        half = max(half, student.quantile(tail, student.NORMAL) * statistic.error)
        low, high = value - wider * half, value + wider * half
    past = sum(sign * v > sign * bar for v in values)
    beyond = sum(sign * v < sign * bar for v in values)
    verdict = "undecided"
    # of two networks no width means that nothing differed: too few to tell, not certainty
    if len(values) > 1 and (low < high or len(values) >= FEWEST):
        if past == len(values) and sign * (low if sign > 0 else high) > sign * bar:
            verdict = "holds"
        elif beyond == len(values) and sign * (high if sign > 0 else low) < sign * bar:
            verdict = "fails"
    reach = value - low if sign > 0 else high - value
    smallest = abs(back(bar + sign * reach) - back(bar)) if low < high else None
    return Decision(
        verdict, back(value), (back(low), back(high)), back(bar) if binding else threshold, binding, past, smallest
    )


def estimated(statistic: Across) -> Estimate:
    """Return the mean over networks with the interval that it has on its own."""
    decision = decided(statistic, 0.0, "above")
    return Estimate(decision.value, list(decision.interval), statistic.n)


def _variance(values: list[float], statistic: Across, control: list[float]) -> tuple[float, float]:
    """Return the variance of the mean over networks and faces, and its degrees of freedom."""
    count = len(values)
    if count < FEWEST:
        return 0.0, 1.0
    between = _between(values) / count
    within = sum(error**2 for error in statistic.errors) / count
    rest = max(0.0, within - statistic.error**2) / (count - 1) if statistic.error else 0.0  # counted in both
    untrained = _between(control) / len(control) if len(control) > 1 else 0.0
    variance = between + max(0.0, statistic.error**2 - rest) + untrained
    spread = between**2 / (count - 1) + (untrained**2 / (len(control) - 1) if untrained else 0.0)
    return variance, variance**2 / spread if spread > 0 else 1e9


def _z(value: float) -> float:
    return atanh(max(-HIGHEST, min(HIGHEST, value)))


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _between(values: list[float]) -> float:
    """Return the variance of one value a network."""
    centre = _mean(values)
    return sum((value - centre) ** 2 for value in values) / (len(values) - 1)
