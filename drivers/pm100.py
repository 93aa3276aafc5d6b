"""Thorlabs power meters PM100D, PM100USB, PM101 and PM400: USBTMC, messages that end with a line feed, watts.

Commands: PM100USB operation manual, chapter "SCPI Commands"; the drivers of PyMeasure, pylablib, QMI, QCoDeS-contrib,
InstrumentKit and Instrumental agree with it.
"""

import time
from dataclasses import dataclass

from drivers.errors import NotReady, WrongReply
from drivers.instrument import ScpiInstrument
from drivers.link import Identity, Link
from drivers.parameter import Choice, Device, Measured, Number, Switch

__all__ = ["PM100", "Sensor"]

MEASURES_POWER, MEASURES_ENERGY, SETS_WAVELENGTH, MEASURES_TEMPERATURE = 1, 2, 32, 256  # flags of SYST:SENS:IDN?
ZEROING_S = 30.0


@dataclass(frozen=True, slots=True)
class Sensor:
    """The head on the meter: what it is, and what it can do (a sum of flags)."""

    name: str
    serial: str
    calibration: str
    flags: int

    @property
    def measures_power(self) -> bool:
        """Whether it gives watts."""
        return bool(self.flags & MEASURES_POWER)


class _Watts(Measured):
    """A reading that is in W: the meter's unit is asked for once on every connection."""

    def ask(self, device: Device) -> float:
        if isinstance(device, PM100):
            device.require_watts()
        return super().ask(device)


class PM100(ScpiInstrument):
    """A Thorlabs optical power meter. A reading over range is `OverRange`, never a number."""

    identity = Identity(pattern=r"THORLABS,PM(100\w*|101\w*|400\w*)")
    confidence = "A"
    roles = ("power_meter",)
    at_power_loss = "Measures nothing; the wavelength correction, range and averaging of power-on apply afterwards."

    wavelength_nm = Number(
        "SENS:CORR:WAV",
        unit="nm",
        low=150,
        high=30_000,
        resolution=0.5,
        bounded_by_device=True,
        doc="Control the wavelength for which the sensor's responsivity is corrected, in nm.",
    )  # fmt: skip — one parameter, one block
    averages = Number(
        "SENS:AVER:COUN", unit="", low=1, high=100_000, resolution=0.5, form="{word} {value:.0f}",
        doc="Control how many samples, of about 0.3 ms each, make a reading.",
    )  # fmt: skip
    range_w = Number(
        "SENS:POW:RANG:UPP", unit="W", low=0, high=1e5, resolution=float("inf"),
        doc="Control the greatest power of the range, in W; the meter takes the next range that holds it.",
    )  # fmt: skip
    auto_range = Switch("SENS:POW:RANG:AUTO", on="1", off="0", doc="Control whether the meter chooses its range.")
    unit = Choice("SENS:POW:UNIT", {"W": "W", "dBm": "DBM"}, doc="Control the unit of readings; this driver wants W.")
    power_w = _Watts("MEAS:POW?", unit="W", low=-1.0, high=1e5, doc="Measure the optical power, in W.")
    zero_w = Measured(
        "SENS:CORR:COLL:ZERO:MAGN?", unit="", low=-1e6, high=1e6,
        doc="Measure what zeroing found, in the sensor's own unit (A or V).",
    )  # fmt: skip

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self._watts_at: int | None = None

    def require_watts(self) -> None:
        """NotReady where the meter tells dBm: 50 of them are 100 W."""
        if self._watts_at == self.link.reopened:
            return
        if (unit := self.unit) != "W":
            raise NotReady(self.name, f"its readings are in {unit}; set its unit to W.")
        self._watts_at = self.link.reopened

    def prepare(self, wavelength_nm: float) -> None:
        """Readings in W, corrected for a wavelength."""
        self.unit = "W"
        self.wavelength_nm = wavelength_nm

    @property
    def sensor(self) -> Sensor:
        """The head as the meter reports it; WrongReply where the answer does not have its six parts."""
        reply = self.link.query("SYST:SENS:IDN?")
        parts = [part.strip().strip('"') for part in reply.split(",")]
        if len(parts) != 6 or not parts[5].isdigit():
            self.link.doubt("an answer that is no sensor")
            raise WrongReply(self.name, f"to 'SYST:SENS:IDN?' came {reply[:80]!r}, which is no sensor.")
        return Sensor(parts[0], parts[1], parts[2], int(parts[5]))

    def zero(self) -> None:
        """Take the present reading as dark: the beam must be blocked. NotReady where that does not end.

        The state query `SENS:CORR:COLL:ZERO:STAT?` is from the PM100D manual's command list and was not seen in an
        independent driver.
        """
        self.set("SENS:CORR:COLL:ZERO")
        limit_s = time.monotonic() + ZEROING_S
        while self.ask_number("SENS:CORR:COLL:ZERO:STAT?"):
            if time.monotonic() > limit_s:
                raise NotReady(self.name, f"zeroing has not ended after {ZEROING_S:g} s.")
            time.sleep(0.05)

    def problems(self) -> list[str]:
        """A head that gives no watts; another unit than W."""
        found = []
        if not (sensor := self.sensor).measures_power:
            found.append(f"the head {sensor.name or 'that is not there'} measures no power")
        if self.unit != "W":
            found.append(f"readings are in {self.unit}; this program needs W")
        return found
