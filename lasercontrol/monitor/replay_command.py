"""`lasercontrol replay FILE`: the steps of the alarms as they come, and what it was in the end."""

import hashlib
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from lasercontrol.errors import CallerError
from lasercontrol.monitor.replay import Watches, replayed
from lasercontrol.monitor.transition import Transition

__all__ = ["replay"]


def replay(
    path: Path, *, out: Path | None, as_json: bool, say: Callable[[str], None], watches: Watches | None = None
) -> None:
    """Replay a log. out: a new file for the lines. as_json: say lines of JSON, and a last one that sums up.

    Raises CallerError where `out` exists, and what reading a log raises.
    """
    if out is not None and out.exists():
        raise CallerError(f"{out}: exists already; nothing was replaced.")
    missing: list[str] = []
    scoring, steps = replayed(path, watches, missing.append)
    zone = ZoneInfo(scoring.schema.zone)
    begun_s, lines = time.perf_counter(), []
    for step in steps:
        lines.append(step.line())
        say(lines[-1] if as_json else _told(step, zone))
    live = _live(path)
    text = "".join(f"{line}\n" for line in lines)
    if out is not None:
        with out.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
    if as_json:
        figures = {"rows": scoring.rows, "steps": len(lines), "sha256": hashlib.sha256(text.encode()).hexdigest()}
        same = None if live is None else live == lines
        say(json.dumps({**figures, "same_as_live": same, "missing": missing}))
        return
    for words in missing:
        say(f"The log is not whole: {words}.")
    took_s = time.perf_counter() - begun_s
    speed = f"{3600 * scoring.hours / max(took_s, 1e-9):,.0f} times as fast as it was"
    size = f"{scoring.rows:,} rows of {len(scoring.schema.lasers)} lasers, {scoring.hours:.1f} h"
    say(f"{size}, in {took_s:.1f} s, {speed}.")
    fired = scoring.steps.count("firing")
    say(f"{fired:,} alarms. Times in {zone.key}.")
    if live is not None:
        say(_against(lines, live))


def _live(path: Path) -> list[str] | None:
    """The lines of the live run, where the log has them."""
    from lasercontrol.monitor.alarm_schema import FILE
    from lasercontrol.monitor.alarm_store import AlarmStore

    if not (path / FILE).is_file():
        return None
    store = AlarmStore(path / FILE)
    try:
        return store.lines()
    finally:
        store.close()


def _against(lines: list[str], live: list[str]) -> str:
    if lines == live:
        return f"The live run's {len(live):,} steps are the same, byte for byte."
    first = next((at for at, pair in enumerate(zip(lines, live, strict=False)) if pair[0] != pair[1]), None)
    if first is None:
        return f"The live run has {len(live):,} steps, the replay {len(lines):,}; as far as both go they are the same."
    return f"The live run differs from step {first + 1:,} on: it has {live[first]}"


def _told(step: Transition, zone: ZoneInfo) -> str:
    when = datetime.fromtimestamp(step.utc_s, UTC).astimezone(zone)
    who = step.laser_id or "rack"
    return (
        f"{when:%d %b %H:%M:%S}  {step.alarm:<6} {step.step:<9} {step.severity.name.lower():<8} {step.kind.value:<12} "
        f"{who:<14} {step.evidence}"
    )
