"""What the Keithley 2400 and 2450 have in common where they feed a laser diode: a current source, and two meters.

Sources: Series 2400 SourceMeter User's Manual (2400S-900-01 Rev. K), sections 17 and 18; Model 2450 Reference Manual
(2450-901-01 Rev. B), section 6; PyMeasure's drivers of both agree.
"""

from typing import ClassVar

from drivers.emission import GuardedSwitch, ramp
from drivers.errors import InterlockOpen, NotReady, OverRange, WrongReply
from drivers.instrument import ScpiInstrument, number
from drivers.link import LinkSettings
from drivers.parameter import OVER_RANGE, Choice, Number

__all__ = ["GREATEST_A"]

GREATEST_A = 1.05


class _SourceMeter(ScpiInstrument):
    """A SourceMeter that sources current. A reverse current would destroy a laser diode, so that 0 is the least.

    interlock_required: whether the output comes on only with a closed interlock; a bench without one says False.
    """

    talks = LinkSettings(timeout_s=5.0)
    confidence = "A"
    roles = ("current_source",)
    interlock_line: ClassVar[str] = ""

    interlock_required = True

    source = Choice(
        ":SOUR:FUNC",
        {"current": "CURR", "voltage": "VOLT"},
        answers={"CURRENT": "current", "VOLTAGE": "voltage"},
        doc="Control what is sourced; a change switches the output off.",
    )  # fmt: skip — one parameter, one block
    current_a = Number(
        ":SOUR:CURR", unit="A", low=0, high=GREATEST_A, resolution=5e-5, bounded_by_device=True,
        doc="Control the set point of the current, in A, from 0 to 1.05 A.",
    )  # fmt: skip
    output = GuardedSwitch(":OUTP", doc="Control whether the diode has its current; refuses to switch on when unsafe.")
    terminals = Choice(
        ":ROUT:TERM", {"front": "FRON", "rear": "REAR"}, answers={"FRONT": "front"},
        doc="Control which terminals are connected.",
    )  # fmt: skip

    @property
    def interlock_closed(self) -> bool:
        """Whether the interlock's line is as it is with a closed door: 1 is closed, the opposite of Thorlabs."""
        return self._says_one(self.interlock_line)

    @property
    def in_compliance(self) -> bool:
        """Whether the voltage limit, and not the set point, decides what flows."""
        raise NotImplementedError

    @property
    def measured_current_a(self) -> float:
        """What flows, in A; NotReady while the output is off, where these instruments measure nothing."""
        return self._measured("CURR", "measured_current_a", GREATEST_A * 1.05)

    @property
    def diode_voltage_v(self) -> float:
        """The voltage over the diode, in V; NotReady while the output is off."""
        return self._measured("VOLT", "diode_voltage_v", 220.0)

    @property
    def current_limits_a(self) -> tuple[float, float]:
        """Least and greatest set point now, in A."""
        return type(self).current_a.limits(self)

    @property
    def follows_within_a(self) -> float:
        """How far, in A, the measured current may be from a set point of 0: 0.2 % of the greatest."""
        return 2e-3 * GREATEST_A

    def require_current(self, current_a: float) -> None:
        """OutOfRange for a set point that may not be."""
        type(self).current_a.written(self, current_a)

    def require_clear(self) -> None:
        """Have the current source selected, with the output off; InterlockOpen where the interlock is open."""
        if self.interlock_required and not self.interlock_closed:
            raise InterlockOpen(self.name, "the output was not switched on: the interlock is open.")
        if self.source != "current":
            self.source = "current"

    def ramp_to(self, current_a: float, *, step_a: float | None = None, pause_s: float = 0.02) -> None:
        """Bring the set point to a current, in A, in steps (`drivers.emission.ramp`)."""
        ramp(self, current_a, step_a=step_a, pause_s=pause_s)

    def problems(self) -> list[str]:
        """An open interlock, another source than current, and a voltage limit that is reached."""
        found = [] if self.interlock_closed else ["the interlock is open"]
        if self.source != "current":
            found.append("it sources voltage, not current")
        elif self.output and self.in_compliance:
            found.append("the diode needs more than the compliance voltage")
        return found

    def _says_one(self, question: str) -> bool:
        reply = self.ask_number(question)
        if reply not in {0.0, 1.0}:
            self.link.doubt("an answer that is neither 0 nor 1")
            raise WrongReply(self.name, f"to {question!r} came {reply:g}, neither 0 nor 1.")
        return reply == 1.0

    def _measured(self, function: str, what: str, greatest: float) -> float:
        with self.link.lock():
            if not self.output:
                raise NotReady(self.name, f"{what}: the output is off, and nothing is measured.")
            reply = self._read(function)
        value = number(reply)
        if value is not None and abs(value) >= OVER_RANGE:
            raise OverRange(self.name, f"{what}: the instrument reports {value:g}, its code for over range.")
        if value is None or abs(value) > greatest:
            self.link.doubt(f"{what} that cannot be")
            raise WrongReply(self.name, f"{what}: {reply[:80]!r} cannot be.")
        return value

    def _read(self, function: str) -> str:
        """One reading of CURR or VOLT, as it comes."""
        raise NotImplementedError
