"""A box with its faults, on a TCP port: one message after the other, and never before the box has heard."""

import asyncio
import random
from collections.abc import Callable
from typing import cast

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Answer, Box, Guarded
from drivers.emulators.faults import Fault, Faults

__all__ = ["BoxServer", "Conversation", "Service"]

LONGEST_MESSAGE = 1 << 16


class Conversation:
    """One connection to a box: bytes in, answers out through `send`, whoever carries them (TCP, a serial line).

    `hang_up` closes the connection. Messages wait while an answer is late, as they do in a real instrument's buffer.
    """

    def __init__(self, server: "Service", send: Callable[[bytes], None], hang_up: Callable[[], None]) -> None:
        self._server, self._send, self._hang_up = server, send, hang_up
        self._buffer = bytearray()
        self._busy = False
        self._over = False
        self._guard = server.box.guard() if isinstance(server.box, Guarded) else None
        if hello := server.box.greeting():
            send(hello)

    def heard(self, data: bytes) -> None:
        """Bytes came in."""
        self._buffer += data
        self._go_on()
        if len(self._buffer) > LONGEST_MESSAGE and not any(end in self._buffer for end in self._server.box.read_ends):
            self._buffer.clear()

    def over(self) -> None:
        """The other side has gone."""
        self._over = True

    def hang_up(self) -> None:
        """Close it from this side."""
        self._over = True
        self._hang_up()

    def _go_on(self) -> None:
        while not self._busy and not self._over and (message := self._next()) is not None:
            self._treat(message)

    def _next(self) -> bytes | None:
        """The next whole message, cut off at whichever of the box's ends comes first."""
        cuts = [(at, end) for end in self._server.box.read_ends if (at := self._buffer.find(end)) >= 0]
        if not cuts:
            return None
        at, end = min(cuts, key=lambda cut: cut[0])
        message = bytes(self._buffer[:at])
        del self._buffer[: at + len(end)]
        return message

    def _treat(self, message: bytes) -> None:
        server = self._server
        deaf_s = server.deaf_for_s()
        if deaf_s > 0:
            self._later(deaf_s, lambda: self._treat(message))
            return
        answer = (self._guard(message) if self._guard else None) or server.answered(message)
        if answer.data is None:
            return
        fault = server.faults.next()
        wait_s = server.clock.real_s(answer.not_before_s) + (fault.seconds if fault and fault.kind == "late" else 0.0)
        if wait_s > 0:
            self._later(wait_s, lambda: self._give(answer, fault))
        else:
            self._give(answer, fault)

    def _later(self, seconds: float, act: Callable[[], None]) -> None:
        def wake() -> None:
            self._busy = False
            if not self._over:
                act()
                self._go_on()

        self._busy = True
        asyncio.get_running_loop().call_later(seconds, wake)

    def _give(self, answer: Answer, fault: Fault | None) -> None:
        data, end = cast("bytes", answer.data), self._server.box.write_end
        kind = fault.kind if fault else None
        if kind == "drop":
            self.hang_up()
        elif kind == "half":
            self._send(data[: max(1, len(data) // 2)])
        elif kind == "garbage":
            self._send(self._server.garbage(len(data)) + end)
        else:
            self._send(data + end)


class Service:
    """A box and what can go wrong with it, whoever carries its messages: sub-classes listen, here or on a serial line.

    conversation: how a connection is talked on; sub-classes speak HTTP (`drivers.emulators.http_server`).
    """

    conversation: type[Conversation] = Conversation

    def __init__(self, box: Box, clock: VirtualClock) -> None:
        self.box, self.clock = box, clock
        self.faults = Faults()
        self.conversations: set[Conversation] = set()
        self._deaf_until_s = 0.0
        self._stuck: dict[bytes, Answer] | None = None
        self._random = random.Random(0)  # noqa: S311 — garbage for tests, the same in every run

    @property
    def resource(self) -> str:
        """Its VISA resource string."""
        raise NotImplementedError

    async def start(self) -> None:
        """Listen."""
        raise NotImplementedError

    async def stop(self) -> None:
        """Stop listening and hang up."""
        for conversation in list(self.conversations):
            conversation.hang_up()

    def inject(self, fault: Fault) -> None:
        """Make something go wrong; what happens once happens now, the rest with the next answers."""
        if fault.kind == "interlock":
            self.box.trip()
        elif fault.kind == "over_range":
            self.box.over_range = True
        elif fault.kind == "stuck":
            self._stuck = {}
        elif fault.kind == "deaf":
            self._deaf_until_s = asyncio.get_running_loop().time() + fault.seconds
        elif fault.kind == "restart":
            asyncio.get_running_loop().create_task(self._restart(fault.seconds))
        else:
            self.faults.add(fault)

    def heal(self) -> None:
        """Nothing is wrong any more; a tripped interlock stays tripped."""
        self.faults.clear()
        self.box.over_range = False
        self._stuck = None
        self._deaf_until_s = 0.0

    def answered(self, message: bytes) -> Answer:
        """The box's answer; a stuck one repeats itself."""
        if self._stuck is None:
            return self.box.answer(message)
        if message not in self._stuck:
            self._stuck[message] = self.box.answer(message)
        return self._stuck[message]

    def deaf_for_s(self) -> float:
        """Real seconds for which nothing is heard yet."""
        return max(0.0, self._deaf_until_s - asyncio.get_running_loop().time())

    def garbage(self, length: int) -> bytes:
        """Bytes that no instrument means, without its end."""
        letters = self._random.choice((b"%&QX~#@!?", bytes(range(128, 256))))
        return bytes(self._random.choices(letters, k=max(4, min(length, 64))))

    async def _restart(self, seconds: float) -> None:
        await self.stop()
        self.box.power_cycle()
        self.heal()
        await asyncio.sleep(seconds)
        await self.start()


class BoxServer(Service):
    """A box at 127.0.0.1, or wherever it is told to listen; any number of connections at a time."""

    def __init__(self, box: Box, clock: VirtualClock, *, host: str = "127.0.0.1", port: int = 0) -> None:
        super().__init__(box, clock)
        self.host, self.port = host, port
        self._server: asyncio.Server | None = None

    @property
    def resource(self) -> str:
        """Its VISA resource string."""
        return f"TCPIP::{self.host}::{self.port}::SOCKET"

    async def start(self) -> None:
        """Listen; port 0 becomes the one that the system gave."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: _Tcp(self), self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Stop listening and hang up."""
        if self._server:
            self._server.close()
            self._server = None
        await super().stop()


class _Tcp(asyncio.Protocol):
    def __init__(self, server: BoxServer) -> None:
        self._server = server
        self._talk: Conversation | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        wire = cast("asyncio.Transport", transport)
        self._talk = self._server.conversation(self._server, wire.write, wire.close)
        self._server.conversations.add(self._talk)

    def data_received(self, data: bytes) -> None:
        if self._talk:
            self._talk.heard(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 — asyncio's signature
        if self._talk:
            self._talk.over()
            self._server.conversations.discard(self._talk)
