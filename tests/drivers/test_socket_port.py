"""A socket as a port: messages whole however they come, no Nagle, and a peer that has gone is noticed at once."""

import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drivers.emulators.clock import VirtualClock
from drivers.emulators.pm100 import PM100Box
from drivers.errors import LinkLost, ReplyTimeout, WrongReply
from drivers.pm100 import PM100
from drivers.socket_port import SocketPort
from tests.drivers.stand import FAST, connected

LONG_S = 60.0
"""A time-out that a passing test never waits for."""


@dataclass
class Pair:
    """Our port, and the bare other end."""

    port: SocketPort
    peer: socket.socket


def paired() -> Pair:
    """A connection to this machine itself."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        peer, _ = server.accept()
    peer.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Pair(SocketPort(ours, "it"), peer)


@pytest.fixture
def pair() -> Iterator[Pair]:
    found = paired()
    yield found
    found.port.close()
    found.peer.close()


# --------------------------------------------------------------------------------------------------- Nagle


def test_nagle_is_off_as_the_system_reports_it(pair: Pair) -> None:
    assert pair.port.nodelay


def test_nagle_is_off_on_a_socket_that_visa_opened() -> None:
    clock = VirtualClock(FAST)
    with connected(PM100, PM100Box("meter", clock, lambda: 0.184), clock) as (meter, _):
        meter.connect()
        port = meter.link._port
        assert isinstance(port, SocketPort)
        assert port.nodelay


# ------------------------------------------------------------------------------------------------ messages


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    texts=st.lists(st.binary(max_size=30).filter(lambda text: b"\r\n" not in text + b"\r"), max_size=4),
    cuts=st.lists(st.integers(1, 20), max_size=20),
)
def test_messages_are_whole_however_they_come(texts: list[bytes], cuts: list[int], pair: Pair) -> None:
    stream = b"".join(text + b"\r\n" for text in texts)

    def trickle() -> None:
        start = 0
        for cut in [*cuts, len(stream)]:
            pair.peer.sendall(stream[start : start + cut])
            start += cut

    sender = threading.Thread(target=trickle)
    sender.start()
    assert [pair.port.receive_until(b"\r\n", LONG_S) for _ in texts] == texts
    sender.join()


@pytest.mark.parametrize("answer", [b"", b"1", b"12", b"x" * 70_000, b"y" * 300_000])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r\n> "])
def test_answers_of_every_length_come_without_their_end(answer: bytes, end: bytes, pair: Pair) -> None:
    sender = threading.Thread(target=pair.peer.sendall, args=(answer + end,))
    sender.start()
    assert pair.port.receive_until(end, LONG_S) == answer
    sender.join()
    pair.port.send(b"nothing was left over\n")


def test_two_answers_in_one_packet_are_two(pair: Pair) -> None:
    pair.peer.sendall(b"first\nsecond\n")
    assert pair.port.receive_until(b"\n", LONG_S) == b"first"
    assert pair.port.receive_until(b"\n", LONG_S) == b"second"


@pytest.mark.parametrize("length", [1, 4096, 4097, 400_008])
def test_blocks_of_every_length_come_whole_and_what_follows_stays(length: int, pair: Pair) -> None:
    block = bytes(range(256)) * (length // 256 + 1)
    sender = threading.Thread(target=pair.peer.sendall, args=(b"#1" + block[:length] + b"\n",))
    sender.start()
    assert pair.port.receive_exactly(2, LONG_S) == b"#1"
    assert pair.port.receive_exactly(length, LONG_S) == block[:length]
    pair.port.finish(b"\n", LONG_S)
    sender.join()
    pair.port.send(b"nothing was left over\n")


def test_the_next_answer_may_come_with_the_end_of_a_block(pair: Pair) -> None:
    pair.peer.sendall(b"x" * 5000 + b"\nnext\n")
    assert pair.port.receive_exactly(5000, LONG_S) == b"x" * 5000
    pair.port.finish(b"\n", LONG_S)
    assert pair.port.receive_until(b"\n", LONG_S) == b"next"


def test_a_block_belongs_to_the_one_who_asked(pair: Pair) -> None:
    pair.peer.sendall(b"a" * 5000)
    first = pair.port.receive_exactly(5000, LONG_S)
    pair.peer.sendall(b"b" * 5000)
    pair.port.receive_exactly(5000, LONG_S)
    assert first == b"a" * 5000


def test_what_follows_a_block_is_a_wrong_reply(pair: Pair) -> None:
    pair.peer.sendall(b"abcdef\n")
    pair.port.receive_exactly(3, LONG_S)
    with pytest.raises(WrongReply, match="b'def' follows a block"):
        pair.port.finish(b"\n", LONG_S)


def test_a_long_message_is_sent_whole(pair: Pair) -> None:
    message = b"z" * 3_000_000 + b"\n"
    got = bytearray()

    def read() -> None:
        while not got.endswith(b"\n"):
            got.extend(pair.peer.recv(1 << 16))

    reader = threading.Thread(target=read)
    reader.start()
    pair.port.send(message)
    reader.join(30)
    assert got == message


# ----------------------------------------------------------------------------------------------- what goes wrong


@pytest.mark.parametrize("waiting", [b"nobody asked\n", b"\xff\x00\x01"])
def test_bytes_that_nobody_asked_for_are_told_and_nothing_is_sent(waiting: bytes, pair: Pair) -> None:
    pair.peer.sendall(waiting)
    assert select.select([pair.port._socket], [], [], LONG_S)[0]
    with pytest.raises(WrongReply, match="nobody had asked for; nothing was sent"):
        pair.port.send(b"OUTP ON\n")
    pair.peer.setblocking(False)
    with pytest.raises(BlockingIOError):
        pair.peer.recv(1)


def test_an_answer_left_unread_is_told_too(pair: Pair) -> None:
    pair.peer.sendall(b"1\n2\n")
    pair.port.receive_until(b"\n", LONG_S)
    with pytest.raises(WrongReply, match=r"b'2\\n'"):
        pair.port.send(b"A?\n")


def test_a_time_out_says_what_came(pair: Pair) -> None:
    pair.peer.sendall(b"1.0E")
    with pytest.raises(ReplyTimeout, match=r"got b'1\.0E'"):
        pair.port.receive_until(b"\n", 0.05)


@pytest.mark.timeout(30)
def test_a_length_that_garbage_pretends_is_not_waited_for(pair: Pair) -> None:
    pair.peer.sendall(b"hello")
    with pytest.raises(ReplyTimeout):
        pair.port.receive_exactly(60_000_000, 0.05)


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "receive",
    [
        lambda port: port.receive_until(b"\n", LONG_S),
        lambda port: port.receive_exactly(5, LONG_S),
        lambda port: port.receive_exactly(500_000, LONG_S),
    ],
)
def test_a_peer_that_has_gone_is_told_at_once_and_without_spinning(
    receive: Callable[[SocketPort], object], pair: Pair
) -> None:
    pair.peer.close()
    start_s = time.thread_time()
    with pytest.raises(LinkLost, match="closed the connection"):
        receive(pair.port)
    assert time.thread_time() - start_s < 1.0


@pytest.mark.timeout(30)
def test_a_peer_that_goes_in_the_middle_of_an_answer_is_told(pair: Pair) -> None:
    pair.peer.sendall(b"1.0")
    pair.peer.close()
    with pytest.raises(LinkLost):
        pair.port.receive_until(b"\n", LONG_S)


def test_a_connection_that_was_cut_is_lost(pair: Pair) -> None:
    pair.peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close with a reset
    pair.peer.close()
    with pytest.raises(LinkLost):
        pair.port.receive_until(b"\n", LONG_S)


def test_nothing_can_be_said_to_a_peer_that_has_gone(pair: Pair) -> None:
    pair.peer.close()
    assert select.select([pair.port._socket], [], [], LONG_S)[0]
    with pytest.raises(LinkLost):
        pair.port.send(b"A?\n")


def test_a_cleared_port_has_forgotten_and_a_closed_one_stays_closed(pair: Pair) -> None:
    pair.peer.sendall(b"1\n2\n")
    pair.port.receive_until(b"\n", LONG_S)
    pair.port.clear()
    pair.port.send(b"A?\n")
    pair.port.close()
    pair.port.close()


def test_without_poll_select_does_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(select, "poll", raising=False)  # as on Windows
    pair = paired()
    pair.peer.sendall(b"1\n")
    assert pair.port.receive_until(b"\n", LONG_S) == b"1"
    with pytest.raises(ReplyTimeout):
        pair.port.receive_until(b"\n", 0.02)
    pair.port.close()
    pair.peer.close()
