"""A night of seconds as a judged night: the monitor's own verdicts and alarms, beside the curves of the pass."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from lasercontrol.monitor.alarm import OF_THE_LASER
from lasercontrol.monitor.finding import Severity
from lasercontrol.monitor.transition import Transition
from lasercontrol.report.criterion import criteria_of, planned_h, stop_early
from lasercontrol.report.log_pass import LogPass, stress_of
from lasercontrol.report.night import AlarmLine, Criterion, Curve, Desk, Gap, LaserLine, Night, tone_of
from lasercontrol.telemetry.row import Event, Phase

__all__ = ["alarm_lines", "fast_night", "gaps_explained"]

NO_CURVE = Curve(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0))
NO_DESK = Desk()
RACK_FAULTS = ("rig", "fleet", "interlock", "storage")
MOST_EVIDENCE = 4
HELD = {Phase.HELD: "held: ramped down for good", Phase.TRIPPED: "off: an interlock has tripped, and latches"}


def fast_night(
    path: Path,
    seen: LogPass,
    watch: Any,
    steps: Sequence[Transition],
    missing: Sequence[str] = (),
    desk: Desk = NO_DESK,
) -> Night:
    """The log that `seen` and `watch` have passed over. missing: what the log itself lacks, in words."""
    schema, curves, criteria = seen.schema, seen.curves, criteria_of(seen.schema)
    alarms = alarm_lines(steps)
    lasers = tuple(
        _line(seen, at, curves[at] if curves else NO_CURVE, verdict, alarms, criteria[at])
        for at, verdict in enumerate(watch.lasers())
    )
    begin_s = seen.axis.begin_s if seen.rows else schema.started_utc_s
    end_s = seen.axis.end_s if seen.rows else begin_s
    imported: dict[str, Any] = schema.recipe.get("imported", {})
    dead = [laser for laser in lasers if laser.tone == "dead"]
    return Night(
        source=path.name,
        schema=schema,
        begin_utc_s=begin_s,
        end_utc_s=end_s,
        rows=seen.rows,
        dated=bool(imported.get("dated", True)),
        slow=False,
        lasers=lasers,
        alarms=(*alarms, *desk.outside),
        desk=desk,
        gaps=gaps_explained(seen.axis.gaps, seen.events),
        faults=(
            *seen.axis.clock_set,
            *_rack_faults(alarms, end_s),
            *(Gap(begin_s, begin_s, "log damaged", words) for words in missing),
        ),
        chamber=seen.chamber,
        judged_by=_assumptions(lasers, watch, (end_s - begin_s) / 3600),
        failures=len(dead),
        device_hours=sum(_hours_alive(laser, begin_s) for laser in lasers),
        stress_c=stress_of(seen),
    )


def alarm_lines(steps: Sequence[Transition]) -> tuple[AlarmLine, ...]:
    """Alarms from their steps, in the order in which they fired; what never became one is left out."""
    lines: dict[str, AlarmLine] = {}
    for step in steps:
        if step.step == "firing":
            lines[step.alarm] = AlarmLine(
                kind=step.kind.value,
                severity=step.severity.name.lower(),
                laser_id=step.laser_id,
                laser=step.laser,
                detector=step.detector,
                first_seen_utc_s=step.since_utc_s,
                fired_utc_s=step.utc_s,
                cleared_utc_s=None,
                evidence=step.evidence,
            )
        elif step.alarm in lines and step.step == "escalated":
            severity = step.severity.name.lower()
            lines[step.alarm] = replace(lines[step.alarm], severity=severity, evidence=step.evidence)
        elif step.alarm in lines and step.step == "cleared":
            lines[step.alarm] = replace(lines[step.alarm], cleared_utc_s=step.utc_s)
    return tuple(lines.values())


def _line(
    seen: LogPass, at: int, curve: Curve, verdict: Any, alarms: Sequence[AlarmLine], criterion: Criterion
) -> LaserLine:
    laser = seen.schema.lasers[at]
    mine = sorted((alarm for alarm in alarms if alarm.laser == at), key=_worst_first)
    first_s = verdict.first_alarm_utc
    seen_s = [alarm.first_seen_utc_s for alarm in mine if alarm.kind in OF_THE_LASER]
    dead = tone_of(str(verdict.state)) == "dead"
    held = HELD.get(Phase(int(seen.last_phase[at])))
    told = [alarm.evidence for alarm in mine[:MOST_EVIDENCE]] + ([held] if held else [])
    return LaserLine(
        number=at,
        laser_id=laser.laser_id,
        family=laser.family,
        drive=laser.drive,
        state=str(verdict.state),
        mode=verdict.mode,
        why=told[0] if told else "Nothing found.",
        evidence=tuple(told[1:]),
        drift_percent=verdict.drift_percent,
        drift_low_percent=verdict.drift_low_percent,
        drift_high_percent=verdict.drift_high_percent,
        first_alarm_utc_s=first_s,
        mark_s=None if first_s is None else seen.axis.at(first_s),
        first_seen_utc_s=min(seen_s, default=None),
        hours_to_eol=0.0 if dead else verdict.hours_to_eol,
        eol_low_h=0.0 if dead else verdict.eol_low_h,
        eol_high_h=0.0 if dead else verdict.eol_high_h,
        confidence=verdict.confidence,
        criterion=criterion,
        curve=curve,
        on_h=float(seen.on_h[at]),
        invalid_share=float(seen.invalid[at] / seen.asked[at]) if seen.asked[at] else 0.0,
        sweeps=seen.sweeps.get(at, ()),
        stop=_stop(seen, verdict, criterion),
    )


def _stop(seen: LogPass, verdict: Any, criterion: Criterion) -> str | None:
    state = str(verdict.state)
    if tone_of(state) == "dead":
        return f"past {criterion.words}" if state == "end-of-life" else "failed"
    planned = planned_h(seen.schema)
    aged_h = float(seen.aged_h.max(initial=0.0))
    return stop_early(None if planned is None else planned - aged_h, verdict.eol_low_h, verdict.eol_high_h)


def _worst_first(alarm: AlarmLine) -> tuple[int, float]:
    return -Severity[alarm.severity.upper()], alarm.first_seen_utc_s


def _hours_alive(laser: LaserLine, begin_s: float) -> float:
    if laser.tone != "dead" or laser.mark_s is None:
        return laser.on_h
    return min(laser.on_h, (laser.mark_s - begin_s) / 3600)


def gaps_explained(gaps: Sequence[Gap], events: Sequence[Event]) -> tuple[Gap, ...]:
    """Gaps with what the log says of them: the events in them, or at their end."""
    explained = []
    for gap in gaps:
        near = [event for event in events if gap.begin_utc_s - 1 <= event.utc_s <= gap.end_utc_s + 1]
        words = ", ".join(dict.fromkeys(_said(event) for event in near if event.kind != "note"))
        explained.append(replace(gap, why=words))
    return tuple(explained)


def _said(event: Event) -> str:
    why = event.detail.get("why") or event.detail.get("cause")
    return f"{event.kind}: {why}" if why else event.kind


def _rack_faults(alarms: Sequence[AlarmLine], end_s: float) -> list[Gap]:
    return [
        Gap(
            alarm.first_seen_utc_s,
            end_s if alarm.cleared_utc_s is None else alarm.cleared_utc_s,
            alarm.kind,
            alarm.evidence,
        )
        for alarm in alarms
        if alarm.laser is None and alarm.kind in RACK_FAULTS
    ]


def _assumptions(lasers: Sequence[LaserLine], watch: Any, hours: float) -> tuple[str, ...]:
    lines = [f"Criterion: {said}." for said in dict.fromkeys(laser.criterion.said for laser in lasers)]
    if names := [detector.name for detector in getattr(watch, "detectors", ())]:
        lines.append(f"Detectors: {', '.join(names)}; alarms by the settings that the log carries.")
    lines.append(
        "Drift and its interval are the monitor's, temperature taken out; curves show the change against the first ten "
        "minutes of ageing, temperature and all."
    )
    bands = [
        (laser.drift_high_percent - laser.drift_low_percent) / 2
        for laser in lasers
        if laser.tone == "good" and laser.drift_high_percent is not None and laser.drift_low_percent is not None
    ]
    if bands and hours > 0:
        least = float(np.median(bands))
        lines.append(
            f"Healthy means: no change beyond ±{least:.2g} % (median 95 % interval) in {hours:.1f} h. "
            f"Wear slower than {1000 * least / hours:,.2g} % in 1,000 h does not show in this log; "
            "2 % in 1,000 h is what GaAs lasers do at 80 °C."
        )
    return tuple(lines)
