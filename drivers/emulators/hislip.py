"""A box behind HiSLIP 1.0 (IVI-6.1), the protocol of LAN instruments whose messages have an end, a clear and a status.

Two connections make a session: data goes over the one, what must not wait behind data over the other. Spoken here is
what a link needs: opening, messages, device clear and status byte; not locks, triggers, service requests or overlap.
"""

import asyncio
import struct
from collections import deque
from typing import cast

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Box, ScpiBox
from drivers.emulators.server import Conversation, Service

__all__ = ["HislipServer"]

HEADER = struct.Struct("!2sBBIQ")  # "HS", message type, control code, message parameter, length of what follows
INITIALIZE, INITIALIZED, FATAL_ERROR, ERROR, DATA, DATA_END = 0, 1, 2, 3, 6, 7
CLEAR_COMPLETE, CLEAR_ACKNOWLEDGED = 8, 9
MAX_SIZE, MAX_SIZE_ANSWER, ASYNC_INITIALIZE, ASYNC_INITIALIZED = 15, 16, 17, 18
ASYNC_CLEAR, STATUS_QUERY, STATUS_ANSWER, ASYNC_CLEAR_ACKNOWLEDGED = 19, 21, 22, 23
POORLY_FORMED, NO_SECOND_CHANNEL, BAD_BEGINNING, UNKNOWN_TYPE = 1, 2, 3, 1
VERSION, VENDOR = 0x0100, int.from_bytes(b"LC", "big")
LONGEST = 1 << 20  # bytes of one message of the protocol; longer answers go in several
MESSAGE_AVAILABLE = 16  # bit of the status byte


class _Talk(Conversation):
    """What is said over a session's data channel; every answer bears the number of its question."""

    def __init__(self, session: "_Session") -> None:
        self._session, self._questions, self._number = session, deque[tuple[int, bytes]](), 0
        super().__init__(session.server, self._answer, session.hang_up)

    def asked(self, number: int, message: bytes) -> None:
        """A whole message came in; its end is the protocol's, whatever bytes end it besides."""
        ends = [end for end in self._server.box.read_ends if message.endswith(end)]
        self._questions.append((number, message.removesuffix(ends[0]) if ends else message))
        self._go_on()

    def _next(self) -> bytes | None:
        if not self._questions:
            return None
        self._number, message = self._questions.popleft()
        return message

    def _answer(self, data: bytes) -> None:
        """The end of an answer is told by the protocol; half of one has none."""
        whole = data.endswith(self._server.box.write_end)
        most = self._session.most
        for start in range(0, max(1, len(data)), most):
            last = whole and start + most >= len(data)
            self._session.say(DATA_END if last else DATA, 0, self._number, data[start : start + most])
        self._session.available = whole


class _Session:
    """Two channels, and what is said over them."""

    def __init__(self, server: "HislipServer", number: int, channel: "_Channel") -> None:
        self.server, self.number, self.data_channel = server, number, channel
        self.second_channel: _Channel | None = None
        self.most = LONGEST
        self.available = False
        self._message = bytearray()
        self._talk = self._begin()

    def say(self, kind: int, control: int, parameter: int, payload: bytes = b"") -> None:
        """Over the data channel."""
        self.data_channel.say(kind, control, parameter, payload)

    def hang_up(self) -> None:
        """Close both channels."""
        for channel in (self.data_channel, self.second_channel):
            if channel:
                channel.wire.close()

    def over(self) -> None:
        """A channel has gone, and so has the other."""
        self._talk.over()
        self.server.conversations.discard(self._talk)
        self.hang_up()

    def heard(self, kind: int, control: int, parameter: int, payload: bytes) -> bool:
        """A message of the protocol on either channel; False for one that is not known."""
        if kind in {DATA, DATA_END}:
            self._message += payload
            if kind == DATA_END:
                message, self._message, self.available = bytes(self._message), bytearray(), False
                self._talk.asked(parameter, message)
        elif kind == CLEAR_COMPLETE:
            self.say(CLEAR_ACKNOWLEDGED, 0, 0)
        elif self.second_channel is None:
            return False
        elif kind == ASYNC_CLEAR:
            self._abandon()
            self.second_channel.say(ASYNC_CLEAR_ACKNOWLEDGED, 0, 0)
        elif kind == MAX_SIZE and len(payload) == 8:
            self.most = max(1, min(LONGEST, int.from_bytes(payload, "big") - HEADER.size))
            self.second_channel.say(MAX_SIZE_ANSWER, 0, 0, LONGEST.to_bytes(8, "big"))
        elif kind == STATUS_QUERY:
            self.second_channel.say(STATUS_ANSWER, self._status(delivered=bool(control & 1)), 0)
        else:
            return False
        return True

    def _begin(self) -> _Talk:
        talk = _Talk(self)
        self.server.conversations.add(talk)
        return talk

    def _abandon(self) -> None:
        """Device clear: nothing that was asked before will be answered any more."""
        self._talk.over()
        self.server.conversations.discard(self._talk)
        self._message.clear()
        self.available = False
        self._talk = self._begin()

    def _status(self, *, delivered: bool) -> int:
        if delivered:
            self.available = False
        box = self.server.box
        byte = box.status_byte() if isinstance(box, ScpiBox) else 0
        return byte | (MESSAGE_AVAILABLE if self.available else 0)


class _Channel(asyncio.Protocol):
    """One of the two connections: bytes to messages of the protocol."""

    def __init__(self, server: "HislipServer") -> None:
        self._server = server
        self._buffer = bytearray()
        self._session: _Session | None = None
        self.wire: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.wire = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — asyncio's signature
        if self._session:
            self._server.sessions.pop(self._session.number, None)
            self._session.over()

    def say(self, kind: int, control: int, parameter: int, payload: bytes = b"") -> None:
        """Send a message of the protocol."""
        self.wire.write(HEADER.pack(b"HS", kind, control, parameter, len(payload)) + payload)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= HEADER.size and not self.wire.is_closing():
            prologue, kind, control, parameter, length = HEADER.unpack_from(self._buffer)
            if prologue != b"HS" or length > LONGEST:
                return self._refuse(POORLY_FORMED, b"poorly formed message header")
            if len(self._buffer) < HEADER.size + length:
                return None
            payload = bytes(self._buffer[HEADER.size : HEADER.size + length])
            del self._buffer[: HEADER.size + length]
            self._heard(kind, control, parameter, payload)
        return None

    def _heard(self, kind: int, control: int, parameter: int, payload: bytes) -> None:
        if self._session is None:
            self._opened(kind, parameter)
        elif self._session.second_channel is None:
            self._refuse(NO_SECOND_CHANNEL, b"the second channel is not open")
        elif not self._session.heard(kind, control, parameter, payload):
            self.say(ERROR, UNKNOWN_TYPE, 0, b"unrecognized message type")

    def _opened(self, kind: int, parameter: int) -> None:
        """The first message says which of the two channels this is."""
        if kind == INITIALIZE:
            self._session = self._server.session(self)
            self.say(INITIALIZED, 0, VERSION << 16 | self._session.number)
        elif kind == ASYNC_INITIALIZE and (found := self._server.sessions.get(parameter)):
            self._session, found.second_channel = found, self
            self.say(ASYNC_INITIALIZED, 0, VENDOR)
        else:
            self._refuse(BAD_BEGINNING, b"invalid initialization sequence")

    def _refuse(self, code: int, why: bytes) -> None:
        self.say(FATAL_ERROR, code, 0, why)
        self.wire.close()


class HislipServer(Service):
    """A box at 127.0.0.1, or wherever it is told to listen, in the sub-address that the standard calls hislip0."""

    def __init__(self, box: Box, clock: VirtualClock, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(box, clock)
        self.host, self.port = host, port
        self.sessions: dict[int, _Session] = {}
        self._number = 0
        self._server: asyncio.Server | None = None

    @property
    def resource(self) -> str:
        """Its VISA resource string."""
        return f"TCPIP::{self.host}::hislip0,{self.port}::INSTR"

    def session(self, channel: _Channel) -> _Session:
        """A new one; numbers of 16 bits go round."""
        self._number = self._number % 0xFFFF + 1
        self.sessions[self._number] = _Session(self, self._number, channel)
        return self.sessions[self._number]

    async def start(self) -> None:
        """Listen; port 0 becomes the one that the system gave."""
        self._server = await asyncio.get_running_loop().create_server(lambda: _Channel(self), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and hang up."""
        if self._server:
            self._server.close()
            self._server = None
        await super().stop()
