"""The alarms of a live log: engine, file and deliveries together, for the one thread that scores.

Every call returns at once: a server that does not answer is the couriers' business, and a disk that cannot be written
makes alarms wait in memory, from where they are told all the same, until it can.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lasercontrol.alarm_settings import AlarmSettings
from lasercontrol.monitor.alarm import AlarmEngine
from lasercontrol.monitor.alarm_desk import silenced
from lasercontrol.monitor.alarm_schema import FILE, writing
from lasercontrol.monitor.alarm_store import AlarmStore, Change
from lasercontrol.monitor.delivery import Courier, Standing, Way
from lasercontrol.monitor.finding import Finding, Severity, State
from lasercontrol.monitor.mail import Mail
from lasercontrol.monitor.transition import Transition
from lasercontrol.monitor.webhook import Webhook
from lasercontrol.telemetry.row import Block, Event, Row, Schema, Sweep

__all__ = ["Annunciator", "ways_of"]

LOG = logging.getLogger(__name__)
LOGGED, OUTSIDE = "A", "S"
"""Prefixes: alarms that follow from the log, and those of what no log can hold, as that it cannot be written."""
RETRY_S = 1.0

_Moments = tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]  # seq, monotonic_s, utc_s, each (t,)


@dataclass(slots=True)
class _Backlog:
    """What the file does not hold yet, and when it is tried again."""

    changes: list[Change]
    due_s: float = 0.0


def ways_of(settings: AlarmSettings) -> list[Way]:
    """The ways of delivery, each checked for its secrets: CallerError before anything is switched on."""
    ways: list[Way] = [*map(Mail, settings.mails), *map(Webhook, settings.webhooks)]
    for way in ways:
        way.check()
    return ways


class Annunciator:
    """Takes rows with what was found in them; made by `opened`, and to be closed."""

    def __init__(
        self,
        store: AlarmStore,
        schema: Schema,
        settings: AlarmSettings,
        couriers: Sequence[Courier] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._store, self._couriers, self._clock = store, couriers, clock
        self._latching = frozenset(settings.latching)
        laser_ids = [laser.laser_id for laser in schema.lasers]
        self._engines = {prefix: AlarmEngine(settings, laser_ids, prefix) for prefix in (LOGGED, OUTSIDE)}
        self._backlog = _Backlog([])
        self.fired = dict.fromkeys(Severity, 0)
        """Alarms of this program's time, by severity."""
        self._begun = False  # whether anything was told by `outside` or `pulse`
        for prefix, engine in self._engines.items():
            if (carried := store.carried(prefix)) is not None:
                engine.restored(*carried)

    @classmethod
    def opened(
        cls,
        folder: Path,
        schema: Schema,
        settings: AlarmSettings,
        ways: Sequence[Way] = (),
        clock: Callable[[], float] = time.time,
    ) -> Self:
        """Of the log in the folder, going on from where its file of alarms ends; starts the couriers.

        ways: as `ways_of` gives them. RecordError for a file that is none, or another run's.
        """
        path = folder / FILE
        store = AlarmStore(path, create=True)
        try:
            lasers = [laser.laser_id for laser in schema.lasers]
            store.describe(run_id=schema.run_id, zone=schema.zone, lasers=lasers)
            with writing(store.link):
                for silence in settings.silences:
                    until_utc_s = silence.until.timestamp()
                    silenced(store.link, silence.laser, silence.kind, until_utc_s, clock(), "config", silence.why)
            made = cls(store, schema, settings, [Courier(path, way, settings, clock) for way in ways], clock)
        except BaseException:
            store.close()
            raise
        for courier in made._couriers:
            courier.start()
        return made

    @property
    def seq(self) -> int:
        """Of the last row that was taken; after a restart, of the last that was kept: scoring goes on after it, or at
        `checkpointed`, before it; rows that come again are passed over.
        """
        return self._engines[LOGGED].seq

    def checkpointed(self, name: str) -> tuple[int, State] | None:
        """What `checkpoint` kept."""
        return self._store.checkpointed(name)

    def checkpoint(self, name: str, state: State) -> bool:
        """Keep a detector's arrays as of the last row taken; gives whether they are. Rather not with every row."""
        if self._backlog.changes:
            return False
        change = self._change(LOGGED, ())
        try:
            self._store.checkpoint(name, self.seq, state, change)
        except sqlite3.Error as error:
            self._wait([change], error)
            return False
        return True

    def rows(self, rows: Block | Row, findings: Sequence[Finding]) -> list[Transition]:
        """Rows that are acknowledged, and what was found in them; gives the steps of alarms."""
        return self._advance(LOGGED, _moments(rows.seq, rows.monotonic_s, rows.utc_s), findings)

    def moment(self, what: Sweep | Event, findings: Sequence[Finding]) -> list[Transition]:
        """A sweep or an event, and what was found in it."""
        return self._advance(LOGGED, _moments(what.seq, what.monotonic_s, what.utc_s), findings)

    def outside(self, finding: Finding) -> list[Transition]:
        """What no log can hold, because it is about the log or this program; its seq is not looked at."""
        return self._outside(finding.monotonic_s, finding.utc_s, [finding])

    def pulse(self, monotonic_s: float, utc_s: float) -> list[Transition]:
        """Time passes for what was told by `outside`; when nothing else does, once in a while."""
        return self._outside(monotonic_s, utc_s, [])

    def _outside(self, monotonic_s: float, utc_s: float, findings: list[Finding]) -> list[Transition]:
        """What an earlier program said of itself holds no longer, unless this one says so, too."""
        engine = self._engines[OUTSIDE]
        seq = engine.seq + 1
        over = [] if self._begun else engine.ends((seq, monotonic_s, utc_s), "the program was started again")
        self._begun = True
        findings = [*over, *(replace(finding, seq=seq) for finding in findings)]
        return self._advance(OUTSIDE, _moments(seq, monotonic_s, utc_s), findings)

    def standings(self) -> dict[str, Standing]:
        """How each way fares."""
        return {courier.name.removeprefix("delivery by "): courier.standing for courier in self._couriers}

    @property
    def unsaved(self) -> int:
        """Commits that wait in memory for a disk that can be written."""
        return len(self._backlog.changes)

    def close(self, limit_s: float = 10.0) -> None:
        """Keep what can be kept, tell what can be told within the limit, and end."""
        self._backlog.due_s = 0.0
        self._keep([self._change(prefix, ()) for prefix in self._engines])
        for courier in self._couriers:
            courier.stop(limit_s)
        self._store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _advance(self, prefix: str, moments: _Moments, findings: Sequence[Finding]) -> list[Transition]:
        steps = self._engines[prefix].advance(*moments, findings)
        for step in steps:
            if step.step == "firing":
                self.fired[step.severity] += 1
        if steps or findings:
            self._keep([self._change(prefix, steps)])
        elif self._backlog.changes and time.monotonic() >= self._backlog.due_s:
            self._keep([])
        return steps

    def _change(self, prefix: str, steps: Sequence[Transition]) -> Change:
        engine = self._engines[prefix]
        return Change(prefix, engine.state(), steps, engine.conditions(), self._latching, self._clock())

    def _keep(self, changes: list[Change]) -> None:
        """On the medium, or else in memory; told either way."""
        waited = self._backlog.changes
        if waited and time.monotonic() < self._backlog.due_s:
            self._wait(changes)
            return
        try:
            self._store.commit([*waited, *changes])
        except sqlite3.Error as error:
            self._wait(changes, error)
            return
        self._backlog = _Backlog([])
        for courier in self._couriers:
            if waited:
                courier.saved()
            courier.wake()

    def _wait(self, changes: list[Change], error: sqlite3.Error | None = None) -> None:
        if error is not None:
            if not self._backlog.changes:
                LOG.error("alarms cannot be written to %s: %s; they are told from memory", self._store.path, error)
            self._backlog.due_s = time.monotonic() + RETRY_S
        self._backlog.changes += changes
        for courier in self._couriers:
            courier.unsaved([step for change in changes for step in change.steps])


def _moments(seq: ArrayLike, monotonic_s: ArrayLike, utc_s: ArrayLike) -> _Moments:
    return np.atleast_1d(seq), np.atleast_1d(monotonic_s), np.atleast_1d(utc_s)
