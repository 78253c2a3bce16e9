"""Student's t without scipy, which whoever only renders a report has not got."""

from math import exp, lgamma, log, pi, sqrt
from statistics import NormalDist

NORMAL = 1e6  # degrees of freedom from which on t is normal
STEPS = 200  # of the continued fraction and of Newton's method: far more than either takes


def quantile(tail: float, freedom: float) -> float:
    """Return the t, above 0, that is exceeded with a probability of `tail` < 1/2 at so many degrees of freedom.

    By Newton's method from the normal's: the tail's probability is convex above 0, so no step goes too far. Degrees of
    freedom need not be whole.
    """
    t = NormalDist().inv_cdf(1 - tail)
    if freedom >= NORMAL:
        return t
    scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / sqrt(freedom * pi)
    for _ in range(STEPS):
        density = scale * (1 + t * t / freedom) ** (-(freedom + 1) / 2)
        before, t = t, t + (exceeded(t, freedom) - tail) / density
        if t - before <= 1e-15 * t:
            break
    return t


def exceeded(t: float, freedom: float) -> float:
    """Return the probability that Student's t exceeds t >= 0."""
    return beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2


def beta(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function, in [0, 1], by its continued fraction (Lentz 1976)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):  # the fraction of the other tail converges sooner
        return 1 - beta(b, a, 1 - x)
    front = exp(a * log(x) + b * log(1 - x) + lgamma(a + b) - lgamma(a) - lgamma(b)) / a
    c, d = 1.0, 1 / (1 - (a + b) * x / (a + 1))
    fraction = d
    for m in range(1, STEPS):
        for step in (
            m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m)),
            -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1)),
        ):
            d, c = 1 / (1 + step * d), 1 + step / c
            fraction *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return front * fraction
