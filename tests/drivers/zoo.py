"""One specimen of every driver, for the laws that all of them must keep. A driver without one fails those tests."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Box
from drivers.emulators.faults import Fault
from drivers.emulators.pm100 import PM100Box
from drivers.instrument import Instrument
from drivers.pm100 import PM100
from tests.drivers.stand import FAST, connected


class Breakable(Protocol):
    """Something with faults on demand."""

    def inject(self, fault: Fault) -> None:
        """Make something go wrong."""

    def heal(self) -> None:
        """All is well again."""


Running = AbstractContextManager[tuple[Instrument, Breakable]]


@dataclass(frozen=True)
class Specimen:
    """A driver over the wire to its emulator.

    serve: (time-out in s) → driver and its breakable twin. read: a measured or set value through the driver, `truth`
    what it is at power-on. write: sets something and reads it back (None: the driver sets nothing). spared: faults that
    this instrument cannot have, each with the reason.
    """

    kind: type[Instrument]
    serve: Callable[[float], Running]
    read: Callable[[Any], float]
    truth: float
    write: Callable[[Any], None] | None
    spared: dict[str, str]


def over_tcp(kind: type[Instrument], box: Callable[[VirtualClock], Box]) -> Callable[[float], Running]:
    """A way to serve a box on a socket."""

    @contextmanager
    def serve(timeout_s: float) -> Iterator[tuple[Instrument, Breakable]]:
        clock = VirtualClock(FAST)
        with connected(kind, box(clock), clock, timeout_s=timeout_s, reconnect_s=2.0) as (driver, at):
            yield driver, at

    return serve


def _set(name: str, value: Any) -> Callable[[Any], None]:
    return lambda driver: setattr(driver, name, value)


SPECIMENS: tuple[Specimen, ...] = (
    Specimen(
        PM100,
        over_tcp(PM100, lambda clock: PM100Box("meter", clock, lambda: 0.184)),
        read=lambda meter: meter.power_w,
        truth=0.184,
        write=_set("wavelength_nm", 515.0),
        spared={"interlock": "a power meter has none"},
    ),
)
