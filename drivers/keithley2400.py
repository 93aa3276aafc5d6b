"""Keithley Series 2400 SourceMeters that feed a laser diode: GPIB or RS-232, messages that end with a line feed.

Commands: Series 2400 SourceMeter User's Manual (2400S-900-01), pages 17-5, 18-56, 18-68, 18-72 and B-6; PyMeasure's
driver agrees. `:MEAS?` is never said: it switches the output on (page 17-5), with the present set point.
"""

from drivers.errors import WrongReply
from drivers.link import Identity
from drivers.parameter import Number, Switch
from drivers.sourcemeter import _SourceMeter

__all__ = ["Keithley2400"]

ELEMENTS = "VOLT,CURR"
FUNCTIONS = '"VOLT","CURR"'


class Keithley2400(_SourceMeter):
    """A Keithley 2400, 2401, 2410, 2420, 2425 or 2440 as a source of up to 1.05 A.

    Its interlock is the output-enable line, pin 8 of the digital port: low is closed. The instrument heeds it only
    while `line_watched` is on, so that this driver turns that on before the output comes on. Then an open line
    switches the output off without any program's help. Older firmware calls the line `OUTP:INT` instead.
    """

    identity = Identity(pattern=r"KEITHLEY INSTRUMENTS( INC\.?)?,\s*MODEL 24(00|01|10|20|25|40)\b")
    baud = 9600
    interlock_line = ":OUTP:ENAB:TRIP?"
    at_power_loss = (
        "The current ends with the mains. What the output does when the mains returns depends on the power-on setup "
        "that is stored in the instrument (not verified): store one with the output off."
    )

    compliance_v = Number(
        ":SENS:VOLT:PROT",
        unit="V",
        low=0.2,
        high=210,
        resolution=0.01,
        bounded_by_device=True,
        doc="Control the greatest voltage over the diode, in V.",
    )  # fmt: skip — one parameter, one block
    line_watched = Switch(":OUTP:ENAB", doc="Control whether the output-enable line can keep the output off.")

    @property
    def in_compliance(self) -> bool:
        """Whether the voltage limit, and not the set point, decides what flows."""
        return self._says_one(":SENS:VOLT:PROT:TRIP?")

    def require_clear(self) -> None:
        """Have the line watched and the current source selected; InterlockOpen where the line is open."""
        if self.interlock_required and not self.line_watched:
            self.line_watched = True
        super().require_clear()

    def problems(self) -> list[str]:
        """What every SourceMeter may have, and a line that is not watched."""
        return [*super().problems(), *([] if self.line_watched else ["the output-enable line is not watched"])]

    def _read(self, function: str) -> str:
        """Without its function switched on the instrument reports the set point as if it had been measured."""
        self._prepare()
        parts = self.link.query(":READ?").split(",")
        if len(parts) != len(ELEMENTS.split(",")):
            self.link.doubt("a reading with other parts")
            raise WrongReply(self.name, f"to ':READ?' came {len(parts)} parts, where {ELEMENTS} are expected.")
        return parts[ELEMENTS.split(",").index(function)]

    def _prepare(self) -> None:
        """Both meters on and both readings told, whoever has been at the instrument meanwhile."""
        if not self._prepared():
            self.set(f":SENS:FUNC:CONC ON;:SENS:FUNC {FUNCTIONS};:FORM:ELEM {ELEMENTS}")
            if not self._prepared():
                self.link.doubt("readings of an unknown form")
                raise WrongReply(self.name, "does not take the form in which current and voltage are to be read.")

    def _prepared(self) -> bool:
        told = self.link.query(":FORM:ELEM?").upper().replace(" ", "")
        measured = self.link.query(":SENS:FUNC?").upper()
        return told == ELEMENTS and '"VOLT' in measured and '"CURR' in measured
