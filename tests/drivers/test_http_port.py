"""HTTP as a port: whole answers, and a typed error for everything else, from a server that says what it is told."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drivers.errors import LinkLost, NotReachable, OutOfRange, ReplyTimeout, WrongReply
from drivers.http_port import HttpPort


@contextmanager
def saying(answer: bytes, *, hold: bool = False) -> Iterator[tuple[str, list[bytes]]]:
    """A server that answers one request with these bytes, and keeps what it was asked."""
    heard: list[bytes] = []
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _ = listening.accept()
            with connection:
                heard.append(connection.recv(1 << 16))
                connection.sendall(answer)
                if hold:
                    over.wait(10)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}", heard
        over.set()
        thread.join(10)


def exchanged(address: str, message: bytes = b"GET /a\n", timeout_s: float = 5.0) -> bytes:
    port = HttpPort(address, "shaper")
    port.send(message)
    return port.receive_until(b"\0", timeout_s)


def test_a_body_comes_whole() -> None:
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") as (address, heard):
        assert exchanged(address) == b"hello"
    assert heard[0].startswith(b"GET /a HTTP/1.1\r\n")
    assert b"Connection: close" in heard[0]


def test_a_body_is_posted_as_json() -> None:
    with saying(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", hold=True) as (address, heard):
        exchanged(address, b'POST /b {"type": "wsp", "wsp": "1 2"}\n')
    assert b"application/json" in heard[0]


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf", LinkLost),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel", LinkLost),
        (b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno", WrongReply),
        (b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 0\r\n\r\n", WrongReply),
        (b"%&QX~#@!?\r\n\r\n", WrongReply),
        (b"\xff\xfe\xfd\n", WrongReply),
        (b"", LinkLost),
    ],
)
def test_what_is_no_whole_answer_is_told(answer: bytes, error: type[Exception]) -> None:
    with saying(answer) as (address, _), pytest.raises(error, match="shaper:"):
        exchanged(address)


@pytest.mark.parametrize("answer", [b"", b"HTTP/1.1 2", b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nhalf"])
def test_an_answer_that_does_not_end_is_told_in_time(answer: bytes) -> None:
    with saying(answer, hold=True) as (address, _), pytest.raises(ReplyTimeout):
        exchanged(address, timeout_s=0.2)


def test_nobody_there_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        number = taken.getsockname()[1]
    with pytest.raises(NotReachable, match="does not answer"):
        exchanged(f"http://127.0.0.1:{number}")


@pytest.mark.parametrize("address", ["TCPIP::10.0.0.1::INSTR", "ftp://10.0.0.1", "http://", "http://a:b", "http://a/x"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(OutOfRange, match="no address"):
        HttpPort(address, "shaper")
