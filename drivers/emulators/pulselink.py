"""APE's program pulseLink with a pulseCheck behind it, as the drivers of others describe it; its manual was not seen.

Header and value are parted by `=` or a blank; a leading colon and the case do not matter. Assumed: that a value out of
range is ignored, flagged in `*FRMW?` only, and that settings take 0.3 s.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Answer, Guard

__all__ = ["PulseLinkBox"]

Floats = NDArray[np.floating[Any]]

DEAF_S, TAKEN_OVER_S, SCAN_S = 1.0, 0.3, 0.2
RANGES_FS = (0, 150, 500, 1500, 5000, 15_000, 50_000, 150_000)
RESOLUTIONS = (200, 500, 1000, 1500, 2000)
AVERAGES = ("Off", "Low (2)", "Medium (4)", "High (8)", "Very high (16)")
PARSER_ERROR, PARAMETER_ERROR = 1, 2  # of *FRMW?
ALLOWED: dict[str, range | tuple[int, ...]] = {
    "STATUS:START": (0, 1),
    "STATUS:AVERAGE": range(5),
    "STATUS:RESOLUTION": range(5),
    "STATUS:FITTYPE": range(4),
    "STATUS:FILTER": (0, 1),
    "MOTOR:SCANRANGE": RANGES_FS,
    "DETECTOR:GAIN": range(300, 1001),
    "DETECTOR:AUTOGAIN": (0, 1),
    "DETECTOR:SENSITIVITY": (1, 10, 100),
    "SHUTTER:FIX": (0, 1),
    "SHUTTER:SCAN": (0, 1),
    "XTAL:TUNING": range(500, 11_001),
}
POWER_ON = {"STATUS:RESOLUTION": 1, "MOTOR:SCANRANGE": 15_000, "DETECTOR:GAIN": 500, "DETECTOR:SENSITIVITY": 1}
POWER_ON |= {"SHUTTER:FIX": 1, "SHUTTER:SCAN": 1, "XTAL:TUNING": 5000}


class PulseLinkBox:
    """An autocorrelator that measures `autocorrelation(delay_ps)`, whatever its unit.

    delay_first: whether a pair is (delay, intensity), as one driver has it, or the other way round, as another has it.
    """

    write_end = b""  # text carries its own, a block has none
    read_ends: tuple[bytes, ...] = (b"\r\n", b"\n")

    def __init__(
        self,
        name: str,
        clock: VirtualClock,
        autocorrelation: Callable[[Floats], Floats],
        *,
        delay_first: bool = False,
    ) -> None:
        self.name, self.clock, self.over_range = name, clock, False
        self._autocorrelation, self._delay_first = autocorrelation, delay_first
        self.power_cycle()

    def greeting(self) -> bytes:
        """It says nothing before it is asked."""
        return b""

    def guard(self) -> Guard:
        """What is said in the first second of a connection is lost."""
        hears_s = self.clock.now_s + DEAF_S
        return lambda _: Answer(None) if self.clock.now_s < hears_s else None

    def trip(self) -> None:
        """No interlock here."""

    def power_cycle(self) -> None:
        """Settings of power-on; it does not scan."""
        self._settings = dict.fromkeys(ALLOWED, 0) | POWER_ON
        self._pending: list[tuple[float, str, int]] = []
        self._waiting: dict[str, int] = {}
        self._firmware, self._scanned, self._block = 0, -1, b""

    def answer(self, message: bytes) -> Answer:
        """An answer to a question; a set has none."""
        text = message.decode("latin-1").strip().upper().removeprefix(":")
        self._take_over()
        if text.endswith("?"):
            return self._told(text[:-1])
        header, _, value = text.replace("=", " ", 1).partition(" ")
        self._set({"STA:START": "STATUS:START"}.get(header, header), value.strip())
        return Answer(None)

    def _set(self, header: str, value: str) -> None:
        """What was asked of the detector before is passed on with this command, whatever it is."""
        self._pending += [(self.clock.now_s, waiting, asked) for waiting, asked in self._waiting.items()]
        self._waiting.clear()
        if header not in ALLOWED:
            self._firmware |= PARSER_ERROR
        elif not value.isdigit() or int(value) not in ALLOWED[header]:
            self._firmware |= PARAMETER_ERROR
        elif header.startswith("DETECTOR"):
            self._waiting[header] = int(value)
        else:
            self._pending.append((self.clock.now_s + TAKEN_OVER_S, header, int(value)))

    def _take_over(self) -> None:
        for due_s, header, value in [entry for entry in self._pending if entry[0] <= self.clock.now_s]:
            self._settings[header] = value
            self._pending.remove((due_s, header, value))

    def _told(self, header: str) -> Answer:
        if header in {"ACF:DATA", "ACF:DACF", "ACF:DISPLAYED_ACF"}:
            return Answer(self._trace())
        running = self._settings["STATUS:START"]
        special = {
            "*IDN": "APE GmbH;pulseLink S12345;Software 1.9.3.12;Firmware 787",
            "*OPER": str(2 | 4 | 8),
            "*ERR": str(2 if self.over_range else 0),
            "*FRMW": str(self._firmware),
            "*BUSY": str(6 if running else 1),
            "STATUS:AVERAGE": AVERAGES[self._settings["STATUS:AVERAGE"]],
            "STATUS:RESOLUTION": str(RESOLUTIONS[self._settings["STATUS:RESOLUTION"]]),
            "ACF:FWHM": f"{self._fwhm_ps():.6g}",
        }
        setting = self._settings.get(header)
        text = special.get(header) or ("Parser error" if setting is None else str(setting))
        return Answer(text.encode("ascii") + b"\0\r\n\0")

    def _delays_ps(self) -> Floats:
        half_ps = self._settings["MOTOR:SCANRANGE"] / 2000
        return np.linspace(-half_ps, half_ps, RESOLUTIONS[self._settings["STATUS:RESOLUTION"]])

    def _trace(self) -> bytes:
        """The scan that is over; a scan is asked for once only."""
        if not self._settings["STATUS:START"] or not self._settings["MOTOR:SCANRANGE"]:
            return b"#18Time out"
        if (scan := int(self.clock.now_s / SCAN_S)) != self._scanned:
            delay_ps = self._delays_ps()
            columns = (self._autocorrelation(delay_ps), delay_ps)
            data = np.stack(columns[::-1] if self._delay_first else columns, axis=1).astype("<f8").tobytes()
            self._scanned, self._block = scan, b"#%d%d" % (len(str(len(data))), len(data)) + data
        return self._block

    def _fwhm_ps(self) -> float:
        delay_ps = self._delays_ps()
        trace = self._autocorrelation(delay_ps)
        above = delay_ps[trace >= trace.max() / 2]
        return float(np.ptp(above))
