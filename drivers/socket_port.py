"""A stream socket as a port, with what VISA's own path over it lacks.

TCP_NODELAY: with Nagle's algorithm a set followed by a question waits 40 ms for the instrument's delayed
acknowledgement (measured: 22 instead of 1238 steps a second). TCP_QUICKACK, where the system has it: an instrument that
uses Nagle's algorithm waits for ours in the same way, and a trace of 400 kB comes in 0.25 ms instead of 0.4 ms. And a
peer that has gone is noticed at once, where pyvisa-py 0.8.1 spins until the time-out and then reports that.
"""

import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from drivers.errors import LinkLost, ReplyTimeout, WrongReply
from drivers.port import PADDING, patience_s

__all__ = ["Closable", "SocketPort"]

TEXT, HEAD = 1 << 16, 1 << 12  # bytes asked for at a time, where it is not known how many come
SPARE = 16  # bytes of memory behind a block: its end comes with it
QUICKACK: int | None = getattr(socket, "TCP_QUICKACK", None)
CLOSED = "the instrument closed the connection."


class Closable(Protocol):
    """A socket, or the resource that holds one."""

    def close(self) -> object:
        """Let go."""


class SocketPort:
    """A port over a connected TCP socket; `name` goes into messages, `owner` is closed in the socket's stead."""

    clears = False  # a stream has no device clear: only a new connection is surely empty

    def __init__(self, connection: socket.socket, name: str, owner: Closable | None = None) -> None:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.setblocking(False)
        self._socket, self._name, self._owner = connection, name, owner or connection
        self._buffer = bytearray()
        self._readable = _watch(connection)

    @property
    def nodelay(self) -> bool:
        """Whether Nagle's algorithm is off, as the system reports it."""
        return bool(self._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    def send(self, message: bytes) -> None:
        """Send a whole message; WrongReply where bytes wait that nobody asked for."""
        if self._buffer or self._readable(0):
            waiting = bytes(self._buffer) or self._some(0.0, TEXT)
            self._buffer.clear()
            if waiting.strip(PADDING):
                raise WrongReply(self._name, f"sent {waiting[:80]!r}, which nobody had asked for; nothing was sent.")
        try:
            sent = self._socket.send(message)
            while sent < len(message):
                select.select([], [self._socket], [], 1.0)
                sent += self._socket.send(message[sent:])
        except OSError as error:
            raise self._lost(error) from error

    def receive_until(self, end: bytes, timeout_s: float) -> bytes:
        """One message without its end."""
        limit_s = time.monotonic() + timeout_s
        if not self._buffer:
            some = self._some(timeout_s, TEXT)
            if some.endswith(end) and some.find(end) == len(some) - len(
                end
            ):  # the whole answer and nothing else, as nearly always
                return some[: -len(end)]
            self._buffer += some
        looked = 0
        while (at := self._buffer.find(end, looked)) < 0:
            looked = max(0, len(self._buffer) - len(end) + 1)
            self._buffer += self._some(limit_s - time.monotonic(), TEXT)
        return self._taken(at, len(end))

    def receive_exactly(self, count: int, timeout_s: float) -> bytes | bytearray:
        """The next `count` bytes; ReplyTimeout also where nothing more has come for `timeout_s`."""
        limit_s = time.monotonic() + patience_s(timeout_s, count)
        while len(self._buffer) < count <= HEAD:
            self._buffer += self._some(min(timeout_s, limit_s - time.monotonic()), HEAD)
        if len(self._buffer) >= count:
            return self._taken(count)
        block, filled = bytearray(count + SPARE), len(self._buffer)
        with memoryview(block) as place:
            place[:filled] = self._taken(filled)
            while filled < count:
                self._wait(min(timeout_s, limit_s - time.monotonic()))
                filled += self._into(place[filled:])
        self._buffer += block[count:filled]
        del block[count:]
        return block

    def finish(self, end: bytes, timeout_s: float) -> None:
        """Take the end of the message; on a stream there must be one."""
        if rest := self.receive_until(end, timeout_s).strip(PADDING):
            raise WrongReply(self._name, f"{rest[:40]!r} follows a block, where {end!r} should.")

    def clear(self) -> None:
        """A stream cannot be cleared; see `clears`."""
        self._buffer.clear()

    def close(self) -> None:
        """Close the socket, and what holds it."""
        self._owner.close()

    def _taken(self, count: int, end: int = 0) -> bytes:
        """The first bytes; `end` more go with them."""
        taken = bytes(self._buffer[:count])
        del self._buffer[: count + end]
        return taken

    def _some(self, timeout_s: float, most: int) -> bytes:
        """Some bytes; ReplyTimeout after the time, LinkLost where the other side has closed."""
        self._wait(timeout_s)
        try:
            some = self._socket.recv(most)
        except OSError as error:
            raise self._lost(error) from error
        if not some:
            raise LinkLost(self._name, CLOSED)
        return some

    def _into(self, place: memoryview) -> int:
        try:
            count = self._socket.recv_into(place)
        except OSError as error:
            raise self._lost(error) from error
        if not count:
            raise LinkLost(self._name, CLOSED)
        return count

    def _wait(self, timeout_s: float) -> None:
        if QUICKACK is not None:  # the system forgets it again and again
            with suppress(OSError):  # what is wrong is told by what is received
                self._socket.setsockopt(socket.IPPROTO_TCP, QUICKACK, 1)
        if timeout_s < 0 or not self._readable(timeout_s * 1e3):  # below 0: somebody talks on and on
            got = f"; got {bytes(self._buffer[:80])!r}" if self._buffer else ""
            raise ReplyTimeout(self._name, f"no whole answer in time{got}.")

    def _lost(self, error: OSError) -> LinkLost:
        return LinkLost(self._name, f"the connection went away ({error.strerror or error}).")


def _watch(connection: socket.socket) -> Callable[[float], object]:
    """(milliseconds) → whether something can be read within them."""
    if not hasattr(select, "poll"):
        return lambda wait_ms: select.select([connection], [], [], wait_ms / 1e3)[0]
    watching = select.poll()
    watching.register(connection, select.POLLIN)
    return watching.poll
