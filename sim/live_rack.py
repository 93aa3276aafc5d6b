"""A rack of laser diodes that lives under commands, tick by tick: the same diodes, wear and rig as `sim.night`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim.diode import Diode, Point
from sim.diode_families import FAMILIES
from sim.live_climate import LiveClimate
from sim.live_rig import INVALID, LiveRig
from sim.live_wear import LiveWear
from sim.night_fleet import draw_optics
from sim.rig import RigEvent, RigKind
from sim.wear import Mode

__all__ = ["DiodeRack", "LiveLaser", "RackReadings", "SweepReadings"]

Floats = NDArray[np.floating[Any]]

STEP_S = 60.0
"""Longest step of time; shorter where something begins or ends."""

FLOOR = 1e-6
"""Noise of the two light readings without light, as a share of the rated light [I]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveLaser:
    """A laser to put into the rack, and what it shall suffer.

    family: a key of `sim.diode_families.FAMILIES` (`vcsel`, `tunable`, `pump-980`, `gaas`). drive: what its channel
    keeps constant. mode, onset_s: the failure and when it begins, in seconds of the rack's own clock. size: share lost
    per hour for the gradual modes, in the end for rapid and sudden ones, gained for reverse ageing, leakage per hour as
    a share of the rated current. lasts_h: hours that a rapid loss takes. None: drawn as for a night.
    """

    family: str = "gaas"
    drive: Literal["current", "power"] = "current"
    mode: Mode = Mode.HEALTHY
    onset_s: float = 0.0
    size: float | None = None
    lasts_h: float | None = None


class RackReadings(NamedTuple):
    """One moment.

    values (n, 5) float32 in the order of `sim.night.CHANNELS`, NaN where there is none; quality (n, 5) uint8, 0 OK,
    2 INVALID; chamber_c in degrees Celsius, NaN without mains.
    """

    values: NDArray[np.float32]
    quality: NDArray[np.uint8]
    chamber_c: float


class SweepReadings(NamedTuple):
    """Over the currents of a sweep, (m,) each: A, W, A, V."""

    current_a: Floats
    power_w: Floats
    photodiode_a: Floats
    voltage_v: Floats


class DiodeRack:
    """Lasers behind commands. All begins off, the mounts at the chamber's temperature; what is off does not age.

    `t_s` is the rack's own clock and moves by `advance` alone; time may run as fast as the caller likes. Settings act
    at once: ramps are the caller's. The same lasers, seed and calls give the same readings. Powers are those that the
    light meter reads through a coupling as it was at first. A laser's number outside the rack raises IndexError, a
    setting that is no number or below 0 ValueError, and nothing is set.
    """

    def __init__(self, lasers: Sequence[LiveLaser], *, seed: int = 0, chamber_c: float = 25.0) -> None:
        if not lasers:
            raise ValueError("a rack needs at least one laser")
        n = len(lasers)
        self.t_s = 0.0
        self._lasers = tuple(lasers)
        self._rng = np.random.default_rng((seed, 0))
        lots = _lots(self._lasers, np.random.default_rng((seed, 1)))
        self._diode, self._rated_a, self._rated_mount_c, self._limit_a, energy_ev, exponent = lots
        self._optics = draw_optics(np.random.default_rng((seed, 2)), n)
        fresh = self._diode.at_current(self._rated_a, self._rated_mount_c)
        threshold_a = self._diode.threshold(fresh.junction_c)[0]
        above = (self._rated_a - threshold_a) / threshold_a
        self._fresh_w = fresh.power_w
        self._climate = LiveClimate(self._optics, chamber_c, np.random.default_rng((seed, 3)))
        self._wear = LiveWear(
            self._rated_a, fresh.power_w, fresh.junction_c, energy_ev, exponent, above, np.random.default_rng((seed, 4))
        )
        self._rig = LiveRig(n)
        self._set_a, self._set_w = np.zeros(n), np.zeros(n)
        self._holds = np.array([laser.drive == "power" for laser in lasers])
        self._on, self._on_s = np.zeros(n, dtype=bool), np.zeros(n)
        self._mains = True
        self._noise = self._rng.standard_normal((9, n))
        for i, laser in enumerate(lasers):
            self._wear.fail(i, laser.mode, laser.onset_s, laser.size, laser.lasts_h)

    def __len__(self) -> int:
        return len(self._lasers)

    def rated_current_a(self, laser: int) -> float:
        """The current at which a recipe would run this laser, A."""
        return float(self._rated_a[self._known(laser)])

    def rated_power_w(self, laser: int) -> float:
        """Its light at the meter at that current and at `rated_mount_c`, fresh, W: a fair target for constant power."""
        return float(self._fresh_w[self._known(laser)] * self._optics.coupling[laser])

    def rated_mount_c(self, laser: int) -> float:
        """The mount temperature that a recipe would set, degrees Celsius."""
        return float(self._rated_mount_c[self._known(laser)])

    def limit_a(self, laser: int) -> float:
        """Current limit of the laser's channel, A: higher settings are held there."""
        return float(self._limit_a[self._known(laser)])

    def advance(self, dt_s: float) -> None:
        """Let time pass: temperatures move, what is on ages, what is due happens. dt_s over 0, in s.

        Raises:
            ValueError: dt_s is not a number over 0; no time has passed.
        """
        if not 0 < dt_s < np.inf:
            raise ValueError(f"a rack cannot advance by {dt_s:g} s; it must be over 0")
        end_s = self.t_s + dt_s
        while self.t_s < end_s:
            ends = (end_s, self.t_s + STEP_S, self._wear.next_due_s(self.t_s), self._rig.next_s(self.t_s))
            self._step(min(ends))
        self._noise = self._rng.standard_normal((9, len(self)))

    def _step(self, until_s: float) -> None:
        dt_s, moment = until_s - self.t_s, self._rig.at(self.t_s)
        self._wear.begin(self.t_s, self._lit())
        point = self._point()
        self.t_s = until_s
        if not moment.mains or not self._rig.at(until_s).mains:
            self._on[:] = False
        heat_k = np.where(self._on, self._optics.warm_k * np.exp(-(until_s - self._on_s) / self._optics.warm_s), 0.0)
        self._wear.step(until_s, dt_s, point)
        self._climate.step(until_s, dt_s, self._powered(), moment.door_k, heat_k)

    def _powered(self) -> bool:
        return self._mains and self._rig.at(self.t_s).mains

    def _lit(self) -> NDArray[np.bool_]:
        target = np.where(self._holds, self._set_w, self._set_a)
        return np.asarray(self._on & (target > 0) & self._powered())

    def set_current(self, laser: int, current_a: float) -> None:
        """Drive at constant current, A; 0 or above. Emits only while the output is on."""
        _checked("current", current_a, "A")
        i = self._known(laser)
        self._set_a[i], self._holds[i] = min(current_a, self._limit_a[i]), False

    def set_power(self, laser: int, power_w: float) -> None:
        """Drive at constant power, W: the loop holds the monitor photodiode, up to the channel's current limit."""
        _checked("power", power_w, "W")
        self._set_w[self._known(laser)], self._holds[laser] = power_w, True

    def set_mount(self, laser: int, mount_c: float) -> None:
        """Temperature of the mount, degrees Celsius; it follows within seconds."""
        if not np.isfinite(mount_c):
            raise ValueError(f"a mount's temperature is {mount_c} degrees Celsius; it must be a number")
        self._climate.set_mount_c[self._known(laser)] = mount_c

    def set_output(self, laser: int, on: bool) -> None:
        """Current on or off; without mains it stays off."""
        if on and not self._on[self._known(laser)]:
            self._on_s[laser] = self.t_s
        self._on[self._known(laser)] = on and self._powered()

    def output(self, laser: int) -> bool:
        """Whether the channel's output is on."""
        return bool(self._on[self._known(laser)])

    def set_chamber(self, chamber_c: float) -> None:
        """Set temperature of the chamber, degrees Celsius; the air follows within minutes."""
        if not np.isfinite(chamber_c):
            raise ValueError(f"the chamber's temperature is {chamber_c} degrees Celsius; it must be a number")
        self._climate.set_chamber_c = float(chamber_c)

    def set_mains(self, on: bool) -> None:
        """Cut the mains (all outputs go off, every reading INVALID), or bring them back (outputs stay off)."""
        self._mains = on
        if not on:
            self._on[:] = False

    def readings(self) -> RackReadings:
        """What the rack's instruments show now; again without `advance` or a setting gives the same."""
        moment, point = self._rig.at(self.t_s), self._point()
        error, noise, optics = self._climate.driver + moment.driver, self._noise, self._optics
        light = point.power_w * (1 + optics.light * noise[0])
        coupling = optics.coupling * self._coupling_drift() * moment.coupling
        meter = light * coupling * (1 + optics.meter * noise[1]) + FLOOR * self._fresh_w * noise[2]
        monitor = light * moment.photodiode * (1 + optics.photodiode * noise[3]) + FLOOR * self._fresh_w * noise[4]
        mount_c = self._climate.mount_c + moment.mount_k + optics.offset_k + optics.sensor_k * noise[7]
        values = np.stack(
            (
                point.current_a / (1 + error) * (1 + optics.current * noise[5]),
                meter,
                monitor * self._diode.responsivity_a_per_w,
                point.voltage_v + optics.voltage_v * noise[6],
                mount_c,
            ),
            axis=1,
        ).astype(np.float32)
        quality = np.zeros(values.shape, dtype=np.uint8)
        self._rig.touch(self.t_s, values, quality)
        if not self._powered():
            values[:], quality[:] = np.nan, INVALID
        chamber_c = self._climate.chamber_c + 0.01 * noise[8, 0] if self._powered() else np.nan
        return RackReadings(values, quality, float(chamber_c))

    def _coupling_drift(self) -> Floats:
        off_k = self._climate.chamber_c - self._climate.reference_c
        return np.asarray(1 + self._optics.coupling_per_k * off_k)

    def _point(self) -> Point:
        """Where all lasers really are now."""
        moment, ageing, lit = self._rig.at(self.t_s), self._wear.ageing(), self._lit()
        diode = self._diode.aged(ageing.threshold, ageing.slope, ageing.leakage_a)
        mount_c = self._climate.laser_c + moment.mount_k
        flicker = 1 + self._climate.flicker * ageing.flicker
        error = 1 + self._climate.driver + moment.driver
        at_current = diode.at_current(np.where(lit, self._set_a * error * moment.current, 0.0), mount_c)
        held = lit & self._holds
        if not held.any():
            return at_current._replace(power_w=at_current.power_w * flicker)
        target_w = np.where(held, self._set_w / self._optics.coupling / moment.photodiode / flicker, 1e-9)
        at_power = diode.at_power(target_w, mount_c, self._limit_a)
        point = Point._make(np.where(held, ours, theirs) for ours, theirs in zip(at_power, at_current, strict=True))
        return point._replace(power_w=point.power_w * flicker)

    def sweep(self, laser: int, current_a: ArrayLike) -> SweepReadings:
        """Light, photodiode current and voltage at each current, at the mount's present temperature; takes no time.

        Raises:
            ValueError: a current that is no number, below 0 or above the channel's limit.
        """
        i, currents = self._known(laser), np.atleast_1d(np.asarray(current_a, dtype=np.float64))
        if not (np.all(currents >= 0) and np.all(currents <= self._limit_a[i])):
            raise ValueError(f"sweep of laser {i}: currents must lie within 0 to {self._limit_a[i]:g} A")
        moment, ageing, optics = self._rig.at(self.t_s), self._wear.ageing(), self._optics
        diode = self._diode.at([i]).aged(ageing.threshold[i], ageing.slope[i], ageing.leakage_a[i])
        error = 1 + self._climate.driver + moment.driver
        point = diode.at_current(currents * error * self._powered(), self._climate.laser_c[i] + moment.mount_k[i])
        noise = self._rng.standard_normal((6, len(currents)))
        light = point.power_w * (1 + optics.light[i] * noise[0]) * (1 + self._climate.flicker[i] * ageing.flicker[i])
        coupling = optics.coupling[i] * self._coupling_drift()[i] * moment.coupling[i]
        floor = FLOOR * self._fresh_w[i]
        monitor = light * moment.photodiode[i] * (1 + optics.photodiode[i] * noise[1]) + floor * noise[2]
        return SweepReadings(
            current_a=currents * self._powered(),
            power_w=light * coupling * (1 + optics.meter[i] * noise[3]) + floor * noise[4],
            photodiode_a=monitor * diode.responsivity_a_per_w,
            voltage_v=point.voltage_v + optics.voltage_v[i] * noise[5],
        )

    def fail(self, laser: int, mode: Mode, *, size: float | None = None, lasts_h: float | None = None) -> None:
        """Let a laser fail from now on, as a `LiveLaser` of these values."""
        self._wear.fail(self._known(laser), mode, self.t_s, size, lasts_h)

    def disturb(
        self,
        kind: RigKind,
        *,
        start_s: float,
        end_s: float = np.inf,
        laser: int | None = None,
        channel: int | None = None,
        size: float = 0.0,
    ) -> None:
        """Let the rig do something: as a `RigEvent` of these values. No laser: the whole rack.

        Raises:
            ValueError: a step of the clock (the rack has no calendar), or an end that is not after the start.
        """
        self._rig.add(RigEvent(kind, start_s, end_s, laser, channel=channel, size=size))

    def loss(self) -> Floats:
        """Share that each laser has really lost at its rated point, (n,), noise and rig apart.

        Of the light at constant current; at constant power the share by which the current has risen.
        """
        ageing = self._wear.ageing()
        diode = self._diode.aged(ageing.threshold, ageing.slope, ageing.leakage_a)
        light = diode.at_current(self._rated_a, self._rated_mount_c)
        held = diode.at_power(self._fresh_w, self._rated_mount_c, self._limit_a)
        return np.asarray(np.where(self._holds, held.current_a / self._rated_a - 1, 1 - light.power_w / self._fresh_w))

    @property
    def modes(self) -> tuple[Mode, ...]:
        """What each laser is to suffer or suffers, (n,)."""
        return tuple(self._wear.mode)

    def _known(self, laser: int) -> int:
        if not 0 <= laser < len(self):
            raise IndexError(f"the rack holds lasers 0 to {len(self) - 1}, not {laser}")
        return laser


def _checked(quantity: str, value: float, unit: str) -> None:
    if not 0 <= value < np.inf:
        raise ValueError(f"a laser's {quantity} is {value:g} {unit}; it must be a number of 0 or above")


def _lots(
    lasers: tuple[LiveLaser, ...], rng: np.random.Generator
) -> tuple[Diode, Floats, Floats, Floats, Floats, Floats]:
    """One lot of each family: diodes, rated currents, mounts, limits, and the laws of their acceleration, (n,) each."""
    parts = []
    for name in FAMILIES:
        lot = FAMILIES[name].draw(rng, len(lasers))
        law = FAMILIES[name].energy_ev.draw(rng), FAMILIES[name].current_exponent.draw(rng)
        mine = np.array([laser.family == name for laser in lasers])
        parts.append((mine, lot, law))
    unknown = {laser.family for laser in lasers} - set(FAMILIES)
    if unknown:
        raise ValueError(f"unknown families {sorted(unknown)}; known are {', '.join(FAMILIES)}")
    return (
        Diode.chosen([(mine, lot.diode) for mine, lot, _ in parts]),
        _chosen([(mine, lot.rated_a) for mine, lot, _ in parts]),
        _chosen([(mine, lot.mount_c) for mine, lot, _ in parts]),
        _chosen([(mine, lot.limit_a) for mine, lot, _ in parts]),
        _chosen([(mine, law[0]) for mine, _, law in parts]),
        _chosen([(mine, law[1]) for mine, _, law in parts]),
    )


def _chosen(parts: Sequence[tuple[NDArray[np.bool_], ArrayLike]]) -> Floats:
    return np.select([mine for mine, _ in parts], [np.broadcast_to(v, mine.shape) for mine, v in parts]).astype(float)
