"""Each fault does what it says, on the wire: the emulator's side of the fault matrix."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import KINDS, Fault, Faults
from drivers.emulators.pm100 import PM100Box
from drivers.emulators.server import BoxServer
from tests.drivers.stand import Served, served

POWER = b"1.84000000E-01\n"


@dataclass
class Bench:
    """A served meter whose power can change, and a bare connection to it."""

    at: Served
    wire: socket.socket
    power_w: float = 0.184

    def asks(self) -> bytes:
        """The answer to the power: up to its end, or to the end of the connection."""
        self.wire.sendall(b"MEAS:POW?\n")
        return self.hears()

    def hears(self) -> bytes:
        """What comes, up to an end of a line; what had come where nothing more does."""
        data = b""
        try:
            while not data.endswith(b"\n") and (some := self.wire.recv(100)):
                data += some
        except TimeoutError:
            pass
        return data


@pytest.fixture
def bench() -> Iterator[Bench]:
    clock = VirtualClock(1e6)
    holder: list[Bench] = []
    box = PM100Box("meter", clock, lambda: holder[0].power_w)
    with served(box, clock) as at:
        assert isinstance(at.server, BoxServer)
        with socket.create_connection((at.server.host, at.server.port), timeout=0.3) as wire:
            holder.append(Bench(at, wire))
            yield holder[0]


def test_without_a_fault_it_tells_the_truth(bench: Bench) -> None:
    assert bench.asks() == POWER


def test_drop_hangs_up_instead_of_an_answer(bench: Bench) -> None:
    bench.at.inject(Fault("drop"))
    assert bench.asks() == b""


def test_late_comes_whole_and_late(bench: Bench) -> None:
    bench.at.inject(Fault("late", seconds=0.4))
    assert bench.asks() == b""
    assert bench.hears() == POWER


def test_half_has_no_end(bench: Bench) -> None:
    bench.at.inject(Fault("half"))
    assert bench.asks() == POWER[:7]


def test_garbage_is_nothing_that_it_would_say(bench: Bench) -> None:
    bench.at.inject(Fault("garbage", count=20))
    for _ in range(20):
        garbage = bench.asks()
        assert garbage.endswith(b"\n")
        assert b"\n" not in garbage[:-1]
        with pytest.raises(ValueError, match="could not convert"):
            float(garbage)
    assert bench.asks() == POWER


def test_stuck_repeats_what_it_said_first(bench: Bench) -> None:
    bench.at.inject(Fault("stuck"))
    assert bench.asks() == POWER
    bench.power_w = 0.5
    assert bench.asks() == POWER
    bench.at.heal()
    assert bench.asks() == b"5.00000000E-01\n"


def test_over_range_is_the_instruments_own_code(bench: Bench) -> None:
    bench.at.inject(Fault("over_range"))
    assert bench.asks() == b"9.90000000E+37\n"
    bench.at.heal()
    assert bench.asks() == POWER


def test_deaf_hears_later_what_was_said(bench: Bench) -> None:
    bench.at.inject(Fault("deaf", seconds=0.4))
    assert bench.asks() == b""
    assert bench.hears() == POWER


def test_a_count_spoils_so_many_answers_and_faults_wait_for_their_turn(bench: Bench) -> None:
    bench.at.inject(Fault("half", count=2))
    bench.at.inject(Fault("garbage"))
    assert [bench.asks() == POWER[:7] for _ in range(2)] == [True, True]
    assert bench.asks()[:7] != POWER[:7]
    assert bench.asks() == POWER


def test_healed_before_its_turn_a_fault_does_nothing(bench: Bench) -> None:
    for kind in ("drop", "late", "half", "garbage", "stuck", "over_range", "deaf"):
        bench.at.inject(Fault(kind, seconds=60.0))
    bench.at.heal()
    assert bench.asks() == POWER


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "fire"},
        {"kind": "late", "seconds": -1.0},
        {"kind": "late", "seconds": float("nan")},
        {"kind": "half", "count": 0},
    ],
)
def test_a_fault_that_there_is_not_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="a fault is one of drop, late"):
        Fault(**wrong)  # type: ignore[arg-type]


def test_faults_are_used_up_in_order() -> None:
    faults = Faults()
    faults.add(Fault("half", count=2))
    faults.add(Fault("drop"))
    kinds = [fault and fault.kind for fault in (faults.next() for _ in range(4))]
    assert kinds == ["half", "half", "drop", None]
    faults.add(Fault("half", count=2))
    faults.next()
    faults.clear()
    assert faults.next() is None
    assert len(KINDS) == len(set(KINDS)) == 9
