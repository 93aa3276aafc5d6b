"""A log of hours of life as a judged night: a verdict for each laser from criterion, trend and interval."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lasercontrol.report.criterion import criteria_of
from lasercontrol.report.log_pass import LogPass, stress_of
from lasercontrol.report.night import AlarmLine, Criterion, Curve, LaserLine, Night
from lasercontrol.report.slow_log import Scatter, SlowVerdict, judged, scatter_of
from lasercontrol.report.times import duration

__all__ = ["slow_night"]


def slow_night(path: Path, seen: LogPass) -> Night:
    """The log that `seen` has passed over, judged."""
    schema, curves, criteria = seen.schema, seen.curves, criteria_of(seen.schema)
    begin_s = seen.axis.begin_s if seen.rows else schema.started_utc_s
    percent, hours = _grid(curves, begin_s)
    scatter = scatter_of(hours, percent)
    verdicts = [
        judged((curve.utc_s - begin_s) / 3600, curve.percent, criterion.percent, scatter)
        for curve, criterion in zip(curves, criteria, strict=True)
    ]
    lasers = tuple(
        _line(seen, at, curve, verdict, criteria[at], begin_s)
        for at, (curve, verdict) in enumerate(zip(curves, verdicts, strict=True))
    )
    imported: Mapping[str, Any] = schema.recipe.get("imported", {})
    return Night(
        source=path.name,
        schema=schema,
        begin_utc_s=begin_s,
        end_utc_s=seen.axis.end_s if seen.rows else begin_s,
        rows=seen.rows,
        dated=bool(imported.get("dated", True)),
        slow=seen.slow,
        lasers=lasers,
        alarms=tuple(alarm for line in lasers if (alarm := _past(line, begin_s)) is not None),
        gaps=tuple(seen.axis.gaps),
        faults=tuple(seen.axis.clock_set),
        chamber=seen.chamber,
        judged_by=_assumptions(criteria, seen, scatter),
        failures=sum(line.state == "end-of-life" for line in lasers),
        device_hours=float(sum(line.on_h if line.crossed_h is None else line.crossed_h for line in lasers)),
        stress_c=stress_of(seen),
    )


def _grid(curves: list[Curve], begin_s: float) -> tuple["np.ndarray[Any, Any]", "np.ndarray[Any, Any]"]:
    """Percent (t, n) and hours (t,) of all readings."""
    hours = np.unique(np.concatenate([curve.utc_s for curve in curves])) if curves else np.zeros(0)
    percent = np.full((len(hours), len(curves)), np.nan)
    for at, curve in enumerate(curves):
        percent[np.searchsorted(hours, curve.utc_s), at] = curve.percent
    return percent, (hours - begin_s) / 3600


def _line(
    seen: LogPass, at: int, curve: Curve, verdict: SlowVerdict | None, criterion: Criterion, begin_s: float
) -> LaserLine:
    laser = seen.schema.lasers[at]
    nothing = dict.fromkeys(
        ("drift_percent", "drift_low_percent", "drift_high_percent", "hours_to_eol", "eol_low_h", "eol_high_h")
    )
    figures: dict[str, Any] = nothing if verdict is None else {name: getattr(verdict, name) for name in nothing}
    band = verdict.drift_high_percent - verdict.drift_percent if verdict else 0.0
    crossed_h = verdict.crossed_h if verdict else None
    past_h = verdict.first_past_h if verdict else None
    return LaserLine(
        number=at,
        laser_id=laser.laser_id,
        family=laser.family,
        drive=laser.drive,
        state=verdict.state if verdict else "unknown",
        mode="gradual" if verdict and verdict.state in {"wear", "end-of-life"} else None,
        why=_why(verdict, criterion),
        first_alarm_utc_s=None if past_h is None else begin_s + past_h * 3600,
        mark_s=None if past_h is None else begin_s + past_h * 3600,
        confidence=verdict.confidence if verdict else None,
        criterion=criterion,
        curve=replace(curve, low=curve.percent - band, high=curve.percent + band),
        on_h=_on_h(seen, at, curve),
        invalid_share=float(seen.invalid[at] / seen.asked[at]) if seen.asked[at] else 0.0,
        first_past_h=past_h,
        crossed_h=crossed_h,
        rate_percent_per_kh=verdict.rate_percent_per_kh if verdict else None,
        sweeps=seen.sweeps.get(at, ()),
        stop=None if crossed_h is None else f"past {criterion.percent:g} %",
        **figures,
    )


def _why(verdict: SlowVerdict | None, criterion: Criterion) -> str:
    if verdict is None:
        return "No reading that can be trusted."
    rate = f"{verdict.rate_percent_per_kh:.2f} % per 1,000 h"
    if verdict.crossed_h is not None:
        return (
            f"At or past {criterion.percent:g} % for the first time in the reading at {verdict.first_past_h:,.0f} h; "
            f"the line from the reading before crosses it at {verdict.crossed_h:,.0f} h."
        )
    if verdict.state == "wear" and verdict.hours_to_eol is not None:
        ends = f"{duration(verdict.eol_low_h or 0.0)} to {duration(verdict.eol_high_h or 0.0)}"
        ahead = f"it reaches {criterion.percent:g} % in {duration(verdict.hours_to_eol)} ({ends})"
        return f"Changes by {rate}; on that line {ahead}."
    if verdict.state == "unknown":
        return "Too few readings for a trend: three are needed."
    return f"No change beyond its uncertainty ({rate})."


def _past(line: LaserLine, begin_s: float) -> AlarmLine | None:
    if line.first_past_h is None:
        return None
    at = begin_s + line.first_past_h * 3600
    return AlarmLine(
        kind="end-of-life",
        severity="alarm",
        laser_id=line.laser_id,
        detector=f"criterion {line.criterion.percent:g} %",
        first_seen_utc_s=at,
        fired_utc_s=at,
        cleared_utc_s=None,
        evidence=line.why,
    )


def _on_h(seen: LogPass, at: int, curve: Curve) -> float:
    """Where readings are hours apart nothing is known of the time between, and it is taken as on."""
    if not seen.slow:
        return float(seen.on_h[at])
    return float(np.ptp(curve.utc_s)) / 3600 if len(curve.utc_s) else 0.0


def _assumptions(criteria: list[Criterion], seen: LogPass, scatter: Scatter) -> tuple[str, ...]:
    path, noise = np.sqrt(1000 * scatter.path), scatter.noise
    why = f"A reading every {duration(seen.schema.period_s / 3600)} is too seldom for the detectors of a night"
    if not seen.slow:
        why = f"The log lacks {', '.join(seen.lacks)}, without which the detectors of a night cannot judge"
    found = f"{path:.2g} % points of random path in 1,000 h, {noise:.2g} of noise on a reading"
    return (
        *(f"Criterion: {said}." for said in dict.fromkeys(criterion.said for criterion in criteria)),
        f"{why}: criterion, trend and interval judge.",
        "Projection: a straight line from the start through the last reading (drift rule).",
        f"Its 95 % interval comes from the readings of all lasers: {found}.",
        "An interpolated crossing lies on the line from the last reading below the criterion to the next one.",
    )
