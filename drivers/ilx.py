"""The dialect of ILX Lightwave, Newport and Arroyo: LDX current sources, LDC controllers, milliamperes and °C.

Commands: ILX manuals LDC-3700 (page 93, `LAS:COND?`), LDC-3926339 (pages 50 and 57), LDX-3232 (pages 23, 60, 68 and
78), LDC-3700C (pages 111 and 130); open drivers of Arroyo 6305, Newport 560B and ILX LDC-3900 agree with them.

`LAS:LDI` sets, and `LAS:SET:LDI?` gives back what was set, on every one of these: set point and read-back are the same
quantity. `LAS:LDI?` is what flows, by the manual of the LDC-3926 and the Arroyo driver; it may be 600 ms old. One open
program for the LDX-36000 takes it for the set point. Where that is so `problems` says it.
"""

import re
from enum import KEEP, IntFlag
from typing import ClassVar

from drivers.diode_current import DiodeSource, LimitedCurrent, SlowOutput
from drivers.errors import Refused, WrongReply
from drivers.instrument import Instrument
from drivers.link import Identity, LinkSettings
from drivers.parameter import Choice, Device, Measured, Number, Parameter, Switch

__all__ = ["ILXController", "ILXCurrentSource", "LaserCondition", "TecCondition"]


class LaserCondition(IntFlag, boundary=KEEP):
    """Bits of `LAS:COND?`. INTERLOCK is set while the loop is open, and keeps the output off."""

    CURRENT_LIMIT = 1
    VOLTAGE_LIMIT = 2
    PHOTODIODE_LIMIT = 4  # Arroyo; unused on ILX
    POWER_LIMIT = 8
    INTERLOCK = 16
    COMPLIANCE = 64  # LDX-3232; unused on others
    OPEN_CIRCUIT = 128
    SHORTED = 256
    OUT_OF_TOLERANCE = 512
    ON = 1024


class TecCondition(IntFlag, boundary=KEEP):
    """Bits of `TEC:COND?` on which ILX and Arroyo agree."""

    CURRENT_LIMIT = 1
    VOLTAGE_LIMIT = 2
    HIGH_LIMIT = 8
    SENSOR_OPEN = 64
    MODULE_OPEN = 128
    OUT_OF_TOLERANCE = 512
    ON = 1024


QUIET = LaserCondition.OUT_OF_TOLERANCE.value | LaserCondition.ON.value
"""What both registers say while all is well."""


class _Register(Parameter[IntFlag]):
    """A register of flags, in decimal or, after `RADix Hex`, as `#H108`."""

    def __init__(self, word: str, flags: type[IntFlag], *, doc: str) -> None:
        super().__init__(word, doc=doc)
        self._flags = flags

    def ask(self, device: Device) -> IntFlag:
        reply = device.ask_text(self.question)
        plain = re.fullmatch(r"(\d{1,5})|#H([0-9A-F]{1,4})", reply, re.IGNORECASE | re.ASCII)
        value = -1 if plain is None else int(plain[1]) if plain[1] else int(plain[2], 16)
        if not 0 <= value < 1 << 16:
            device.link.doubt("a register that cannot be")
            raise WrongReply(device.name, f"to {self.question!r} came {reply[:80]!r}, which is no register of 16 bits.")
        return self._flags(value)


class _Mode(Choice):
    """A choice that is a node of the header: `LAS:MODE MDP` is an error (LDX-3232 manual, page 23)."""

    def written(self, device: Device, value: str) -> str:
        return super().written(device, value).replace(" ", ":")


class _NotEverywhere(Number):
    """Left out of `state`: a model that does not know the word would not answer."""

    harmless = False


class ILXCurrentSource(DiodeSource, Instrument):
    """A current source for laser diodes: ILX LDX-3232 and its like, Newport 560B, Arroyo 4300.

    Current flows about 2 s after `output = True` (not verified), which waits for it. A model with a limit for each
    range (LDC-3724: `LAS:LIM:I2`, `LAS:LIM:I5`) is not supported.
    """

    identity = Identity(pattern=r"(ILX\b.*,\s*LDX|NEWPORT\b.*\b5\d\d|ARROYO\b.*\b4[23]\d\d)")
    talks = LinkSettings(timeout_s=3.0)
    roles = ("current_source",)
    confidence = "B"
    at_power_loss = "The output goes off. Not verified: that it stays off at power-on, and which settings are kept."
    switch_on_s = 2.0
    ramp_pause_s = 0.7  # a measured current may be 600 ms old (LDC-3926339 manual, page 50)
    registers: ClassVar[tuple[str, ...]] = ("condition",)

    current_a = LimitedCurrent(
        "LAS:LDI",
        ask="LAS:SET:LDI?",
        unit="A",
        low=0,
        high=220,
        resolution=1e-4,
        scale=1e3,
        doc="Control the set point of the laser's current, in A; never above `current_limit_a`.",
    )  # fmt: skip — one parameter, one block
    current_limit_a = Number(
        "LAS:LIM:I", unit="A", low=0, high=220, resolution=1e-3, scale=1e3,
        doc="Control the current, in A, that is never exceeded.",
    )  # fmt: skip
    measured_current_a = Measured(
        "LAS:LDI?", unit="A", low=-1, high=250, scale=1e3,
        doc="Measure the laser's current, in A; it may be 600 ms old, and on an LDX-36000 it may be the set point.",
    )  # fmt: skip
    diode_voltage_v = Measured("LAS:LDV?", unit="V", low=-5, high=100, doc="Measure the laser's voltage, in V.")
    compliance_v = _NotEverywhere(
        "LAS:LIM:V", unit="V", low=0, high=100, resolution=0.1,
        doc="Control the greatest voltage, in V. Arroyo's word for it is another one, which is not supported.",
    )  # fmt: skip
    photodiode_current_a = Measured(
        "LAS:MDI?", unit="A", low=-1e-4, high=0.1, scale=1e6,
        doc="Measure the photodiode's current, in A; ILX knows `LAS:IPD?` for it as well.",
    )  # fmt: skip
    output = SlowOutput("LAS:OUT", on="1", off="0", doc="Control whether the current source is on.")
    mode = _Mode(
        "LAS:MODE", {"constant current": "ILBW", "constant current, fast": "IHBW", "constant power": "MDP"},
        doc="Control what is held constant: the current, with low or high bandwidth, or the photodiode's power.",
    )  # fmt: skip
    condition = _Register("LAS:COND", LaserCondition, doc="Get the state of the laser's side, all flags at once.")

    @property
    def interlock_closed(self) -> bool:
        """Whether the interlock's loop is closed: bit 16 of the condition is not set."""
        return not self.condition & LaserCondition.INTERLOCK

    def check(self) -> None:
        """Refused with the numbers that `ERR?` gives; it gives all there are, and 0 for none."""
        reply = self.link.query("ERR?")
        if not re.fullmatch(r"\d+(\s*,\s*\d+)*", reply, re.ASCII):
            self.link.doubt("an answer that is no list of errors")
            raise WrongReply(self.name, f"to 'ERR?' came {reply[:80]!r}, which is no list of errors.")
        if told := [code for code in re.split(r"\s*,\s*", reply) if int(code)]:
            raise Refused(self.name, f"refused what it was told: errors {', '.join(told)}.")

    def problems(self) -> list[str]:
        """Flags other than on and out of tolerance; another mode; a measured current that is none."""
        found = []
        for register in self.registers:
            value = getattr(self, register) & ~QUIET
            known = [flag for flag in type(value) if flag & value]
            found += [f"{register}: {str(flag.name).lower().replace('_', ' ')}" for flag in known]
            if rest := int(value) & ~sum(known):
                found.append(f"{register}: bits {rest:#x}, which differ from model to model")
        if (mode := self.mode) == "constant power":
            found.append(f"the mode is {mode}; this program needs constant current")
        if not self.output and self.measured_current_a > self.follows_within_a:
            found.append("it reports a current while its output is off: on this model LAS:LDI? is the set point")
        return found


class ILXController(ILXCurrentSource):
    """A current source and cooler in one: ILX LDC-3700 and LDC-3900 series, Newport 5005, Arroyo 6300.

    A mainframe of several modules (LDC-3900) speaks for the one that is chosen at its panel.
    """

    identity = Identity(pattern=r"(ILX\b.*,\s*LDC|NEWPORT\b.*\b(5005|6\d\d)|ARROYO\b.*\b6[34]\d\d)")
    at_power_loss = (
        "Both outputs go off, and the diode drifts to room temperature. Not verified: that they stay off at power-on, "
        "and which settings are kept."
    )
    registers = ("condition", "tec_condition")

    tec = Switch("TEC:OUT", on="1", off="0", doc="Control whether the temperature is held.")
    temperature_c = Number(
        "TEC:T", ask="TEC:SET:T?", unit="°C", low=-99, high=199, resolution=0.05,
        doc="Control the set point of the temperature, in °C.",
    )  # fmt: skip
    measured_temperature_c = Measured("TEC:T?", unit="°C", low=-150, high=300, doc="Measure the temperature, in °C.")
    high_limit_c = Number(
        "TEC:LIM:THI", unit="°C", low=-99, high=199, resolution=0.1,
        doc="Control the temperature, in °C, at which the cooler is switched off.",
    )  # fmt: skip
    tec_condition = _Register("TEC:COND", TecCondition, doc="Get the state of the cooler's side, all flags at once.")
