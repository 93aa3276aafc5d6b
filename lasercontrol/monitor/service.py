"""A service of systemd: it is told when the monitor is ready, how it stands, and that it lives.

Life is a sample that was acknowledged, so `fed` is called by acquisition and by nothing else: a timer would go on
saying that all is well while nothing is logged any more.
"""

import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

__all__ = ["Service"]


class Service:
    """What systemd has given in the environment; without it, every call does nothing."""

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        environment = os.environ if environment is None else environment
        self._address = environment.get("NOTIFY_SOCKET", "")
        watched = environment.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        limit = environment.get("WATCHDOG_USEC", "") if watched else ""
        self.watchdog_s = int(limit) / 1e6 if limit.isdecimal() else None
        """Within how long it must be fed; None: nobody watches."""
        self._fed_s, self._status = float("-inf"), ""

    def ready(self, status: str) -> None:
        """All is connected, and the first sample is acknowledged."""
        self._say("READY=1", self._as(status))

    def fed(self, status: str = "") -> None:
        """A sample has been acknowledged. As often as you like: said at most eight times within the limit."""
        now_s = time.monotonic()
        if status != self._status or now_s - self._fed_s >= (self.watchdog_s or 8.0) / 8.0:
            self._fed_s = now_s
            self._say("WATCHDOG=1", self._as(status))

    def stopping(self, status: str = "") -> None:
        """The end has begun: lasers are being ramped down."""
        self._say("STOPPING=1", self._as(status))

    def extend(self, seconds: float) -> None:
        """What is under way takes up to so long, as a recovery at the start or the ramp at the end."""
        self._say(f"EXTEND_TIMEOUT_USEC={int(seconds * 1e6)}")

    def _as(self, status: str) -> str:
        self._status = status
        return f"STATUS={' '.join(status.split())}" if status else ""

    def _say(self, *words: str) -> None:
        """Never waits, never raises: a monitor must not fail because nobody listens."""
        if not self._address or not hasattr(socket, "AF_UNIX"):
            return
        address = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.setblocking(False)
            line.sendto("\n".join(filter(None, words)).encode(), address)
