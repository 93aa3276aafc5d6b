"""What current sources with words of their own have in common: a set point below a limit, an output, a ramp.

A driver declares `current_a`, `current_limit_a`, `interlock_closed`, `measured_current_a` and `output`, and takes the
rest from here and from `drivers.emission`.
"""

import time
from typing import Protocol, cast

from drivers.emission import CurrentSource, GuardedSwitch, ramp
from drivers.errors import InterlockOpen, WrongReply
from drivers.parameter import Device, Number, Parameter, parameters_of

__all__ = ["DiodeSource", "LimitedCurrent", "SlowOutput", "Word"]


class _Source(CurrentSource, Protocol):
    switch_on_s: float

    @property
    def current_limit_a(self) -> float: ...
    @property
    def interlock_closed(self) -> bool: ...


class LimitedCurrent(Number):
    """A set point that may not lie above the instrument's own `current_limit_a`, which is asked for before every set.

    The instrument would clip it, or drag it along with the limit; then nobody would know what flows.
    """

    def limits(self, device: Device) -> tuple[float, float]:
        """Least and greatest current, in A."""
        low, high = super().limits(device)
        return low, min(high, cast("_Source", device).current_limit_a)


class SlowOutput(GuardedSwitch):
    """An output that gives its current only `switch_on_s` after it was switched on, for who stands there to see.

    A ramp that began meanwhile would end in a jump, so that `output = True` returns after that time.
    """

    def __set__(self, device: Device, value: bool) -> None:
        super().__set__(device, value)
        if value:
            time.sleep(cast("_Source", device).switch_on_s)


class Word(Parameter[bool]):
    """Something that can only be read, as one of two words; a digit is no answer, for its sense is not known."""

    def __init__(self, ask: str, *, true: str, false: str, doc: str = "") -> None:
        super().__init__(ask.removesuffix("?"), ask=ask, doc=doc)
        self._senses = {true.upper(): True, false.upper(): False}

    def ask(self, device: Device) -> bool:
        """Which of the two it is."""
        reply = device.ask_text(self.question)
        if (sense := self._senses.get(reply.upper())) is None:
            device.link.doubt("an answer that is neither of two words")
            words = " nor ".join(self._senses)
            raise WrongReply(device.name, f"{self.name}: to {self.question!r} came {reply[:80]!r}, neither {words}.")
        return sense


class DiodeSource:
    """What a ramp asks of its instrument, answered by the driver's own parameters.

    switch_on_s: between the command and the current. ramp_pause_s: until the measured current follows the set point.
    follows_within_a: how far it may be from a set point of 0.
    """

    switch_on_s: float = 0.0
    ramp_pause_s: float = 0.05
    follows_within_a: float = 1e-3

    @property
    def current_limits_a(self) -> tuple[float, float]:
        """Least and greatest set point now, in A."""
        return _current(self).limits(cast("Device", self))

    def require_current(self, current_a: float) -> None:
        """OutOfRange for a set point that may not be."""
        _current(self).written(cast("Device", self), current_a)

    def require_clear(self) -> None:
        """InterlockOpen while the interlock is open."""
        source = cast("_Source", self)
        if not source.interlock_closed:
            raise InterlockOpen(source.name, "the interlock is open; the output was not switched on.")

    def ramp_to(self, current_a: float, *, step_a: float | None = None) -> None:
        """Bring the set point to a current, in A, in steps (`drivers.emission.ramp`)."""
        ramp(cast("CurrentSource", self), current_a, step_a=step_a, pause_s=self.ramp_pause_s)


def _current(source: DiodeSource) -> LimitedCurrent:
    return cast("LimitedCurrent", parameters_of(type(source))["current_a"])
