"""When a simulated night does what: ramp, settling, dither, stress, and a cut of the mains."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.array import Array

__all__ = ["DITHER_K", "DITHER_PERIOD_S", "DITHER_S", "RAMP", "RAMP_S", "SETTLE_S", "TICK_S", "Schedule"]

Floats = NDArray[np.floating[Any]]

TICK_S = 60
"""Diodes are solved this often; everything slow is straight in between."""

RAMP_S = 60
SETTLE_S = 1800
DITHER_S = ((1800, 4500), (21600, 24300))
"""From and to, s."""
DITHER_K = 0.5
DITHER_PERIOD_S = 900

RAMP, SETTLE, STRESS, DITHER = 1, 2, 4, 5
"""Numbers of the log's phases."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """A night of `ticks` minutes, dark from cut_s up to back_s (a whole minute) if both are below its end."""

    ticks: int
    cut_s: float = np.inf
    back_s: float = np.inf

    @property
    def knots_s(self) -> NDArray[np.float64]:
        """The minutes' ends, (ticks + 1,)."""
        return np.arange(self.ticks + 1, dtype=np.float64) * TICK_S

    def lit(self, t_s: Array) -> NDArray[np.bool_]:
        """Whether the mains are there."""
        return np.asarray((np.asarray(t_s) < self.cut_s) | (np.asarray(t_s) >= self.back_s))

    def since_s(self, t_s: Array) -> Floats:
        """Seconds since the currents were last switched on."""
        again = self.cuts & (np.asarray(t_s) >= self.back_s)
        return np.asarray(t_s) - np.where(again, self.back_s if self.cuts else 0.0, 0.0)

    def stress_h(self, t_s: Array) -> Floats:
        """Hours of current so far."""
        t_s = np.asarray(t_s)
        dark = np.clip(t_s - self.cut_s, 0.0, self.back_s - self.cut_s) if self.cuts else 0.0
        return np.asarray((t_s - dark) / 3600)

    def clock_s(self, stress_h: Array) -> Floats:
        """When so many hours of current will have flowed, in whole seconds, rounded up."""
        at = np.ceil(np.asarray(stress_h) * 3600)
        return np.asarray(np.where(at >= self.cut_s, at + (self.back_s - self.cut_s if self.cuts else 0.0), at))

    @property
    def cuts(self) -> bool:
        """Whether the mains fail at all."""
        return bool(np.isfinite(self.cut_s))

    def phase(self, t_s: Array) -> NDArray[np.uint8]:
        """Numbers of phases; a dither that the mains interrupt, or that falls into a settling, is left out."""
        t_s, since = np.asarray(t_s), self.since_s(t_s)
        dithers = np.any([self._dithers(t_s, *window) for window in DITHER_S], axis=0)
        running = np.where(dithers, DITHER, STRESS)
        return np.where(since < RAMP_S, RAMP, np.where(since < SETTLE_S, SETTLE, running)).astype(np.uint8)

    def _dithers(self, t_s: Floats, begin_s: float, end_s: float) -> NDArray[np.bool_]:
        ready = self.since_s(begin_s) >= SETTLE_S
        whole = (t_s < self.cut_s) | (begin_s >= self.back_s)
        return np.asarray((t_s >= begin_s) & (t_s < end_s) & whole & ready)

    def dither_k(self, t_s: Array) -> Floats:
        """What the dither adds to mounts of even lasers, K; odd ones go the other way, so that the mean stays."""
        t_s = np.asarray(t_s)
        swing = np.zeros(t_s.shape)
        for begin_s, end_s in DITHER_S:
            wave = DITHER_K * np.sin(2 * np.pi * (t_s - begin_s) / DITHER_PERIOD_S)
            swing += np.where(self._dithers(t_s, begin_s, end_s), wave, 0.0)
        return swing
