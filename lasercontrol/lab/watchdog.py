"""The run's side of the watchdog: a second process that removes emission when this one is killed, crashes or hangs.

It is no safety system: it is a program on the same computer, behind the lab's own interlock.
"""

import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from io import FileIO
from pathlib import Path
from typing import Any, cast

from lasercontrol.errors import BenchError
from lasercontrol.lab.watchdog_process import BYE, READY, SIGN, Order
from lasercontrol.lab_settings import LabSettings

__all__ = ["Watchdog"]

LEAST_PAUSE_S = 0.2  # between two signs of life
_ABANDONED: "list[subprocess.Popen[bytes]]" = []  # kept, so that nothing complains that nobody waits for them
START_LIMIT_S, BYE_LIMIT_S = 60.0, 5.0


class Watchdog:
    """A second process that watches this one; made by `start`.

    From then on `feed` must be called within every `watchdog_s`, or this process is killed; and `release` at the end,
    or emission is removed when the pipe closes, which it also does when this object is forgotten.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", log: Path) -> None:
        self.log = log
        self._process, self._pipe = process, cast("FileIO", process.stdin)
        self._fed_s = time.monotonic()
        with suppress(OSError, AttributeError):  # Windows learns it with Python 3.12; its pipes hold minutes of signs
            os.set_blocking(self._pipe.fileno(), False)

    @classmethod
    def start(cls, lab: LabSettings, watchdog_s: float, log: Path) -> "Watchdog":
        """Start it, and wait until it watches; `log` is appended to. BenchError where it does not, nothing moved."""
        order = Order(lab=lab, watchdog_s=watchdog_s, pid=os.getpid())
        try:
            process = _started(log)
        except OSError as error:
            raise BenchError(f"the watchdog cannot be started: {error}; nothing was moved.") from error
        answer = _answer(process, order.model_dump_json().encode() + b"\n")
        if answer != READY:
            with process:  # closes its pipes and waits for its end
                process.kill()
            said = answer.decode(errors="replace").strip() or f"it said nothing in {START_LIMIT_S:g} s"
            raise BenchError(f"the watchdog does not watch: {said}; nothing was moved. Its log is {log}.")
        return cls(process, log)

    @property
    def alive(self) -> bool:
        """Whether it still watches; nobody does once this is False."""
        return self._process.poll() is None

    def feed(self) -> None:
        """Give a sign of life, as often as you like. Never waits, never raises; `alive` says whether anybody heard."""
        now_s = time.monotonic()
        if now_s - self._fed_s >= LEAST_PAUSE_S:
            self._fed_s = now_s
            self._send(SIGN)

    def release(self) -> None:
        """Say bye, and wait for its end: emission stays as it is. One that does not listen is killed."""
        heard = self._send(BYE)
        with suppress(OSError):
            self._pipe.close()
        try:
            self._process.wait(BYE_LIMIT_S if heard else 0)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def abandon(self) -> None:
        """Close the pipe without a bye, and leave: it removes emission, and goes on trying after this process."""
        with suppress(OSError):
            self._pipe.close()
        _ABANDONED.append(self._process)

    def _send(self, text: bytes) -> bool:
        try:
            return self._pipe.write(text) == len(text)
        except (OSError, ValueError):  # it has gone, or was released
            return False


def _started(log: Path) -> "subprocess.Popen[bytes]":
    """The process, out of reach of this terminal's Ctrl-C, with this one's modules and nobody else's."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path)}
    command = [sys.executable, "-P", "-m", "lasercontrol.lab.watchdog_process"]
    with log.open("ab") as file:
        return subprocess.Popen(  # noqa: S603 — this project's own program
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=file,
            bufsize=0,
            env=environment,
            **_apart(),
        )


def _apart() -> dict[str, Any]:
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"start_new_session": True}


def _answer(process: "subprocess.Popen[bytes]", order: bytes) -> bytes:
    """What it says to its order, b"" where it ends before or takes too long; then its standard output is its own."""
    pipe, answers = cast("FileIO", process.stdin), cast("FileIO", process.stdout)
    limit = threading.Timer(START_LIMIT_S, process.kill)
    limit.start()
    try:
        with suppress(OSError):
            pipe.write(order)
        with answers:
            return answers.readline()
    finally:
        limit.cancel()
