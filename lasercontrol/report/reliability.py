"""Failures in time and mean time to failure at use conditions, with every assumption beside them.

Acceleration from stress to use: (I_s/I_u)^n exp[Ea/k (1/T_u - 1/T_s)], temperatures of the junction in K. A rate of
failures from r failures in T hours: r/T, and never above chi2(1-a; 2r+2)/2T with confidence 1-a, which holds at r = 0.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIT_HOURS", "Lifetimes", "UseConditions", "acceleration", "fit_upper", "lognormal_of"]

BOLTZMANN_EV_PER_K = 8.617333262e-5  # CODATA 2018
ZERO_C_K = 273.15
FIT_HOURS = 1e9
"""One FIT is one failure in so many device-hours."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UseConditions:
    """Where the lasers will work, and what is assumed of how wear depends on it.

    use_c: junction or, where its rise is not known, mount. current_ratio: stress over use, 1 where it is the same.
    ea_ev 0.7 is common for GaAs and InP, 0.55 for oxide VCSELs, 0.4 is cautious; exponent 1.5 to 2 for GaAs.
    """

    use_c: float = 25.0
    current_ratio: float = 1.0
    ea_ev: float = 0.7
    exponent: float = 2.0


def acceleration(use: UseConditions, stress_c: float, ea_ev: float | None = None) -> float:
    """How many hours of use an hour of stress is worth. Temperatures in °C here."""
    energy_ev = use.ea_ev if ea_ev is None else ea_ev
    per_k = 1 / (use.use_c + ZERO_C_K) - 1 / (stress_c + ZERO_C_K)
    return float(use.current_ratio**use.exponent * math.exp(energy_ev / BOLTZMANN_EV_PER_K * per_k))


def fit_upper(failures: int, device_hours: float, confidence: float) -> float:
    """Upper bound of the rate in FIT, for tests that end at a time. NaN without device-hours."""
    from scipy.special import gammaincinv  # chi2's inverse over 2; scipy.stats alone takes 1.7 s to load

    if not device_hours > 0:
        return math.nan
    return float(gammaincinv(failures + 1, confidence) / device_hours * FIT_HOURS)


@dataclass(frozen=True, slots=True)
class Lifetimes:
    """A lognormal law of times to the criterion: median in h, sigma of the logarithm; how many of them were seen."""

    median_h: float
    sigma: float
    lasers: int
    seen: int

    @property
    def mean_h(self) -> float:
        """Mean time to failure."""
        return self.median_h * math.exp(self.sigma**2 / 2)


def lognormal_of(hours: NDArray[np.float64], seen: int) -> Lifetimes | None:
    """The law of these times, None where fewer than three are given. hours: seen first, projected else."""
    good = np.log(hours[np.isfinite(hours) & (hours > 0)])
    if len(good) < 3:
        return None
    return Lifetimes(float(np.exp(np.mean(good))), float(np.std(good, ddof=1)), len(good), seen)
