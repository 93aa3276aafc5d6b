"""What a person reads of alarms: one message for all that came together, plain text, times in the rack's zone."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from lasercontrol.monitor.alarm import OF_THE_LASER
from lasercontrol.monitor.finding import Kind, Severity
from lasercontrol.monitor.transition import utc_text

__all__ = ["WORDS", "Message", "local_text", "message"]

MOST_TOLD, MOST_SENT = 20, 200  # alarms with their evidence in the text, and in the JSON; the list has them all

WORDS = {
    Kind.SUDDEN: "sudden loss of light",
    Kind.RAPID: "rapid degradation",
    Kind.WEAR: "wear",
    Kind.END_OF_LIFE: "end of life",
    Kind.LIMIT: "limit passed",
    Kind.POWER_LOSS: "light lost, cause open",
    Kind.COUPLING: "coupling of the light",
    Kind.INSTRUMENT: "reading cannot be trusted",
    Kind.RIG: "rig",
    Kind.FLEET: "whole rack drifts",
    Kind.INTERLOCK: "interlock tripped",
    Kind.GAP: "gap in the log",
    Kind.STORAGE: "log cannot be written",
}
"""A kind, as people say it."""

SECTIONS = (
    ("Lasers that have degraded", OF_THE_LASER),
    ("Light lost, cause still open", frozenset({Kind.POWER_LOSS})),
    ("Rack and instruments (no verdict on a laser)", frozenset(Kind) - OF_THE_LASER - {Kind.POWER_LOSS}),
)


@dataclass(frozen=True, slots=True)
class Message:
    """subject: one line; body: text; payload: the same as JSON values, for programs."""

    subject: str
    body: str
    payload: dict[str, Any]


def message(alarms: Sequence[Mapping[str, Any]], log: Mapping[str, Any]) -> Message:
    """Of alarms as rows of the table `alarms`, at least one; log: run_id, zone and log as the store describes them."""
    alarms = sorted(alarms, key=lambda alarm: (-alarm["severity"], alarm["fired_utc_s"]))
    kinds = Counter(Kind(alarm["kind"]) for alarm in alarms)
    zone, zone_name = _zone(str(log.get("zone", "UTC")))
    run = str(log.get("run_id", ""))
    lines = [_head(alarms, kinds), "", f"Run {run}. Times are {zone_name}."]
    for title, members in SECTIONS:
        if section := [alarm for alarm in alarms if alarm["kind"] in members]:
            lines += ["", f"{title}: {len(section)}"]
            for alarm in section[:MOST_TOLD]:
                lines += _told(alarm, zone)
            if more := len(section) - MOST_TOLD:
                lines += [f"  and {more} more"] if more > 0 else []
    folder = log.get("log", "LOG")
    lines += [
        "",
        f"All of them: lasercontrol alarms {folder}",
        "Acknowledge: --acknowledge ALARM --who NAME --note TEXT",
    ]
    subject = " ".join(f"[lasercontrol] {_head(alarms, kinds)} ({run})".split())
    return Message(subject, "\n".join(lines) + "\n", _payload(alarms, kinds, subject, log))


def _head(alarms: Sequence[Mapping[str, Any]], kinds: Mapping[Kind, int]) -> str:
    worst = Severity(alarms[0]["severity"]).name
    if len(alarms) == 1:
        return f"{worst}: {alarms[0]['laser_id'] or 'rack'}: {WORDS[Kind(alarms[0]['kind'])]}"
    counts = ", ".join(f"{WORDS[kind]} {count:,}" for kind, count in kinds.items())
    return f"{worst}: {len(alarms):,} alarms: {counts}"


def _told(alarm: Mapping[str, Any], zone: tzinfo) -> list[str]:
    who, severity = alarm["laser_id"] or "rack", Severity(alarm["severity"]).name
    over = alarm["cleared_utc_s"]
    times = f"first seen {local_text(alarm['since_utc_s'], zone)}, alarm {local_text(alarm['fired_utc_s'], zone)}"
    return [
        f"  {alarm['alarm']}  {severity}  {who}: {WORDS[Kind(alarm['kind'])]}",
        f"      {times}" + (f", over {local_text(over, zone)}" if over is not None else ""),
        f"      {_number(alarm['value'])} {alarm['unit']}, bound {_number(alarm['bound'])} {alarm['unit']}".rstrip(),
        f"      {alarm['evidence']} ({alarm['detector']})",
    ]


def _number(value: float | None) -> str:
    return "no number" if value is None else f"{value:.4g}"


def _payload(
    alarms: Sequence[Mapping[str, Any]], kinds: Mapping[Kind, int], subject: str, log: Mapping[str, Any]
) -> dict[str, Any]:
    return {
        "run_id": log.get("run_id"),
        "subject": subject,
        "count": len(alarms),
        "severity": Severity(alarms[0]["severity"]).name.lower(),
        "kinds": {kind.value: count for kind, count in kinds.items()},
        "alarms": [_plain(alarm) for alarm in alarms[:MOST_SENT]],
        "left_out": max(0, len(alarms) - MOST_SENT),
    }


def _plain(alarm: Mapping[str, Any]) -> dict[str, Any]:
    told = {key: alarm[key] for key in ("alarm", "kind", "laser_id", "value", "bound", "unit", "detector", "evidence")}
    over = alarm["cleared_utc_s"]
    return {
        **told,
        "severity": Severity(alarm["severity"]).name.lower(),
        "of_the_laser": alarm["kind"] in OF_THE_LASER,
        "first_seen_utc": utc_text(alarm["since_utc_s"]),
        "fired_utc": utc_text(alarm["fired_utc_s"]),
        "cleared_utc": None if over is None else utc_text(over),
    }


def _zone(name: str) -> tuple[tzinfo, str]:
    """The zone and what to call it; a computer that does not know it tells UTC, and says so."""
    try:
        return ZoneInfo(name), name
    except (KeyError, ValueError, OSError):
        return UTC, f"UTC ({name} is not known here)"


def local_text(utc_s: float, zone: tzinfo) -> str:
    """2026-11-26 00:14:05."""
    return datetime.fromtimestamp(utc_s, zone).strftime("%Y-%m-%d %H:%M:%S")
