"""Thorlabs Series 4000 controllers of laser diodes (LDC), of their coolers (TED) and of both (ITC): USBTMC, SI units.

Commands: Series 4000 SCPI Programmers Reference Manual 3.3 (2015), pages 9 to 13 and 72; five open drivers of the
ITC4001 and its sisters agree with it. The current set point and the measured current are different quantities: here
`current_a` is set, and `measured_current_a` flows. So it is with `temperature_c` and `measured_temperature_c`.
"""

import time
from dataclasses import dataclass
from typing import ClassVar

from drivers.emission import GuardedSwitch, ramp
from drivers.errors import InterlockOpen, NotReady, WrongReply
from drivers.instrument import ScpiInstrument, number
from drivers.link import Identity
from drivers.parameter import Choice, Device, Measured, Number, Switch
from drivers.series4000_condition import KEEPS_OFF, Condition

__all__ = ["ITC4000", "LDC4000", "TED4000", "Snapshot"]


TRIPS = {
    "interlock": "OUTP:PROT:INTL:TRIP",
    "key": "OUTP:PROT:KEYL:TRIP",
    "over-temperature": "OUTP:PROT:OTEM:TRIP",
    "LD ENABLE input": "OUTP:PROT:EXT:TRIP",
    "internal": "OUTP:PROT:INT:TRIP",
    "compliance voltage": "OUTP:PROT:VOLT:TRIP",
    "current limit": "SOUR1:CURR:LIM:TRIP",
}
"""What can have tripped → the header that is asked; 1 is tripped. On a Keithley the like of it means the opposite."""


def _require_celsius(device: Device) -> None:
    """WrongReply where the instrument counts in K or °F: the same number would be another temperature."""
    if (unit := device.link.query("UNIT:TEMP?").upper()) not in {"C", "CEL", "CELSIUS"}:
        raise WrongReply(device.name, f"temperatures are in {unit[:20]!r}; set temperature_unit to 'C' first.")


class _SetCelsius(Number):
    """A temperature that can be set, in °C only."""

    def limits(self, device: Device) -> tuple[float, float]:
        _require_celsius(device)
        return super().limits(device)

    def ask(self, device: Device) -> float:
        with device.link.lock():
            _require_celsius(device)
            return super().ask(device)


class _MeasuredCelsius(Measured):
    """A temperature that is only read, in °C only."""

    def ask(self, device: Device) -> float:
        with device.link.lock():
            _require_celsius(device)
            return super().ask(device)


class _Limit(_SetCelsius):
    """Left out of `state`: an instrument that does not know the header would not answer."""

    harmless = False


class _DiodeCurrent(Number):
    """A set point within the instrument's range and below the limit that was set."""

    def limits(self, device: Device) -> tuple[float, float]:
        low_a, high_a = super().limits(device)
        return low_a, min(high_a, device.ask_number("SOUR:CURR:LIM?"))


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a controller reads at one moment; None where a reading is over range, or the model lacks that side."""

    current_a: float | None
    voltage_v: float | None
    photodiode_a: float | None
    temperature_c: float | None
    output: bool
    condition: Condition


class _Series4000(ScpiInstrument):
    """What all of the series say."""

    confidence = "A"
    keeps_off: ClassVar[Condition] = KEEPS_OFF

    @property
    def condition(self) -> Condition:
        """The present state, all flags at once; WrongReply where the answer cannot be one."""
        return self._condition(self.ask_number("STAT:MEAS:COND?"))

    def _condition(self, value: float) -> Condition:
        if value != int(value) or not 0 <= value < 65536:
            self.link.doubt("a condition that cannot be")
            raise WrongReply(self.name, f"to 'STAT:MEAS:COND?' came {value:g}, which is no 16 flags.")
        return Condition(int(value))

    def _all(self, questions: tuple[str, ...]) -> tuple[float, ...]:
        """The numbers that several questions in one message are answered with (IEEE 488.2, 8.4.1)."""
        reply = self.ask_text(";:".join(questions))
        values = tuple(number(part) for part in reply.split(";"))
        known = tuple(value for value in values if value is not None)
        if len(known) != len(questions) or len(values) != len(questions):
            self.link.doubt("an answer of other parts")
            raise WrongReply(self.name, f"to {len(questions)} questions came {reply[:80]!r}.")
        return known

    def problems(self) -> list[str]:
        """Every flag of the condition register, in words."""
        return list(self.condition.words)


READINGS = ("measured_current_a", "diode_voltage_v", "photodiode_current_a")


class _LaserSide(_Series4000):
    """The current source of LDC and ITC."""

    _celsius_at: int | None = None

    current_a = _DiodeCurrent(
        "SOUR:CURR",
        unit="A",
        low=0,
        high=20,
        resolution=5e-4,
        bounded_by_device=True,
        doc="Control the set point of the diode's current, in A, from 0 to the limit.",
    )  # fmt: skip — one parameter, one block
    current_limit_a = Number(
        "SOUR:CURR:LIM", unit="A", low=0, high=20, resolution=5e-4, bounded_by_device=True,
        doc="Control the greatest current that the instrument lets flow, in A.",
    )  # fmt: skip
    compliance_v = Number(
        "OUTP:PROT:VOLT", unit="V", low=0, high=20, resolution=0.05, bounded_by_device=True,
        doc="Control the voltage at which the protection switches the diode off, in V.",
    )  # fmt: skip
    output = GuardedSwitch("OUTP", doc="Control whether the diode has its current; refuses to switch on when unsafe.")
    mode = Choice(
        "SOUR:FUNC:MODE", {"current": "CURR", "power": "POW"}, answers={"CURRENT": "current", "POWER": "power"},
        doc="Control what is kept constant, current or power; the output comes on with constant current only.",
    )  # fmt: skip
    shape = Choice(
        "SOUR:FUNC:SHAP", {"continuous": "DC", "pulsed": "PULS"}, answers={"PULSE": "pulsed"},
        doc="Control whether the current is continuous or pulsed; the output comes on continuous only.",
    )  # fmt: skip
    measured_current_a = Measured("MEAS:CURR1?", unit="A", low=-1, high=25, doc="Measure the diode's current, in A.")
    diode_voltage_v = Measured("MEAS:VOLT1?", unit="V", low=-2, high=30, doc="Measure the diode's voltage, in V.")
    photodiode_current_a = Measured(
        "MEAS:CURR2?", unit="A", low=-1e-3, high=0.1,
        doc="Measure the monitor photodiode's current, in A. The number 2 is from the manual's list alone.",
    )  # fmt: skip

    @property
    def interlock_closed(self) -> bool:
        """Whether nothing keeps the output off: key, interlock, LD ENABLE, temperatures."""
        return not self.condition & self.keeps_off

    @property
    def trips(self) -> tuple[str, ...]:
        """What has tripped since the output was last switched on; a name of `TRIPS` each."""
        return tuple(word for word, header in TRIPS.items() if Switch(header).ask(self))

    @property
    def current_limits_a(self) -> tuple[float, float]:
        """Least and greatest set point now, in A."""
        return type(self).current_a.limits(self)

    @property
    def follows_within_a(self) -> float:
        """How far, in A, the measured current may be from a set point of 0: 0.2 % of the instrument's range."""
        return 2e-3 * self.ask_number("SOUR:CURR? MAX")

    def snapshot(self) -> Snapshot:
        """All that a test logs of a laser, with one message; WrongReply where one of the answers cannot be.

        Temperatures are °C (`temperature_unit`), which is asked for once on every connection.
        """
        cools = isinstance(self, _CoolerSide)
        if cools and self._celsius_at != self.link.reopened:
            _require_celsius(self)
            self._celsius_at = self.link.reopened
        measured: dict[str, Measured] = {
            name: getattr(type(self), name) for name in (*READINGS, *(("measured_temperature_c",) if cools else ()))
        }
        asked = (*(parameter.question for parameter in measured.values()), "OUTP?", "STAT:MEAS:COND?")
        *values, output, condition = self._all(asked)
        seen = [parameter.checked(self, value) for parameter, value in zip(measured.values(), values, strict=True)]
        if output not in {0.0, 1.0}:
            self.link.doubt("an answer that is neither on nor off")
            raise WrongReply(self.name, f"output: {output:g} is neither on nor off.")
        temperature_c = seen[3] if cools else None
        return Snapshot(seen[0], seen[1], seen[2], temperature_c, output == 1.0, self._condition(condition))

    def require_current(self, current_a: float) -> None:
        """OutOfRange for a set point that may not be."""
        type(self).current_a.written(self, current_a)

    def require_clear(self) -> None:
        """InterlockOpen with all that keeps the output off; NotReady where it would not be constant current."""
        if keeping := self.condition & self.keeps_off:
            raise InterlockOpen(self.name, f"the output was not switched on: {'; '.join(keeping.words)}.")
        if (self.mode, self.shape) != ("current", "continuous"):
            raise NotReady(self.name, "the output was not switched on: set mode 'current' and shape 'continuous'.")

    def ramp_to(self, current_a: float, *, step_a: float | None = None, pause_s: float = 0.02) -> None:
        """Bring the set point to a current, in A, in steps (`drivers.emission.ramp`)."""
        ramp(self, current_a, step_a=step_a, pause_s=pause_s)

    def problems(self) -> list[str]:
        """The condition's flags, what has tripped, and a mode that this driver does not switch on."""
        found = [*super().problems(), *(f"tripped since the output was on: {trip}" for trip in self.trips)]
        if (self.mode, self.shape) != ("current", "continuous"):
            found.append("it is not set to constant, continuous current")
        return found


class _CoolerSide(_Series4000):
    """The temperature controller of TED and ITC."""

    temperature_c = _SetCelsius(
        "SOUR2:TEMP", unit="°C", low=-55, high=150, resolution=0.01, bounded_by_device=True,
        form="{word} {value:.9g}C", doc="Control the temperature's set point, in °C.",
    )  # fmt: skip
    low_limit_c = _Limit(
        "SOUR2:TEMP:LIM:LOW", unit="°C", low=-55, high=150, resolution=0.01, form="{word} {value:.9g}C",
        doc="Control the least set point, in °C. Seen with a CLD1015 only, not verified for this series.",
    )  # fmt: skip
    high_limit_c = _Limit(
        "SOUR2:TEMP:LIM:UPP", unit="°C", low=-55, high=150, resolution=0.01, form="{word} {value:.9g}C",
        doc="Control the greatest set point, in °C. Seen with a CLD1015 only, not verified for this series.",
    )  # fmt: skip
    tec_limit_a = Number(
        "SOUR2:CURR:LIM", unit="A", low=0, high=15, resolution=0.01, bounded_by_device=True,
        doc="Control the greatest current through the TEC, in A.",
    )  # fmt: skip
    tec = Switch("OUTP2", doc="Control whether the temperature is held.")
    temperature_unit = Choice(
        "UNIT:TEMP", {"C": "C", "K": "K", "F": "F"}, answers={"CEL": "C", "CELSIUS": "C", "FAR": "F"},
        doc="Control the unit of temperatures; this driver reads them in °C only.",
    )  # fmt: skip
    measured_temperature_c = _MeasuredCelsius(
        "MEAS:TEMP?", unit="°C", low=-100, high=250, doc="Measure the temperature, in °C.",
    )  # fmt: skip
    tec_current_a = Measured("MEAS:CURR3?", unit="A", low=-20, high=20, doc="Measure the TEC's current, in A.")
    tec_voltage_v = Measured("MEAS:VOLT3?", unit="V", low=-30, high=30, doc="Measure the TEC's voltage, in V.")

    def temperature_stable(self, window_k: float, seconds: float, *, pause_s: float = 0.2) -> bool:
        """Watch for some seconds whether the temperature stays within ±window_k of its set point, with the TEC on."""
        goal_c, until_s = self.temperature_c, time.monotonic() + seconds
        while self.tec and abs(self.measured_temperature_c - goal_c) <= window_k:
            if time.monotonic() >= until_s:
                return True
            time.sleep(min(pause_s, max(0.0, until_s - time.monotonic())))
        return False

    def problems(self) -> list[str]:
        """The condition's flags, and another unit than °C."""
        unit = self.temperature_unit
        return [*super().problems(), *([f"temperatures are in {unit}; this program needs C"] if unit != "C" else [])]


class LDC4000(_LaserSide):
    """A laser-diode current source without cooler: LDC4001, LDC4005, LDC4020."""

    identity = Identity(pattern=r"THORLABS,LDC40\d\d")
    roles = ("current_source",)
    at_power_loss = (
        "The diode's current ends with the mains. That the output stays off when the mains returns is not verified."
    )


class TED4000(_CoolerSide):
    """A temperature controller: TED4015."""

    identity = Identity(pattern=r"THORLABS,TED40\d\d")
    roles = ("temperature_controller",)
    at_power_loss = (
        "The cooler stops and the diode drifts to the room's temperature. That the output stays off when the mains "
        "returns is not verified."
    )


class ITC4000(_LaserSide, _CoolerSide):
    """A laser-diode current source with cooler: ITC4001, ITC4002QCL, ITC4005, ITC4005QCL, ITC4020."""

    identity = Identity(pattern=r"THORLABS,ITC40\d\d")
    roles = ("current_source", "temperature_controller")
    at_power_loss = (
        "The diode's current and the cooler end with the mains. That both outputs stay off when the mains returns is "
        "not verified."
    )
