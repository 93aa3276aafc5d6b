"""A box on a serial line: a pseudo-terminal, which a program opens as it opens a real one.

What cannot happen to a serial line is made what can. drop: nobody hangs up on a wire; the answer is lost, with whatever
else was being said. restart: the line stays, silent while the box is off; what is sent meanwhile is lost.
"""

import asyncio
import os
from contextlib import suppress

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Box
from drivers.emulators.server import Conversation, Service

__all__ = ["PtyServer"]

CHUNK = 1 << 16
FORGOTTEN = 1 << 24  # bytes that nobody reads: as on a real line, more of them is lost
NOTHING = -1


class PtyServer(Service):
    """A box at the end of a serial line of this machine; OSError where the system has no pseudo-terminals.

    The line is transparent: no echo, no line editing, no change of line ends. Its speed is whatever the host sets, and
    changes nothing. The other end is kept open here too, so that the line outlives the programs that open it.
    """

    def __init__(self, box: Box, clock: VirtualClock) -> None:
        super().__init__(box, clock)
        self.path = ""
        self._line = self._far_end = NOTHING
        self._on = False
        self._talk: Conversation | None = None
        self._unsent = bytearray()

    @property
    def resource(self) -> str:
        """Its VISA resource string."""
        return f"ASRL{self.path}::INSTR"

    async def start(self) -> None:
        """Open the line, unless it is open already, and switch the box on."""
        if self._line == NOTHING:
            self._line, self._far_end = _transparent_line()
            self.path = os.ttyname(self._far_end)
            asyncio.get_running_loop().add_reader(self._line, self._readable)
        self._on = True

    async def stop(self) -> None:
        """Switch the box off and let the line go."""
        await self._off()
        if self._line != NOTHING:
            asyncio.get_running_loop().remove_reader(self._line)
            os.close(self._line)
            os.close(self._far_end)
        self._line = self._far_end = NOTHING

    async def _restart(self, seconds: float) -> None:
        await self._off()
        self.box.power_cycle()
        self.heal()
        await asyncio.sleep(seconds)
        self._on = self._line != NOTHING

    async def _off(self) -> None:
        self._on = False
        await super().stop()
        self._forget_unsent()

    def _hung_up(self) -> None:
        """What was being said is over; the line is not, and the next message begins anew."""
        if self._talk:
            self.conversations.discard(self._talk)
        self._talk = None

    def _readable(self) -> None:
        data = b""
        with suppress(OSError):
            data = os.read(self._line, CHUNK)
        if not data or not self._on:
            return
        if self._talk is None:
            self._talk = self.conversation(self, self._say, self._hung_up)
            self.conversations.add(self._talk)
        self._talk.heard(data)

    def _say(self, data: bytes) -> None:
        if len(self._unsent) + len(data) > FORGOTTEN:
            return
        if not self._unsent:
            asyncio.get_running_loop().add_writer(self._line, self._writable)
        self._unsent += data

    def _writable(self) -> None:
        with suppress(BlockingIOError):
            del self._unsent[: os.write(self._line, self._unsent[:CHUNK])]
        if not self._unsent:
            self._forget_unsent()

    def _forget_unsent(self) -> None:
        self._unsent.clear()
        if self._line != NOTHING:
            asyncio.get_running_loop().remove_writer(self._line)


def _transparent_line() -> tuple[int, int]:
    """The two ends of a pseudo-terminal that passes every byte as it is."""
    try:
        import pty
        import tty
    except ImportError as error:  # Windows
        raise OSError("this system has no pseudo-terminals; serve the box on a socket (BoxServer) instead") from error
    near, far = pty.openpty()
    tty.setraw(far)
    os.set_blocking(near, False)
    return near, far
