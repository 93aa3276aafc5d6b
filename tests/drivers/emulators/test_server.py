"""A box on a socket: messages cut at their ends, one after the other, for any number of connections."""

import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import ScpiBox
from drivers.emulators.faults import Fault
from drivers.emulators.server import LONGEST_MESSAGE, BoxServer
from tests.drivers.stand import Served, served


class CountingBox(ScpiBox):
    """Counts what it is told; `SLOW` takes 50 virtual seconds."""

    idn = "MAKER,COUNT,1,1"
    read_ends: tuple[bytes, ...] = (b"\r\n", b"\n")
    write_end = b"\r\n"

    def teach(self) -> None:
        """Its headers."""
        self.count = 0
        self.tree.add("ADD", set=lambda _: self._add())
        self.tree.add("COUNt", query=lambda _: str(self.count))
        self.tree.add("SLOW", set=lambda _: self._work())

    def greeting(self) -> bytes:
        """It says hello."""
        return b"hello\r\n"

    def _add(self) -> None:
        self.count += 1

    def _work(self) -> None:
        self.busy_until_s = self.clock.now_s + 50


@dataclass
class Caller:
    """A bare connection."""

    wire: socket.socket

    def says(self, data: bytes) -> None:
        """Send bytes as they are."""
        self.wire.sendall(data)

    def hears(self, count: int) -> bytes:
        """So many bytes."""
        data = b""
        while len(data) < count and (some := self.wire.recv(count - len(data))):
            data += some
        return data


@pytest.fixture
def at() -> Iterator[Served]:
    clock = VirtualClock(1000.0)
    with served(CountingBox("counter", clock), clock) as found:
        yield found


@pytest.fixture
def caller(at: Served) -> Iterator[Caller]:
    with socket.create_connection(address_of(at), timeout=10) as wire:
        found = Caller(wire)
        assert found.hears(7) == b"hello\r\n"
        yield found


def address_of(at: Served) -> tuple[str, int]:
    assert isinstance(at.server, BoxServer)
    return at.server.host, at.server.port


def test_it_listens_on_this_machine_alone(at: Served) -> None:
    assert address_of(at)[0] == "127.0.0.1"
    assert at.resource == f"TCPIP::127.0.0.1::{address_of(at)[1]}::SOCKET"


def test_messages_are_cut_at_whichever_end_comes_first(caller: Caller) -> None:
    caller.says(b"ADD\nADD\r\nADD\nCOUN?\r\n")
    assert caller.hears(3) == b"3\r\n"


def test_a_message_may_come_in_pieces(caller: Caller) -> None:
    for piece in (b"CO", b"UN", b"?", b"\r", b"\n"):
        caller.says(piece)
    assert caller.hears(3) == b"0\r\n"


def test_all_connections_talk_to_the_same_box(at: Served, caller: Caller) -> None:
    with socket.create_connection(address_of(at), timeout=10) as wire:
        other = Caller(wire)
        other.hears(7)
        other.says(b"ADD\nCOUN?\n")
        assert other.hears(3) == b"1\r\n"
    caller.says(b"COUN?\n")
    assert caller.hears(3) == b"1\r\n"


def test_what_is_said_while_an_answer_is_waited_for_is_done_afterwards(caller: Caller) -> None:
    caller.says(b"SLOW;*OPC?\nADD\nCOUN?\n")
    assert caller.hears(6) == b"1\r\n1\r\n"


def test_a_busy_box_answers_when_it_is_done(at: Served, caller: Caller) -> None:
    start_s = at.server.clock.now_s
    caller.says(b"SLOW;*OPC?\n")
    assert caller.hears(3) == b"1\r\n"
    assert at.server.clock.now_s - start_s >= 50


def test_a_message_without_end_is_not_kept_for_ever(at: Served, caller: Caller) -> None:
    for _ in range(4):
        caller.says(b"x" * LONGEST_MESSAGE)
    caller.says(b"\nCOUN?\n")
    assert caller.hears(3) == b"0\r\n"
    (talk,) = at.server.conversations
    assert len(talk._buffer) == 0


def test_many_messages_at_a_time_are_all_heard(caller: Caller) -> None:
    caller.says(b"SLOW;*OPC?\n" + (b"ADD".ljust(99) + b"\n") * 1000 + b"COUN?\n")
    assert caller.hears(9) == b"1\r\n1000\r\n"


def test_who_hangs_up_gets_no_answer_and_harms_nobody(at: Served, caller: Caller) -> None:
    with socket.create_connection(address_of(at), timeout=10) as wire:
        Caller(wire).says(b"SLOW;*OPC?\n")
    caller.says(b"ADD\nCOUN?\n")
    assert caller.hears(3) == b"1\r\n"


def test_a_stopped_server_hangs_up(at: Served, caller: Caller) -> None:
    at.stand.wait(at.server.stop())
    assert caller.hears(1) == b""
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(address_of(at), timeout=10)


def test_after_a_restart_it_is_at_the_same_port_with_its_settings_of_power_on(at: Served, caller: Caller) -> None:
    caller.says(b"ADD\nCOUN?\n")
    caller.hears(3)
    at.inject(Fault("restart", seconds=0.05))
    assert caller.hears(1) == b""
    deadline_s = time.monotonic() + 10
    while True:
        try:
            wire = socket.create_connection(address_of(at), timeout=10)
            break
        except ConnectionRefusedError:
            assert time.monotonic() < deadline_s
    with wire:
        again = Caller(wire)
        again.hears(7)
        again.says(b"COUN?\n")
        assert again.hears(3) == b"0\r\n"
