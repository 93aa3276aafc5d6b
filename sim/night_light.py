"""What the diodes of a simulated night do at the minutes' ends, solved exactly, and how they answer small changes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.array import Array
from sim.diode import Point
from sim.night_climate import Climate
from sim.night_fleet import Fleet
from sim.night_schedule import RAMP_S
from sim.night_wear import CELLS, Wearing
from sim.rig import RACK_SIZE

__all__ = ["Base", "Lights"]

Singles = NDArray[np.float32]


class Base(NamedTuple):
    """The five readings without noise, and their change with the mount (a kelvin) and the driver's current (an ampere).

    All (..., n) float32: A, W, A, V, degrees Celsius, in the order of the log.
    """

    current: Singles
    meter: Singles
    photodiode: Singles
    voltage: Singles
    mount: Singles
    current_per_k: Singles
    meter_per_k: Singles
    photodiode_per_k: Singles
    voltage_per_k: Singles
    meter_per_a: Singles
    photodiode_per_a: Singles
    voltage_per_a: Singles

    def at(self, index: Array) -> "Base":
        """Part of every array."""
        return Base(*(values[index] for values in self))


@dataclass(frozen=True, slots=True, eq=False)
class Lights:
    """The diodes of a night under its climate and wear."""

    fleet: Fleet
    climate: Climate
    worn: Wearing

    def knots(self) -> Iterator[Base]:
        """At each knot in turn, (n,); worked out for many at once where lasers are few."""
        total, q = len(self.worn.stress_h), max(1, CELLS // len(self.fleet.mode))
        for first in range(0, total, q):
            part = self._at(slice(first, min(first + q, total)))
            yield from (part.at(k) for k in range(len(part.current)))

    def _at(self, knots: slice) -> Base:
        ageing, error = self.worn.at(knots), self._driver(knots)
        flicker = self.climate.flicker[knots] * ageing.flicker
        drive = self.fleet.rated_a * (1 + error), self.fleet.power_w
        point = self._solved(knots, *drive)
        return self._shown(point, knots, error, flicker)

    def ramp(self, k: int) -> Base:
        """Second by second while the current is ramped up in the minute after knot k, (60, n)."""
        share = (np.arange(RAMP_S)[:, None] + 1) / RAMP_S
        knot = slice(k, k + 1)
        error = self._driver(knot)
        point = self._solved(knot, self.fleet.rated_a * (1 + error) * share, self.fleet.power_w * share)
        return self._shown(point, knot, error, self.climate.flicker[knot])

    def _driver(self, knots: slice) -> NDArray[np.float64]:
        return np.repeat(self.climate.driver[knots], RACK_SIZE, axis=1)[:, : len(self.fleet.mode)]

    def _solved(self, knots: slice, current_a: Array, power_w: Array) -> Point:
        """Each laser by its own drive; only the racks at constant power pay for that."""
        ageing, mount_c = self.worn.at(knots), self.climate.mount_c[knots].astype(np.float64)
        whole = np.broadcast_shapes(current_a.shape, mount_c.shape)
        out = Point._make(np.empty(whole) for _ in Point._fields)
        holds = self.fleet.holds_power
        for lanes, at_power in ((np.nonzero(~holds)[0], False), (np.nonzero(holds)[0], True)):
            if not len(lanes):
                continue
            factors = (ageing.threshold[:, lanes], ageing.slope[:, lanes], ageing.leakage_a[:, lanes])
            diode = self.fleet.diode.at(lanes).aged(*factors)
            if at_power:
                found = diode.at_power(power_w[..., lanes], mount_c[:, lanes], self.fleet.limit_a[lanes])
            else:
                found = diode.at_current(current_a[..., lanes], mount_c[:, lanes])
            for values, part in zip(out, found, strict=True):
                values[..., lanes] = part
        return out

    def _shown(self, point: Point, knots: slice, error: Array, flicker: Array) -> Base:
        """The light's slow noise shows at constant current in the light, at constant power in the current."""
        coupling, held = self.climate.coupling[knots], self.fleet.holds_power & (point.held > 0)
        light = point.power_w * (1 + np.where(held, 0.0, flicker))
        correction = np.where(held, -flicker * point.power_w / np.where(held, point.power_per_a, 1.0), 0.0)
        monitor = self.fleet.diode.responsivity_a_per_w
        parts = (
            (point.current_a + correction) / (1 + error),
            light * coupling,
            light * monitor,
            point.voltage_v,
            np.broadcast_to(self.climate.shown_c[knots], light.shape),
            point.current_per_k,
            point.power_per_k * coupling,
            point.power_per_k * monitor,
            point.voltage_per_k,
            point.power_per_a * coupling,
            point.power_per_a * monitor,
            point.voltage_per_a,
        )
        return Base._make(np.asarray(part, dtype=np.float32) for part in parts)
