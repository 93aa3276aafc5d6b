"""HiSLIP on the wire, byte by byte, as IVI-6.1 has it; `tests/drivers/test_visa_port.py` has the same through VISA."""

import socket
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import Fault
from drivers.emulators.hislip import HislipServer
from drivers.emulators.pm100 import PM100Box
from tests.drivers.stand import FAST, Served, served

IDN = b"THORLABS,PM100USB,P2000000,1.7.0\n"


@dataclass(frozen=True)
class Message:
    """Type, control code, parameter, payload."""

    kind: int
    control: int
    parameter: int
    payload: bytes = b""


class Channel:
    """A bare socket that packs and unpacks."""

    def __init__(self, port: int) -> None:
        self.wire = socket.create_connection(("127.0.0.1", port), timeout=10)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.wire.close()

    def say(self, kind: int, control: int = 0, parameter: int = 0, payload: bytes = b"") -> None:
        """Send one message."""
        self.wire.sendall(struct.pack("!2sBBIQ", b"HS", kind, control, parameter, len(payload)) + payload)

    def hear(self) -> Message:
        """The next message."""
        prologue, kind, control, parameter, length = struct.unpack("!2sBBIQ", self._exactly(16))
        assert prologue == b"HS"
        return Message(kind, control, parameter, self._exactly(length))

    def silent(self) -> bool:
        """Whether nothing comes for a moment."""
        self.wire.settimeout(0.1)
        try:
            return self.wire.recv(1) != b"" and False
        except TimeoutError:
            return True
        finally:
            self.wire.settimeout(10)

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            some = self.wire.recv(count - len(data))
            assert some, "closed"
            data += some
        return data


@dataclass
class Session:
    """Both channels of an opened session, and the served box."""

    data: Channel
    second: Channel
    at: Served
    box: PM100Box


@pytest.fixture
def port() -> Iterator[int]:
    clock = VirtualClock(FAST)
    with served(PM100Box("meter", clock, lambda: 0.184), clock, HislipServer) as at:
        yield port_of(at)


@pytest.fixture
def session() -> Iterator[Session]:
    clock = VirtualClock(FAST)
    box = PM100Box("meter", clock, lambda: 0.184)
    with served(box, clock, HislipServer) as at, Channel(port_of(at)) as data, Channel(port_of(at)) as second:
        data.say(0, parameter=0x0100_5858, payload=b"hislip0")
        second.say(17, parameter=data.hear().parameter & 0xFFFF)
        assert second.hear().kind == 18
        yield Session(data, second, at, box)


def port_of(at: Served) -> int:
    assert isinstance(at.server, HislipServer)
    return at.server.port


def test_two_channels_open_a_session_of_version_1_0(port: int) -> None:
    with Channel(port) as data, Channel(port) as second:
        data.say(0, parameter=0x0100_5858, payload=b"hislip0")
        opened = data.hear()
        assert (opened.kind, opened.control, opened.parameter >> 16) == (1, 0, 0x0100)
        second.say(17, parameter=opened.parameter & 0xFFFF)
        assert second.hear().kind == 18
        second.say(15, payload=struct.pack("!Q", 4096))
        assert second.hear() == Message(16, 0, 0, struct.pack("!Q", 1 << 20))


def test_an_answer_bears_the_number_of_its_question(session: Session) -> None:
    session.data.say(7, parameter=0xFFFF_FF00, payload=b"*IDN?\n")
    assert session.data.hear() == Message(7, 0, 0xFFFF_FF00, IDN)
    session.data.say(6, parameter=0xFFFF_FF02, payload=b"*ID")
    session.data.say(7, parameter=0xFFFF_FF04, payload=b"N?")  # without a line feed: the protocol tells the end
    assert session.data.hear() == Message(7, 0, 0xFFFF_FF04, IDN)


def test_a_long_answer_comes_in_messages_of_the_agreed_size(session: Session) -> None:
    session.second.say(15, payload=struct.pack("!Q", 16 + 10))
    session.second.hear()
    session.data.say(7, parameter=2, payload=b"*IDN?")
    heard = [session.data.hear() for _ in range(4)]
    assert [message.kind for message in heard] == [6, 6, 6, 7]
    assert b"".join(message.payload for message in heard) == IDN


def test_a_clear_ends_what_was_under_way(session: Session) -> None:
    session.at.inject(Fault("late", seconds=0.2))
    session.data.say(7, parameter=0, payload=b"*IDN?")
    session.second.say(19)
    assert session.second.hear() == Message(23, 0, 0)
    session.data.say(8)
    assert session.data.hear() == Message(9, 0, 0)
    session.data.say(7, parameter=0, payload=b"SYST:ERR?")
    assert session.data.hear() == Message(7, 0, 0, b'+0,"No error"\n')
    assert session.data.silent()


def test_the_status_byte_tells_errors_and_waiting_answers(session: Session) -> None:
    session.second.say(21)
    assert session.second.hear() == Message(22, 0, 0)
    session.data.say(7, parameter=2, payload=b"NONSENSE")
    session.data.say(7, parameter=4, payload=b"*IDN?")
    session.data.hear()
    session.second.say(21, parameter=4)
    assert session.second.hear() == Message(22, 4 | 16, 0)
    session.second.say(21, control=1, parameter=4)
    assert session.second.hear() == Message(22, 4, 0)


def test_an_unknown_message_is_an_error_and_the_session_goes_on(session: Session) -> None:
    session.data.say(99, payload=b"what?")
    assert (session.data.hear().kind, session.data.wire.fileno() > 0) == (3, True)
    session.data.say(7, parameter=2, payload=b"*IDN?")
    assert session.data.hear().payload == IDN


@pytest.mark.parametrize(
    ("bytes_sent", "code"),
    [
        (b"GET / HTTP/1.1\r\n\r\n", 1),
        (struct.pack("!2sBBIQ", b"HS", 0, 0, 0, 1 << 40), 1),
        (struct.pack("!2sBBIQ", b"HS", 7, 0, 0, 0), 3),
        (struct.pack("!2sBBIQ", b"HS", 17, 0, 77, 0), 3),
    ],
)
def test_a_beginning_that_is_none_is_fatal(bytes_sent: bytes, code: int, port: int) -> None:
    with Channel(port) as channel:
        channel.wire.sendall(bytes_sent)
        refused = channel.hear()
        assert (refused.kind, refused.control) == (2, code)
        assert channel.wire.recv(1) == b""


def test_data_before_the_second_channel_is_fatal(port: int) -> None:
    with Channel(port) as channel:
        channel.say(0, parameter=0x0100_5858, payload=b"hislip0")
        channel.hear()
        channel.say(7, payload=b"*IDN?")
        assert (channel.hear().kind, channel.wire.recv(1)) == (2, b"")


def test_when_one_channel_goes_so_does_the_other(session: Session) -> None:
    session.second.wire.close()
    assert session.data.wire.recv(1) == b""
    assert isinstance(session.at.server, HislipServer)
    assert not session.at.stand.call(lambda: list(session.at.server.conversations))
