"""A box behind HTTP: the same faults as on a socket, one request a connection.

The box is given `METHOD /path` with the body after a line feed, and answers with a whole response (`response`).
"""

from drivers.emulators.device import Answer
from drivers.emulators.faults import Fault
from drivers.emulators.server import BoxServer, Conversation

__all__ = ["HttpServer", "response"]

LONGEST_REQUEST = 1 << 24


def response(status: str, kind: str, body: bytes) -> bytes:
    """A response of HTTP/1.1: status line, headers, body."""
    return b"HTTP/1.1 %b\r\nContent-Type: %b\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (
        status.encode("ascii"),
        kind.encode("ascii"),
        len(body),
        body,
    )


class HttpConversation(Conversation):
    """One request, one response, and the connection is closed."""

    def heard(self, data: bytes) -> None:
        """Bytes came in."""
        self._buffer += data
        if len(self._buffer) > LONGEST_REQUEST:
            self.hang_up()
        self._go_on()

    def _next(self) -> bytes | None:
        """The request, once it is whole."""
        head, blank, rest = bytes(self._buffer).partition(b"\r\n\r\n")
        if not blank:
            return None
        first, *headers = head.split(b"\r\n")
        fields = dict(header.lower().split(b":", 1) for header in headers if b":" in header)
        told = fields.get(b"content-length", b"0").strip()
        length = int(told) if told.isdigit() else 0
        if len(rest) < length:
            return None
        self._buffer.clear()
        return b" ".join(first.split(b" ")[:2]) + b"\n" + rest[:length]

    def _give(self, answer: Answer, fault: Fault | None) -> None:
        if fault and fault.kind == "garbage":
            nonsense = self._server.garbage(len(answer.data or b""))
            self._send(response("200 OK", "text/plain", nonsense))
        else:
            super()._give(answer, fault)
        if not (fault and fault.kind == "half"):  # the rest never comes, and nobody hangs up
            self.hang_up()


class HttpServer(BoxServer):
    """A box at http://127.0.0.1, or wherever it is told to listen."""

    conversation = HttpConversation

    @property
    def resource(self) -> str:
        """Its address."""
        return f"http://{self.host}:{self.port}"
