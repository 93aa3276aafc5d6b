"""A Thorlabs PM100USB with a thermal head, as its operation manual describes it (chapter "SCPI Commands")."""

import math
from collections.abc import Callable

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import ScpiBox
from drivers.emulators.scpi import Call, ScpiError, decimal, flag

__all__ = ["PM100Box"]

SAMPLE_S = 0.0003  # one sample of an average, as the manual's averaging table has it
ZERO_S = 5.0
OVER_RANGE = "9.90000000E+37"


class PM100Box(ScpiBox):
    """A meter that reads `power_w()`; ranges are decades, and a reading above the range is over range."""

    idn = "THORLABS,PM100USB,P2000000,1.7.0"

    def __init__(self, name: str, clock: VirtualClock, power_w: Callable[[], float]) -> None:
        self._power_w = power_w
        super().__init__(name, clock)

    def teach(self) -> None:
        """Headers of the manual, and the settings of power-on."""
        self._zero_until_s, self._configured, self._fetched = 0.0, "POW", "0"
        self._range_w, self._auto = 200.0, True
        tree = self.tree
        tree.add("SYSTem:SENSor:IDN", query=lambda _: '"S425C","200101","01-Jan-2026",2,1,33')
        self._wavelength = self.number("[SENSe]:CORRection:WAVelength", 1064, low=190, high=20_000, form="{:.6E}")
        self._averages = self.number("[SENSe]:AVERage[:COUNt]", 1, low=1, high=100_000, form="{:.0f}")
        self.number("[SENSe]:CORRection:BEAMdiameter", 9, low=0.1, high=100)
        self.number("[SENSe]:CORRection[:LOSS[:INPut[:MAGNitude]]]", 0, low=-60, high=60)
        tree.add("[SENSe]:POWer[:DC]:RANGe[:UPPer]", query=self._range, set=self._set_range)
        tree.add("[SENSe]:POWer[:DC]:RANGe:AUTO", query=lambda _: str(int(self._auto)), set=self._set_auto)
        self._unit = self.choice("[SENSe]:POWer[:DC]:UNIT", "W", ("W", "DBM"))
        tree.add("[SENSe]:CORRection:COLLect:ZERO[:INITiate]", set=lambda _: self._zero())
        tree.add("[SENSe]:CORRection:COLLect:ZERO:STATe", query=lambda _: self._zeroing())
        tree.add("[SENSe]:CORRection:COLLect:ZERO:MAGNitude", query=lambda _: "1.20000000E-06")
        tree.add("CONFigure", query=lambda _: self._configured)
        tree.add("CONFigure[:SCALar]:POWer", set=lambda _: None)
        tree.add("INITiate[:IMMediate]", set=lambda _: self._fetch())
        tree.add("FETCh", query=lambda _: self._fetched)
        tree.add("READ", query=lambda _: self._measured())
        tree.add("MEASure[:SCALar][:POWer]", query=lambda _: self._measured())
        tree.add("MEASure[:SCALar]:TEMPerature", query=lambda _: "2.35000000E+01")

    def _measured(self) -> str:
        self._not_before_s = max(self._not_before_s, self.clock.now_s + self._averages() * SAMPLE_S)
        power_w = self._power_w()
        if self.over_range or (not self._auto and power_w > self._range_w):
            return OVER_RANGE
        if self._unit() == "DBM":
            return f"{10 * math.log10(max(power_w, 1e-15) / 1e-3):.8E}"
        return f"{power_w:.8E}"

    def _fetch(self) -> None:
        self._fetched = self._measured()

    def _zeroing(self) -> str:
        return str(int(self.clock.now_s < self._zero_until_s))

    def _zero(self) -> None:
        self._zero_until_s = self.busy_until_s = self.clock.now_s + ZERO_S

    def _range(self, call: Call) -> str:
        ends = {"MIN": 0.02, "MAX": 200.0}
        if call.arguments and call.only().upper() not in ends:
            raise ScpiError(-224)
        return f"{ends[call.only().upper()] if call.arguments else self._range_w:.8E}"

    def _set_range(self, call: Call) -> None:
        wanted = decimal(call.only(), unit="W", low=0.02, high=200.0)
        self._range_w = next(upper for upper in (0.02, 0.2, 2.0, 20.0, 200.0) if upper >= wanted)
        self._auto = False

    def _set_auto(self, call: Call) -> None:
        self._auto = flag(call.only())
