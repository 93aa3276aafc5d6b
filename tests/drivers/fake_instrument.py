"""An instrument on a port that exists only in a test: it can be late, interrupted, away, and somebody else."""

from collections import deque
from collections.abc import Callable

from drivers.errors import LinkLost, NotReachable, ReplyTimeout

__all__ = ["FakeInstrument", "FakePort"]


class FakeInstrument:
    """Answers every question through `answers`; what else can happen is set from outside, and happens once.

    late: the answer comes when nobody waits for it any more. interrupted: Ctrl-C while the answer is waited for.
    away: so many attempts to open fail. clears: whether its ports have a device clear that works.
    """

    def __init__(self, *, clears: bool, answers: Callable[[str], str] = lambda asked: f"answer to {asked}") -> None:
        self.clears, self.answers = clears, answers
        self.idn = "MAKER,MODEL,1,1"
        self.late = self.interrupted = self.clear_fails = False
        self.away = 0
        self.heard: list[str] = []
        self.opened = self.cleared = 0

    def open(self) -> "FakePort":
        """A new connection."""
        if self.away:
            self.away -= 1
            raise NotReachable("fake", "is away.")
        self.opened += 1
        return FakePort(self)


class FakePort:
    """A connection that trusts everybody: it gives whatever came, asked for now or a while ago."""

    def __init__(self, instrument: FakeInstrument) -> None:
        self.instrument, self.clears = instrument, instrument.clears
        self.arrived: deque[bytes] = deque()
        self.under_way: deque[bytes] = deque()
        self.closed = False

    def send(self, message: bytes) -> None:
        """An instrument hears it, and answers questions."""
        instrument, text = self.instrument, message.decode().removesuffix("\n")
        instrument.heard.append(text)
        self.arrived += self.under_way
        self.under_way.clear()
        if text.endswith("?"):
            answer = instrument.idn if text == "*IDN?" else instrument.answers(text)
            (self.under_way if instrument.late or instrument.interrupted else self.arrived).append(answer.encode())

    def receive_until(self, end: bytes, timeout_s: float) -> bytes:
        """The oldest answer that has come."""
        if self.instrument.interrupted:
            self.instrument.interrupted = False
            raise KeyboardInterrupt
        self.instrument.late = False
        if not self.arrived:
            raise ReplyTimeout("fake", "no answer.")
        return self.arrived.popleft()

    def receive_exactly(self, count: int, timeout_s: float) -> bytes:
        """No blocks here."""
        raise NotImplementedError

    def finish(self, end: bytes, timeout_s: float) -> None:
        """No blocks here."""
        raise NotImplementedError

    def clear(self) -> None:
        """Nothing is under way any more; unless that fails."""
        self.instrument.cleared += 1
        if self.instrument.interrupted:
            self.instrument.interrupted = False
            raise KeyboardInterrupt
        if self.instrument.clear_fails:
            raise LinkLost("fake", "went away.")
        self.arrived.clear()
        self.under_way.clear()

    def close(self) -> None:
        """Gone."""
        self.closed = True
