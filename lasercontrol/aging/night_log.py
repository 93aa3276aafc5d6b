"""What the log of a rehearsed night must show: nothing acknowledged lost, no false step, nobody stopped in error."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lasercontrol.aging.night_plan import Check
from lasercontrol.bench import Quality
from lasercontrol.telemetry.log_reader import read_log
from lasercontrol.telemetry.row import Block, Event, Phase

__all__ = ["log_checks"]

STEP = 0.02
"""Relative change of a current over the kill that counts as a step; a loop that keeps the light makes less."""


@dataclass(slots=True)
class _Seen:
    seqs: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    utc_s: list[float] = field(default_factory=list)
    current_a: list[NDArray[np.float32]] = field(default_factory=list)
    phase: list[NDArray[np.uint8]] = field(default_factory=list)
    invalid: int = 0


def log_checks(
    log: Path, last_seq: int, done_utc_s: Mapping[str, float], failing: Collection[str | None]
) -> list[Check]:
    """last_seq: acknowledged before the kill. failing: lasers that may have been stopped."""
    problems: list[str] = []
    schema, parts = read_log(log, on_problem=problems.append)
    seen = _Seen()
    for part in parts:
        if isinstance(part, Block):
            seen.seqs += part.seq.tolist()
            seen.utc_s += part.utc_s.tolist()
            seen.current_a += list(part.values[:, :, 0])
            seen.phase += list(part.phase)
            seen.invalid += int((part.quality == Quality.INVALID).any(axis=2).sum())
        else:
            seen.seqs.append(part.seq)
            seen.events += [part] if isinstance(part, Event) else []
    ids = [laser.laser_id for laser in schema.lasers]
    return [
        _kept(seen, last_seq, problems),
        _gap(seen),
        _no_step(seen, done_utc_s["kill -9 of the monitor"], ids, failing),
        _links(seen),
        _stopped(seen, ids, failing),
    ]


def _kept(seen: _Seen, last_seq: int, problems: list[str]) -> Check:
    whole = sorted(seen.seqs) == list(range(len(seen.seqs))) and not problems
    told = f"{len(seen.seqs)} items without a gap or a double, {last_seq} of them said to be kept before the kill"
    well = whole and 0 <= last_seq < len(seen.seqs)
    return Check("nothing acknowledged is lost", well, told if well else f"{told}; {problems[:2]}")


def _gap(seen: _Seen) -> Check:
    kinds = [event.kind for event in seen.events]
    gaps = [float(event.detail.get("gap_s", 0.0)) for event in seen.events if event.kind == "gap"]
    well = "restart" in kinds and any(event.detail.get("why") == "restart" for event in seen.events)
    return Check("the gap is recorded as one", well, f"{len(gaps)} gaps, of {max(gaps, default=0):.0f} s at most")


def _no_step(seen: _Seen, killed_utc_s: float, ids: list[str], failing: Collection[str | None]) -> Check:
    """Currents of the last row before and of the first rows after; nobody may have been ramped."""
    utc_s = np.array(seen.utc_s)
    before = int(np.searchsorted(utc_s, killed_utc_s)) - 1
    after = slice(before + 1, before + 6)
    current_a, phase = np.array(seen.current_a), np.array(seen.phase)
    calm = np.array([name not in failing for name in ids]) & (phase[before] == Phase.STRESS)
    change = np.abs(current_a[after][:, calm] / current_a[before][calm] - 1.0)
    ramped = int((phase[after][:, calm] == Phase.RAMP).any(axis=0).sum())
    worst = float(np.nanmax(change)) if np.isfinite(change).any() else np.inf
    told = f"{calm.sum()} lasers, currents within {100 * worst:.2f} %, {ramped} ramped"
    return Check("the recipe goes on without a step", worst <= STEP and not ramped, told)


def _links(seen: _Seen) -> Check:
    lost = [event.detail["instrument"] for event in seen.events if event.kind == "link-lost"]
    back = [event.detail["instrument"] for event in seen.events if event.kind == "link-back"]
    told = f"{len(lost)} lost, {len(back)} back, {seen.invalid} readings of a laser INVALID"
    return Check("a lost link is told, and comes back", bool(lost) and len(back) == len(lost), told)


def _stopped(seen: _Seen, ids: list[str], failing: Collection[str | None]) -> Check:
    stopped = {
        ids[event.laser] for event in seen.events if event.kind in {"held", "interlock"} and event.laser is not None
    }
    wrong = sorted(stopped - {name for name in failing if name})
    told = f"stopped: {', '.join(sorted(stopped)) or 'nobody'}"
    return Check("nobody is stopped without a cause", not wrong, told)
