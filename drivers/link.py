"""The link to one instrument: one exchange at a time, an identity that is proved, and doubt after every fault.

After a time-out or an answer that makes no sense nobody knows which answer belongs to which question. So the link is in
doubt: before the next exchange it is cleared, or closed and opened again with growing pauses, the identity is asked
for, and the set points are read again. Only then are values trusted.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from weakref import WeakValueDictionary

from drivers.errors import LinkError, ReplyTimeout, SetPointLost, WrongIdentity, WrongReply
from drivers.message_log import MessageLog
from drivers.port import PADDING, Port

__all__ = ["Identity", "Link", "LinkSettings"]

UNDER_WAY = "an exchange that was broken off"
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.05, 2.0
GREATEST_BLOCK = 1 << 26  # bytes: a length that garbage pretends must not be waited for


@dataclass(frozen=True, slots=True)
class Identity:
    """The question that an instrument answers with what it is, and the pattern (`re.match`) that proves it."""

    query: str = "*IDN?"
    pattern: str = ".+"


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkSettings:
    """How an instrument talks.

    write_end, read_end: ends of messages to and from it. timeout_s: for one answer. reconnect_s: for how long a lost
    link is tried again. pause_s: what the instrument needs between two messages. block_end_s: for how long the end of a
    block is waited for, where the instrument may leave it out; None where it never does.
    """

    write_end: bytes = b"\n"
    read_end: bytes = b"\n"
    timeout_s: float = 2.0
    reconnect_s: float = 5.0
    pause_s: float = 0.0
    block_end_s: float | None = None


class _Lock:
    """A lock that can be held weakly: one for all links over the same wire."""

    def __init__(self) -> None:
        self.lock = threading.RLock()


_LOCKS: WeakValueDictionary[str, _Lock] = WeakValueDictionary()
_LOCKS_LOCK = threading.Lock()


def _lock_of(wire: str) -> _Lock:
    with _LOCKS_LOCK:
        return _LOCKS.setdefault(wire, _Lock())


def _nothing() -> None:
    """Nobody waits for a sign of life."""


class Link:
    """A link that opens itself when it is needed. Every error is one of `drivers.errors`.

    open_port: makes a connection. wire: what is shared with other links (`drivers.visa_port.physical_link`): all of
    them take turns. greet: said first on every new connection, as a login is. verify: called after every recovery.
    alive: called after every exchange and every try to connect, in vain or not: a sign of life of whoever asks.
    """

    def __init__(
        self,
        open_port: Callable[[], Port],
        *,
        name: str,
        identity: Identity,
        settings: LinkSettings | None = None,
        wire: str | None = None,
        log: MessageLog | None = None,
    ) -> None:
        self.name, self.identity, self.settings, self.log = name, identity, settings or LinkSettings(), log
        self.greet: Callable[[Link], None] | None = None
        self.verify: Callable[[], None] | None = None
        self.alive: Callable[[], None] = _nothing
        self.idn = ""
        self.reopened = 0
        self._open_port = open_port
        self._lock = _lock_of(wire) if wire else _Lock()
        self._port: Port | None = None
        self._doubt: str | None = None
        self._proved = False
        self._last_s = 0.0
        self._gave_up_s = -float("inf")

    # ------------------------------------------------------------------------------------------ exchanges

    def query(self, text: str, *, secret: bool = False) -> str:
        """Ask, and give the answer without its end and outer blanks. WrongReply where it is no text.

        secret: what is asked, as a password is, stands neither in the log nor in a message.
        """
        shown = "***" if secret else text
        with self._exchange() as port:
            self._send(port, text, shown)
            reply = port.receive_until(self.settings.read_end, self.settings.timeout_s)
            if self.log:
                self.log.note(self.name, reply + self.settings.read_end, sent=False)
            try:
                return reply.strip(PADDING).decode("ascii").strip()
            except UnicodeDecodeError:
                raise WrongReply(self.name, f"to {shown!r} came {reply[:80]!r}, which is no text.") from None

    def write(self, text: str) -> None:
        """Say something that has no answer."""
        with self._exchange() as port:
            self._send(port, text)

    def query_block(self, text: str) -> bytes | bytearray:
        """Ask for a definite-length block `#<n><length><data>` (IEEE 488.2, 8.7.9); its data."""
        with self._exchange() as port:
            self._send(port, text)
            timeout_s, end = self.settings.timeout_s, self.settings.read_end
            head = port.receive_exactly(2, timeout_s)
            if not re.fullmatch(rb"#[1-9]", head):
                raise WrongReply(self.name, f"to {text!r} came {head!r}, where a block begins with '#' and a digit.")
            digits = port.receive_exactly(int(head[1:]), timeout_s)
            if not digits.isdigit() or (count := int(digits)) > GREATEST_BLOCK:
                raise WrongReply(self.name, f"to {text!r} came a block of {digits!r} bytes.")
            block = port.receive_exactly(count, timeout_s)
            self._finish_block(port)
            if self.log:
                self.log.note(self.name, b"".join((head, digits, block, end)), sent=False)
            return block

    def _finish_block(self, port: Port) -> None:
        short_s = self.settings.block_end_s
        try:
            port.finish(self.settings.read_end, self.settings.timeout_s if short_s is None else short_s)
        except ReplyTimeout:
            if short_s is None:
                raise

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Keep everybody else off the wire for a sequence of exchanges."""
        with self._lock.lock:
            yield

    @contextmanager
    def patience(self, timeout_s: float) -> Iterator[None]:
        """Another time-out for the exchanges of the block, with the wire held."""
        with self._lock.lock:
            before, self.settings = self.settings, replace(self.settings, timeout_s=timeout_s)
            try:
                yield
            finally:
                self.settings = before

    def doubt(self, why: str) -> None:
        """What was heard last cannot be trusted, nor what comes next, until the link has been proved again."""
        self._doubt = self._doubt or why

    # --------------------------------------------------------------------------------------- the connection

    def connect(self) -> str:
        """Open and prove the identity, once, without trying again; gives what the instrument says it is."""
        with self._lock.lock:
            if self._port is None or self._doubt:
                self._close_port()
                self._open_once()
                self._after_recovery()
            return self.idn

    def close(self) -> None:
        """Let the connection go; the next exchange opens it again."""
        with self._lock.lock:
            self._close_port()

    @contextmanager
    def _exchange(self) -> Iterator[Port]:
        with self._lock.lock:
            port = self._ready()
            self._doubt = UNDER_WAY  # from before it begins: a signal may break it off anywhere, even below here
            try:
                yield port
            except BaseException as error:
                self._doubt = str(error) or type(error).__name__
                raise
            finally:
                self.alive()
            self._doubt = None

    def _ready(self) -> Port:
        if self._port is None or self._doubt:
            self._recover()
        assert self._port is not None  # noqa: S101 — recovery opens it or raises
        return self._port

    def _send(self, port: Port, text: str, shown: str | None = None) -> None:
        if self.settings.pause_s:
            time.sleep(max(0.0, self._last_s + self.settings.pause_s - time.monotonic()))
        try:
            message = text.encode("ascii") + self.settings.write_end
        except UnicodeEncodeError:
            raise WrongReply(self.name, f"{shown or text!r} cannot be sent: no instrument reads it.") from None
        if self.log:
            self.log.note(self.name, message if shown in {None, text} else b"***", sent=True)
        port.send(message)
        self._last_s = time.monotonic()

    def _recover(self) -> None:
        """Clear, or reopen with growing pauses; prove the identity; have the set points read again."""
        now_s, pause_s = time.monotonic(), FIRST_PAUSE_S
        # Given up a moment ago: one try tells whether it is back, and a list of dead links does not add up to minutes.
        limit_s = now_s if now_s - self._gave_up_s < self.settings.reconnect_s else now_s + self.settings.reconnect_s
        if self._port is not None and self._port.clears and self._cleared():
            return
        while True:
            self._close_port()
            try:
                self._open_once()
                break
            except WrongIdentity:
                raise
            except LinkError:
                self.alive()  # it is the instrument that is silent
                if time.monotonic() + pause_s > limit_s:
                    self._gave_up_s = time.monotonic()
                    raise
            time.sleep(pause_s)
            pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        self._after_recovery()

    def _cleared(self) -> bool:
        assert self._port is not None  # noqa: S101 — the caller has looked
        try:
            self._port.clear()
            self._doubt = None  # not before: Ctrl-C in the middle of a clear leaves the link as doubtful as it was
            self._prove()
        except LinkError:
            return False
        self._after_recovery()
        return True

    def _open_once(self) -> None:
        self._port = self._open_port()
        self._doubt = None
        try:
            if self.greet:
                self.greet(self)
            self._prove()
        except BaseException:
            self._close_port()
            raise

    def _prove(self) -> None:
        self.idn = self.query(self.identity.query)
        if not re.match(self.identity.pattern, self.idn, re.IGNORECASE):
            told = f"says it is {self.idn!r}, where {self.identity.pattern!r} is expected; nothing else was sent."
            raise WrongIdentity(self.name, told)

    def _after_recovery(self) -> None:
        """The first connection has nothing to verify; every later one has, until it has been done."""
        if self._proved:
            self.reopened += 1
            try:
                if self.verify:
                    self.verify()
            except SetPointLost:
                raise
            except BaseException as error:
                self.doubt(str(error) or type(error).__name__)
                raise
        self._proved = True

    def _close_port(self) -> None:
        if self._port is not None:
            self._port.close()
        self._port, self._doubt = None, None
