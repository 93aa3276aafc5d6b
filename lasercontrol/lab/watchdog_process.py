"""The second process: it removes emission when the run that started it dies, or gives no sign of life.

    python -m lasercontrol.lab.watchdog_process

On its standard input comes one line of JSON (`Order`), which it answers with "ready" on its standard output; then one
byte per sign of life, and in the end "bye". From then on it writes to its log, standard error, only. It ends with 0
after a "bye" or once emission is off, with 3 where it could not be removed.

Only shutter and source are opened, and not before they are needed: some instruments take one connection at a time.
While it removes emission it owns the bench.
"""

import io
import os
import signal
import sys
import threading
import time
import traceback
from contextlib import suppress
from datetime import UTC, datetime
from enum import Enum
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, cast

from pydantic import BaseModel

from drivers.errors import InstrumentError
from drivers.instrument import Instrument
from drivers.registry import driver_named
from lasercontrol.errors import CallerError
from lasercontrol.lab.ownership import owned
from lasercontrol.lab.safe_order import make_safe
from lasercontrol.lab_settings import LabSettings

if TYPE_CHECKING:
    from lasercontrol.lab.roles import CurrentSource, Shutter

__all__ = ["BYE", "READY", "SIGN", "End", "Order", "Removal", "listen", "main", "watch"]

READY, SIGN, BYE = b"ready\n", b".", b"bye"
TRIED_FOR_S, PAUSE_S = 60.0, 0.5
RECONNECT_S = 1.0  # a box that is gone must not keep the next one waiting; all of them are tried again
GONE_S = 5.0  # a process that was killed lets its connections go by then
LONGEST_SLICE_S = 0.5

Signs = SimpleQueue[bytes]


class Order(BaseModel):
    """What the watchdog is told: the bench, the longest silence, and whom to watch."""

    lab: LabSettings
    watchdog_s: float
    pid: int


class End(Enum):
    """How the watching ended."""

    BYE = "the run said bye"
    CLOSED = "the run ended without a bye"
    SILENT = "the run gives no sign of life"


class Removal:
    """The instruments that remove emission. OutOfRange or TypeError where they cannot be built; nothing is opened."""

    def __init__(self, lab: LabSettings) -> None:
        safety = lab.safety
        self._drivers = {name: _driver(name, lab) for name in (safety.shutter, safety.source) if name}
        self._shutter = cast("Shutter", self._drivers[safety.shutter])
        self._source = cast("CurrentSource", self._drivers[safety.source]) if safety.source else None

    def attempt(self) -> list[str]:
        """Try once, and let the instruments go; what could not be done."""
        left = make_safe(self._shutter, self._source)
        for driver in self._drivers.values():
            with suppress(InstrumentError, OSError):
                driver.disconnect()
        return left

    def until_done(self, seconds: float) -> list[str]:
        """Try again while anything is left, for so long; what is left then."""
        until_s, told = time.monotonic() + seconds, list[str]()
        while (left := self.attempt()) and time.monotonic() < until_s:
            if left != told:
                _say(f"not yet: {'; '.join(told := left)}; trying again for up to {seconds:g} s.")
            time.sleep(PAUSE_S)
        return left


def watch(signs: Signs, watchdog_s: float) -> End:
    """Wait for the end. Silence is counted in slices: only time in which this process ran as well, no suspended one."""
    slice_s, silent_s, tail = min(LONGEST_SLICE_S, watchdog_s / 20), 0.0, b""
    while silent_s < watchdog_s:
        try:
            heard = signs.get(timeout=slice_s)
        except Empty:
            silent_s += slice_s
            continue
        if not heard:
            return End.CLOSED
        if (tail := (tail + heard)[-len(BYE) :]) == BYE:
            return End.BYE
        silent_s = 0.0
    return End.SILENT


def listen(pipe: io.FileIO, signs: Signs) -> None:
    """Pass on what comes through the pipe, and b"" when it closes."""
    heard = b"."
    while heard:
        try:
            heard = pipe.read(4096) or b""
        except OSError:
            heard = b""
        signs.put(heard)


def main() -> int:
    """The whole life of the process; its exit status."""
    _outlive()
    try:
        pipe = io.FileIO(0, closefd=False)
        order = Order.model_validate_json(pipe.readline())
        removal = Removal(order.lab)
    except Exception as error:  # noqa: BLE001 — whatever it is, who waits for an answer is told
        traceback.print_exc()
        _answer(f"{' '.join(f'{type(error).__name__}: {error}'.split())}\n".encode())
        return 3
    _answer(READY)
    _say(f"watches process {order.pid} of the bench {order.lab.name}; a silence of {order.watchdog_s:g} s is too long.")
    signs = Signs()
    threading.Thread(target=listen, args=(pipe, signs), daemon=True).start()
    if (end := watch(signs, order.watchdog_s)) is not End.BYE:
        threading.Thread(target=_hold, args=(order.lab.name,), daemon=True).start()
    return _after(end, order, removal, signs)


def _after(end: End, order: Order, removal: Removal, signs: Signs) -> int:
    _say(f"{end.value}.")
    if end is End.BYE:
        return 0
    if end is End.SILENT:
        _kill(order.pid, signs)
    left = removal.until_done(TRIED_FOR_S)
    _say(f"EMISSION MAY STILL BE ON: {'; '.join(left)}." if left else "Emission is off.")
    return 3 if left else 0


def _hold(name: str) -> None:
    """Own the bench from when the run lets it go: a new run would work the same shutter in the middle of a removal."""
    while True:
        with suppress(CallerError), owned(name):
            threading.Event().wait()  # until this process ends, and its locks with it
        time.sleep(LONGEST_SLICE_S / 10)


def _driver(name: str, lab: LabSettings) -> Instrument:
    address = lab.instruments[name]
    return driver_named(address.driver).at(
        address.resource,
        name=name,
        backend=lab.backend,
        timeout_s=address.timeout_s,
        reconnect_s=RECONNECT_S,
        **address.options,
    )


def _kill(pid: int, signs: Signs) -> None:
    """End the run that hangs, so that its serial lines and connections are free; then its pipe closes as well."""
    if sys.platform != "win32" and os.getppid() != pid:  # it has gone, and its number may be somebody else's by now
        _say(f"process {pid} has gone already.")
        return
    try:
        os.kill(pid, signal.SIGTERM if sys.platform == "win32" else signal.SIGKILL)
    except OSError as error:
        _say(f"process {pid} cannot be killed: {error}.")
        return
    _say(f"process {pid} was killed.")
    with suppress(Empty):
        while signs.get(timeout=GONE_S):
            pass


def _outlive() -> None:
    """What ends the run must not end who watches it: Ctrl-C, a terminal that closes, a shutdown's first word."""
    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)


def _answer(text: bytes) -> None:
    """The one answer; after it, standard output goes where the log goes."""
    with suppress(OSError):
        os.write(1, text)
    os.dup2(2, 1)


def _say(text: str) -> None:
    """A line of the log; a full disk keeps nothing from being done."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    with suppress(OSError):
        os.write(2, f"{now} watchdog {os.getpid()}: {text}\n".encode())


if __name__ == "__main__":
    sys.exit(main())
