"""One laser on real instruments: its source, its meter, its cooler, and how it is worked without a jump."""

import math
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

import numpy as np

from drivers.errors import InstrumentError, SetPointLost
from lasercontrol.aging.constant_power import ConstantPower
from lasercontrol.aging.rack import LaserStanding, SweepReading
from lasercontrol.aging.source_reading import reading_of
from lasercontrol.aging_settings import Bounds
from lasercontrol.errors import BenchError
from lasercontrol.lab.roles import CurrentSource, PowerMeter, TemperatureController
from lasercontrol.lab.safe_order import make_safe

__all__ = ["DiodeSource", "LabLaser"]

T = TypeVar("T")


class DiodeSource(CurrentSource, Protocol):
    """A current source that ramps in steps of a length that it is told, as every driver here does."""

    def ramp_to(self, current_a: float, *, step_a: float | None = None) -> None:
        """Go there in equal steps, none longer than step_a."""


class LabLaser:
    """step_a: longest step of its current; on: whether its output was switched on, so that one that is off has tripped.
    changed: what one of its instruments says that it has lost, as after a cut of its mains; "" where nothing is.

    Methods speak with the instruments and raise what drivers raise; none is called by two threads at a time.
    """

    def __init__(
        self,
        laser_id: str,
        source: DiodeSource,
        meter: PowerMeter | None,
        cooler: TemperatureController | None,
        *,
        step_a: float,
        limits: dict[str, Bounds],
        wavelength_nm: float | None = None,
    ) -> None:
        self.laser_id, self.source, self.meter, self.cooler = laser_id, source, meter, cooler
        self.step_a, self.limits, self.wavelength_nm = step_a, limits, wavelength_nm
        self.on = False
        self.set_a = math.nan
        self.light: ConstantPower | None = None
        self.changed = ""
        self.sweeping = threading.Event()
        self.sweep_ends = threading.Event()

    def watched(self, act: Callable[[], T]) -> T:
        """What an act gives; settings that an instrument has lost are remembered, whoever waits for the answer."""
        try:
            return act()
        except SetPointLost as error:
            self.changed = str(error)
            raise

    def standing(self) -> LaserStanding:
        """As it is found."""
        self.on, self.set_a = self.source.output, self.source.current_a
        if self.cooler is None:
            return LaserStanding(self.on, self.set_a, None)
        return LaserStanding(self.on, self.set_a, self.cooler.temperature_c if self.cooler.tec else -math.inf)

    def prepare(self) -> None:
        """Limits into the source, watts into the meter. A limit below the present set point waits for the ramp down."""
        most_a = self.limits["current_a"].high
        if most_a is not None and _has(self.source, "current_limit_a") and self.source.current_a <= most_a:
            _set(self.source, "current_limit_a", most_a)
        voltage = self.limits.get("voltage_v")
        if voltage is not None and voltage.high is not None and _has(self.source, "compliance_v"):
            _set(self.source, "compliance_v", voltage.high)
        if self.meter is not None and self.wavelength_nm is not None:
            self.meter.prepare(self.wavelength_nm)

    def drive(self, current_a: float) -> None:
        """To a set point, in steps; an output that is off comes on at the least current first."""
        self.light = None
        if current_a > 0 and not self.source.output:
            self.prepare()
            self.source.ramp_to(0.0)
            self.source.output = True
        self.on = self.on or current_a > 0
        self.source.ramp_to(current_a, step_a=self.step_a)
        self.set_a = current_a

    def keep_light(self, power_w: float, most_a: float, seen: tuple[float, float]) -> None:
        """One turn of the loop: seen (power_w, photodiode_a); most_a: greatest change of the current now."""
        if self.light is None or self.light.power_w != power_w:
            self.light = ConstantPower(power_w)
        bound_a = self.limits["current_a"].high
        next_a = self.light.next_a(self.set_a, *seen, most_a)
        next_a = next_a if bound_a is None else min(next_a, bound_a)
        if next_a != self.set_a:
            self.source.ramp_to(next_a, step_a=self.step_a)
            self.set_a = next_a

    def switch_off(self) -> None:
        """From the least current."""
        self.light = None
        self.source.ramp_to(0.0, step_a=self.step_a)
        self.source.output = False
        self.on, self.set_a = False, 0.0

    def set_mount(self, mount_c: float) -> None:
        """Temperature of the mount; nothing where it has no cooler."""
        if self.cooler is None:
            return
        self.cooler.temperature_c = mount_c
        if not self.cooler.tec:
            self.cooler.tec = True

    def cooler_c(self) -> float:
        """What the cooler of its mount measures; NaN without one."""
        return math.nan if self.cooler is None else self.cooler.measured_temperature_c

    def sweep(self, currents_a: Sequence[float]) -> SweepReading:
        """Up from 0 in the currents given, then back to where it was. BenchError where it was broken off."""
        self.sweeping.set()
        back_a = self.set_a
        rows: list[tuple[float, float, float, float]] = []
        mount_c = math.nan
        try:
            for current_a in currents_a:
                if self.sweep_ends.is_set():
                    raise BenchError(f"{self.laser_id}: the sweep was broken off at {current_a:.6g} A.")
                self.source.ramp_to(current_a, step_a=self.step_a)
                self.set_a = current_a
                seen = reading_of(self.source)
                power_w = math.nan if self.meter is None else self.meter.power_w
                rows.append((seen.current_a, power_w, seen.photodiode_a, seen.voltage_v))
                mount_c = self._mount_c(seen.mount_c)
            self.source.ramp_to(back_a, step_a=self.step_a)
            self.set_a = back_a
        except InstrumentError as error:
            raise BenchError(f"{error}") from error
        finally:
            self.sweeping.clear()
        columns = [np.array(column, dtype=np.float32) for column in zip(*rows, strict=True)]
        return SweepReading(columns[0], columns[1], columns[2], columns[3], mount_c)

    def make_safe(self) -> list[str]:
        """Down and off, whatever fails; what could not be done."""
        self.light = None
        left = make_safe(None, self.source)
        self.on = self.on and bool(left)
        return left

    def _mount_c(self, told_c: float) -> float:
        return told_c if math.isfinite(told_c) else self.cooler_c()


def _has(device: object, name: str) -> bool:
    return hasattr(type(device), name)


def _set(device: Any, name: str, value: float) -> None:
    setattr(device, name, value)
