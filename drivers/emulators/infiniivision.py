"""A Keysight DSO-X 3024T, as the InfiniiVision Programmer's Guides describe `:WAVeform` and `:DIGitize`.

All channels have one scale; the voltage is at channel 1, and the others see nothing. The trigger comes at once. The
settings of power-on are those that the guide gives for `*RST`.
"""

import numpy as np

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import ScpiBox
from drivers.emulators.digitizer import Levels, VoltageOverTime, block, digitized
from drivers.emulators.scpi import Call

__all__ = ["InfiniiVisionBox"]

FORMATS = {"BYTE": 0, "WORD": 1, "ASC": 4}
TYPES = {"NORM": 0, "PEAK": 1, "AVER": 2, "HRES": 3}
CLIPPED_LOW, CLIPPED_HIGH = 1, 255


class InfiniiVisionBox(ScpiBox):
    """An oscilloscope that sees `voltage_v(time_s)`. triggers: whether a trigger comes. holes: points not acquired."""

    idn = "KEYSIGHT TECHNOLOGIES,DSO-X 3024T,MY00000001,07.50.2021102830"

    def __init__(self, name: str, clock: VirtualClock, voltage_v: VoltageOverTime) -> None:
        self._voltage_v = voltage_v
        self.triggers, self.holes = True, 0
        super().__init__(name, clock)

    def teach(self) -> None:
        """Headers of the guide."""
        tree = self.tree
        self._range_s = self.number("TIMebase:RANGe", 1e-3, low=2e-9, high=500, unit="S")
        self._delay_s = self.number("TIMebase:POSition", 0.0, low=-500, high=500, unit="S")
        self._range_v = self.number("CHANnel#:RANGe", 40.0, low=8e-3, high=80, unit="V")
        self._offset_v = self.number("CHANnel#:OFFSet", 0.0, low=-100, high=100, unit="V")
        self._type = self.choice("ACQuire:TYPE", "NORM", ("NORMal", "PEAK", "AVERage", "HRESolution"))
        self._source = self.choice("WAVeform:SOURce", "CHAN1", tuple(f"CHANnel{n}" for n in range(1, 5)))
        self._format = self.choice("WAVeform:FORMat", "BYTE", ("BYTE", "WORD", "ASCii"))
        self._order = self.choice("WAVeform:BYTeorder", "MSBF", ("MSBFirst", "LSBFirst"))
        self._unsigned = self.switch("WAVeform:UNSigned", True)
        self._points = self.number("WAVeform:POINts", 1000, low=100, high=100_000, form="{:+.0f}")
        tree.add("WAVeform:PREamble", query=lambda _: self._preamble())
        tree.add("WAVeform:DATA", query=lambda _: self._data())
        tree.add("DIGitize", set=self._digitize)
        for header in ("SINGle", "RUN"):
            tree.add(header, set=self._digitize)
        tree.add("STOP", set=lambda _: None)

    def _digitize(self, call: Call) -> None:  # noqa: ARG002 — the channels that are switched on make no difference
        wait_s = self._range_s() if self.triggers else 1e12
        self.busy_until_s = self.clock.now_s + wait_s

    def _scale(self) -> tuple[float, float]:
        """Volts for a level, and the level in the middle, in the format that is chosen."""
        steps = 256 if self._format() == "BYTE" else 65536
        return self._range_v() / steps, steps / 2

    def _levels(self) -> Levels:
        count = round(self._points())
        time_s = self._delay_s() + self._range_s() * (np.arange(count) / count - 0.5)
        volts = self._voltage_v(time_s) if self._source() == "CHAN1" else np.zeros(count)
        if self.over_range:
            volts = volts + 1e6
        return digitized(
            volts - self._offset_v(),
            volts_per_level=self._range_v() / 256,
            zero_level=128,
            bottom=CLIPPED_LOW,
            top=CLIPPED_HIGH,
        )

    def _data(self) -> bytes:
        levels = self._levels()
        if self._format() == "ASC":
            volts = (levels - 128) * self._range_v() / 256 + self._offset_v()
            return block(",".join(f"{value:.5E}" for value in volts).encode("ascii"), 8)
        if self._format() == "BYTE":
            return block((levels if self._unsigned() else levels - 128).astype(np.uint8).tobytes(), 8)
        words = np.where(levels == CLIPPED_LOW, 0x0001, np.where(levels == CLIPPED_HIGH, 0xFFFF, levels << 8))
        words[: self.holes] = 0
        kind = ">u2" if self._order() == "MSBF" else "<u2"
        return block((words if self._unsigned() else words - 32768).astype(kind).tobytes(), 8)

    def _preamble(self) -> str:
        step_v, middle = self._scale()
        count = round(self._points())
        head = f"{FORMATS[self._format()]:+d},{TYPES[self._type()]:+d},{count:+d},+1"
        first_s = self._delay_s() - self._range_s() / 2
        axis = f"{self._range_s() / count:+.8E},{first_s:+.15E},+0"
        return f"{head},{axis},{step_v:+.8E},{self._offset_v():+.6E},{middle:+.0f}"
