"""A rack of real lasers behind the `Rack` protocol: many channels on many instruments, asked all at the same time.

One lock a link, which the drivers hold; one task an instrument, which `Together` sees to. An instrument that is silent
costs its own lasers their readings, which are INVALID, and nobody else's.
"""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np

from drivers.errors import InstrumentError, LinkError
from lasercontrol.aging.lab_laser import DiodeSource, LabLaser
from lasercontrol.aging.rack import LaserStanding, Poll, SweepReading
from lasercontrol.aging.source_reading import SourceReading, reading_of
from lasercontrol.aging.together import Together
from lasercontrol.aging_settings import AgingConfig, LaserSettings
from lasercontrol.bench import Quality
from lasercontrol.lab.instruments import Instruments
from lasercontrol.lab.roles import TemperatureController
from lasercontrol.lab_settings import InstrumentAddress
from lasercontrol.telemetry.row import LASER_CHANNELS

__all__ = ["LabRack"]

LEAST_PATIENCE_S = 0.5
REHEARSED_PATIENCE_S = 3.0
"""Where the clock runs faster than ours a row is late at once, and one process is all instruments."""
ORDER_PATIENCE_S = 10.0
"""For a ramp, which takes its time; rows wait for it, other lasers' ramps run beside it."""


@dataclass(frozen=True, slots=True)
class _Named:
    """An aging config as `Instruments` wants to see one."""

    instruments: Mapping[str, InstrumentAddress]
    used: Sequence[tuple[str, str, str]]
    backend: str
    reconnect_s: float
    message_log: Path | None


class LabRack:
    """Built without its instruments. Raises ConfigError where a driver does not exist or cannot fill its role."""

    def __init__(self, config: AgingConfig) -> None:
        used = [(_dotted(key), role, name) for key, role, name in config.used]
        named = _Named(config.instruments, used, config.backend, config.reconnect_s, config.message_log)
        self.config, self.instruments = config, Instruments(named, prefix="")
        self.lasers = [self._laser(laser) for laser in config.lasers]
        self._together = Together(len(config.instruments))
        least_s = LEAST_PATIENCE_S if config.speed == 1.0 else REHEARSED_PATIENCE_S
        self._patience_s = max(least_s, 0.8 * config.period_s / config.speed)
        self._keep_w: dict[int, float] = {}
        self._last_poll_s = time.monotonic()

    def _laser(self, laser: LaserSettings) -> LabLaser:
        place = laser.place
        assert place is not None  # noqa: S101 — the settings have looked
        source = cast("DiodeSource", self.instruments.current_source(place.source))
        meter = self.instruments.power_meter(place.meter) if place.meter else None
        own = all(hasattr(type(source), name) for name in ("tec", "temperature_c", "measured_temperature_c"))
        cooler = cast("TemperatureController", cast("object", source)) if own else None
        if place.cooler:
            cooler = self.instruments.temperature_controller(place.cooler)
        step_a, limits = self.config.ramp_of(laser).step_a, self.config.limits_of(laser)
        return LabLaser(
            laser.id, source, meter, cooler, step_a=step_a, limits=limits, wavelength_nm=laser.wavelength_nm
        )

    def connect(self) -> dict[str, str]:
        """All at the same time."""
        return self.instruments.connect()

    def close(self) -> None:
        """Let all links go."""
        self._together.close()
        self.instruments.disconnect()

    # ----------------------------------------------------------------------------------------------------- asking

    def standing(self) -> dict[int, LaserStanding]:
        """As the lasers are found."""
        told = self._of_sources(range(len(self.lasers)), lambda laser: laser.standing(), ORDER_PATIENCE_S)
        return {number: each for number, each in told.items() if isinstance(each, LaserStanding)}

    def poll(self) -> Poll:
        """All instruments once."""
        tasks: dict[str, Callable[[], Any]] = {}
        for laser, settings in zip(self.lasers, self.config.lasers, strict=True):
            place = settings.place
            assert place is not None  # noqa: S101 — the settings have looked
            if laser.sweeping.is_set():
                continue
            tasks[place.source] = lambda laser=laser: laser.watched(lambda: reading_of(laser.source))  # type: ignore[misc]
            if laser.meter is not None and place.meter:
                tasks[place.meter] = lambda meter=laser.meter: meter.power_w  # type: ignore[misc]
            if place.cooler and laser.cooler is not None:
                tasks[place.cooler] = lambda laser=laser: laser.watched(laser.cooler_c)  # type: ignore[misc]
        if self.config.chamber:
            chamber = self.instruments.temperature_controller(self.config.chamber)
            tasks[self.config.chamber] = lambda: chamber.measured_temperature_c
        told = self._together.ask(tasks, self._patience_s)
        poll = self._polled(told, self._rebooted())
        self._keep_light(poll)
        return poll

    def _rebooted(self) -> dict[int, str]:
        """Lasers with an instrument that is not as it was left; how they stand now is asked for at once."""
        changed = {number: laser.changed for number, laser in enumerate(self.lasers) if laser.changed}
        for number in changed:
            self.lasers[number].changed = ""
        self._of_sources(changed, lambda laser: laser.standing(), self._patience_s)
        return changed

    def _polled(self, told: Mapping[str, Any], rebooted: dict[int, str]) -> Poll:
        n = len(self.lasers)
        values = np.full((n, len(LASER_CHANNELS)), np.nan, dtype=np.float32)
        tripped: dict[int, str] = {}
        for number, settings in enumerate(self.config.lasers):
            place, laser = settings.place, self.lasers[number]
            assert place is not None  # noqa: S101 — the settings have looked
            seen = told.get(place.source)
            if isinstance(seen, SourceReading):
                values[number] = seen.current_a, math.nan, seen.photodiode_a, seen.voltage_v, seen.mount_c
                if laser.on and not seen.output and number not in rebooted:
                    tripped[number] = _why_off(laser, seen)
            values[number, 1] = _number(told.get(place.meter)) if place.meter else math.nan
            if place.cooler:
                values[number, 4] = _number(told.get(place.cooler))
        quality = np.where(np.isfinite(values), Quality.OK, Quality.INVALID).astype(np.uint8)
        rig = np.array([_number(told.get(self.config.chamber or ""))], dtype=np.float32)
        set_a = np.array([laser.set_a for laser in self.lasers])
        lost = {name: str(each) for name, each in told.items() if isinstance(each, LinkError | TimeoutError)}
        return Poll(values, quality, rig, set_a, tripped, lost, rebooted)

    # ------------------------------------------------------------------------------------------------- working

    def prepare(self, lasers: Sequence[int]) -> dict[int, str]:
        """Limits and meters."""
        return self._failures(self._of_sources(lasers, lambda laser: laser.prepare(), ORDER_PATIENCE_S))

    def drive(self, currents_a: Mapping[int, float]) -> dict[int, str]:
        """Ramps, beside each other."""
        for number in currents_a:
            self._keep_w.pop(number, None)
        goals = {id(self.lasers[number]): current_a for number, current_a in currents_a.items()}
        return self._ordered(currents_a, lambda laser: laser.drive(goals[id(laser)]))

    def hold_power(self, powers_w: Mapping[int, float]) -> dict[int, str]:
        """The loop turns with every poll, and forgets what it has seen up to now."""
        self._keep_w |= powers_w
        for number in powers_w:
            self.lasers[number].light = None
        return {}

    def _keep_light(self, poll: Poll) -> None:
        """One turn for every laser whose light is kept; who has no trusted light keeps its current."""
        now_s = time.monotonic()
        dt_s, self._last_poll_s = (now_s - self._last_poll_s) * self.config.speed, now_s
        turns: dict[int, tuple[float, tuple[float, float]]] = {}
        for number, power_w in self._keep_w.items():
            if poll.quality[number, 1] == Quality.OK and not self.lasers[number].sweeping.is_set():
                seen = float(poll.values[number, 1]), float(poll.values[number, 2])
                turns[id(self.lasers[number])] = power_w, seen
        rates = {
            id(self.lasers[number]): self.config.ramp_of(self.config.lasers[number]).rate_a_per_s
            for number in self._keep_w
        }

        def turn(laser: LabLaser) -> None:
            power_w, seen = turns[id(laser)]
            laser.keep_light(power_w, rates[id(laser)] * min(dt_s, self.config.period_s), seen)

        numbers = [number for number in self._keep_w if id(self.lasers[number]) in turns]
        self._of_sources(numbers, turn, self._patience_s)

    def switch_off(self, lasers: Sequence[int]) -> dict[int, str]:
        """Outputs off."""
        return self._ordered(lasers, lambda laser: laser.switch_off())

    def set_mounts(self, mounts_c: Mapping[int, float]) -> dict[int, str]:
        """Each cooler once, by the thread of its own instrument."""
        first: dict[str, int] = {}
        for number in mounts_c:
            if self.lasers[number].cooler is not None:
                first.setdefault(self._cooler_name(number), number)
        tasks = {
            name: lambda number=number: self.lasers[number].set_mount(mounts_c[number])
            for name, number in first.items()
        }
        told = self._together.ask(tasks, ORDER_PATIENCE_S)
        return {
            number: str(told[self._cooler_name(number)])
            for number in mounts_c
            if self.lasers[number].cooler is not None and isinstance(told[self._cooler_name(number)], Exception)
        }

    def sweep(self, laser: int, currents_a: Sequence[float]) -> SweepReading:
        """By the caller's own thread; its instruments are left out of polls meanwhile."""
        return self.lasers[laser].sweep(currents_a)

    def make_safe(self) -> list[str]:
        """All beside each other; twice, if need be, by `lasercontrol.lab.safe_order`."""
        for laser in self.lasers:
            laser.sweep_ends.set()
        for laser in self.lasers:
            while laser.sweeping.is_set():
                time.sleep(0.01)
        told = self._of_sources(range(len(self.lasers)), lambda laser: laser.make_safe(), 6 * ORDER_PATIENCE_S)
        left: list[str] = []
        for number, each in told.items():
            left += [f"{self.lasers[number].laser_id}: {each}"] if isinstance(each, Exception) else each
        return left

    # -------------------------------------------------------------------------------------------- by instrument

    def _ordered(self, lasers: Iterable[int], act: Callable[[LabLaser], None]) -> dict[int, str]:
        """Orders to lasers; one that is being swept is told to end that first."""
        lasers = list(lasers)
        swept = [number for number in lasers if self.lasers[number].sweeping.is_set()]
        for number in swept:
            self.lasers[number].sweep_ends.set()
        free = [number for number in lasers if number not in set(swept)]
        for number in free:
            self.lasers[number].sweep_ends.clear()
        failed = self._failures(self._of_sources(free, act, ORDER_PATIENCE_S))
        return failed | dict.fromkeys(swept, "its sweep ends first")

    def _of_sources(self, lasers: Iterable[int], act: Callable[[LabLaser], Any], patience_s: float) -> dict[int, Any]:
        """Laser → what act gave or raised, each by the thread of its source."""
        names = {number: self._source_name(number) for number in lasers}
        tasks = {name: self._task(self.lasers[number], act) for number, name in names.items()}
        told = self._together.ask(tasks, patience_s) if tasks else {}
        return {number: told[name] for number, name in names.items()}

    @staticmethod
    def _task(laser: LabLaser, act: Callable[[LabLaser], Any]) -> Callable[[], Any]:
        return lambda: laser.watched(lambda: act(laser))

    @staticmethod
    def _failures(told: Mapping[int, Any]) -> dict[int, str]:
        for each in told.values():
            if isinstance(each, Exception) and not isinstance(each, InstrumentError | TimeoutError | ValueError):
                raise each  # a mistake of this program
        return {number: str(each) for number, each in told.items() if isinstance(each, Exception)}

    def _source_name(self, number: int) -> str:
        place = self.config.lasers[number].place
        return place.source if place else ""

    def _cooler_name(self, number: int) -> str:
        place = self.config.lasers[number].place
        return (place.cooler or place.source) if place else ""


def _why_off(laser: LabLaser, seen: SourceReading) -> str:
    if not seen.clear:
        return f"{laser.source.name}: its interlock, key or a protection keeps the output off"
    return f"{laser.source.name} has switched its output off by itself"


def _number(told: Any) -> float:
    return float(told) if isinstance(told, float | int) else math.nan


def _dotted(key: tuple[str | int, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in key).lstrip(".")
