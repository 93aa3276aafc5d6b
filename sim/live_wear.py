"""How the lasers of a live rack wear: hours of stress by what they are really driven at, failures when they are due."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.array import Array
from sim.diode import Point
from sim.wear import GAMMA_SCALE, Ageing, Mode, WearPlan, acceleration, critical_power_w
from sim.wear_draw import Chance, draw_failure

__all__ = ["LiveWear"]

Floats = NDArray[np.floating[Any]]

NIGHT_H = 12.0

FACET_W, FACET_SHAPE = 5.0, 6.0
"""Weibull scale, as a multiple of the rated light, and shape (3 to 8 [M]) of the light that destroys a fresh facet."""

FACET_FALL, FACET_EXPONENT = 0.01, 0.5
"""By how much that falls in the first hour of rated stress, and with which power of the hours [M]."""


class LiveWear:
    """Damage of n lasers. rated_a, rated_w, rated_junction_c, energy_ev, exponent, above: (n,), as in `sim.wear`.

    Besides what it is told to suffer a laser fails suddenly where its light passes what its facet bears: rarely up to
    the limits of the channels, and the sooner the older it is.
    """

    def __init__(
        self,
        rated_a: Floats,
        rated_w: Floats,
        rated_junction_c: Floats,
        energy_ev: Floats,
        exponent: Floats,
        above: Floats,
        rng: np.random.Generator,
    ) -> None:
        self.rng, self.rated_a, self.rated_junction_c, self.above = rng, rated_a, rated_junction_c, above
        self.energy_ev, self.exponent = energy_ev, exponent
        self.plan = WearPlan.healthy(rng, len(rated_a))
        self.facet_w = FACET_W * rated_w * rng.weibull(FACET_SHAPE, len(rated_a))
        self.mode = [Mode.HEALTHY] * len(rated_a)
        self.due_s = np.full(len(rated_a), np.inf)
        self.stress_h = np.zeros(len(rated_a))
        self.gradual = np.zeros(len(rated_a))

    def fail(self, laser: int, mode: Mode, at_s: float, size: float | None, lasts_h: float | None) -> None:
        """Let a laser fail from a time on of the rack's clock, or from when it is next lit, if that is later."""
        draw_failure(mode, self.plan, laser, Chance(self.rng, 0.0, NIGHT_H, float(self.rated_a[laser]), 0.0))
        self.plan.onset_h[laser] = np.inf
        self.mode[laser] = mode
        self.due_s[laser] = at_s if mode is not Mode.HEALTHY else np.inf
        if size is not None:
            self._sized(laser, size)
        if lasts_h is not None:
            self.plan.rapid_h[laser] = lasts_h

    def _sized(self, laser: int, size: float) -> None:
        """Scale whatever this failure consists of."""
        plan = self.plan
        if plan.gradual_per_h[laser] > 0:
            plan.gradual_per_h[laser] = size
        elif plan.rapid_size[laser] > 0:
            plan.rapid_size[laser] = size
        elif plan.slope_step[laser] < 1:
            plan.slope_step[laser] = 1 - size
        elif plan.leak_a_per_h[laser] > 0:
            plan.leak_a_per_h[laser] = size * self.rated_a[laser]
        elif plan.gain[laser] > 0:
            plan.gain[laser] = size

    def ageing(self) -> Ageing:
        """What wear has made of the lasers by now, (n,)."""
        damage = self.plan.smooth(self.stress_h) + self.gradual
        return self.plan.ageing(self.stress_h, damage, self.above)

    def step(self, t_s: float, dt_s: float, point: Point) -> None:
        """Let dt_s pass up to t_s at an operating point; what is dark does not age."""
        factor = acceleration(
            point.current_a, point.junction_c, self.rated_a, self.rated_junction_c, self.energy_ev, self.exponent
        )
        before = self.plan.gradual(self.stress_h)
        self.stress_h = self.stress_h + factor * dt_s / 3600
        grown = np.maximum(self.plan.gradual(self.stress_h) - before, 0.0)
        self.gradual = self.gradual + GAMMA_SCALE * self.rng.standard_gamma(grown / GAMMA_SCALE)
        bears_w = critical_power_w(self.facet_w, self.stress_h, FACET_FALL, FACET_EXPONENT)
        for laser in np.nonzero((point.power_w > bears_w) & (self.plan.slope_step == 1))[0]:
            self.fail(int(laser), Mode.SUDDEN, t_s, None, None)
        self.begin(t_s, point.current_a > 0)

    def begin(self, t_s: float, lit: Array) -> None:
        """Let what is due begin."""
        begins = np.asarray(lit) & (self.due_s <= t_s) & ~np.isfinite(self.plan.onset_h)
        self.plan.onset_h[begins] = self.stress_h[begins]

    def next_due_s(self, t_s: float) -> float:
        """When something next falls due after t_s; infinite for never."""
        later = self.due_s[self.due_s > t_s]
        return float(later.min()) if len(later) else np.inf
