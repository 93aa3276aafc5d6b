"""What moves slowly in a live rack: its chamber, its mounts, the drivers' reference and the light's own noise."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim.array import Array
from sim.night_climate import DOOR_SHARE
from sim.night_fleet import Optics

__all__ = ["LiveClimate"]

Floats = NDArray[np.floating[Any]]

CHAMBER_S = 600.0
"""With which the air follows its setting [M: 5 to 30 min]."""

MOUNT_S = 4.0
"""With which a controlled mount follows its setting [M: seconds]; without mains it follows the air, `COOLING_S`."""

COOLING_S = 120.0
FLICKER_S = np.array([300.0, 3000.0])[:, None]
DRIVER_S = 10_800.0


class LiveClimate:
    """State of n lasers that stand in one chamber and share one driver reference.

    chamber_c: the air; mount_c (n,): of each laser as its sensor would show it but for its offset; flicker (n,) and
    driver: relative.
    """

    def __init__(self, optics: Optics, chamber_c: float, rng: np.random.Generator) -> None:
        n = len(optics.coupling)
        self.optics, self.rng = optics, rng
        self.set_chamber_c, self._air_c, self.reference_c = chamber_c, chamber_c, chamber_c
        self.set_mount_c = np.full(n, chamber_c)
        self._controlled_c = self.set_mount_c.copy()
        self._swing_k, self._swing_phase = rng.uniform(0.3, 0.5), rng.uniform(0, 2 * np.pi)
        self._wander = rng.standard_normal(n)
        self._flicker = rng.standard_normal((2, n))
        self._driver = rng.standard_normal(1)
        self._driver_share = rng.uniform(1e-5, 5e-5)
        self._daily_k = 0.0
        self._door_k = 0.0

    @property
    def chamber_c(self) -> float:
        """Air of the chamber, degrees Celsius."""
        return float(self._air_c + self._daily_k)

    @property
    def flicker(self) -> Floats:
        """Slow noise of each laser's light, relative, (n,), as it was when fresh."""
        return np.asarray(self.optics.flicker * self._flicker.sum(axis=0) / np.sqrt(2))

    @property
    def driver(self) -> float:
        """Relative error of the current that read-back does not show."""
        return float(self._driver_share * self._driver[0])

    @property
    def mount_c(self) -> Floats:
        """What a perfect sensor on each mount would show, degrees Celsius, (n,)."""
        leaked = self.optics.leak * (self.chamber_c - self.reference_c) / 2 + DOOR_SHARE * self._door_k
        return np.asarray(self._controlled_c + self.optics.wander_k * self._wander + leaked)

    @property
    def laser_c(self) -> Floats:
        """Where each laser really sits, degrees Celsius, (n,): the sensor sees half of what the chamber leaks in."""
        return np.asarray(self.mount_c + self.optics.leak * (self.chamber_c - self.reference_c) / 2)

    def step(self, t_s: float, dt_s: float, mains: bool, door_k: float, heat_k: Array) -> None:
        """Let dt_s pass up to t_s. door_k: what an open door takes from the air's setting; heat_k: on each mount."""
        self._air_c = _towards(self._air_c, self.set_chamber_c + door_k, dt_s, CHAMBER_S if door_k == 0 else 60.0)
        self._door_k = min(self._air_c - self.set_chamber_c, 0.0)
        self._daily_k = self._swing_k * np.sin(2 * np.pi * t_s / 86400 + self._swing_phase)
        if mains:
            self._controlled_c = _towards(self._controlled_c, self.set_mount_c + heat_k, dt_s, MOUNT_S)
        else:
            self._controlled_c = _towards(self._controlled_c, self.chamber_c, dt_s, COOLING_S)
        self._wander = self._ornstein(self._wander, dt_s, self.optics.wander_s)
        self._flicker = self._ornstein(self._flicker, dt_s, FLICKER_S)
        self._driver = self._ornstein(self._driver, dt_s, DRIVER_S)

    def _ornstein(self, values: Array, dt_s: float, tau_s: Array) -> Array:
        keep = np.exp(-dt_s / tau_s)
        return keep * values + np.sqrt(1 - keep**2) * self.rng.standard_normal(values.shape)


def _towards(now: Array, goal: Array, dt_s: float, tau_s: float) -> Array:
    return goal + (now - goal) * np.exp(-dt_s / tau_s)
