"""Messages on their way, as the alarms' file holds them: what fired is one thing, what was delivered another.

Each way of delivery takes what it has not carried yet, together in one message, and tries until somebody has it; a
program that is killed in between goes on from here.
"""

import json
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lasercontrol.alarm_settings import AlarmSettings
from lasercontrol.monitor.alarm_schema import writing
from lasercontrol.monitor.alarm_store import AlarmStore
from lasercontrol.monitor.finding import Severity
from lasercontrol.monitor.message import Message, message

__all__ = ["Delivery", "Outbox", "pause_s"]


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message and how it fares. key: the same at every try, so that who receives it twice can tell."""

    number: int
    key: str
    message: Message
    made_utc_s: float
    attempts: int = 0


def pause_s(settings: AlarmSettings, attempts: int) -> float:
    """After so many tries that failed, at least one."""
    return float(min(settings.retry_most_s, settings.retry_first_s * 2.0 ** min(attempts - 1, 40)))


class Outbox:
    """One way's messages, over a connection of its own, for one thread."""

    def __init__(self, path: Path, way: str, least: Severity, settings: AlarmSettings) -> None:
        self._store = AlarmStore(path)
        self._link, self._way, self._least, self._settings = self._store.link, way, least, settings
        self.log: Mapping[str, Any] = {**self._store.description(), "log": str(path.parent)}

    def close(self) -> None:
        """Nothing is lost without it."""
        self._store.close()

    def gather(
        self, now_utc_s: float, told: AbstractSet[tuple[str, str]] = frozenset(), *, hurry: bool = False
    ) -> float | None:
        """Make a message of what has not been carried, if it is time; gives the seconds until it may be, or None.

        hurry: it is time. told: alarm and step of those that were delivered already, when the file could not be
        written. Silenced ones wait. Those that were acknowledged meanwhile, or came and went under a silence, need no
        message any more.
        """
        rows = [dict(row) for row in self._link.execute(_UNTOLD, {"way": self._way, "now": now_utc_s})]
        over = [row["notice"] for row in rows if self._needless(row, told)]
        wanted = [row for row in rows if row["notice"] not in set(over)]
        ready = [row for row in wanted if not row["silent_now"]]
        wait_s = 0.0 if hurry else self._wait_s(ready, now_utc_s)
        if over or (ready and wait_s <= 0):
            with writing(self._link):
                self._carry(over, None)
                if ready and wait_s <= 0:
                    self._carry([row["notice"] for row in ready], self._posted(ready, now_utc_s))
                    wait_s = 0.0
        if ready:
            return max(wait_s, 0.0)
        return 5.0 if wanted else None  # a silence may be ended at any time

    def _needless(self, row: Mapping[str, Any], told: AbstractSet[tuple[str, str]]) -> bool:
        if row["notice_severity"] < self._least or (row["alarm"], row["step"]) in told:
            return True
        gone = row["state"] == "cleared" and (row["acked"] or row["silent_then"])
        return bool(row["state"] == "acknowledged" or gone)

    def _wait_s(self, ready: list[dict[str, Any]], now_utc_s: float) -> float:
        """A clock that was set back must not make anybody wait: no wait is longer than the settings say."""
        if not ready:
            return 0.0
        wait_s = min(row["made_utc_s"] for row in ready) + self._settings.group_wait_s - now_utc_s
        wait_s = min(wait_s, self._settings.group_wait_s)
        row = self._link.execute("SELECT max(made_utc_s) AS s FROM deliveries WHERE way = ?", (self._way,)).fetchone()
        if row["s"] is not None:
            pause_s = self._settings.group_pause_s
            wait_s = max(wait_s, min(row["s"] + pause_s - now_utc_s, pause_s))
        return float(wait_s)

    def _posted(self, rows: list[dict[str, Any]], now_utc_s: float) -> int:
        each = {row["alarm"]: row for row in rows}  # an alarm that became worse at once is told once
        made = message(list(each.values()), self.log)
        row = (self._way, now_utc_s, made.subject, made.body, json.dumps(made.payload), now_utc_s)
        posted = self._link.execute(
            "INSERT INTO deliveries (way, made_utc_s, subject, body, payload, due_utc_s) VALUES (?, ?, ?, ?, ?, ?)", row
        )
        return int(posted.lastrowid or 0)

    def _carry(self, notices: list[int], delivery: int | None) -> None:
        rows = [(self._way, notice, delivery) for notice in notices]
        self._link.executemany("INSERT OR IGNORE INTO carried VALUES (?, ?, ?)", rows)

    def due(self, now_utc_s: float) -> list[Delivery]:
        """What is to be tried now, the oldest first."""
        latest = now_utc_s + self._settings.retry_most_s  # beyond: the clock has been set back since
        rows = self._link.execute(
            "SELECT * FROM deliveries WHERE way = ? AND delivered_utc_s IS NULL AND (due_utc_s <= ? OR due_utc_s > ?)"
            " ORDER BY id",
            (self._way, now_utc_s, latest),
        )
        return [self._delivery(dict(row)) for row in rows]

    def _delivery(self, row: Mapping[str, Any]) -> Delivery:
        made = Message(row["subject"], row["body"], json.loads(row["payload"]))
        key = f"{self.log.get('run_id')}/{self._way}/{row['id']}"
        return Delivery(row["id"], key, made, row["made_utc_s"], row["attempts"])

    def next_s(self, now_utc_s: float) -> float | None:
        """Seconds until something is to be tried; None: nothing is on its way."""
        row = self._link.execute(
            "SELECT min(due_utc_s) FROM deliveries WHERE way = ? AND delivered_utc_s IS NULL", (self._way,)
        ).fetchone()
        return None if row[0] is None else max(0.0, row[0] - now_utc_s)

    def delivered(self, number: int, now_utc_s: float, remark: str = "") -> None:
        """Somebody has it; remark: what went wrong for others."""
        with writing(self._link):
            self._link.execute(
                "UPDATE deliveries SET delivered_utc_s = ?, attempts = attempts + 1, error = ? WHERE id = ?",
                (now_utc_s, remark, number),
            )

    def failed(self, delivery: Delivery, now_utc_s: float, error: str) -> None:
        """Not this time."""
        due_utc_s = now_utc_s + pause_s(self._settings, delivery.attempts + 1)
        with writing(self._link):
            self._link.execute(
                "UPDATE deliveries SET attempts = attempts + 1, due_utc_s = ?, error = ? WHERE id = ?",
                (due_utc_s, error, delivery.number),
            )


_UNTOLD = """
SELECT n.id AS notice, n.step, n.severity AS notice_severity, n.made_utc_s, a.*, a.acknowledged >= n.severity AS acked,
    EXISTS (SELECT 1 FROM silences AS s WHERE (s.laser_id IS NULL OR s.laser_id IS a.laser_id)
        AND (s.kind IS NULL OR s.kind = a.kind) AND s.until_utc_s > :now AND s.made_utc_s <= :now) AS silent_now,
    EXISTS (SELECT 1 FROM silences AS s WHERE (s.laser_id IS NULL OR s.laser_id IS a.laser_id)
        AND (s.kind IS NULL OR s.kind = a.kind) AND s.until_utc_s > n.made_utc_s) AS silent_then
FROM notices AS n JOIN shown AS a ON a.alarm = n.alarm
WHERE NOT EXISTS (SELECT 1 FROM carried AS c WHERE c.way = :way AND c.notice = n.id) ORDER BY n.id
"""
