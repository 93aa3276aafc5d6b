"""What the emulated Keithley 2400 and 2450 share: two sources, a load that is told by a callable, and two limits."""

from collections.abc import Callable

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import ScpiBox
from drivers.emulators.scpi import Call, ScpiError, flag
from drivers.emulators.series4000 import diode_voltage_v

__all__ = ["SourceMeterBox", "greatest_current"]

GREATEST_A, GREATEST_V = 1.05, 210.0
HALVINGS = 60  # to double precision


def greatest_current(voltage_v: Callable[[float], float], limit_v: float, most_a: float) -> float:
    """The greatest current from 0 to `most_a` at which a load, whose voltage rises with it, has `limit_v` at most."""
    if voltage_v(most_a) <= limit_v:
        return most_a
    low_a, high_a = 0.0, most_a
    for _ in range(HALVINGS):
        middle_a = 0.5 * (low_a + high_a)
        low_a, high_a = (middle_a, high_a) if voltage_v(middle_a) <= limit_v else (low_a, middle_a)
    return low_a


class SourceMeterBox(ScpiBox):
    """A SourceMeter over a load. trip() opens the interlock's line, close_interlock() closes it."""

    def __init__(
        self, name: str, clock: VirtualClock, *, voltage_v: Callable[[float], float] = diode_voltage_v
    ) -> None:
        self._voltage_v = voltage_v
        self._line_open = False
        super().__init__(name, clock)

    @property
    def emission_current_a(self) -> float:
        """What flows through the load, in A; 0 where the output is off."""
        return self._current_a()

    def trip(self) -> None:
        """The line of the interlock opens."""
        self._line_open = True
        if self._line_forbids():
            self._output = False

    def close_interlock(self) -> None:
        """A person closes the interlock; the output stays as it is."""
        self._line_open = False

    def next_error(self) -> str:
        """The oldest error, taken out of the queue; no sign where there is none."""
        return super().next_error() if self.errors else '0,"No error"'

    # ----------------------------------------------------------------------------------------- the two sources

    def teach_source(self) -> None:
        """Source, output and terminals, as both manuals have them."""
        self._output, tree = False, self.tree
        self._function = self.choice("SOURce[1]:FUNCtion[:MODE]", "VOLT", ("VOLTage", "CURRent"), then=self._turned)
        level = "[:LEVel][:IMMediate][:AMPLitude]"
        self._set_a = self.number(
            f"SOURce[1]:CURRent{level}", 0.0, low=-GREATEST_A, high=GREATEST_A, unit="A", form="{:+.6E}"
        )
        self._set_v = self.number(
            f"SOURce[1]:VOLTage{level}", 0.0, low=-GREATEST_V, high=GREATEST_V, unit="V", form="{:+.6E}"
        )
        for quantity, most in (("CURRent", GREATEST_A), ("VOLTage", GREATEST_V)):
            self.number(f"SOURce[1]:{quantity}:RANGe", most, low=-most, high=most, form="{:+.6E}")
            self.switch(f"SOURce[1]:{quantity}:RANGe:AUTO", True)
            self.number(f"[:SENSe[1]]:{quantity}[:DC]:RANGe[:UPPer]", most, low=-most, high=most, form="{:+.6E}")
            self.switch(f"[:SENSe[1]]:{quantity}[:DC]:RANGe:AUTO", True)
        tree.add("OUTPut[1][:STATe]", query=lambda _: str(int(self._output)), set=self._switch)
        self.choice("ROUTe:TERMinals", "FRON", ("FRONt", "REAR"))

    def _turned(self, _: str) -> None:
        self._output = False

    def _switch(self, call: Call) -> None:
        on = flag(call.only())
        if on and self._line_forbids():
            raise self._blocked()
        self._output = on

    def _line_forbids(self) -> bool:
        """Whether an open line keeps the output off now."""
        raise NotImplementedError

    def _blocked(self) -> ScpiError:
        """The error of an output that is kept off."""
        raise NotImplementedError

    def _limits(self) -> tuple[float, float]:
        """The voltage limit of the current source, and the current limit of the voltage source."""
        raise NotImplementedError

    # ------------------------------------------------------------------------------------------------ the load

    def _current_a(self) -> float:
        if not self._output:
            return 0.0
        limit_v, limit_a = self._limits()
        if self._function() == "CURR":
            wanted_a = self._set_a()
            return greatest_current(self._voltage_v, limit_v, wanted_a) if wanted_a > 0 else wanted_a
        return greatest_current(self._voltage_v, self._set_v(), limit_a) if self._set_v() > 0 else 0.0

    def _volts(self) -> float:
        return self._voltage_v(self._current_a())

    def _limited(self) -> bool:
        if not self._output:
            return False
        limit_a = self._limits()[1]
        return self._current_a() < self._set_a() if self._function() == "CURR" else self._current_a() >= limit_a
