"""How the lasers of a simulated night wear: their damage at the minutes' ends, and what of their light it costs."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim.night_fleet import Fleet
from sim.night_labels import LOSS_LEVELS
from sim.night_schedule import Schedule
from sim.night_seed import NightSeed, Purpose
from sim.wear import GAMMA_SCALE, Ageing

__all__ = ["Wearing", "loss_crossings", "losses", "wearing"]

Floats = NDArray[np.float64]

CELLS = 20_000
"""Lasers times knots that are solved at once, to bound memory."""


@dataclass(frozen=True, slots=True, eq=False)
class Wearing:
    """stress_h (k,): hours of current at the knots. gradual (k, m): gamma process of the lasers (m,) that have one."""

    fleet: Fleet
    stress_h: Floats
    lasers: NDArray[np.intp]
    gradual: Floats

    def at(self, knots: slice) -> Ageing:
        """What wear has made of all lasers at some knots, (q, n)."""
        stress_h = self.stress_h[knots, None]
        damage = self.fleet.plan.smooth(stress_h)
        damage[:, self.lasers] += self.gradual[knots]
        return self.fleet.plan.ageing(stress_h, damage, self.fleet.above)


def wearing(seed: NightSeed, fleet: Fleet, schedule: Schedule) -> Wearing:
    """The damage of a night; every laser has its own gamma process, whichever stand beside it."""
    stress_h = np.asarray(schedule.stress_h(schedule.knots_s), dtype=np.float64)
    lasers = np.nonzero(fleet.plan.gradual_per_h > 0)[0]
    mean = np.diff(fleet.plan.at(lasers).gradual(stress_h[:, None]), axis=0)
    gradual = np.zeros((len(stress_h), len(lasers)))
    for i, laser in enumerate(lasers):
        steps = seed.rng(Purpose.DAMAGE, int(laser)).standard_gamma(mean[:, i] / GAMMA_SCALE)
        gradual[1:, i] = GAMMA_SCALE * np.cumsum(steps)
    return Wearing(fleet, stress_h, lasers, gradual)


def losses(worn: Wearing, lasers: NDArray[np.intp], knots: slice = slice(None)) -> Floats:
    """Share lost at some knots by some lasers, (k, m), at their set temperature and drive, noise and rig apart."""
    fleet, q = worn.fleet, max(1, CELLS // max(1, len(lasers)))
    diode, holds = fleet.diode.at(lasers), fleet.holds_power[lasers]
    parts = []
    first_knot, past, _ = knots.indices(len(worn.stress_h))
    for first in range(first_knot, past, q):
        ageing = worn.at(slice(first, min(first + q, past)))
        old = diode.aged(ageing.threshold[:, lasers], ageing.slope[:, lasers], ageing.leakage_a[:, lasers])
        lost = 1 - old.at_current(fleet.rated_a[lasers], fleet.mount_c[lasers]).power_w / fleet.power_w[lasers]
        if holds.any():
            held = old.at_power(fleet.power_w[lasers], fleet.mount_c[lasers], fleet.limit_a[lasers])
            lost = np.where(holds, held.current_a / fleet.rated_a[lasers] - 1, lost)
        parts.append(lost)
    return np.concatenate(parts)


def loss_crossings(lost: Floats, knots_s: Floats, onset_s: Floats) -> Floats:
    """When `LOSS_LEVELS` are first passed, (m, 3), straight between knots; NaN where never.

    onset_s: of sudden failures, NaN for others: a level that is passed in the minute of the failure is passed with it.
    """
    crossings = np.full((lost.shape[1], len(LOSS_LEVELS)), np.nan)
    for j, level in enumerate(LOSS_LEVELS):
        passed = lost >= level
        for i in np.nonzero(passed.any(axis=0))[0]:
            k = int(np.argmax(passed[:, i]))
            crossings[i, j] = _between(lost[:, i], knots_s, k, level, onset_s[i])
    return crossings


def _between(lost: Floats, knots_s: Floats, k: int, level: float, onset_s: float) -> float:
    if k == 0:
        return float(knots_s[0])
    if knots_s[k - 1] < onset_s <= knots_s[k]:
        return float(onset_s)
    share = (level - lost[k - 1]) / (lost[k] - lost[k - 1])
    return float(knots_s[k - 1] + share * (knots_s[k] - knots_s[k - 1]))
