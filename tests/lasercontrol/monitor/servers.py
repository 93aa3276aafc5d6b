"""A mail server and a receiver of webhooks on this machine, in the few lines that a real client needs."""

import shutil
import socketserver
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

ANSWERS = {"QUIT": "221 bye", "AUTH": "235 welcome"}


@dataclass
class MailServer:
    """Refuses the first `refusals` messages for the moment, and keeps the others.

    security: as in the settings, with the certificate `trust`. lines: all that was said to it; encrypted: each letter,
    whether it came so.
    """

    refusals: int = 0
    security: str = "none"
    trust: ssl.SSLContext | None = None
    encrypted: list[bool] = field(default_factory=list)
    letters: list[bytes] = field(default_factory=list)
    lines: list[str] = field(default_factory=list)
    port: int = 0


class _Conversation(socketserver.StreamRequestHandler):
    told: MailServer

    def handle(self) -> None:
        if self.told.security == "tls":
            self._encrypt()
        self._say("220 here")
        while line := self.rfile.readline():
            self.told.lines.append(line.decode().rstrip())
            word = line.split(b":")[0].split()[0].decode().upper()
            answer = getattr(self, f"_{word.lower()}", None)
            if answer is None:
                self._say(ANSWERS.get(word, "250 ok"))
            else:
                answer()
            if word == "QUIT":
                return

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def _say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def _encrypt(self) -> None:
        assert self.told.trust is not None
        self.rfile.close()
        self.connection = self.request = self.told.trust.wrap_socket(self.connection, server_side=True)
        self.setup()

    @property
    def _encrypted(self) -> bool:
        return isinstance(self.connection, ssl.SSLSocket)

    def _ehlo(self) -> None:
        offered = self.told.security == "starttls" and not self._encrypted
        self._say("250-here\r\n250-8BITMIME\r\n" + ("250 STARTTLS" if offered else "250 AUTH PLAIN"))

    def _starttls(self) -> None:
        self._say("220 go on")
        self._encrypt()

    def _data(self) -> None:
        self._say("354 go on")
        letter = b"".join(iter(self.rfile.readline, b".\r\n"))
        if self.told.refusals > 0:
            self.told.refusals -= 1
            self._say("451 come again")
        else:
            self.told.letters.append(letter)
            self.told.encrypted.append(self._encrypted)
            self._say("250 kept")


@contextmanager
def mail_server(told: MailServer) -> Iterator[MailServer]:
    """Until the block is left."""
    handler = type("Conversation", (_Conversation,), {"told": told})
    with _serving(socketserver.ThreadingTCPServer(("127.0.0.1", told.port), handler)) as told.port:
        yield told


@dataclass
class Receiver:
    """Answers `refusals` times 503, then 204; posts: headers and body of each that it took."""

    refusals: int = 0
    redirect: bool = False
    trust: ssl.SSLContext | None = None
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

    server = ThreadingHTTPServer(("127.0.0.1", told.port), Handler)
    if told.trust is not None:
        server.socket = told.trust.wrap_socket(server.socket, server_side=True)
    with _serving(server) as told.port:
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


def certified(folder: Path) -> tuple[Path, ssl.SSLContext]:
    """A certificate for 127.0.0.1 made in the folder, and what a server shows it with."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed here: there is no certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    words = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=localhost"
    more = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(["openssl", *words.split(), *more], check=True, capture_output=True)  # noqa: S607 — where it is
    trust = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trust.load_cert_chain(certificate, key)
    return certificate, trust
