"""An instrument that knows its part by heart: a port that plays (sent, answered) pairs, strictly in order.

The pairs come from a manual's page, in a test, or from a log (`drivers.message_log`), to see again what happened.
"""

from collections.abc import Iterable

from drivers.errors import ReplyTimeout, WrongReply
from drivers.port import PADDING

__all__ = ["Script"]


class Script:
    """A port over pairs of bytes; an answer holds its end, b"" is none. `pairs` keeps what has not been played.

    AssertionError where something else is sent than the next pair has, or while an answer waits to be read.
    """

    clears = True

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]], name: str = "script") -> None:
        self.pairs = list(pairs)
        self._name = name
        self._buffer = b""

    def send(self, message: bytes) -> None:
        """Take the next pair."""
        if self._buffer:
            raise AssertionError(f"sent {message!r} while {self._buffer!r} waits to be read")
        if not self.pairs:
            raise AssertionError(f"sent {message!r}, the script is over")
        expected, answer = self.pairs.pop(0)
        if message != expected:
            raise AssertionError(f"sent {message!r}, the script has {expected!r}")
        self._buffer = answer

    def receive_until(self, end: bytes, timeout_s: float) -> bytes:  # noqa: ARG002 — a script waits for nobody
        """The answer up to its end; ReplyTimeout where it has none."""
        at = self._buffer.find(end)
        if at < 0:
            got, self._buffer = self._buffer, b""
            raise ReplyTimeout(self._name, f"no whole answer in time; got {got!r}.")
        message, self._buffer = self._buffer[:at], self._buffer[at + len(end) :]
        return message

    def receive_exactly(self, count: int, timeout_s: float) -> bytes:  # noqa: ARG002
        """The next bytes of the answer."""
        if len(self._buffer) < count:
            got, self._buffer = self._buffer, b""
            raise ReplyTimeout(self._name, f"no whole answer in time; got {got!r}.")
        block, self._buffer = self._buffer[:count], self._buffer[count:]
        return block

    def finish(self, end: bytes, timeout_s: float) -> None:
        """Take the end of a block."""
        if rest := self.receive_until(end, timeout_s).strip(PADDING):
            raise WrongReply(self._name, f"{rest!r} follows a block, where its end should.")

    def clear(self) -> None:
        """Forget what waits to be read."""
        self._buffer = b""

    def close(self) -> None:
        """Nothing is held."""
