"""Threads that share an instrument: every one gets the answers to its own questions, and no other."""

import threading
from collections.abc import Callable, Sequence
from functools import partial

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import ScpiBox
from drivers.instrument import ScpiInstrument
from drivers.link import Identity, Link
from tests.drivers.fake_instrument import FakeInstrument, FakePort
from tests.drivers.stand import FAST, connected

QUESTIONS = 6000


class EchoBox(ScpiBox):
    """An instrument that answers `ECHO? <number>` with the number, and can be set to one."""

    idn = "MAKER,ECHO,1,1"

    def teach(self) -> None:
        """The echo, and a level."""
        self.tree.add("ECHO", query=lambda call: call.only())
        self.number("LEVel", 0, low=0, high=1e9, form="{:.0f}")


class Echo(ScpiInstrument):
    """Its driver."""

    identity = Identity(pattern="MAKER,ECHO")

    def wrong_answers(self, first: int, count: int) -> list[int]:
        """The questions that were answered with something else."""
        return [number for number in range(first, first + count) if self.link.query(f"ECHO? {number}") != str(number)]

    def wrong_levels(self, first: int, count: int) -> list[int]:
        """As above, of numbers set and read back in two steps with the wire held."""
        wrong = []
        for number in range(first, first + count):
            with self.link.lock():
                self.set(f"LEV {number}")
                if self.link.query("LEV?") != str(number):
                    wrong.append(number)
        return wrong


def in_threads(works: Sequence[Callable[[], list[int]]]) -> list[int]:
    """Run all at once; all that they found."""
    found: list[int] = []
    failed: list[BaseException] = []

    def run(work: Callable[[], list[int]]) -> None:
        try:
            found.extend(work())
        except BaseException as error:  # noqa: BLE001 — told below, in the test's own thread
            failed.append(error)

    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed
    return found


@pytest.mark.parametrize("threads", [2, 4])
def test_threads_on_one_link_get_their_own_answers(threads: int) -> None:
    clock = VirtualClock(FAST)
    each = QUESTIONS // threads
    with connected(Echo, EchoBox("echo", clock), clock) as (echo, _):
        works = [partial(echo.wrong_answers, n * each, each) for n in range(threads)]
        assert in_threads(works) == []


def test_what_is_set_with_the_wire_held_is_what_is_read_back() -> None:
    clock = VirtualClock(FAST)
    with connected(Echo, EchoBox("echo", clock), clock) as (echo, _):
        works = [partial(echo.wrong_levels, n * 1000, 300) for n in range(3)]
        assert in_threads(works) == []


class OneBus:
    """A wire that knows when two exchanges are on it at a time."""

    def __init__(self) -> None:
        self.talking = 0
        self.collisions = 0

    def port(self, instrument: FakeInstrument) -> FakePort:
        """A connection to an instrument on this wire."""
        bus, found = self, instrument.open()

        class BusPort(FakePort):
            def send(self, message: bytes) -> None:
                bus.talking += 1
                bus.collisions += bus.talking > 1
                super().send(message)

            def receive_until(self, end: bytes, timeout_s: float) -> bytes:
                answer = super().receive_until(end, timeout_s)
                bus.talking -= 1
                return answer

        return BusPort(found.instrument)


def test_instruments_on_one_wire_never_talk_at_the_same_time() -> None:
    bus = OneBus()
    instruments = [FakeInstrument(clears=True, answers=lambda asked: asked) for _ in range(2)]
    links = [
        Link(partial(bus.port, it), name=f"it {n}", identity=Identity(), wire="GPIB0 of this test")
        for n, it in enumerate(instruments)
    ]

    def ask(link: Link) -> list[int]:
        return [number for number in range(3000) if link.query(f"{number}?") != f"{number}?"]

    assert in_threads([partial(ask, link) for link in links]) == []
    assert bus.collisions == 0
