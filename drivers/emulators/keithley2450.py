"""A Keithley 2450 in its SCPI command set, as its reference manual (2450-901-01) has it: section 6, appendix B.

The pages read tell no event number for an output that the interlock keeps off; -221 stands for it here.
"""

from drivers.emulators.scpi import Call, ScpiError, word
from drivers.emulators.sourcemeter import SourceMeterBox

__all__ = ["Keithley2450Box"]

OVER_RANGE = "9.9E+37"
METERS = ("VOLTage:DC", "VOLTage", "CURRent:DC", "CURRent", "RESistance")
GUARDED_V = 21.0  # page 6-33: without the interlock a higher voltage cannot be switched on
READING_S = 0.03  # one power-line cycle, and what surrounds it


class Keithley2450Box(SourceMeterBox):
    """A 2450 over a load. Its interlock guards the 200 V range: with an open line a low voltage stays on."""

    idn = "KEITHLEY INSTRUMENTS INC.,MODEL 2450,04000000,1.7.12b"

    def teach(self) -> None:
        """Headers of the manual, and the settings of power-on."""
        self.teach_source()
        self._meter, tree = "CURR", self.tree
        self._limit_v = self.number("SOURce[1]:CURRent:VLIMit[:LEVel]", 21.0, low=0.02, high=210.0, unit="V")
        self._limit_a = self.number("SOURce[1]:VOLTage:ILIMit[:LEVel]", 1.05e-4, low=1e-9, high=1.05, unit="A")
        for limit in ("CURRent:VLIMit", "VOLTage:ILIMit"):
            tree.add(f"SOURce[1]:{limit}[:LEVel]:TRIPped", query=lambda _: str(int(self._limited())))
        tree.add("OUTPut[1]:INTerlock:TRIPped", query=lambda _: str(int(not self._line_open)))
        for quantity in ("CURRent", "VOLTage"):
            self.choice(f"OUTPut[1]:{quantity}:SMODe", "NORM", ("NORMal", "HIMPedance", "ZERO", "GUARd"))
            self.number(f"[:SENSe[1]]:{quantity}[:DC]:NPLCycles", 1.0, low=0.01, high=10.0)
        tree.add("[:SENSe[1]]:FUNCtion[:ON]", query=lambda _: self._told_meter(), set=self._choose)
        tree.add("READ", query=lambda _: self._reading())
        tree.add("*LANG", query=lambda _: "SCPI")

    def told(self, error: ScpiError) -> str:
        """With the kind of event and its time within the quotes."""
        return f'{error.code},"{error.text};1;2026/01/01 00:00:00.000"'

    def next_error(self) -> str:
        """The oldest event, taken out of the log."""
        return super().next_error() if self.errors else '0,"No error;0;0 0"'

    def _line_forbids(self) -> bool:
        highest_v = self._limit_v() if self._function() == "CURR" else abs(self._set_v())
        return self._line_open and highest_v > GUARDED_V

    def _blocked(self) -> ScpiError:
        return ScpiError(-221, "Interlock open")

    def _limits(self) -> tuple[float, float]:
        return self._limit_v(), self._limit_a()

    def _choose(self, call: Call) -> None:
        self._meter = word(call.only(), METERS)[:4].upper()

    def _told_meter(self) -> str:
        return {"VOLT": '"VOLT:DC"', "CURR": '"CURR:DC"'}.get(self._meter, '"RES"')

    def _reading(self) -> str:
        self._not_before_s = max(self._not_before_s, self.clock.now_s + READING_S)
        if self.over_range:
            return OVER_RANGE
        return f"{self._volts() if self._meter == 'VOLT' else self._current_a():.9E}"
