"""Serial lines: the port of pyvisa's serial path, over a pseudo-terminal that behaves as a line does."""

import builtins
import os
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Answer, ScpiBox
from drivers.emulators.faults import Fault
from drivers.emulators.pty_server import PtyServer
from drivers.errors import InstrumentError, LinkLost, NotReachable, ReplyTimeout, WrongReply
from drivers.instrument import ScpiInstrument
from drivers.link import Identity
from drivers.parameter import Number
from drivers.visa_port import open_visa
from tests.drivers.stand import Served, connected, served

BLOCK = bytes(range(256)) * 40  # with CR, LF, XON, XOFF, EOF and every other byte that a terminal may treat


class _Box(ScpiBox):
    idn = "NOBODY,LINE,0,0"

    def teach(self) -> None:
        self.tree.add("BLOCk", query=lambda _: b"#5%05d" % len(BLOCK) + BLOCK)
        self.level = self.number("LEVel", 1.0, low=0.0, high=10.0)


class _Meter(ScpiInstrument):
    identity = Identity(pattern="NOBODY,LINE")
    baud = 115_200
    level = Number("LEV", unit="", low=0, high=10, resolution=1e-6, doc="Control a level.")


@contextmanager
def line() -> Iterator[tuple[_Meter, Served]]:
    """A driver on a serial line, with time-outs that a test can wait for."""
    clock = VirtualClock()
    with connected(_Meter, _Box("box", clock), clock, PtyServer, timeout_s=0.6, reconnect_s=2.0) as (meter, at):
        yield meter, at


def test_questions_sets_and_blocks_pass_every_byte() -> None:
    with line() as (meter, at):
        assert at.resource.startswith("ASRL/dev/")
        assert meter.connect() == _Box.idn
        meter.level = 2.5
        assert meter.link.query_block("BLOC?") == BLOCK
        assert meter.level == 2.5
        assert meter.link.reopened == 0


def test_the_line_does_not_echo_nor_edit() -> None:
    clock = VirtualClock()
    with served(_Box("box", clock), clock, PtyServer) as at:
        far = os.open(at.resource[4:-7], os.O_RDWR | os.O_NOCTTY)
        flags = termios.tcgetattr(far)
        os.close(far)
        assert not flags[3] & (termios.ECHO | termios.ICANON | termios.ISIG)
        assert not flags[0] & (termios.ICRNL | termios.IXON)


def test_the_speed_of_the_driver_is_set() -> None:
    with line() as (meter, _):
        meter.connect()
        port: Any = meter.link._port
        assert port._resource.baud_rate == 115_200


def test_an_answer_that_does_not_come_takes_the_time_out_and_heals() -> None:
    with line() as (meter, at):
        meter.connect()
        at.inject(Fault("drop"))
        start_s = time.monotonic()
        with pytest.raises(ReplyTimeout, match="no whole answer in time"):
            _ = meter.level
        assert time.monotonic() - start_s > 0.5
        assert meter.level == 1.0
        assert meter.link.reopened == 1


def test_half_an_answer_is_told() -> None:
    with line() as (meter, at):
        meter.connect()
        at.inject(Fault("half"))
        with pytest.raises(ReplyTimeout, match=r"got b'1.00"):
            _ = meter.level
        assert meter.level == 1.0


def test_what_nobody_asked_for_is_no_answer() -> None:
    with line() as (meter, at):
        meter.connect()
        server = at.server
        assert isinstance(server, PtyServer)
        at.stand.call(lambda: server._say(b"7.0\n"))
        time.sleep(0.1)
        with pytest.raises(WrongReply, match=r"7\.0.*nobody had asked for; nothing was sent"):
            _ = meter.level
        assert meter.level == 1.0


def test_an_answer_that_comes_too_late_is_not_the_next_one() -> None:
    with line() as (meter, at):
        meter.connect()
        at.inject(Fault("late", seconds=0.8))
        with pytest.raises(ReplyTimeout):
            _ = meter.level
        for _ in range(5):
            try:
                assert meter.level == 1.0
            except InstrumentError:
                continue
        assert meter.level == 1.0


def test_a_line_that_never_falls_silent_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.visa_port.DRAIN_LIMIT_S", 0.2)
    clock = VirtualClock()
    with served(_Box("box", clock), clock, PtyServer) as at:
        port = open_visa(at.resource, name="line")
        server: Any = at.server

        def chatter() -> None:
            server._say(b"still here\n")
            at.stand.loop.call_later(0.02, chatter)

        at.stand.call(chatter)
        with pytest.raises(WrongReply, match="goes on talking"):
            port.clear()
        port.close()


def test_while_the_box_is_off_the_line_is_silent_and_keeps_its_name() -> None:
    with line() as (meter, at):
        meter.connect()
        resource = at.resource
        meter.level = 3.0
        at.inject(Fault("restart", seconds=0.2))
        with pytest.raises(InstrumentError):
            _ = meter.level
        deadline_s = time.monotonic() + 5.0
        while time.monotonic() < deadline_s:
            try:
                assert meter.level == 1.0, "after power-on"
            except InstrumentError:
                continue
            break
        assert at.resource == resource


def test_a_line_that_goes_away_is_lost() -> None:
    with line() as (meter, at):
        meter.connect()
        at.stand.wait(at.server.stop())
        with pytest.raises(LinkLost, match="went away"):
            _ = meter.level  # once: another program may have been given a line of the same name by now


def test_a_line_that_is_not_there_is_told() -> None:
    with pytest.raises(NotReachable, match=r"line: ASRL/dev/nowhere0::INSTR cannot be opened"):
        open_visa("ASRL/dev/nowhere0::INSTR", name="line")


def test_two_messages_in_one_breath_are_answered_in_order() -> None:
    clock = VirtualClock()
    with served(_Box("box", clock), clock, PtyServer) as at:
        port = open_visa(at.resource, name="line")
        port.send(b"LEV?\n*IDN?\n")
        assert port.receive_until(b"\n", 1.0) == b"1.00000000E+00"
        assert port.receive_until(b"\n", 1.0) == _Box.idn.encode()
        port.close()


def test_an_answer_longer_than_the_line_holds_comes_whole() -> None:
    clock = VirtualClock()
    box = _Box("box", clock)
    long = b"x" * 200_000
    box.answer = lambda message: Answer(long)  # type: ignore[method-assign]
    with served(box, clock, PtyServer) as at:
        port = open_visa(at.resource, name="line")
        port.send(b"?\n")
        assert port.receive_exactly(len(long), 10.0) == long
        port.close()


def test_without_pseudo_terminals_it_says_what_to_do_instead(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any) -> Any:
        if name == "pty":
            raise ImportError(name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", without)
    clock = VirtualClock()
    with (
        pytest.raises(OSError, match="no pseudo-terminals; serve the box on a socket"),
        served(_Box("box", clock), clock, PtyServer),
    ):
        pass
