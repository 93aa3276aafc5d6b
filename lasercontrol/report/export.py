"""A judged night for programs: JSON with names that carry their unit, and CSV with units in its header."""

import csv
import io
import math
from typing import Any

from lasercontrol.report.night import LaserLine, Night
from lasercontrol.report.reliability import UseConditions
from lasercontrol.report.reliability_section import reliability_json
from lasercontrol.report.times import iso

__all__ = ["as_csv", "as_json"]

DANGEROUS = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet would take an id that begins so for a formula

COLUMNS = (
    "laser",
    "state",
    "mode",
    "drift [%]",
    "drift low 95 % [%]",
    "drift high 95 % [%]",
    "rate [%/kh]",
    "first alarm [UTC]",
    "first reading past criterion [h]",
    "criterion crossed, interpolated [h]",
    "to end of life [h]",
    "to end of life low 95 % [h]",
    "to end of life high 95 % [h]",
    "confidence [1]",
    "on [h]",
    "invalid readings [%]",
    "family",
    "may be stopped",
)


def as_json(night: Night, use: UseConditions) -> dict[str, Any]:
    """The whole report but its curves."""
    return {
        "run_id": night.schema.run_id,
        "begin_utc": iso(night.begin_utc_s) if night.dated else None,
        "end_utc": iso(night.end_utc_s) if night.dated else None,
        "hours": round(night.hours, 4),
        "rows": night.rows,
        "criterion": "; ".join(criterion.said for criterion in night.criteria),
        "lasers": [laser_json(laser, night) for laser in night.lasers],
        "alarms": [
            {
                "kind": alarm.kind,
                "severity": alarm.severity,
                "laser": alarm.laser_id,
                "detector": alarm.detector,
                "first_seen_utc": iso(alarm.first_seen_utc_s) if night.dated else None,
                "first_seen_h": round((alarm.first_seen_utc_s - night.begin_utc_s) / 3600, 4),
                "cleared_utc": iso(alarm.cleared_utc_s) if night.dated else None,
                "evidence": alarm.evidence,
            }
            for alarm in night.alarms
        ],
        "gaps": [
            {
                "what": gap.what,
                "begin_utc": iso(gap.begin_utc_s) if night.dated else None,
                "begin_h": round((gap.begin_utc_s - night.begin_utc_s) / 3600, 4),
                "hours": round((gap.end_utc_s - gap.begin_utc_s) / 3600, 4),
                "why": gap.why,
            }
            for gap in (*night.gaps, *night.faults)
        ],
        "reliability": reliability_json(night, use),
        "judged_by": list(night.judged_by),
    }


def laser_json(laser: LaserLine, night: Night) -> dict[str, Any]:
    """One laser. Hours count from the first row; first_alarm_utc is null in a log without dates."""
    alarm_s = laser.first_alarm_utc_s
    return {
        "id": laser.laser_id,
        "state": laser.state,
        "mode": laser.mode,
        "drift_percent": _short(laser.drift_percent),
        "drift_low_percent": _short(laser.drift_low_percent),
        "drift_high_percent": _short(laser.drift_high_percent),
        "first_alarm_utc": iso(alarm_s) if night.dated else None,
        "first_alarm_h": None if alarm_s is None else round((alarm_s - night.begin_utc_s) / 3600, 4),
        "hours_to_eol": _short(laser.hours_to_eol),
        "eol_low_h": _short(laser.eol_low_h),
        "eol_high_h": _short(laser.eol_high_h),
        "confidence": _short(laser.confidence),
        "first_past_criterion_h": _short(laser.first_past_h),
        "crossed_criterion_h": _short(laser.crossed_h),
        "criterion_percent": _short(laser.criterion.percent),
        "may_be_stopped": laser.stop,
        "why": laser.why,
    }


def _short(value: float | None) -> float | None:
    """Six digits: no reading is better known, and float32 has no more."""
    return None if value is None or not math.isfinite(value) else float(f"{value:.6g}")


def as_csv(night: Night) -> str:
    """A row for each laser, units in the header."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    rows.writerows(_csv_row(laser, night) for laser in night.ordered)
    return text.getvalue()


def _csv_row(laser: LaserLine, night: Night) -> list[object]:
    figures = laser_json(laser, night)
    numbers = ("first_past_criterion_h", "crossed_criterion_h", "hours_to_eol", "eol_low_h", "eol_high_h", "confidence")
    drift = ("drift_percent", "drift_low_percent", "drift_high_percent")
    return [
        _harmless(laser.laser_id),
        laser.state,
        laser.mode or "",
        *["" if figures[name] is None else figures[name] for name in drift],
        "" if laser.rate_percent_per_kh is None else _short(laser.rate_percent_per_kh),
        figures["first_alarm_utc"] or "",
        *["" if figures[name] is None else figures[name] for name in numbers],
        _short(laser.on_h),
        _short(100 * laser.invalid_share),
        _harmless(laser.family),
        laser.stop or "",
    ]


def _harmless(text: str) -> str:
    return f"'{text}" if text.startswith(DANGEROUS) else text
