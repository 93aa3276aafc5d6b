"""How laser diodes wear: modes, laws of damage and their acceleration.

Damage d is the share of its light that a laser has lost at constant current, to first order; what threshold, slope and
leakage make of it, `sim.diode` works out. Time counts in hours of stress at the rated point: `acceleration` turns other
stress into such hours.
"""

from dataclasses import dataclass, fields
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.array import Array
from sim.diode import THERMAL_V_PER_K

__all__ = ["FIELD_RATE_PER_H", "GAMMA_SCALE", "Ageing", "Mode", "WearPlan", "acceleration", "critical_power_w"]

Floats = NDArray[np.float64]

FIELD_RATE_PER_H = 2.04e-5
"""Of ordinary wear-out: 2.04 % in 1,000 h, GaAs lasers at 80 C [C from Meeker's lasers]."""

FIELD_SPREAD = 0.235
"""Relative standard deviation of that rate between units [C from Meeker's lasers]."""

GAMMA_SCALE = 5.3e-4
"""Variance over mean of an increment of damage: 0.165² / 0.51 percentage points [C from Meeker's lasers]."""

WORN_OUT = 0.98
"""Damage above this is not followed: the light is gone."""


class Mode(StrEnum):
    """What is the matter with a laser; everything else that its readings show is the rig's doing."""

    HEALTHY = "healthy"
    """Ordinary wear-out at its field rate, 2 % in 1,000 h: nothing that a night can show."""
    THRESHOLD = "threshold"
    """Gradual: the threshold rises (pattern A of Huang et al.)."""
    BOTH = "both"
    """Gradual: the threshold rises and the slope falls (pattern B)."""
    SLOPE = "slope"
    """Gradual: the slope falls (pattern C). Held-out split only."""
    RAPID = "rapid"
    """Dark lines grow: per cents within hours, after a random onset."""
    SUDDEN = "sudden"
    """Catastrophic optical damage: most of the light lost within one sample."""
    INFANT = "infant"
    """Infant mortality: sudden or rapid, early in the night."""
    REVERSE = "reverse"
    """Reverse ageing: the light grows in the first hours, and stays. No failure."""
    LEAKAGE = "leakage"
    """A leakage current grows, and 1/f noise with it."""
    REVERSE_THEN_WEAR = "reverse-then-wear"
    """The light grows in the first hours, then wear sets in. Held-out split only."""
    RAPID_IN_SWING = "rapid-in-swing"
    """Dark lines that begin while the laser's mount swings. Held-out split only."""

    @property
    def fails(self) -> bool:
        """Whether the laser itself loses light: what a monitor must find, and what alone it may call wear."""
        return self not in {Mode.HEALTHY, Mode.REVERSE}


def acceleration(
    current_a: Array, junction_c: Array, rated_a: Array, rated_junction_c: Array, energy_ev: Array, exponent: Array
) -> Floats:
    """Hours of rated stress in an hour at this current and junction: (I/Ir)^n exp[Ea/k (1/Tr - 1/T)]; 0 where off."""
    inverse = 1 / (np.asarray(rated_junction_c) + 273.15) - 1 / (np.asarray(junction_c) + 273.15)
    return np.asarray((current_a / np.asarray(rated_a)) ** exponent * np.exp(energy_ev / THERMAL_V_PER_K * inverse))


def critical_power_w(fresh_w: Array, hours: Array, share: Array, exponent: Array) -> Floats:
    """Light at which a facet that was stressed for some hours is destroyed, W: P0 (1 - c t^q), never below 0 [M]."""
    return np.asarray(fresh_w * np.maximum(1 - share * np.asarray(hours) ** exponent, 0.0))


class Ageing(NamedTuple):
    """What wear has made of diodes: factors of threshold and slope, leakage in A, factor of 1/f noise; all (...)."""

    threshold: Floats
    slope: Floats
    leakage_a: Floats
    flicker: Floats


@dataclass(frozen=True, slots=True, eq=False)
class WearPlan:
    """What n lasers will suffer; every field (n,), times in hours of stress.

    field_per_h: ordinary rate. onset_h: of the failure, infinite for none. gradual_per_h, exponent: K and m of the mean
    K (t - onset)^m of a gamma process. rapid_size, rapid_h, sigmoid: damage of the dark lines in the end, how long they
    grow, and whether by a sigmoid or exponentially. slope_step: what a sudden failure leaves of the slope (1: none).
    leak_a: leakage after a sudden failure; leak_a_per_h: its growth; flicker_per_h: growth of the 1/f noise's factor.
    gain, gain_h: reverse ageing and its time constant. threshold_share: of the damage that raises the threshold, the
    rest lowering the slope.
    """

    field_per_h: Floats
    onset_h: Floats
    gradual_per_h: Floats
    exponent: Floats
    rapid_size: Floats
    rapid_h: Floats
    sigmoid: Floats
    slope_step: Floats
    leak_a: Floats
    leak_a_per_h: Floats
    flicker_per_h: Floats
    gain: Floats
    gain_h: Floats
    threshold_share: Floats

    @classmethod
    def healthy(cls, rng: np.random.Generator, n: int) -> "WearPlan":
        """n lasers that wear as in the field: rates from Meeker's mean and spread, threshold and slope alike."""
        spread = np.sqrt(np.log1p(FIELD_SPREAD**2))
        rate = FIELD_RATE_PER_H * np.exp(spread * rng.standard_normal(n) - spread**2 / 2)
        plan = cls(**{field.name: np.zeros(n) for field in fields(cls)})
        plan.field_per_h[:] = rate
        plan.onset_h[:] = np.inf
        for name, value in {"exponent": 1, "rapid_h": 1, "slope_step": 1, "gain_h": 1, "threshold_share": 0.5}.items():
            getattr(plan, name)[:] = value
        return plan

    def at(self, lanes: Any) -> "WearPlan":
        """Some of the lasers."""
        return WearPlan(**{field.name: getattr(self, field.name)[lanes] for field in fields(self)})

    def gradual(self, stress_h: Array) -> Floats:
        """Mean of the gradual damage after hours of stress, (..., n) for hours (..., 1) or (n,)."""
        return np.asarray(self.gradual_per_h * self._since(stress_h) ** self.exponent)

    def smooth(self, stress_h: Array) -> Floats:
        """All other damage but the sudden one: ordinary wear, dark lines, reverse ageing (negative)."""
        x = np.minimum(self._since(stress_h) / self.rapid_h, 1.0)
        growth = np.where(self.sigmoid > 0, x**2 * (3 - 2 * x), np.expm1(3 * x) / np.expm1(3.0))
        healed = self.gain * -np.expm1(-np.asarray(stress_h) / self.gain_h)
        return np.asarray(self.field_per_h * stress_h + self.rapid_size * growth - healed)

    def ageing(self, stress_h: Array, damage: Array, above_threshold: Array) -> Ageing:
        """Threshold, slope, leakage and noise at a damage, (..., n).

        above_threshold: (I - Ith) / Ith of the fresh laser at its rated point, with which a share of the light becomes
        a share of the threshold.
        """
        damage = np.minimum(damage, WORN_OUT)
        broken = np.asarray(stress_h) >= self.onset_h
        since = self._since(stress_h)
        return Ageing(
            threshold=1 + self.threshold_share * damage * above_threshold,
            slope=(1 - (1 - self.threshold_share) * damage) * np.where(broken, self.slope_step, 1.0),
            leakage_a=np.where(broken, self.leak_a, 0.0) + self.leak_a_per_h * since,
            flicker=1 + self.flicker_per_h * since,
        )

    def _since(self, stress_h: Array) -> Floats:
        return np.asarray(np.maximum(np.asarray(stress_h) - np.minimum(self.onset_h, 1e9), 0.0))
