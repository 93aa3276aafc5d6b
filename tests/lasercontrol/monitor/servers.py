"""A mail server and a receiver of webhooks on this machine, in the few lines that a real client needs."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class MailServer:
    """Refuses the first `refusals` messages for the moment, and keeps the others; lines: all that was said to it."""

    refusals: int = 0
    starttls: bool = False
    letters: list[bytes] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    port: int = 0


@contextmanager
def mail_server(told: MailServer) -> Iterator[MailServer]:
    """Until the block is left."""

    class Conversation(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            self.wfile.write(b"220 here\r\n")
            while line := self.rfile.readline():
                told.lines.append(line.decode().rstrip())
                word = line.split(b":")[0].split()[0].upper()
                if word == b"DATA":
                    self._data()
                else:
                    self.wfile.write(
                        {b"QUIT": b"221 bye\r\n", b"EHLO": b"250-here\r\n250 8BITMIME\r\n"}.get(word, b"250 ok\r\n")
                    )
                if word == b"QUIT":
                    return

        def _data(self) -> None:
            self.wfile.write(b"354 go on\r\n")
            letter = b"".join(iter(self.rfile.readline, b".\r\n"))
            if told.refusals > 0:
                told.refusals -= 1
                self.wfile.write(b"451 come again\r\n")
            else:
                told.letters.append(letter)
                self.wfile.write(b"250 kept\r\n")

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads, allow_reuse_address = True, True

    with _serving(Server(("127.0.0.1", told.port), Conversation)) as told.port:
        yield told


@dataclass
class Receiver:
    """Answers `refusals` times 503, then 204; posts: headers and body of each that it took."""

    refusals: int = 0
    redirect: bool = False
    tries: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    port: int = 0


@contextmanager
def receiver(told: Receiver) -> Iterator[Receiver]:
    """Until the block is left."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            told.tries.append((dict(self.headers), body))
            if told.redirect:
                self.send_response(307)
                self.send_header("Location", f"http://127.0.0.1:{told.port}/elsewhere")
            elif told.refusals > 0:
                told.refusals -= 1
                self.send_response(503)
            else:
                told.posts.append((dict(self.headers), body))
                self.send_response(204)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *given: object) -> None:  # noqa: A002 — the standard library's own name
            """Nothing."""

    with _serving(ThreadingHTTPServer(("127.0.0.1", told.port), Handler)) as told.port:
        yield told


@contextmanager
def _serving(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
