"""`lasercontrol alarms LOG`: list them; acknowledge, silence and note, beside a running monitor or afterwards."""

import sqlite3
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from getpass import getuser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from lasercontrol.errors import BenchError, CallerError
from lasercontrol.monitor.alarm_desk import AlarmDesk
from lasercontrol.monitor.finding import Kind, Severity
from lasercontrol.monitor.message import WORDS, local_text
from lasercontrol.monitor.transition import utc_text

__all__ = ["AlarmsCall", "Told", "alarms"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmsCall:
    """What was asked; note: of the acknowledgement or silence, or by itself."""

    log: Path
    everything: bool = False
    acknowledge: Sequence[str] = ()
    silence: str | None = None
    minutes: float = 60.0
    end_silence: int | None = None
    who: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """For a person, and for a program."""

    sentences: tuple[str, ...]
    summary: dict[str, Any]


def alarms(call: AlarmsCall) -> Told:
    """Do what was asked, and list. CallerError for what is none, RecordError for a log without alarms' file.

    BenchError where the file cannot be written: its disk is full, or it is not ours.
    """
    desk = AlarmDesk(call.log)
    try:
        return _listed(desk, call, list(_done(desk, call)))
    except sqlite3.Error as error:
        raise BenchError(f"the alarms of {call.log} were not changed: {error}.") from error
    finally:
        desk.close()


def _done(desk: AlarmDesk, call: AlarmsCall) -> Iterator[str]:
    who, note = call.who or getuser(), (call.note or "").strip()
    if call.minutes <= 0 or call.minutes > 60 * 24 * 31:
        raise CallerError(f"--minutes {call.minutes:g}: a silence lasts more than 0 minutes and at most 31 days.")
    if call.acknowledge:
        names = desk.acknowledge(call.acknowledge, who, note)
        yield f"Acknowledged by {who}: {', '.join(names) or 'nothing was waiting for it'}."
    if call.silence is not None:
        if not note:
            raise CallerError("--silence needs --note: why nobody is to be told.")
        number = desk.silence(call.silence, time.time() + 60 * call.minutes, who, note)
        yield f"Silence {number}: nobody is told of {call.silence} for {call.minutes:g} min; its alarms are listed."
    if call.end_silence is not None:
        desk.end_silence(call.end_silence)
        yield f"Silence {call.end_silence} has ended."
    if note and not call.acknowledge and call.silence is None:
        desk.note(note, who)
        yield f"Noted by {who}."


def _listed(desk: AlarmDesk, call: AlarmsCall, done: list[str]) -> Told:
    log = desk.description()
    zone = ZoneInfo(log["zone"])
    listed = desk.alarms(over=call.everything)
    acknowledged: dict[str, list[dict[str, Any]]] = {}
    for row in desk.acknowledgements():
        acknowledged.setdefault(row["alarm"], []).append(row)
    states = [alarm["state"] for alarm in listed]
    counts = ", ".join(f"{states.count(state):,} {state}" for state in dict.fromkeys(states))
    lines = [*done, f"Run {log['run_id']}: {counts or 'no alarms'}. Times are {log['zone']}."]
    for alarm in listed:
        lines += _told(alarm, acknowledged.get(alarm["alarm"], []), zone)
    for silence in desk.silences():
        of = silence["laser_id"] or silence["kind"] or "all"
        until = local_text(silence["until_utc_s"], zone)
        lines.append(f"Silence {silence['id']}: {of} until {until}, by {silence['who']}: {silence['why']}")
    for late in desk.undelivered():
        why = late["error"] or "it waits"
        lines.append(f"Not delivered by {late['way']} after {late['attempts']} tries: {late['subject']}: {why}")
    lines += [f"Note, {local_text(note['utc_s'], zone)}, {note['who']}: {note['text']}" for note in desk.notes()]
    summary = {
        "run_id": log["run_id"],
        "done": done,
        "alarms": [_plain(alarm, acknowledged.get(alarm["alarm"], [])) for alarm in listed],
        "silences": [_utc(row) for row in desk.silences()],
        "undelivered": [_utc(row) for row in desk.undelivered()],
        "notes": [_utc(row) for row in desk.notes()],
    }
    return Told(tuple(lines), summary)


def _told(alarm: dict[str, Any], acknowledged: list[dict[str, Any]], zone: ZoneInfo) -> Iterator[str]:
    over = "" if alarm["cleared_utc_s"] is None else f", over {local_text(alarm['cleared_utc_s'], zone)}"
    severity, who = Severity(alarm["severity"]).name, alarm["laser_id"] or "rack"
    yield (
        f"{alarm['alarm']:<6} {alarm['state']:<12} {severity:<8} {who}: "
        f"{WORDS[Kind(alarm['kind'])]}, first seen {local_text(alarm['since_utc_s'], zone)}, alarm "
        f"{local_text(alarm['fired_utc_s'], zone)}{over}"
    )
    yield f"       {alarm['evidence']} ({alarm['detector']})"
    for row in acknowledged:
        said = f": {row['note']}" if row["note"] else ""
        yield f"       acknowledged {local_text(row['utc_s'], zone)} by {row['who']}{said}"
    for told in alarm["told"]:
        if told["delivered_utc_s"] is not None:
            yield f"       told by {told['way']} {local_text(told['delivered_utc_s'], zone)}"


def _plain(alarm: dict[str, Any], acknowledged: list[dict[str, Any]]) -> dict[str, Any]:
    left = {"id", "laser", "acknowledged", "told", "severity", "latching"}
    return {
        **_utc({key: value for key, value in alarm.items() if key not in left}),
        "latching": bool(alarm["latching"]),
        "severity": Severity(alarm["severity"]).name.lower(),
        "acknowledged": [_utc({key: row[key] for key in ("utc_s", "who", "note")}) for row in acknowledged],
        "told": [_utc(row) for row in alarm["told"]],
    }


def _utc(row: dict[str, Any]) -> dict[str, Any]:
    """Times as text."""
    return {
        key.removesuffix("_s") if key.endswith("utc_s") else key: utc_text(value)
        if key.endswith("utc_s") and value is not None
        else value
        for key, value in row.items()
    }
