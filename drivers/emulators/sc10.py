"""A Thorlabs SC10 with one head, as its manual's table of keywords describes it: lower case, an echo, a prompt.

What a tripped interlock does to `ens?` is not in that table; here it disables, and nothing enables before it is closed.
"""

from collections.abc import Callable

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Answer

__all__ = ["SC10Box"]

PROMPT = b"> "
NOT_DEFINED, INVALID = "Command error CMD_NOT_DEFINED", "Command error CMD_ARG_INVALID"


class SC10Box:
    """The controller and its shutter, which is open or closed `travel_s` (of virtual time) after it was told to be."""

    write_end: bytes = PROMPT
    read_ends: tuple[bytes, ...] = (b"\r",)

    def __init__(self, name: str, clock: VirtualClock, *, travel_s: float = 0.01) -> None:
        self.name, self.clock, self.travel_s = name, clock, travel_s
        self.over_range = False
        self.interlock_tripped = False
        self._was_open = self._shall_open = False
        self._arrives_s = 0.0
        self.power_cycle()

    @property
    def is_open(self) -> bool:
        """Whether light passes now."""
        return self._shall_open if self.clock.now_s >= self._arrives_s else self._was_open

    def power_cycle(self) -> None:
        """Disabled, in manual mode; the blade falls closed."""
        self.settings = {"mode": 1, "trig": 0, "xto": 0, "rep": 1, "open": 1000, "shut": 1000, "baud": 0}
        self._enable(False)

    def greeting(self) -> bytes:
        """It says nothing unasked."""
        return b""

    def trip(self) -> None:
        """The interlock opens, and the shutter closes."""
        self.interlock_tripped = True
        self._enable(False)

    def close_interlock(self) -> None:
        """A person has closed the interlock; the shutter stays closed until it is enabled."""
        self.interlock_tripped = False

    def answer(self, message: bytes) -> Answer:
        """The echo, the line of an answer if there is one, and the prompt, which is the end of all it says."""
        text = message.decode("latin-1").lstrip("\n")
        lines = [text, *self._done(text)]
        return Answer("".join(line + "\r" for line in lines).encode("latin-1"))

    def _done(self, text: str) -> list[str]:
        keyword, equals, value = text.partition("=")
        if equals:
            return self._set(keyword, value)
        if text == "ens":
            self._enable(not self._enabled and not self.interlock_tripped)
            return []
        asked = self._questions().get(text)
        return [NOT_DEFINED] if asked is None else [asked()]

    def _questions(self) -> dict[str, Callable[[], str]]:
        questions: dict[str, Callable[[], str]] = {
            "id?": lambda: "THORLABS SC10 VERSION 1.07",
            "ens?": lambda: str(int(self._enabled)),
            "closed?": lambda: str(int(not self.is_open)),
            "interlock?": lambda: str(int(self.interlock_tripped)),
        }
        return questions | {f"{keyword}?": self._reader(keyword) for keyword in self.settings}

    def _reader(self, keyword: str) -> Callable[[], str]:
        return lambda: str(self.settings[keyword])

    def _set(self, keyword: str, value: str) -> list[str]:
        ranges = {"mode": (1, 5), "trig": (0, 1), "xto": (0, 1), "rep": (1, 99), "baud": (0, 1)}
        ranges |= {"open": (0, 999_999), "shut": (0, 999_999)}
        if keyword not in ranges:
            return [NOT_DEFINED]
        low, high = ranges[keyword]
        if not value.isdecimal() or not low <= int(value) <= high:
            return [INVALID]
        self.settings[keyword] = int(value)
        return []

    def _enable(self, wanted: bool) -> None:
        self._enabled = wanted
        if wanted != self._shall_open:
            self._was_open, self._shall_open = self.is_open, wanted
            self._arrives_s = self.clock.now_s + self.travel_s
