"""A Keithley 2400, as its user's manual (2400S-900-01) has it: sections 17 and 18, appendix B.

Settings of `*RST` that the pages read do not tell (the line not watched, the current meter alone on) are not verified.
"""

from drivers.emulators.scpi import Call, ScpiError, word
from drivers.emulators.sourcemeter import SourceMeterBox

__all__ = ["Keithley2400Box"]

NO_NUMBER = "+9.910000E+37"
OVER_RANGE = "+9.900000E+37"
ELEMENTS = ("VOLTage", "CURRent", "RESistance", "TIME", "STATus")
METERS = ("VOLTage:DC", "VOLTage", "CURRent:DC", "CURRent", "RESistance")
CYCLE_S = 0.02
IN_COMPLIANCE = 8  # of the status word


class Keithley2400Box(SourceMeterBox):
    """A 2400 over a load; the line at pin 8 switches the output off while it is watched.

    A set point that is not measured is told as if it were, and a quantity that is not measured as 9.91E37.
    """

    idn = "KEITHLEY INSTRUMENTS INC.,MODEL 2400,1200000,C33   Mar 31 2015 09:32:39/A02  /K/J"

    def teach(self) -> None:
        """Headers of the manual, and the settings of power-on."""
        self.teach_source()
        self._elements: tuple[str, ...] = ELEMENTS
        self._meters, tree = ["CURR"], self.tree
        self._limit_v = self.number("[:SENSe[1]]:VOLTage[:DC]:PROTection[:LEVel]", 21.0, low=0.2, high=210.0, unit="V")
        self._limit_a = self.number("[:SENSe[1]]:CURRent[:DC]:PROTection[:LEVel]", 1.05e-4, low=1e-9, high=1.05)
        for quantity in ("VOLTage", "CURRent"):
            header = f"[:SENSe[1]]:{quantity}[:DC]:PROTection:TRIPped"
            tree.add(header, query=lambda _: str(int(self._limited())))
        self._watched = self.switch("OUTPut[1]:ENABle[:STATe]", False, then=self._watch)
        tree.add("OUTPut[1]:ENABle:TRIPped", query=lambda _: str(int(not self._line_open)))
        self.choice("OUTPut[1]:SMODe", "NORM", ("NORMal", "HIMPedance", "ZERO", "GUARd"))
        self._off_again = self.switch("SOURce[1]:CLEar:AUTO", False)
        self._teach_meters()
        self._teach_trigger()

    def _teach_meters(self) -> None:
        self._cycles, tree = 1.0, self.tree
        self._together = self.switch("[:SENSe[1]]:FUNCtion:CONCurrent", True)
        for quantity in ("VOLTage", "CURRent", "RESistance"):
            header = f"[:SENSe[1]]:{quantity}[:DC]:NPLCycles"
            self.number(header, 1.0, low=0.01, high=10.0, then=self._integrate)
        self.choice("[:SENSe[1]]:RESistance:MODE", "MAN", ("MANual", "AUTO"))
        tree.add("[:SENSe[1]]:FUNCtion[:ON]", query=self._told_meters, set=self._choose)
        tree.add("[:SENSe[1]]:FUNCtion[:ON]:ALL", set=lambda _: self._measure_all())
        tree.add("FORMat:ELEMents[:SENSe[1]]", query=self._told_elements, set=self._choose_elements)
        self.choice("FORMat[:DATA]", "ASC", ("ASCii", "REAL"))
        tree.add("MEASure:CURRent[:DC]", query=lambda _: self._one_shot("CURR"))
        tree.add("MEASure:VOLTage[:DC]", query=lambda _: self._one_shot("VOLT"))
        tree.add("READ", query=lambda _: self._reading())

    def _teach_trigger(self) -> None:
        self.number("TRIGger:COUNt", 1, low=1, high=2500, form="{:.0f}")
        self.number("ARM:COUNt", 1, low=1, high=2500, form="{:.0f}")
        self.tree.add("ABORt", set=lambda _: None)
        self.tree.add("STATus:PRESet", set=lambda _: None)

    # ------------------------------------------------------------------------------------------- the line, pin 8

    def _line_forbids(self) -> bool:
        return self._line_open and self._watched()

    def _blocked(self) -> ScpiError:
        return ScpiError(802, "OUTPUT blocked by output enable")

    def _watch(self, on: bool) -> None:
        if on and self._line_open:
            self._output = False

    def _limits(self) -> tuple[float, float]:
        return self._limit_v(), self._limit_a()

    # ----------------------------------------------------------------------------------------------- the meters

    def _integrate(self, cycles: float) -> None:
        """One integration time for all meters."""
        self._cycles = cycles

    def _choose(self, call: Call) -> None:
        if not call.arguments:
            raise ScpiError(-109)
        chosen = [word(argument, METERS)[:4].upper() for argument in call.arguments]
        self._meters = sorted({*self._meters, *chosen}) if self._together() else chosen[-1:]

    def _measure_all(self) -> None:
        self._meters = ["VOLT", "CURR", "RES"]

    def _told_meters(self, _: Call) -> str:
        long = {"VOLT": '"VOLT:DC"', "CURR": '"CURR:DC"'}
        return ",".join(long.get(meter, '"RES"') for meter in self._meters)

    def _choose_elements(self, call: Call) -> None:
        chosen = {word(argument, ELEMENTS) for argument in call.arguments}
        self._elements = tuple(element for element in ELEMENTS if element in chosen)

    def _told_elements(self, _: Call) -> str:
        return ",".join("".join(c for c in element if c.isupper()) for element in self._elements)

    def _one_shot(self, meter: str) -> str:
        """`:MEAS?` switches the output on, and leaves it on (page 17-5)."""
        if self._line_forbids():
            raise self._blocked()
        self._meters, self._output = [meter], True
        return self._reading()

    def _reading(self) -> str:
        if not self._output and not self._off_again():
            raise ScpiError(803, "Not permitted with OUTPUT off")
        self._output = self._output or not self._line_forbids()
        self._not_before_s = max(self._not_before_s, self.clock.now_s + CYCLE_S * self._cycles * len(self._meters))
        told = ",".join(self._element(element) for element in self._elements)
        self._output = self._output and not self._off_again()
        return told

    def _element(self, element: str) -> str:
        if element == "TIME":
            return f"{self.clock.now_s:+.6E}"
        if element == "STATus":
            return f"{IN_COMPLIANCE * self._limited():+.6E}"
        if element == "RESistance":
            return NO_NUMBER
        meter, value, source = {
            "VOLTage": ("VOLT", self._volts, self._set_v),
            "CURRent": ("CURR", self._current_a, self._set_a),
        }[element]
        if meter in self._meters:
            return OVER_RANGE if self.over_range else f"{value():+.6E}"
        return f"{source():+.6E}" if self._function() == meter else NO_NUMBER
