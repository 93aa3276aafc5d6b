"""An exchange over HTTP as a port: a message is `METHOD /path body`, its answer the body of the response.

Every exchange has a connection of its own, so that no answer can belong to another question, and a server that drops
idle connections is never noticed. The end of an answer is HTTP's own; the one that a link is told stands in logs and
scripts only.
"""

import http.client
import time
from contextlib import suppress
from urllib.parse import urlsplit

from drivers.errors import LinkLost, NotReachable, OutOfRange, ReplyTimeout, WrongReply

__all__ = ["HttpPort"]

OPEN_S = 2.0  # an embedded server in the same laboratory answers in milliseconds
SOME = 1 << 16
GREATEST_BODY = 1 << 26  # bytes: a length that garbage pretends must not be waited for


class HttpPort:
    """A port to `http://host:port`; nothing is opened before the first message. OutOfRange for another address."""

    clears = True

    def __init__(self, address: str, name: str) -> None:
        try:
            parts = urlsplit(address)
            host, port = parts.hostname, parts.port or 80
        except ValueError as error:
            raise OutOfRange(f"{name}: {address!r} is no address http://host:port ({error}).") from error
        if parts.scheme != "http" or not host or parts.path.strip("/"):
            raise OutOfRange(f"{name}: {address!r} is no address http://host:port.")
        self._host, self._port, self._name, self._address = host, port, name, address
        self._connection: http.client.HTTPConnection | None = None

    def send(self, message: bytes) -> None:
        """Connect, and send a request whole; NotReachable where nobody is there."""
        method, path, *body = message.decode("ascii").strip().split(" ", 2)
        self.clear()
        connection = http.client.HTTPConnection(self._host, self._port, timeout=OPEN_S)
        try:
            connection.connect()
        except OSError as error:
            raise NotReachable(self._name, f"{self._address} does not answer ({error.strerror or error}).") from error
        self._connection = connection
        headers = {"Connection": "close"} | ({"Content-Type": "application/json"} if body else {})
        try:
            connection.request(method, path, body[0].encode() if body else None, headers)
        except (OSError, http.client.HTTPException) as error:
            raise LinkLost(self._name, f"the connection went away ({error}).") from error

    def receive_until(self, end: bytes, timeout_s: float) -> bytes:  # noqa: ARG002 — HTTP has its own ends
        """The body of the response. WrongReply for a status other than 200, and for what is no HTTP."""
        limit_s = time.monotonic() + timeout_s
        try:
            return self._response(limit_s)
        except TimeoutError as error:
            raise ReplyTimeout(self._name, "no whole answer in time.") from error
        except (http.client.RemoteDisconnected, http.client.IncompleteRead) as error:
            raise LinkLost(self._name, f"the connection went away ({error}).") from error
        except http.client.HTTPException as error:
            raise WrongReply(self._name, f"what came is no HTTP ({error!r:.120}).") from error
        except OSError as error:
            raise LinkLost(self._name, f"the connection went away ({error.strerror or error}).") from error
        finally:
            self.clear()

    def _response(self, limit_s: float) -> bytes:
        connection = self._connection
        if connection is None or connection.sock is None:
            raise LinkLost(self._name, "nothing was asked.")
        wire = connection.sock
        wire.settimeout(max(0.001, limit_s - time.monotonic()))
        response = connection.getresponse()
        body = bytearray()
        while True:
            if (left_s := limit_s - time.monotonic()) <= 0:
                raise TimeoutError
            wire.settimeout(left_s)
            if not (some := response.read1(SOME)):
                break
            body += some
            if len(body) > GREATEST_BODY:
                raise WrongReply(self._name, f"an answer of more than {GREATEST_BODY} bytes.")
        told = response.getheader("Content-Length")
        if told is not None and told.isdigit() and len(body) < int(told):
            raise LinkLost(self._name, f"the connection went away after {len(body)} of {told} bytes.")
        if response.status != http.client.OK:
            raise WrongReply(self._name, f"HTTP status {response.status} {response.reason}: {bytes(body[:80])!r}.")
        return bytes(body)

    def receive_exactly(self, count: int, timeout_s: float) -> bytes:
        """No block comes over HTTP."""
        raise WrongReply(self._name, f"{count} bytes were wanted within {timeout_s:g} s, and HTTP has no blocks.")

    def finish(self, end: bytes, timeout_s: float) -> None:
        """Nothing is left: the body was whole."""

    def clear(self) -> None:
        """Let the connection of the last exchange go, and whatever it still has to say."""
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
        self._connection = None

    def close(self) -> None:
        """As `clear`."""
        self.clear()
