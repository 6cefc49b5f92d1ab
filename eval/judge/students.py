"""Student's t: the quantile that small samples need. Nothing else of statistics is here."""

from math import exp, lgamma, log, pi, sqrt
from statistics import NormalDist

import numpy as np

LARGE = 400  # degrees of freedom from which on the normal quantile is the same to three decimals
STEPS = 2_000


def student_quantile(probability: float, freedom: int) -> float:
    """The value that Student's t stays below with this probability, for a half or more."""
    if freedom < 1:
        raise ValueError(f"{freedom} degrees of freedom; one is the least")
    if freedom >= LARGE:
        return NormalDist().inv_cdf(probability)
    low, high = 0.0, 1.0
    while _below(high, freedom) < probability:
        low, high = high, 2 * high
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _below(middle, freedom) < probability else (low, middle)
    return (low + high) / 2


def _below(value: float, freedom: int) -> float:
    """Simpson's rule over the angle: with t = sqrt(n) tan a the density is proportional to cos(a)^(n - 1)."""
    scale = exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2) - 0.5 * log(pi))
    angles, step = np.linspace(0.0, np.arctan(value / sqrt(freedom)), STEPS + 1, retstep=True)
    weights = np.ones(STEPS + 1)
    weights[1:-1:2], weights[2:-1:2] = 4.0, 2.0
    return 0.5 + scale * float(weights @ np.cos(angles) ** (freedom - 1)) * float(step) / 3.0
