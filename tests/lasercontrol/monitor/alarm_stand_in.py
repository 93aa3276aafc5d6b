"""Findings and logs for the tests of alarms."""

import time
from collections.abc import Callable

import numpy as np

from lasercontrol.monitor.alarm import AlarmEngine
from lasercontrol.monitor.finding import Finding, Kind, Severity
from lasercontrol.monitor.transition import Transition
from lasercontrol.telemetry.row import LoggedLaser, Row, Schema

START_UTC_S = 1_795_600_000.0
PATIENCE_S = 30.0


def found(
    seq: int,
    kind: Kind = Kind.SUDDEN,
    laser: int | None = 0,
    *,
    active: bool = True,
    severity: Severity = Severity.ALARM,
    detector: str = "sudden",
    value: float = -8.25,
    monotonic_s: float | None = None,
) -> Finding:
    """Found in row `seq` of a log of one row a second."""
    return Finding(
        kind=kind,
        severity=severity,
        laser=laser,
        detector=detector,
        seq=seq,
        monotonic_s=float(seq) if monotonic_s is None else monotonic_s,
        utc_s=START_UTC_S + seq,
        since_utc_s=START_UTC_S + seq - 0.5,
        value=value,
        bound=-5.0,
        unit="%",
        evidence="power fell and stayed",
        active=active,
    )


def schema(lasers: int = 3, run_id: str = "night-1") -> Schema:
    """Lasers L0, L1 and so on."""
    each = [LoggedLaser(laser_id=f"L{i}", family="vcsel", drive="current", drive_target=0.01) for i in range(lasers)]
    return Schema(run_id=run_id, started_utc_s=START_UTC_S, period_s=1.0, lasers=tuple(each), zone="Europe/Berlin")


def row(seq: int) -> Row:
    """A row with nothing in it: alarms look at its times alone."""
    nothing = np.zeros((0, 5), np.float32)
    phase = np.zeros(0, np.uint8)
    return Row(seq, float(seq), START_UTC_S + seq, nothing, nothing.astype(np.uint8), phase, np.zeros(1, np.float32))


def advanced(engine: AlarmEngine, first: int, last: int, *findings: Finding) -> list[Transition]:
    """Rows first to last, one a second, as one block."""
    seq = np.arange(first, last + 1)
    return engine.advance(seq, seq.astype(np.float64), (START_UTC_S + seq).astype(np.float64), findings)


def said(steps: list[Transition]) -> list[tuple[str, str, float]]:
    """Alarm, step, and seconds of the log."""
    return [(step.alarm, step.step, step.utc_s - START_UTC_S) for step in steps]


def wait_until(true: Callable[[], bool]) -> None:
    """Wait for another thread or process; fails after long."""
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s, "it did not come"
        time.sleep(0.01)
