"""Tektronix TDS 2012C, TDS5054B and DPO4054, as their programmer manuals describe preambles, headers and `CURVe?`.

The voltage is at channel 1, and the others see nothing. The trigger comes at once, in the middle of the record. Answers
have headers after power-on; the other settings of power-on are a guess.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import ScpiBox
from drivers.emulators.digitizer import VoltageOverTime, block, digitized
from drivers.emulators.scpi import Call, Handler, ScpiError, decimal

__all__ = ["MODELS", "Model", "TektronixBox"]

OLD_ORDER = (
    "BYT_NR",
    "BIT_NR",
    "ENCDG",
    "BN_FMT",
    "BYT_OR",
    "NR_PT",
    "WFID",
    "PT_FMT",
    "XINCR",
    "PT_OFF",
    "XZERO",
    "XUNIT",
    "YMULT",
    "YZERO",
    "YOFF",
    "YUNIT",
)  # fmt: skip — as a TDS2000 answers `WFMPre?`
NEW_ORDER = (
    "BYT_NR",
    "BIT_NR",
    "ENCDG",
    "BN_FMT",
    "BYT_OR",
    "WFID",
    "NR_PT",
    "PT_FMT",
    "XUNIT",
    "XINCR",
    "XZERO",
    "PT_OFF",
    "YUNIT",
    "YMULT",
    "YOFF",
    "YZERO",
    "NR_FR",
)  # fmt: skip — as a TDS5000B answers `WFMOutpre?` (page 813)
FIELDS = {
    "BYT_NR": "BYT_Nr",
    "BIT_NR": "BIT_Nr",
    "ENCDG": "ENCdg",
    "BN_FMT": "BN_Fmt",
    "BYT_OR": "BYT_Or",
    "NR_PT": "NR_Pt",
    "WFID": "WFId",
    "PT_FMT": "PT_Fmt",
    "XINCR": "XINcr",
    "PT_OFF": "PT_Off",
    "XZERO": "XZEro",
    "XUNIT": "XUNit",
    "YMULT": "YMUlt",
    "YZERO": "YZEro",
    "YOFF": "YOFf",
    "YUNIT": "YUNit",
    "NR_FR": "NR_FR",
}  # fmt: skip — field → its node in the manual's notation
ENCODINGS = ("ASCIi", "RIBinary", "RPBinary", "SRIbinary", "SRPbinary")
LEVELS_PER_DIVISION = 25


@dataclass(frozen=True, slots=True)
class Model:
    """idn: how it answers. preamble: its word. points: its record. offset: PT_OFF. whole: XZERO is the first time."""

    idn: str
    preamble: str
    order: tuple[str, ...]
    points: int
    offset: int
    whole: bool


MODELS = {
    "TDS2012C": Model("TEKTRONIX,TDS 2012C,C000001,CF:91.1CT FV:v24.26", "WFMPre", OLD_ORDER, 2500, 0, True),
    "TDS5054B": Model("TEKTRONIX,TDS5054B,B000001,CF:91.1CT FV:3.0", "WFMOutpre", NEW_ORDER, 1000, 500, False),
    "DPO4054": Model("TEKTRONIX,DPO4054,C000001,CF:91.1CT FV:v2.68", "WFMOutpre", NEW_ORDER, 1000, 500, True),
}


class TektronixBox(ScpiBox):
    """An oscilloscope that sees `voltage_v(time_s)`. triggers: whether a trigger comes."""

    def __init__(self, name: str, clock: VirtualClock, voltage_v: VoltageOverTime, *, model: str = "TDS2012C") -> None:
        self._voltage_v, self.model = voltage_v, MODELS[model]
        self.idn = self.model.idn
        self.triggers = True
        super().__init__(name, clock)

    def teach(self) -> None:
        """Headers of the manuals."""
        tree = self.tree
        self._headers, self._envelope = True, False
        self._held: dict[str, float] = {}
        self._encoding, self._source = "RIBINARY", "CH1"
        tree.add("HEADer", query=self._said("HEADER", lambda: str(int(self._headers))), set=self._set_header)
        self._setting("HORizontal[:MAIN]:SCAle", 1e-6, 5e-9, 50)
        self._setting("CH#:SCAle", 1.0, 2e-3, 10)
        self._setting("CH#:POSition", 0.0, -8, 8)
        self._setting("DATa:WIDth", 1, 1, 2)
        self._setting("DATa:STARt", 1, 1, 1e9)
        self._setting("DATa:STOP", self.model.points, 1, 1e9)
        tree.add("DATa:SOUrce", query=self._said("DATA:SOURCE", lambda: self._source), set=self._set_source)
        tree.add("DATa:ENCdg", query=self._said("DATA:ENCDG", lambda: self._encoding), set=self._set_encoding)
        record = self._said("HORIZONTAL:RECORDLENGTH", lambda: str(self.model.points))
        tree.add("HORizontal:RECOrdlength", query=record)
        tree.add("ACQuire:STATE", set=self._acquire)
        tree.add("ACQuire:STOPAfter", set=lambda _: None)
        tree.add("ACQuire:MODe", set=self._set_mode)
        tree.add("ALLEv", query=self._said("ALLEV", self._all_events))
        tree.add("CURVe", query=lambda _: self._curve())
        word = self.model.preamble
        tree.add(word, query=lambda _: self._whole_preamble())
        for field in self.model.order:
            tree.add(f"{word}:{FIELDS[field]}", query=self._field(field))

    # ---------------------------------------------------------------------------------------------- settings

    def _said(self, header: str, answer: Callable[[], str]) -> Handler:
        """A question's answer, with its header where headers are on."""
        return lambda _: f":{header} {answer()}" if self._headers else answer()

    def _field(self, field: str) -> Handler:
        return self._said(f"{self.model.preamble.upper()}:{field}", lambda: self._preamble()[field])

    def _setting(self, pattern: str, value: float, low: float, high: float) -> None:
        header = pattern.replace("[:MAIN]", "").replace("#", "1").upper()
        self._held[header] = value

        def put(call: Call) -> None:
            self._held[header] = decimal(call.only(), low=low, high=high)

        form = "{:.0f}" if header.startswith("DATA") else "{:.4E}"
        self.tree.add(pattern, query=self._said(header, lambda: form.format(self._held[header])), set=put)

    def _set_header(self, call: Call) -> None:
        self._headers = call.only().upper() in {"1", "ON"}

    def _set_source(self, call: Call) -> None:
        if call.only().upper() not in {"CH1", "CH2", "CH3", "CH4"}:
            raise ScpiError(-224)
        self._source = call.only().upper()

    def _set_encoding(self, call: Call) -> None:
        upper = call.only().upper()
        known = [name for name in ENCODINGS if upper in {name.upper(), name.rstrip("abcdefghijklmnopqrstuvwxyz")}]
        if not known:
            raise ScpiError(-224)
        self._encoding = known[0].upper()

    def _set_mode(self, call: Call) -> None:
        self._envelope = call.only().upper().startswith(("PEAK", "ENV"))

    def _acquire(self, call: Call) -> None:
        if call.only().upper() in {"1", "ON", "RUN"}:
            wait_s = 10 * self._held["HORIZONTAL:SCALE"] if self.triggers else 1e12
            self.busy_until_s = self.clock.now_s + wait_s

    def _all_events(self) -> str:
        told = ",".join(self.told(error).lstrip("+-") for error in self.errors)
        self.errors.clear()
        return told or '0,"No events to report - queue empty"'

    # -------------------------------------------------------------------------------------------------- data

    def _span(self) -> tuple[int, int]:
        first, last = round(self._held["DATA:START"]), round(self._held["DATA:STOP"])
        return first, min(last, self.model.points)

    def _curve(self) -> bytes:
        first, last = self._span()
        if first > last:
            raise ScpiError(-221)
        step_s = 10 * self._held["HORIZONTAL:SCALE"] / self.model.points
        time_s = step_s * (np.arange(first - 1, last) - self.model.points / 2)
        volts = self._voltage_v(time_s) if self._source == "CH1" else np.zeros(time_s.size)
        levels = digitized(
            volts + 1e6 if self.over_range else volts,
            volts_per_level=self._held["CH1:SCALE"] / LEVELS_PER_DIVISION,
            zero_level=self._held["CH1:POSITION"] * LEVELS_PER_DIVISION,
            bottom=-128,
            top=127,
        )
        width = round(self._held["DATA:WIDTH"])
        levels = levels * 256 ** (width - 1)
        if self._encoding.startswith("ASC"):
            data = ",".join(str(level) for level in levels).encode("ascii")
        else:
            order = "<" if self._encoding.startswith("S") else ">"
            if "RP" in self._encoding:
                levels = levels + 128 * 256 ** (width - 1)
            sign = "u" if "RP" in self._encoding else "i"
            data = levels.astype(f"{order}{sign}{width}").tobytes()
            data = block(data, len(str(len(data))))
        return b":CURVE " + data if self._headers else data

    def _preamble(self) -> dict[str, str]:
        first, last = self._span()
        width = round(self._held["DATA:WIDTH"])
        per_level = LEVELS_PER_DIVISION * 256 ** (width - 1)
        step_s = 10 * self._held["HORIZONTAL:SCALE"] / self.model.points
        return {
            "BYT_NR": str(width),
            "BIT_NR": str(8 * width),
            "ENCDG": "ASC" if self._encoding.startswith("ASC") else "BIN",
            "BN_FMT": "RP" if "RP" in self._encoding else "RI",
            "BYT_OR": "LSB" if self._encoding.startswith("S") else "MSB",
            "NR_PT": str(last - first + 1),
            "WFID": f'"Ch{self._source[2:]}, DC coupling, 1.0E0 V/div, 1.0E-6 s/div, {self.model.points} points"',
            "PT_FMT": "ENV" if self._envelope else "Y",
            "XINCR": f"{step_s:.6E}",
            "PT_OFF": str(self.model.offset),
            "XZERO": f"{-self.model.points / 2 * step_s:.6E}" if self.model.whole else "0.0000",
            "XUNIT": '"s"',
            "YMULT": f"{self._held['CH1:SCALE'] / per_level:.8E}",
            "YZERO": "0.0E0",
            "YOFF": f"{self._held['CH1:POSITION'] * per_level:.4E}",
            "YUNIT": '"Volts"',
            "NR_FR": "1",
        }

    def _whole_preamble(self) -> str:
        preamble = self._preamble()
        named = [f"{field} {preamble[field]}" if self._headers else preamble[field] for field in self.model.order]
        return (f":{self.model.preamble.upper()}:" if self._headers else "") + ";".join(named)
