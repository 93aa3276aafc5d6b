"""A bench for driver tests: emulated instruments served from a thread, and drivers that play a script."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Box
from drivers.emulators.faults import Fault
from drivers.emulators.server import BoxServer, Service
from drivers.instrument import Instrument
from drivers.link import Link
from drivers.script import Script

T = TypeVar("T")
D = TypeVar("D", bound=Instrument)

FAST = 1000.0  # virtual seconds for one of ours: a sweep of a second takes a millisecond


class Stand:
    """An event loop in a thread of its own; `call` runs something there and waits for it."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def call(self, act: Callable[[], T]) -> T:
        """Run a function in the loop's thread."""

        async def acted() -> T:
            return act()

        return asyncio.run_coroutine_threadsafe(acted(), self.loop).result(10)

    def wait(self, coroutine: Any) -> Any:
        """Run a coroutine to its end."""
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(10)

    def close(self) -> None:
        """End the loop."""
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


class Served:
    """One box on a port of this machine."""

    def __init__(self, stand: Stand, server: Service) -> None:
        self.stand, self.server = stand, server

    @property
    def resource(self) -> str:
        """Its VISA resource string."""
        return self.server.resource

    def inject(self, fault: Fault) -> None:
        """Make something go wrong."""
        self.stand.call(lambda: self.server.inject(fault))

    def heal(self) -> None:
        """All is well again."""
        self.stand.call(self.server.heal)


@contextmanager
def served(box: Box, clock: VirtualClock, server_kind: type[Service] = BoxServer) -> Iterator[Served]:
    """Serve a box while the block runs, on a socket or as `server_kind` does."""
    stand = Stand()
    server = server_kind(box, clock)
    stand.wait(server.start())
    try:
        yield Served(stand, server)
    finally:
        stand.wait(server.stop())
        stand.close()


@contextmanager
def connected(
    kind: type[D], box: Box, clock: VirtualClock, server_kind: type[Service] = BoxServer, **options: Any
) -> Iterator[tuple[D, Served]]:
    """A driver over a real socket, or what `server_kind` serves on, to a served box."""
    with served(box, clock, server_kind) as at:
        driver = kind.at(at.resource, **options)
        try:
            yield driver, at
        finally:
            driver.disconnect()


def scripted(
    kind: type[D], *pairs: tuple[str, str | bytes | None], idn: str | None = None, **options: Any
) -> tuple[D, Script]:
    """A driver that plays (sent, answered) pairs in its own ends; with `idn` it is asked for its identity first.

    An answer of None is none; bytes are taken as they are, end included.
    """
    talks = kind.talks
    told = [(kind.identity.query, idn), *pairs] if idn else list(pairs)
    script = Script([(sent.encode() + talks.write_end, _answer(answer, talks.read_end)) for sent, answer in told])
    link = Link(lambda: script, name=kind.__name__, identity=kind.identity, settings=talks)
    driver = kind(link, **options)
    if not idn:
        link._port = script  # the identity is not this test's subject
    return driver, script


def _answer(answer: str | bytes | None, end: bytes) -> bytes:
    if answer is None:
        return b""
    return answer if isinstance(answer, bytes) else answer.encode() + end
