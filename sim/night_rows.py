"""Second by second: the rows of a simulated night, from the minutes' ends, with their noise and what the rig does."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.night_fleet import Optics
from sim.night_light import Base, Lights
from sim.night_schedule import RAMP, TICK_S, Schedule
from sim.night_seed import NightSeed, Purpose
from sim.rig import RACK_SIZE, RigEvent, RigKind
from sim.rig_rows import RigHands

__all__ = ["NightBlock", "Rows", "recut"]

Floats = NDArray[np.float64]
Singles = NDArray[np.float32]

START_UTC_S = 1_767_290_400.0
"""2026-01-01 18:00 UTC; night k begins k days later."""

SECONDS = np.arange(TICK_S, dtype=np.float32)[:, None]
SHARE = SECONDS / np.float32(TICK_S)
NOISES = 7
ONE = np.float32(1)


class NightBlock(NamedTuple):
    """Rows on end, one a second.

    t_s (t,) float64: monotonic seconds since the night began, whole numbers; a mains cut leaves a gap. utc_s (t,)
    float64: seconds since 1970, which a clock step moves. values (t, n, 5) float32 in the order of `CHANNELS`, NaN
    where there is none. quality (t, n, 5) uint8: 0 OK, 2 INVALID (exactly where NaN). phase (t, n) uint8: 1 RAMP,
    2 SETTLE, 4 STRESS, 5 DITHER. rig (t, 1) float32: chamber_c, degrees Celsius, of the chamber that holds all racks.
    """

    t_s: Floats
    utc_s: Floats
    values: Singles
    quality: NDArray[np.uint8]
    phase: NDArray[np.uint8]
    rig: Singles

    def at(self, rows: slice | NDArray[np.bool_]) -> "NightBlock":
        """Some of the rows."""
        return NightBlock._make(part[rows] for part in self)


def recut(minutes: Iterator[NightBlock], block_s: int) -> Iterator[NightBlock]:
    """The same rows, block_s at a time."""
    kept: list[NightBlock] = []
    held = 0
    for minute in minutes:
        kept.append(minute)
        held += len(minute.t_s)
        if held < block_s:
            continue
        rows = _joined(kept)
        whole = held - held % block_s
        yield from (rows.at(slice(first, first + block_s)) for first in range(0, whole, block_s))
        kept, held = ([rows.at(slice(whole, None))] if whole < held else []), held - whole
    if held:
        yield _joined(kept)


def _joined(parts: list[NightBlock]) -> NightBlock:
    return (
        parts[0] if len(parts) == 1 else NightBlock._make(np.concatenate(column) for column in zip(*parts, strict=True))
    )


def write_rows(out: Singles, base: Base, optics: Optics, rng: np.random.Generator) -> None:
    """Fill (60, n, 5) with readings: base, small movements of the mount that light and voltage follow, and noise.

    A rack that is not full draws the noise of a full one, so that its lasers show what they would in a full one.
    """
    noise = rng.standard_normal((NOISES, TICK_S, RACK_SIZE), dtype=np.float32)[:, :, : out.shape[1]]
    moved, light, meter, photodiode, sensor, voltage, current = noise
    moved *= optics.jitter_k
    light *= optics.light
    meter *= optics.meter
    photodiode *= optics.photodiode
    current *= optics.current
    sensor *= optics.sensor_k
    voltage *= optics.voltage_v
    out[:, :, 0] = (base.current + base.current_per_k * moved) * (current + ONE)
    out[:, :, 1] = (base.meter + base.meter_per_k * moved) * (meter + light + ONE)
    out[:, :, 2] = (base.photodiode + base.photodiode_per_k * moved) * (photodiode + light + ONE)
    out[:, :, 3] = base.voltage + base.voltage_per_k * moved + voltage
    out[:, :, 4] = base.mount + moved + sensor


def between(begin: Base, end: Base, step_s: Floats) -> Base:
    """Readings without noise second by second, (60, n): straight, or a step after step_s (n,) seconds where not NaN."""
    stepping = np.nonzero(np.isfinite(step_s))[0]
    share = SHARE
    if len(stepping):
        share = np.repeat(SHARE, len(step_s), axis=1)
        share[:, stepping] = step_s[stepping] <= SECONDS
    moving = (a + (b - a) * share for a, b in zip(begin[:5], end[:5], strict=True))
    return Base._make((*moving, *begin[5:]))


@dataclass(frozen=True, slots=True, eq=False)
class Rows:
    """The rows of one night. onset_s: when failures begin, (n,), NaN for none."""

    seed: NightSeed
    schedule: Schedule
    lights: Lights
    events: tuple[RigEvent, ...]
    onset_s: Floats

    def minutes(self) -> Iterator[NightBlock]:
        """Minute by minute; less of one, or none, where the mains are cut."""
        n = len(self.lights.fleet.mode)
        racks = [slice(first, min(first + RACK_SIZE, n)) for first in range(0, n, RACK_SIZE)]
        optics = [_single(self.lights.fleet.optics, lanes) for lanes in racks]
        hands, air = RigHands(self.events, self.lights.fleet.holds_power), self.seed.rng(Purpose.AIR)
        knots = self.lights.knots()
        begin = next(knots)
        for k, end in enumerate(knots):
            values = np.empty((TICK_S, n, 5), dtype=np.float32)
            quality = np.zeros(values.shape, dtype=np.uint8)
            t_s = self.schedule.knots_s[k] + np.arange(TICK_S, dtype=np.float64)
            phase, step_s = self.schedule.phase(t_s), self._steps_s(t_s[0])
            ramp = self.lights.ramp(k) if phase[0] == RAMP else None
            for r, lanes in enumerate(racks):
                base = ramp.at((..., lanes)) if ramp else between(begin.at(lanes), end.at(lanes), step_s[lanes])
                write_rows(values[:, lanes], base, optics[r], self.seed.rng(Purpose.NOISE, r, k))
            hands.touch(t_s[0], values, quality, begin)
            rig = self._chamber_c(k, air)
            begin = end
            lit = self.schedule.lit(t_s)
            if lit.any():
                phases = np.broadcast_to(phase[:, None], (TICK_S, n)).copy()
                minute = NightBlock(t_s, self._utc_s(t_s), values, quality, phases, rig)
                yield minute if lit.all() else minute.at(lit)

    def _steps_s(self, first_s: float) -> Floats:
        """Seconds into the minute at which each laser changes at once: by its own end, or by its driver."""
        sudden = self.lights.fleet.plan.slope_step < 1
        steps = np.where(sudden, self.onset_s, np.nan) - first_s
        for event in self.events:
            if event.kind is RigKind.DRIVER_STEP and event.rack is not None:
                lanes = slice(RACK_SIZE * event.rack, RACK_SIZE * (event.rack + 1))
                steps[lanes] = (
                    np.fmin(steps[lanes], event.start_s - first_s) if event.start_s > first_s else steps[lanes]
                )
        return np.where((steps > 0) & (steps <= TICK_S), steps, np.nan)

    def _chamber_c(self, k: int, air: np.random.Generator) -> Singles:
        begin, end = self.lights.climate.chamber_c[k : k + 2]
        sensor = 0.01 * air.standard_normal((TICK_S, 1))
        return np.asarray(begin + (end - begin) * SHARE + sensor, dtype=np.float32)

    def _utc_s(self, t_s: Floats) -> Floats:
        utc_s = START_UTC_S + 86400.0 * self.seed.words[-1] + t_s
        for event in self.events:
            if event.kind is RigKind.CLOCK_STEP:
                utc_s = utc_s + np.where(t_s >= event.start_s, event.size, 0.0)
        return utc_s


def _single(optics: Optics, lanes: slice) -> Optics:
    """Some of the lasers in single precision."""
    return Optics(**{field.name: getattr(optics, field.name)[lanes].astype(np.float32) for field in fields(Optics)})
