"""What people do with alarms: list, acknowledge, silence, note. Beside a running monitor, or after it has ended."""

import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lasercontrol.errors import CallerError
from lasercontrol.monitor.alarm_schema import FILE, writing
from lasercontrol.monitor.alarm_store import AlarmStore
from lasercontrol.monitor.finding import Kind

__all__ = ["AlarmDesk", "silenced"]

_TOLD = (
    "SELECT DISTINCT n.alarm, d.way, d.made_utc_s, d.delivered_utc_s, d.attempts, d.error FROM carried AS c"
    " JOIN notices AS n ON n.id = c.notice JOIN deliveries AS d ON d.id = c.delivery ORDER BY d.id"
)


class AlarmDesk:
    """The alarms of a log, for a person; `log`: its folder, or the file of alarms itself. RecordError without one."""

    def __init__(self, log: Path) -> None:
        self._store = AlarmStore(log / FILE if log.is_dir() else log)
        self._link = self._store.link

    def close(self) -> None:
        """Nothing is lost without it."""
        self._store.close()

    def description(self) -> dict[str, Any]:
        """What the log is: run_id, zone, lasers."""
        return self._store.description()

    def alarms(self, *, over: bool = False) -> list[dict[str, Any]]:
        """Alarms in the order in which they fired, with who was told; those that are over too where asked for."""
        told: dict[str, list[dict[str, Any]]] = {}
        for row in self._rows(_TOLD):
            told.setdefault(row.pop("alarm"), []).append(row)
        rows = self._rows("SELECT * FROM shown WHERE ? OR state != 'cleared' ORDER BY fired_utc_s, id", over)
        return [{**row, "told": told.get(row["alarm"], [])} for row in rows]

    def acknowledgements(self) -> list[dict[str, Any]]:
        """Who, when, and what they said."""
        return self._rows("SELECT * FROM acknowledgements ORDER BY id")

    def silences(self, now_utc_s: float | None = None) -> list[dict[str, Any]]:
        """Those in force."""
        now_utc_s = time.time() if now_utc_s is None else now_utc_s
        return self._rows("SELECT * FROM silences WHERE until_utc_s > ? ORDER BY id", now_utc_s)

    def notes(self) -> list[dict[str, Any]]:
        """Notes of people."""
        return self._rows("SELECT * FROM notes ORDER BY id")

    def undelivered(self) -> list[dict[str, Any]]:
        """Messages that are not delivered yet, each with its last error."""
        return self._rows(
            "SELECT id, way, made_utc_s, subject, attempts, due_utc_s, error FROM deliveries"
            " WHERE delivered_utc_s IS NULL ORDER BY id"
        )

    def acknowledge(self, names: Iterable[str], who: str, note: str, now_utc_s: float | None = None) -> list[str]:
        """Acknowledge alarms by name, or `all` that wait for it; all of them or, with CallerError, none.

        An alarm that becomes more severe afterwards must be acknowledged again. One that is over and was acknowledged
        already is no error: two people may do so at once.
        """
        now_utc_s, who = time.time() if now_utc_s is None else now_utc_s, _who(who)
        with writing(self._link):
            asked = [name for given in names for name in (self._waiting() if given == "all" else [given])]
            found = {name: self._severity(name) for name in dict.fromkeys(asked)}
            rows = [(name, severity, now_utc_s, who, note) for name, severity in found.items()]
            self._link.executemany(
                "INSERT INTO acknowledgements (alarm, severity, utc_s, who, note) VALUES (?, ?, ?, ?, ?)", rows
            )
        return list(found)

    def _waiting(self) -> list[str]:
        rows = self._link.execute("SELECT alarm FROM shown WHERE state IN ('firing', 'latched') ORDER BY id")
        return [row["alarm"] for row in rows]

    def _severity(self, name: str) -> int:
        row = self._link.execute("SELECT severity FROM alarms WHERE alarm = ?", (name,)).fetchone()
        if row is None:
            raise CallerError(f"{self._store.path} holds no alarm {name!r}; nothing was acknowledged.")
        return int(row["severity"])

    def silence(self, what: str, until_utc_s: float, who: str, why: str, now_utc_s: float | None = None) -> int:
        """Tell nobody of `all`, of a kind or of a laser until then; alarms go on and are listed. Gives its number.

        When it ends, alarms that are still there, or latched, are told. CallerError for a laser that is none.
        """
        now_utc_s = time.time() if now_utc_s is None else now_utc_s
        if until_utc_s <= now_utc_s:
            raise CallerError("a silence must end in the future; nothing was silenced.")
        kind = what if what in set(Kind) else None
        laser_id = None if kind or what == "all" else what
        if laser_id is not None and laser_id not in self.description().get("lasers", ()):
            kinds = ", ".join(Kind)
            raise CallerError(
                f"{what!r} is no laser of this log, no kind ({kinds}) and not `all`; nothing was silenced."
            )
        with writing(self._link):
            return silenced(self._link, laser_id, kind, until_utc_s, now_utc_s, _who(who), why)

    def end_silence(self, number: int, now_utc_s: float | None = None) -> None:
        """End it now. CallerError where no such silence is in force."""
        now_utc_s = time.time() if now_utc_s is None else now_utc_s
        with writing(self._link):
            ended = self._link.execute(
                "UPDATE silences SET until_utc_s = ? WHERE id = ? AND until_utc_s > ?", (now_utc_s, number, now_utc_s)
            )
            if not ended.rowcount:
                raise CallerError(f"no silence {number} is in force; nothing was changed.")

    def note(self, text: str, who: str, now_utc_s: float | None = None) -> None:
        """Keep a note of a person."""
        now_utc_s = time.time() if now_utc_s is None else now_utc_s
        with writing(self._link):
            self._link.execute("INSERT INTO notes (utc_s, who, text) VALUES (?, ?, ?)", (now_utc_s, _who(who), text))

    def _rows(self, question: str, *given: object) -> list[dict[str, Any]]:
        return [dict(row) for row in self._link.execute(question, given)]


def silenced(
    link: sqlite3.Connection,
    laser_id: str | None,
    kind: str | None,
    until_utc_s: float,
    made_utc_s: float,
    who: str,
    why: str,
) -> int:
    """Within `writing`: keep a silence, unless just that one is kept already; gives its number."""
    row = link.execute(
        "SELECT id FROM silences WHERE laser_id IS ? AND kind IS ? AND until_utc_s = ? AND who = ? AND why = ?",
        (laser_id, kind, until_utc_s, who, why),
    ).fetchone()
    if row is not None:
        return int(row["id"])
    made = link.execute(
        "INSERT INTO silences (laser_id, kind, until_utc_s, made_utc_s, who, why) VALUES (?, ?, ?, ?, ?, ?)",
        (laser_id, kind, until_utc_s, made_utc_s, who, why),
    )
    return int(made.lastrowid or 0)


def _who(who: str) -> str:
    if not (name := " ".join(who.split())):
        raise CallerError("a name is missing: who does this is kept with it; nothing was changed.")
    return name
