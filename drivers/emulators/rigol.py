"""A Rigol DS1104Z, as the DS1000Z Programming Guide describes `:WAVeform` and `:SINGle`.

All channels have one scale; the voltage is at channel 1, and the others see nothing. The trigger comes at once. The
settings of power-on are a guess.
"""

import numpy as np

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import ScpiBox
from drivers.emulators.digitizer import VoltageOverTime, block, digitized
from drivers.emulators.scpi import Call, ScpiError, word

__all__ = ["RigolBox"]

FORMATS = {"BYTE": 0, "WORD": 1, "ASC": 2}
MODES = {"NORM": 0, "MAX": 1, "RAW": 2}
SCREEN_POINTS, DIVISIONS, REFERENCE = 1200, 12, 127
GREATEST_READ = {"BYTE": 250_000, "WORD": 125_000, "ASC": 15_625}
DEPTHS = ("12000", "120000", "1200000", "12000000")


class RigolBox(ScpiBox):
    """An oscilloscope that sees `voltage_v(time_s)`. triggers: whether a trigger comes."""

    idn = "RIGOL TECHNOLOGIES,DS1104Z,DS1ZA000000001,00.04.04.SP3"

    def __init__(self, name: str, clock: VirtualClock, voltage_v: VoltageOverTime) -> None:
        self._voltage_v = voltage_v
        self.triggers = True
        super().__init__(name, clock)

    def teach(self) -> None:
        """Headers of the guide."""
        tree = self.tree
        self._running, self._waits_until_s, self._depth = True, 0.0, DEPTHS[0]
        self._span = [1, SCREEN_POINTS]
        self._scale_s = self.number("TIMebase[:MAIN]:SCALe", 1e-6, low=5e-9, high=50, unit="S")
        self._scale_v = self.number("CHANnel#:SCALe", 1.0, low=1e-2, high=100, unit="V")
        self._offset_v = self.number("CHANnel#:OFFSet", 0.0, low=-100, high=100, unit="V")
        self._source = self.choice("WAVeform:SOURce", "CHAN1", tuple(f"CHANnel{n}" for n in range(1, 5)))
        self._mode = self.choice("WAVeform:MODE", "NORM", ("NORMal", "MAXimum", "RAW"))
        self._format = self.choice("WAVeform:FORMat", "BYTE", ("BYTE", "WORD", "ASCii"))
        tree.add("ACQuire:MDEPth", query=lambda _: self._depth, set=self._set_depth)
        tree.add("WAVeform:STARt", query=lambda _: str(self._span[0]), set=lambda call: self._set(0, call))
        tree.add("WAVeform:STOP", query=lambda _: str(self._span[1]), set=lambda call: self._set(1, call))
        tree.add("WAVeform:PREamble", query=lambda _: self._preamble())
        tree.add("WAVeform:DATA", query=lambda _: self._data())
        tree.add("SINGle", set=lambda _: self._single())
        tree.add("RUN", set=lambda _: self._run(True))
        tree.add("STOP", set=lambda _: self._run(False))
        tree.add("TRIGger:STATus", query=lambda _: self._state())

    # ----------------------------------------------------------------------------------------- acquisition

    def _single(self) -> None:
        self._running = False
        self._waits_until_s = self.clock.now_s + (DIVISIONS * self._scale_s() if self.triggers else 1e12)

    def _run(self, running: bool) -> None:
        self._running, self._waits_until_s = running, 0.0

    def _state(self) -> str:
        if self._running:
            return "TD"
        return "WAIT" if self.clock.now_s < self._waits_until_s else "STOP"

    def _set_depth(self, call: Call) -> None:
        self._depth = word(call.only(), DEPTHS)

    def _set(self, index: int, call: Call) -> None:
        value = call.only()
        if not value.isdigit() or not 1 <= int(value) <= self._points():
            raise ScpiError(-222)
        self._span[index] = int(value)

    # ------------------------------------------------------------------------------------------------ data

    def _in_memory(self) -> bool:
        return self._mode() == "RAW" or (self._mode() == "MAX" and self._state() == "STOP")

    def _points(self) -> int:
        return int(self._depth) if self._in_memory() else SCREEN_POINTS

    def _step_s(self) -> float:
        return DIVISIONS * self._scale_s() / self._points()

    def _y(self) -> tuple[float, int]:
        """Volts for a level, and YORigin in levels."""
        step_v = self._scale_v() / 25
        return step_v, round(self._offset_v() / step_v)

    def _data(self) -> bytes:
        first, last = self._span
        if self._in_memory() and self._state() != "STOP":
            raise ScpiError(-221)
        if not first <= last or last - first + 1 > GREATEST_READ[self._format()]:
            raise ScpiError(-222)
        step_v, origin = self._y()
        time_s = self._step_s() * (np.arange(first - 1, last) - self._points() / 2)
        volts = self._voltage_v(time_s) if self._source() == "CHAN1" else np.zeros(time_s.size)
        volts = volts + 1e6 if self.over_range else volts
        levels = digitized(volts, volts_per_level=step_v, zero_level=origin + REFERENCE, bottom=0, top=255)
        if self._format() == "ASC":
            return block(",".join(f"{(x - origin - REFERENCE) * step_v:.6e}" for x in levels).encode("ascii"), 9)
        return block(levels.astype("u1" if self._format() == "BYTE" else "<u2").tobytes(), 9)

    def _preamble(self) -> str:
        step_v, origin = self._y()
        points, step_s = self._points(), self._step_s()
        head = f"{FORMATS[self._format()]},{MODES[self._mode()]},{points},1"
        return f"{head},{step_s:.6e},{-points / 2 * step_s:.6e},0,{step_v:.6e},{origin},{REFERENCE}"
