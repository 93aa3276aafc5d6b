"""Figures for Prometheus at /metrics: how the monitor fares, not what each laser does.

Written with the standard library: the text format is a line a figure, and an edge box then needs no package for it.
It listens to this machine alone unless a token guards it, and answers only who calls it by its own name, so that a web
page elsewhere cannot read it through somebody's browser.
"""

import hmac
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

from lasercontrol.alarm_settings import MetricsSettings
from lasercontrol.errors import LinkError
from lasercontrol.monitor.secret import secret

__all__ = ["Figure", "MetricsServer", "exposition"]

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
READ_LIMIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. name: with its unit as suffix, `_total` for a counter; values: by labels (name, value), or one."""

    name: str
    told: str
    kind: Literal["gauge", "counter"] = "gauge"
    value: float | None = None
    by: Mapping[tuple[tuple[str, str], ...], float] = field(default_factory=dict)


def exposition(figures: Sequence[Figure]) -> str:
    """The text format of Prometheus, version 0.0.4."""
    lines: list[str] = []
    for figure in figures:
        told = figure.told.replace("\\", r"\\").replace("\n", r"\n")
        lines += [f"# HELP {figure.name} {told}", f"# TYPE {figure.name} {figure.kind}"]
        lines += [] if figure.value is None else [f"{figure.name} {_number(figure.value)}"]
        for labels, value in figure.by.items():
            pairs = ",".join(f'{name}="{_escaped(text)}"' for name, text in labels)
            lines.append(f"{figure.name}{{{pairs}}} {_number(value)}")
    return "\n".join(lines) + "\n"


def _number(value: float) -> str:
    return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(text := repr(float(value)), text)


def _escaped(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


class MetricsServer:
    """Serves what `figures` gives, from a thread of its own; `figures` must be quick, and is called by that thread."""

    def __init__(self, settings: MetricsSettings, figures: Callable[[], Sequence[Figure]]) -> None:
        """LinkError where it cannot listen, CallerError where its token is missing."""
        token = None if settings.token_from is None else secret(settings.token_from)
        names = frozenset(
            name.lower() for name in ("localhost", "127.0.0.1", "::1", settings.host, *settings.host_names)
        )
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET

        class Server(ThreadingHTTPServer):
            address_family = family
            daemon_threads = True

        class Handler(_Handler):
            guard = _Guard(names, token)
            show = staticmethod(lambda: exposition(figures()))

        try:
            self._server = Server((settings.host, settings.port), Handler)
        except OSError as error:
            place = f"{settings.host}:{settings.port}"
            raise LinkError(f"/metrics cannot be served at {place}: {error}; nothing was switched on.") from error
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, name="metrics", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass(frozen=True, slots=True)
class _Guard:
    """Who may read. names: by which this machine may be called; token: what must be sent, or None."""

    names: frozenset[str]
    token: str | None

    def refusal(self, headers: Mapping[str, str]) -> HTTPStatus | None:
        if _host(headers.get("Host") or "") not in self.names:
            return HTTPStatus.FORBIDDEN
        if self.token is None:
            return None
        sent = (headers.get("Authorization") or "").removeprefix("Bearer ").strip()
        return None if hmac.compare_digest(sent.encode(), self.token.encode()) else HTTPStatus.UNAUTHORIZED


def _host(named: str) -> str:
    """Without port and brackets."""
    if named.startswith("["):
        return named[1:].partition("]")[0].lower()
    return named.partition(":")[0].lower()


class _Handler(BaseHTTPRequestHandler):
    guard: _Guard
    show: Callable[[], str]
    timeout = READ_LIMIT_S
    server_version, sys_version = "lasercontrol", ""

    def do_GET(self) -> None:
        refusal = self.guard.refusal(dict(self.headers))
        if refusal is None and self.path.partition("?")[0] != "/metrics":
            refusal = HTTPStatus.NOT_FOUND
        if refusal is not None:
            self.send_error(refusal)
            return
        body = self.show().encode()
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", CONTENT_TYPE)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *given: object) -> None:  # noqa: A002 — the standard library's own name
        """A reader every few seconds is no news."""
