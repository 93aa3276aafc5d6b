"""Light, current and voltage of laser diodes, with the junction's own heat solved for.

    Tj = Tm + Rth (I V - P),  P = η(Tj) (I - leak - Ith(Tj))+,  V = Vj(I, Tj) + I Rs(Tj)

Rollover, and at constant power the runaway before it, follow by themselves. Ith is exponential in Tj for edge emitters
(T0) and a parabola for VCSELs, whose gain and cavity drift apart on both sides; η is exponential (T1) or linear. One
formula holds both: an infinite T0, T1 or width leaves its term out.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.array import Array

__all__ = ["REFERENCE_C", "Diode", "Point"]

Floats = NDArray[np.floating[Any]]

REFERENCE_C = 25.0
"""Junction temperature at which thresholds and slopes are given."""

THERMAL_V_PER_K = 8.617333e-5
"""Boltzmann's constant over the elementary charge (CODATA)."""

ITERATIONS = 5
"""Newton steps at constant current; what is left is below 1e-9 K in all families up to twice their rated current."""

POWER_ITERATIONS = 10
"""At constant power the curve bends towards its runaway, so more are taken; what has not settled has no solution."""


FAR_K = 300.0
"""Above its mount no junction lives: a bound for the climb of a runaway."""


class Point(NamedTuple):
    """An operating point, and how it answers: A, W, V, degrees Celsius, all (...).

    per_k: change with the mount's temperature while the drive keeps its quantity; per_a: with the driver's current.
    held: False where constant power was out of reach and the current stands at its limit.
    """

    current_a: Floats
    power_w: Floats
    voltage_v: Floats
    junction_c: Floats
    current_per_k: Floats
    power_per_k: Floats
    voltage_per_k: Floats
    power_per_a: Floats
    voltage_per_a: Floats
    held: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Diode:
    """A batch of diodes; every field (...) or a number.

    threshold_a, slope_w_per_a: at `REFERENCE_C`; t0_k, t1_k: their characteristic temperatures. optimum_c, parabola_k:
    where a VCSEL's threshold is least, and how far from there it has doubled; slope_per_k: the share of its slope
    that it loses a kelvin. rth_k_per_w: junction to mount. rs_ohm, rs_per_k: a share a kelvin. turn_on_v: of the
    junction, at turn_on_a and `REFERENCE_C`, falling by turn_on_v_per_k; ideality. leakage_a: current past the active
    layer. responsivity_a_per_w: of the monitor photodiode, for all the light.
    """

    threshold_a: Array
    slope_w_per_a: Array
    rth_k_per_w: Array
    rs_ohm: Array
    turn_on_v: Array
    responsivity_a_per_w: Array
    t0_k: Array = np.inf
    t1_k: Array = np.inf
    optimum_c: Array = REFERENCE_C
    parabola_k: Array = np.inf
    slope_per_k: Array = 0.0
    rs_per_k: Array = 0.0
    turn_on_a: Array = 1e-3
    turn_on_v_per_k: Array = 1.5e-3
    ideality: Array = 2.0
    leakage_a: Array = 0.0

    def threshold(self, junction_c: Array) -> tuple[Floats, Floats]:
        """Threshold in A and its change in A/K, at a junction temperature, leakage apart."""
        rise = np.exp((np.asarray(junction_c) - REFERENCE_C) / self.t0_k)
        off = (junction_c - np.asarray(self.optimum_c)) / self.parabola_k
        return self.threshold_a * (rise + off**2), self.threshold_a * (rise / self.t0_k + 2 * off / self.parabola_k)

    def slope(self, junction_c: Array) -> tuple[Floats, Floats]:
        """Slope efficiency in W/A, never below zero, and its change in W/A/K."""
        above = np.asarray(junction_c) - REFERENCE_C
        fall = np.exp(-above / self.t1_k)
        share = fall - above * self.slope_per_k
        change = np.where(share > 0, -fall / self.t1_k - self.slope_per_k, 0.0)
        return self.slope_w_per_a * np.maximum(share, 0.0), self.slope_w_per_a * change

    def voltage(self, current_a: Array, junction_c: Array) -> tuple[Floats, Floats, Floats]:
        """Forward voltage in V, its change in V/K, and in V/A; at least 1 pA is taken to pass the junction."""
        junction_c, current_a = np.asarray(junction_c), np.asarray(current_a)
        through = np.maximum(current_a - self.leakage_a, 1e-12)
        per_k = np.asarray(self.ideality) * THERMAL_V_PER_K
        logarithm = np.log(through / self.turn_on_a)
        resistance = self.rs_ohm * (1 + self.rs_per_k * (junction_c - REFERENCE_C))
        junction_v = self.turn_on_v - self.turn_on_v_per_k * (junction_c - REFERENCE_C)
        junction_v = junction_v + per_k * (junction_c + 273.15) * logarithm
        change = per_k * logarithm - self.turn_on_v_per_k + current_a * self.rs_ohm * self.rs_per_k
        conducts = (junction_v > 0) & (
            current_a > self.leakage_a
        )  # below, the exponential carries nothing that a driver could set
        return (
            np.where(conducts, junction_v, 0.0) + current_a * resistance,
            np.where(conducts, change, current_a * self.rs_ohm * self.rs_per_k),
            resistance + np.where(conducts, per_k * (junction_c + 273.15) / through, 0.0),
        )

    def light(self, current_a: Array, junction_c: Array) -> tuple[Floats, Floats, Floats]:
        """Light in W at a current and a junction temperature, its change in W/K, and in W/A."""
        threshold, threshold_per_k = self.threshold(junction_c)
        slope, slope_per_k = self.slope(junction_c)
        above = current_a - self.leakage_a - threshold
        lases = above > 0
        above = np.maximum(above, 0.0)
        return slope * above, np.where(lases, slope_per_k * above - slope * threshold_per_k, 0.0), slope * lases

    def at_current(self, current_a: Array, mount_c: Array) -> Point:
        """The operating point at currents in A (0 or above) on mounts in degrees Celsius; shapes broadcast.

        A fixed number of Newton steps, so that a lane's numbers do not depend on its neighbours.
        """
        current_a, mount_c = np.asarray(current_a, dtype=np.float64), np.asarray(mount_c, dtype=np.float64)
        junction_c = mount_c + self.rth_k_per_w * current_a * self.voltage(current_a, mount_c)[0] / 2
        for _ in range(ITERATIONS):
            power, power_t, _ = self.light(current_a, junction_c)
            voltage, voltage_t, _ = self.voltage(current_a, junction_c)
            residual = junction_c - mount_c - self.rth_k_per_w * (current_a * voltage - power)
            # Floored: where heat begets heat the step would turn round; the root is bracketed by the heat of all I V.
            slope = np.maximum(1 - self.rth_k_per_w * (current_a * voltage_t - power_t), 0.2)
            junction_c = junction_c - residual / slope
        return self._answering(current_a, junction_c)

    def _answering(self, current_a: Floats, junction_c: Floats) -> Point:
        power, power_t, power_i = self.light(current_a, junction_c)
        voltage, voltage_t, voltage_i = self.voltage(current_a, junction_c)
        per_k = 1 / (1 - self.rth_k_per_w * (current_a * voltage_t - power_t))
        per_a = per_k * self.rth_k_per_w * (voltage + current_a * voltage_i - power_i)
        current_a = np.broadcast_to(current_a, power.shape)
        return Point(
            current_a=current_a,
            power_w=power,
            voltage_v=voltage,
            junction_c=junction_c,
            current_per_k=np.zeros(power.shape),
            power_per_k=power_t * per_k,
            voltage_per_k=voltage_t * per_k,
            power_per_a=power_i + power_t * per_a,
            voltage_per_a=voltage_i + voltage_t * per_a,
            held=np.ones(power.shape, dtype=bool),
        )

    def at_power(self, power_w: Array, mount_c: Array, limit_a: Array) -> Point:
        """The operating point that gives a light in W, or the one at limit_a where none below it does.

        I = leak + Ith(Tj) + P/η(Tj) leaves one unknown, Tj; begun from the mount's temperature Newton climbs to the
        lower of the two solutions without passing it, because the heat is convex in Tj.
        """
        power_w, mount_c = np.asarray(power_w, dtype=np.float64), np.asarray(mount_c, dtype=np.float64)
        junction_c = mount_c + np.zeros(np.broadcast_shapes(power_w.shape, np.shape(self.threshold_a)))
        step = np.full(junction_c.shape, np.inf)
        with np.errstate(over="ignore", invalid="ignore", divide="ignore"):  # runaway overflows; it is caught
            for _ in range(POWER_ITERATIONS):
                current, _, voltage, _, per_k = self._holding(power_w, junction_c)
                residual = junction_c - mount_c - self.rth_k_per_w * (current * voltage - power_w)
                step = np.where(per_k > 0, -residual * per_k, np.inf)
                junction_c = np.minimum(junction_c + step, mount_c + FAR_K)
            current, current_t, _, voltage_t, per_k = self._holding(power_w, junction_c)
            held = (np.abs(step) < 1e-6) & (current <= limit_a)
            found = self._answering(current, junction_c)._replace(
                current_per_k=current_t * per_k,
                power_per_k=np.zeros_like(per_k),
                voltage_per_k=voltage_t * per_k,
                held=held,
            )
        return found if held.all() else self._limited(found, mount_c, limit_a)

    def _holding(self, power_w: Floats, junction_c: Floats) -> tuple[Floats, Floats, Floats, Floats, Floats]:
        """Current for the light at a junction temperature and its A/K, the voltage and its V/K, and dTj/dTm."""
        threshold, threshold_t = self.threshold(junction_c)
        slope, slope_t = self.slope(junction_c)
        current = self.leakage_a + threshold + power_w / slope
        current_t = threshold_t - power_w * slope_t / slope**2
        voltage, voltage_t, voltage_i = self.voltage(current, junction_c)
        along = voltage_t + voltage_i * current_t
        heat_t = current_t * voltage + current * along
        return current, current_t, voltage, along, 1 / (1 - self.rth_k_per_w * heat_t)

    def _limited(self, found: Point, mount_c: Floats, limit_a: Array) -> Point:
        """The point with the lanes that are not held at their limit; only lasers with such a lane are solved again."""
        held = np.atleast_1d(found.held)
        lanes = np.nonzero(~held.all(axis=tuple(range(held.ndim - 1))))[0]
        width = held.shape[-1:]
        mine = {f.name: _lanes(getattr(self, f.name), width, lanes) for f in fields(self)}
        at_limit = Diode(**mine).at_current(_lanes(limit_a, width, lanes), _lanes(mount_c, width, lanes))
        whole = Point._make(np.atleast_1d(values).copy() for values in found)
        free = held[..., lanes]
        for values, limited in zip(whole[:-1], at_limit, strict=False):
            values[..., lanes] = np.where(free, values[..., lanes], limited)
        return Point._make(values.reshape(found.held.shape) for values in whole)

    def aged(self, threshold: Array, slope: Array, leakage_a: Array) -> "Diode":
        """The same diodes with threshold and slope multiplied, and more leakage in A."""
        return replace(
            self,
            threshold_a=self.threshold_a * threshold,
            slope_w_per_a=self.slope_w_per_a * slope,
            leakage_a=self.leakage_a + np.asarray(leakage_a),
        )

    def at(self, lanes: Array) -> "Diode":
        """Some diodes of a one-dimensional batch."""
        width = np.shape(self.threshold_a)
        return Diode(**{f.name: _lanes(getattr(self, f.name), width, lanes) for f in fields(self)})

    @classmethod
    def chosen(cls, parts: "Sequence[tuple[NDArray[np.bool_], Diode]]") -> "Diode":
        """Of each batch the diodes that its mask names, in their places; every place is named once."""
        masks = [mine for mine, _ in parts]
        width = masks[0].shape
        columns = {f.name: [np.broadcast_to(getattr(d, f.name), width) for _, d in parts] for f in fields(cls)}
        return cls(**{name: np.select(masks, column) for name, column in columns.items()})


def _lanes(value: Array, width: tuple[int, ...], lanes: Array) -> Array:
    """Some lanes of the last axis, which is that wide."""
    return np.broadcast_to(value, np.broadcast_shapes(np.shape(value), width))[..., lanes]
