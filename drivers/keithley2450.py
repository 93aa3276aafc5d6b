"""Keithley 2450 SourceMeter that feeds a laser diode, in its SCPI command set: USB, LAN or GPIB, line feeds.

Commands: Model 2450 Reference Manual (2450-901-01 Rev. B), pages 6-6, 6-33, 6-72 and B-5; PyMeasure's driver agrees.

The interlock of this instrument guards its 200 V range and nothing else: with an open interlock a diode keeps its
current. It must not be the only thing between an open door and the laser.
"""

from drivers.link import Identity
from drivers.parameter import Number
from drivers.sourcemeter import _SourceMeter

__all__ = ["Keithley2450"]


class Keithley2450(_SourceMeter):
    """A Keithley 2450 as a source of up to 1.05 A. This driver does not switch it on while the interlock is open."""

    identity = Identity(pattern=r"KEITHLEY INSTRUMENTS( INC\.?)?,\s*MODEL 2450\b")
    interlock_line = ":OUTP:INT:TRIP?"
    at_power_loss = (
        "The current ends with the mains. The output is off when the mains returns: so the manual of its sister 2461, "
        "page 6-49; not verified for the 2450."
    )

    compliance_v = Number(
        ":SOUR:CURR:VLIM",
        unit="V",
        low=0.02,
        high=210,
        resolution=0.01,
        bounded_by_device=True,
        doc="Control the greatest voltage over the diode, in V.",
    )  # fmt: skip — one parameter, one block

    @property
    def in_compliance(self) -> bool:
        """Whether the voltage limit, and not the set point, decides what flows."""
        return self._says_one(":SOUR:CURR:VLIM:TRIP?")

    @property
    def command_set(self) -> str:
        """What the instrument understands: SCPI, TSP or SCPI2400; this driver needs SCPI."""
        return self.link.query("*LANG?")

    def problems(self) -> list[str]:
        """Another command set, in which nothing else can be asked; and what every SourceMeter may have."""
        if (spoken := self.command_set.upper()) != "SCPI":
            return [f"its command set is {spoken}; this driver needs SCPI (menu: System, Settings)"]
        return super().problems()

    def _read(self, function: str) -> str:
        """The instrument has one meter, which is switched to what is asked for."""
        if not self.link.query(":SENS:FUNC?").upper().startswith(f'"{function}'):
            self.set(f':SENS:FUNC "{function}"')
        return self.link.query(":READ?")
