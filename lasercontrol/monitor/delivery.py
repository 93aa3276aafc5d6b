"""Telling people: one thread a way, so that neither scoring nor another way ever waits for a server.

An alarm is told again after a crash only where the crash came between a server's word that it has the message and
that word's being kept; the message then carries the same key as before.
"""

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Protocol

from lasercontrol.alarm_settings import AlarmSettings
from lasercontrol.errors import LaserControlError
from lasercontrol.monitor.finding import Severity
from lasercontrol.monitor.message import message
from lasercontrol.monitor.outbox import Delivery, Outbox, pause_s
from lasercontrol.monitor.transition import Transition

__all__ = ["Courier", "Standing", "Way"]

LOG = logging.getLogger(__name__)
LONGEST_REST_S = 30.0
ERROR_CHARACTERS = 300


class Way(Protocol):
    """How a message reaches somebody. least: what is less severe is not told."""

    name: str
    least: Severity

    def check(self) -> None:
        """CallerError where it cannot work as it is set up."""

    def send(self, delivery: Delivery) -> str:
        """Return when somebody has it; gives a remark, or "". Raises whatever went wrong."""


@dataclass(frozen=True, slots=True)
class Standing:
    """How a way fares, since this program began. error: of the last try, "" where it went well."""

    delivered: int = 0
    failures: int = 0
    error: str = ""


class Courier(threading.Thread):
    """Carries the messages of one way until `stop`; a failure is kept, logged once, and tried again."""

    def __init__(self, path: Path, way: Way, settings: AlarmSettings, clock: Callable[[], float] = time.time) -> None:
        super().__init__(name=f"delivery by {way.name}", daemon=True)
        self.standing = Standing()
        self._path, self._way, self._settings, self._clock = path, way, settings, clock
        self._outbox: Outbox | None = None
        self._woken, self._ending = threading.Event(), threading.Event()
        self._lock = threading.Lock()
        self._unsaved: list[Transition] = []
        self._told: set[tuple[str, str]] = set()
        self._accepted: dict[int, tuple[float, str]] = {}  # delivered, and not yet kept as such
        self._unsaved_tries, self._unsaved_due_s = 0, 0.0

    def wake(self) -> None:
        """There is news in the file. Never waits."""
        self._woken.set()

    def unsaved(self, steps: Sequence[Transition]) -> None:
        """Tell of these from memory: the file cannot be written. Never waits."""
        with self._lock:
            self._unsaved += [step for step in steps if step.told and step.severity >= self._way.least]
        self._woken.set()

    def saved(self) -> None:
        """The file holds all again, and those not told yet go its way. Never waits."""
        with self._lock:
            self._unsaved.clear()
        self._woken.set()

    def stop(self, limit_s: float = 10.0) -> bool:
        """One last turn, without waiting for more alarms; gives whether it ended within the limit."""
        self._ending.set()
        self._woken.set()
        self.join(limit_s)
        return not self.is_alive()

    def run(self) -> None:
        """Turn after turn."""
        while not self._ending.is_set():
            rest_s = self._turn(hurry=False)
            self._woken.wait(rest_s)
            self._woken.clear()
        self._turn(hurry=True)
        if self._outbox is not None:
            self._outbox.close()

    def _turn(self, *, hurry: bool) -> float:
        """Whatever is due; gives the seconds to rest. No error ends the thread."""
        rests_s = [LONGEST_REST_S, self._tell_unsaved()]
        try:
            if self._outbox is None:
                self._outbox = Outbox(self._path, self._way.name, self._way.least, self._settings)
            rests_s += self._from_file(self._outbox, hurry=hurry)
        except (sqlite3.Error, LaserControlError) as error:
            self._failed(f"the file of alarms: {error}")
            rests_s.append(2.0)
        return max(0.05, min(rests_s))

    def _from_file(self, outbox: Outbox, *, hurry: bool) -> list[float]:
        for number, (when_utc_s, remark) in list(self._accepted.items()):
            outbox.delivered(number, when_utc_s, remark)
            del self._accepted[number]
        gathered_s = outbox.gather(self._clock(), self._told, hurry=hurry)
        for delivery in outbox.due(self._clock()):
            remark, error = self._tried(delivery)
            if error:
                outbox.failed(delivery, self._clock(), error)
            else:
                self._accepted[delivery.number] = self._clock(), remark
                outbox.delivered(delivery.number, *self._accepted[delivery.number])
                del self._accepted[delivery.number]
        return [rest_s for rest_s in (gathered_s, outbox.next_s(self._clock())) if rest_s is not None]

    def _tell_unsaved(self) -> float:
        with self._lock:
            steps = list(self._unsaved)
        if not steps:
            return LONGEST_REST_S
        if (rest_s := self._unsaved_due_s - time.monotonic()) > 0:
            return rest_s
        log = {"run_id": "", "zone": "UTC", "log": str(self._path.parent)} if self._outbox is None else self._outbox.log
        told = message([_row(step) for step in steps], log)
        key = f"{log.get('run_id')}/{self._way.name}/{steps[0].alarm}-{steps[0].step}-unsaved"
        _, error = self._tried(Delivery(0, key, told, self._clock()))
        if error:
            self._unsaved_tries += 1
            self._unsaved_due_s = time.monotonic() + pause_s(self._settings, self._unsaved_tries)
            return 1.0
        self._unsaved_tries, self._unsaved_due_s = 0, 0.0
        self._told |= {(step.alarm, step.step) for step in steps}
        with self._lock:
            self._unsaved = [step for step in self._unsaved if step not in steps]
        return LONGEST_REST_S

    def _tried(self, delivery: Delivery) -> tuple[str, str]:
        """Remark and error; either may be "", and an error is never empty."""
        try:
            remark = self._way.send(delivery)
        except Exception as error:  # noqa: BLE001 — whatever it is, it must not silence the next alarm
            text = " ".join(str(error).split())[:ERROR_CHARACTERS] or type(error).__name__
            self._failed(text)
            return "", text
        self.standing = Standing(self.standing.delivered + 1, self.standing.failures)
        return remark, ""

    def _failed(self, text: str) -> None:
        if text != self.standing.error:
            LOG.warning("alarms by %s are not delivered: %s; it is tried again", self._way.name, text)
        self.standing = Standing(self.standing.delivered, self.standing.failures + 1, text)


def _row(step: Transition) -> dict[str, Any]:
    """As the table of alarms would hold it."""
    return {
        "alarm": step.alarm,
        "kind": step.kind.value,
        "laser_id": step.laser_id,
        "severity": int(step.severity),
        "since_utc_s": step.since_utc_s,
        "fired_utc_s": step.utc_s,
        "cleared_utc_s": None,
        "value": step.value if isfinite(step.value) else None,
        "bound": step.bound if isfinite(step.bound) else None,
        "unit": step.unit,
        "detector": step.detector,
        "evidence": step.evidence,
    }
