"""Instruments whose errors are seen in the standard event register (IEEE 488.2, 11.5.1.1), which reading clears."""

from typing import ClassVar

from drivers.errors import Refused, WrongReply
from drivers.instrument import Instrument

__all__ = ["EventChecked"]

ERRORS = {32: "command error", 16: "execution error", 8: "device error", 4: "query error"}


class EventChecked(Instrument):
    """A driver that reads `*ESR?` after every set. explanation: a question for the errors in words, if there is one."""

    explanation: ClassVar[str | None] = None

    def check(self) -> None:
        """Refused with the kinds of errors since the register was last read."""
        if found := self.events():
            told = self.ask_text(self.explanation) if self.explanation else "no more is known"
            raise Refused(self.name, f"refused what it was told: {', '.join(found)} ({told[:200]}).")

    def events(self) -> list[str]:
        """The kinds of errors in the register, which is empty afterwards."""
        value = self.ask_number("*ESR?")
        if value != int(value) or not 0 <= value < 256:
            self.link.doubt("an event register that cannot be")
            raise WrongReply(self.name, f"to '*ESR?' came {value:g}, which is no register of 8 bits.")
        return [word for bit, word in ERRORS.items() if int(value) & bit]
