"""Where the alarms of a log are kept: each step with all that the engine carries, in one commit, or not at all.

So a program that is killed at any moment goes on from its last commit, scores the rows after it again, and neither
loses an alarm nor raises one twice.
"""

import io
import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from lasercontrol.errors import RecordError
from lasercontrol.monitor.alarm_schema import connected, writing
from lasercontrol.monitor.condition import Key
from lasercontrol.monitor.finding import Severity, State
from lasercontrol.monitor.transition import Transition

__all__ = ["AlarmStore", "Change"]


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be kept of one step forward of the engine with that prefix; latching: kinds."""

    prefix: str
    state: str
    steps: Sequence[Transition] = ()
    conditions: Mapping[Key, str | None] = field(default_factory=dict)
    latching: frozenset[str] = frozenset()
    made_utc_s: float = 0.0


class AlarmStore:
    """One connection to a file of alarms, for one thread; `link` is SQLite's own."""

    def __init__(self, path: Path, *, create: bool = False) -> None:
        """RecordError where there is none, or none of this program."""
        self.path = path
        self.link = connected(path, create=create)

    def close(self) -> None:
        """Nothing is lost without it."""
        self.link.close()

    def describe(self, **told: Any) -> None:
        """Keep what the log is: run_id, zone and such. RecordError where the file holds another run's alarms."""
        kept = self.description()
        if kept and kept.get("run_id") != told.get("run_id"):
            raise RecordError(self.path, f"holds alarms of the run {kept.get('run_id')}, not of {told.get('run_id')}")
        with writing(self.link):
            rows = [(name, json.dumps(value)) for name, value in told.items()]
            self.link.executemany("INSERT OR REPLACE INTO log VALUES (?, ?)", rows)

    def description(self) -> dict[str, Any]:
        """What `describe` kept."""
        return {row["name"]: json.loads(row["value"]) for row in self.link.execute("SELECT name, value FROM log")}

    def commit(self, changes: Sequence[Change]) -> None:
        """Keep them all, on the medium when this returns; sqlite3.Error where it cannot, and then none is kept."""
        with writing(self.link):
            for change in changes:
                self._keep(change)

    def _keep(self, change: Change) -> None:
        prefix = change.prefix
        self.link.execute("INSERT OR REPLACE INTO engines VALUES (?, ?)", (prefix, change.state))
        over = [(prefix, *key) for key, told in change.conditions.items() if told is None]
        held = [(prefix, *key, told) for key, told in change.conditions.items() if told is not None]
        self.link.executemany("DELETE FROM conditions WHERE prefix = ? AND kind = ? AND laser = ?", over)
        self.link.executemany("INSERT OR REPLACE INTO conditions VALUES (?, ?, ?, ?)", held)
        lines = [(prefix, step.alarm, step.line()) for step in change.steps]
        self.link.executemany("INSERT INTO transitions (prefix, alarm, line) VALUES (?, ?, ?)", lines)
        for step in change.steps:
            _APPLY.get(step.step, _nothing)(self.link, step, change)

    def carried(self, prefix: str) -> tuple[str, dict[Key, str]] | None:
        """What the engine of that prefix carried at the last commit: state and conditions; None: it is new."""
        row = self.link.execute("SELECT state FROM engines WHERE prefix = ?", (prefix,)).fetchone()
        if row is None:
            return None
        rows = self.link.execute("SELECT kind, laser, told FROM conditions WHERE prefix = ?", (prefix,))
        return row["state"], {(found["kind"], found["laser"]): found["told"] for found in rows}

    def lines(self, prefix: str = "A") -> list[str]:
        """Every step in its order, each the line that it was."""
        rows = self.link.execute("SELECT line FROM transitions WHERE prefix = ? ORDER BY id", (prefix,))
        return [row["line"] for row in rows]

    def checkpoint(self, name: str, seq: int, state: State, change: Change) -> None:
        """Keep arrays of a detector as they were after row `seq`, with what the engine carries.

        ValueError for an array of objects, which could be read back by running code alone; sqlite3.Error.
        """
        if objects := [key for key, array in state.items() if np.asarray(array).dtype.hasobject]:
            raise ValueError(f"the state of {name} holds objects in {objects}; only numbers and text can be kept")
        packed = io.BytesIO()
        named: dict[str, Any] = dict(
            state
        )  # to its stubs `allow_pickle`, which NumPy 2.0 does not know, is one of them
        np.savez(packed, **named)
        with writing(self.link):
            row = (name, seq, packed.getvalue())
            self.link.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)", row)
            self._keep(change)

    def checkpointed(self, name: str) -> tuple[int, State] | None:
        """The row after which `checkpoint` kept the arrays, and the arrays; None: it never did."""
        row = self.link.execute("SELECT seq, arrays FROM checkpoints WHERE name = ?", (name,)).fetchone()
        if row is None:
            return None
        with np.load(io.BytesIO(row["arrays"]), allow_pickle=False) as arrays:
            return row["seq"], {key: arrays[key] for key in arrays.files}


def _nothing(_link: sqlite3.Connection, _step: Transition, _change: Change) -> None:
    """Pending and withdrawn: a line, no alarm."""


def _firing(link: sqlite3.Connection, step: Transition, change: Change) -> None:
    latching = step.severity > Severity.INFO and step.kind.value in change.latching
    link.execute(
        "INSERT INTO alarms (alarm, kind, laser, laser_id, severity, latching, since_utc_s, fired_utc_s, value, bound,"
        " unit, detector, evidence, first_evidence) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(step.alarm, step.kind.value, step.laser, step.laser_id, int(step.severity), latching),
            *(step.since_utc_s, step.utc_s, step.value, step.bound, step.unit),  # NaN becomes NULL
            *(step.detector, step.evidence, step.evidence),
        ),
    )
    if step.told and not _stands_for(link, step):
        _notice(link, step, change)


def _stands_for(link: sqlite3.Connection, step: Transition) -> bool:
    """Whether the same trouble is still listed from earlier, no less severe, told, and not acknowledged."""
    found = link.execute(
        "SELECT 1 FROM shown WHERE kind = ? AND laser IS ? AND state = 'latched' AND severity >= ?"
        " AND EXISTS (SELECT 1 FROM notices WHERE notices.alarm = shown.alarm) LIMIT 1",
        (step.kind.value, step.laser, int(step.severity)),
    )
    return found.fetchone() is not None


def _escalated(link: sqlite3.Connection, step: Transition, change: Change) -> None:
    link.execute(
        "UPDATE alarms SET severity = ?, since_utc_s = ?, value = ?, bound = ?, unit = ?, detector = ?, evidence = ?,"
        " latching = latching OR ? WHERE alarm = ?",
        (
            *(int(step.severity), step.since_utc_s, step.value, step.bound, step.unit, step.detector, step.evidence),
            *(step.severity > Severity.INFO and step.kind.value in change.latching, step.alarm),
        ),
    )
    if step.told:
        _notice(link, step, change)


def _cleared(link: sqlite3.Connection, step: Transition, _change: Change) -> None:
    link.execute("UPDATE alarms SET cleared_utc_s = ? WHERE alarm = ?", (step.utc_s, step.alarm))


def _notice(link: sqlite3.Connection, step: Transition, change: Change) -> None:
    row = (step.alarm, step.step, int(step.severity), change.made_utc_s)
    link.execute("INSERT INTO notices (alarm, step, severity, made_utc_s) VALUES (?, ?, ?, ?)", row)


_APPLY = {"firing": _firing, "escalated": _escalated, "cleared": _cleared}
