"""An SRS LDC501, as its operation manual describes it (chapter 4): mnemonics of four letters, tokens, two error codes.

What the pages that were read do not say is a guess, and nothing may lean on it: numbers of execution errors, the sense
of ILOC? in numbers, digits behind the point other than SILM's. In CP mode the current stays where it was.
"""

import re
from collections.abc import Callable

from drivers.emulators.clock import VirtualClock
from drivers.emulators.cooler import Cooler
from drivers.emulators.device import Answer

__all__ = ["LDC500Box"]

IDN = "Stanford Research Systems,LDC501,s/n098023,ver2.00"
LASER_DELAY_S, ERROR_LATENCY_S = 3.0, 0.015
UNDEFINED, ILLEGAL_QUERY, ILLEGAL_SET, MISSING, EXTRA, BAD_FLOAT, UNKNOWN_TOKEN = 2, 3, 4, 5, 6, 9, 14
ILLEGAL_VALUE, NOT_POSSIBLE = 1, 17  # of execution: guesses
NUMBERS = {
    "SILD": (0.0, 0.0, 500.0),
    "SILM": (100.0, 0.0, 500.0),
    "SVLM": (5.0, 0.1, 10.0),
    "RESP": (100.0, 0.0, 1e4),
    "TEMP": (25.0, 0.0, 60.0),
    "TMIN": (0.0, -55.0, 150.0),
    "TMAX": (60.0, -55.0, 150.0),
    "TILM": (1.0, 0.0, 4.5),
    "PILM": (5000.0, 0.0, 5000.0),
}  # fmt: skip — mnemonic → value at delivery, least, greatest
OFF_ON = ("OFF", "ON")
TOKENS = {
    "TOKN": OFF_ON,
    "LDON": OFF_ON,
    "TEON": OFF_ON,
    "SMOD": ("CC", "CP"),
    "RNGE": ("LOW", "HIGH"),
    "TERM": ("NONE", "CR", "LF", "CRLF", "LFCR"),
    "ULOC": ("0", "1"),
}  # fmt: skip — mnemonic → words, in the order of their numbers
ENDS = {"NONE": b"", "CR": b"\r", "LF": b"\n", "CRLF": b"\r\n", "LFCR": b"\n\r"}


class _Mistake(Exception):  # noqa: N818 — what the operator made
    def __init__(self, register: str, code: int) -> None:
        self.register, self.code = register, code
        super().__init__(register, code)


class LDC500Box:
    """A laser diode of `voltage_v(current_a)` with a monitor of `photodiode_a(current_a)`, on an LDC501."""

    read_ends: tuple[bytes, ...] = (b"\n", b"\r")

    def __init__(
        self,
        name: str,
        clock: VirtualClock,
        voltage_v: Callable[[float], float],
        photodiode_a: Callable[[float], float],
    ) -> None:
        self.name, self.clock, self._voltage_v, self._photodiode_a = name, clock, voltage_v, photodiode_a
        self.over_range = False
        self.interlock_closed = True
        self.write_end = b"\n"
        self.numbers = {mnemonic: value for mnemonic, (value, _, _) in NUMBERS.items()}
        self.tokens = {mnemonic: words[0] for mnemonic, words in TOKENS.items()} | {"TERM": "LF", "RNGE": "HIGH"}
        self.power_cycle()

    def power_cycle(self) -> None:
        """Settings are kept (4.3.1); the laser and the cooler are off."""
        self.tokens |= {"LDON": "OFF", "TEON": "OFF", "ULOC": "0"}
        self._on_since_s = self.clock.now_s
        self.cooler = Cooler(self.clock, self.numbers["TEMP"])
        self._errors: dict[str, tuple[int, float]] = {}

    @property
    def emission_current_a(self) -> float:
        """What flows through the diode now, in A."""
        if self.tokens["LDON"] == "OFF" or self.clock.now_s < self._on_since_s + LASER_DELAY_S:
            return 0.0
        current_a = min(self.numbers["SILD"], self.numbers["SILM"]) / 1e3
        return current_a if self._voltage_v(current_a) <= self.numbers["SVLM"] else 0.0

    def trip(self) -> None:
        """The interlock opens: the laser goes off, and stays off when it is closed again."""
        self.interlock_closed = False
        self.tokens["LDON"] = "OFF"

    def greeting(self) -> bytes:
        """It waits for the other side's blank line."""
        return b""

    def answer(self, message: bytes) -> Answer:
        """Every command of a line, in order; each answer has its own end."""
        self._watch_voltage()
        commands = [command.strip() for command in message.decode("latin-1").split(";")]
        replies = [reply.encode("ascii") for command in commands if (reply := self._heard(command)) is not None]
        return Answer(self.write_end.join(replies) if replies else None)

    def _watch_voltage(self) -> None:
        """A voltage above its limit switches off, and nothing but a command switches on again (page 4-18)."""
        flowing = self.tokens["LDON"] == "ON" and self.clock.now_s >= self._on_since_s + LASER_DELAY_S
        if flowing and self.numbers["SILD"] > 0 and self.emission_current_a == 0.0:
            self.tokens["LDON"] = "OFF"

    def _heard(self, command: str) -> str | None:
        try:
            return self._done(command) if command else None
        except _Mistake as mistake:
            self._errors[mistake.register] = mistake.code, self.clock.now_s + ERROR_LATENCY_S
            return None

    def _done(self, command: str) -> str | None:
        found = re.fullmatch(r"(\*?[A-Z]{3,4})(\?)?\s*(.*)", command.upper())
        if not found:
            raise _Mistake("LCME", 1)
        mnemonic, query, rest = found.groups()
        if query:
            return self._asked(mnemonic, rest)
        if mnemonic in self._readings() or mnemonic in {"*IDN", "LEXE", "LCME"}:
            raise _Mistake("LCME", ILLEGAL_SET)
        if mnemonic not in NUMBERS and mnemonic not in TOKENS:
            raise _Mistake("LCME", UNDEFINED)
        if not rest or "," in rest:
            raise _Mistake("LCME", EXTRA if rest else MISSING)
        change = self._set_number if mnemonic in NUMBERS else self._set_token
        change(mnemonic, rest)
        return None

    def _asked(self, mnemonic: str, rest: str) -> str | None:
        if rest:
            raise _Mistake("LCME", EXTRA)
        if mnemonic in {"LEXE", "LCME"}:
            return self._error(mnemonic)
        if mnemonic in NUMBERS:
            return f"{self.numbers[mnemonic]:.3f}"
        if mnemonic == "ILOC":
            return self._told("ILOC", "CLOSED" if self.interlock_closed else "OPEN", ("OPEN", "CLOSED"))
        if mnemonic in TOKENS:
            return self._told(mnemonic, self.tokens[mnemonic], TOKENS[mnemonic])
        if (read := self._readings().get(mnemonic)) is not None:
            return read()
        raise _Mistake("LCME", UNDEFINED)

    def _readings(self) -> dict[str, Callable[[], str]]:
        return {
            "*IDN": lambda: IDN,
            "*OPC": lambda: "1",
            "RILD": lambda: f"{1e3 * self.emission_current_a:.4f}",
            "RVLD": lambda: f"{self._voltage_v(self.emission_current_a):.4f}",
            "RIPD": lambda: f"{1e6 * self._photodiode_a(self.emission_current_a):.4f}",
            "RWPD": lambda: f"{1e6 * self._photodiode_a(self.emission_current_a) / self.numbers['RESP']:.5f}",
            "TTRD": lambda: f"{self.cooler.temperature_c:.4f}",
        }

    def _told(self, mnemonic: str, word: str, words: tuple[str, ...]) -> str:
        return word if mnemonic == "ULOC" or self.tokens["TOKN"] == "ON" else str(words.index(word))

    def _set_number(self, mnemonic: str, text: str) -> None:
        try:
            value = float(text)
        except ValueError:
            raise _Mistake("LCME", BAD_FLOAT) from None
        _, low, high = NUMBERS[mnemonic]
        if mnemonic == "SILD":
            high = self.numbers["SILM"]
        if mnemonic == "SILM":
            high = 500.0 if self.tokens["RNGE"] == "HIGH" else 250.0
        if not low <= value <= high:
            raise _Mistake("LEXE", ILLEGAL_VALUE)
        if mnemonic == "TEMP":
            self.cooler.aim(value)
        self.numbers[mnemonic] = value
        self.numbers["SILD"] = min(self.numbers["SILD"], self.numbers["SILM"])

    def _set_token(self, mnemonic: str, text: str) -> None:
        words = TOKENS[mnemonic]
        word = words[int(text)] if text.isdigit() and int(text) < len(words) else text
        if word not in words:
            raise _Mistake("LCME", UNKNOWN_TOKEN)
        if mnemonic == "LDON" and word == "ON" and not self.interlock_closed:
            raise _Mistake("LEXE", NOT_POSSIBLE)
        if mnemonic == "LDON" and word != self.tokens["LDON"]:
            self._on_since_s = self.clock.now_s
        if mnemonic == "TEON":
            self.cooler.switch(word == "ON")
        self.tokens[mnemonic] = word
        self.write_end = ENDS[self.tokens["TERM"]]
        if mnemonic == "RNGE" and word == "LOW":
            self.numbers["SILM"] = min(self.numbers["SILM"], 250.0)
            self.numbers["SILD"] = min(self.numbers["SILD"], self.numbers["SILM"])

    def _error(self, register: str) -> str:
        code, visible_s = self._errors.get(register, (0, 0.0))
        if self.clock.now_s < visible_s:
            return "0"
        self._errors.pop(register, None)
        return str(code)
