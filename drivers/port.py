"""The lowest layer of a link: bytes out, bytes in, with an end and a time limit. Knows no command and no instrument."""

from typing import Protocol

__all__ = ["PADDING", "Port", "patience_s"]

PADDING = b"\r\n\0 "
"""Bytes that say nothing between two messages: some instruments end a line with more than their end."""

SLOWEST_BYTES_PER_S = 50_000.0  # a serial line at 460,800 baud; a block is given this much more time


def patience_s(timeout_s: float, n_bytes: int) -> float:
    """Time limit for the arrival of `n_bytes`: the time-out, and what the slowest link needs for them."""
    return timeout_s + n_bytes / SLOWEST_BYTES_PER_S


class Port(Protocol):
    """An open connection. `where` is the address for messages; every error is a `LinkError` of `drivers.errors`.

    clears: whether `clear` brings both ends back into step; where it does not, the port is closed and opened again.
    """

    clears: bool

    def send(self, message: bytes) -> None:
        """Send a whole message, its end included. WrongReply where bytes wait that nobody asked for."""

    def receive_until(self, end: bytes, timeout_s: float) -> bytes:
        """One message without its end; ReplyTimeout where it does not arrive whole."""

    def receive_exactly(self, count: int, timeout_s: float) -> bytes | bytearray:
        """The next `count` bytes of a message; ReplyTimeout, WrongReply where they do not come."""

    def finish(self, end: bytes, timeout_s: float) -> None:
        """The message is over: take its end, if it has one. WrongReply where anything else follows."""

    def clear(self) -> None:
        """Throw away what is under way in both directions."""

    def close(self) -> None:
        """Let the connection go; no error, also when it has gone already."""
