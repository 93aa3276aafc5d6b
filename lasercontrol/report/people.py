"""What people, and what no log can hold, did in the night: acknowledgements, notes, messages, a full disk."""

from pathlib import Path
from typing import Any

from lasercontrol.monitor.finding import Severity
from lasercontrol.report.night import AlarmLine, Deed, Desk

__all__ = ["desk_of"]


def desk_of(log: Path) -> Desk:
    """Of a log's folder; nothing where it was never monitored, or is a single file. RecordError where it is damaged."""
    from lasercontrol.monitor.alarm_desk import AlarmDesk
    from lasercontrol.monitor.alarm_schema import FILE

    if not (log / FILE).is_file():
        return Desk()
    desk = AlarmDesk(log)
    try:
        acknowledged = [Deed(row["utc_s"], row["who"], row["alarm"], row["note"]) for row in desk.acknowledgements()]
        noted = [Deed(row["utc_s"], row["who"], "", row["text"]) for row in desk.notes()]
        outside = [_line(row) for row in desk.alarms(over=True) if not str(row["alarm"]).startswith("A")]
        late = [f"{row['subject']} ({row['way']}: {row['error'] or 'not tried yet'})" for row in desk.undelivered()]
    finally:
        desk.close()
    return Desk(tuple(sorted([*acknowledged, *noted], key=lambda deed: deed.utc_s)), tuple(outside), tuple(late))


def _line(row: dict[str, Any]) -> AlarmLine:
    return AlarmLine(
        kind=row["kind"],
        severity=Severity(row["severity"]).name.lower(),
        laser_id=row["laser_id"],
        laser=row["laser"],
        detector=row["detector"],
        first_seen_utc_s=row["since_utc_s"],
        fired_utc_s=row["fired_utc_s"],
        cleared_utc_s=row["cleared_utc_s"],
        evidence=row["evidence"],
    )
