"""The loop: what alarms lead to, wishes from outside, a disk that refuses, rows that never wait."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lasercontrol.aging.lab_clock import LabClock
from lasercontrol.aging.plan import schema_of
from lasercontrol.aging.sim_rack import SimRack
from lasercontrol.aging.under_way import AgingTest
from lasercontrol.aging_settings import AgingConfig
from lasercontrol.monitor.alarm_desk import AlarmDesk
from lasercontrol.monitor.finding import Finding, Kind, Severity, State
from lasercontrol.signals import Attention
from lasercontrol.telemetry.disk import Disk
from lasercontrol.telemetry.log_reader import read_log
from lasercontrol.telemetry.row import Block, Event, Phase, Schema, Sweep
from tests.lasercontrol.aging.recipes import config

SPEED = 100.0


class OneFinding:
    """A detector that finds one thing in the first row that `when` holds of."""

    name = "one"

    def __init__(self, severity: Severity, laser: int | None, kind: Kind = Kind.SUDDEN) -> None:
        self.severity, self.laser, self.kind, self.found = severity, laser, kind, False

    def begin(self, schema: Schema) -> None:
        """A new log."""

    def block(self, block: Block) -> list[Finding]:
        """The finding, once a laser has settled."""
        if self.found or not (block.phase[:, 0] == Phase.SETTLE).any():
            return []
        self.found = True
        at = float(block.monotonic_s[-1]), float(block.utc_s[-1])
        return [
            Finding(
                kind=self.kind, severity=self.severity, laser=self.laser, detector=self.name, seq=int(block.seq[-1]),
                monotonic_s=at[0], utc_s=at[1], since_utc_s=at[1], value=1.0, bound=0.0, unit="", evidence="told so",
            )
        ]  # fmt: skip

    def sweep(self, sweep: Sweep) -> list[Finding]:
        """Nothing."""
        return []

    def event(self, event: Event) -> list[Finding]:
        """Nothing."""
        return []

    def state(self) -> State:
        """Nothing is carried."""
        return {}

    def restored(self, state: State) -> None:
        """Nothing to be taken up."""


class Refusing(Disk):
    """Takes so many bytes, and then is full."""

    def __init__(self, most: int) -> None:
        self.left = most

    def write(self, fd: int, content: bytes | memoryview) -> int:
        """OSError once it is full."""
        self.left -= len(content)
        if self.left < 0:
            raise OSError(28, "No space left on device")
        return super().write(fd, content)


def quick(**changes: Any) -> AgingConfig:
    told = config().model_dump(mode="json")
    told |= {"period_s": 5.0, "speed": SPEED, "log": {"hdf5": False}} | changes
    return AgingConfig.model_validate(told)


def run(tmp_path: Path, watch: OneFinding, hours: float = 0.05, **changes: Any) -> tuple[Path, Any, SimRack]:
    settings = quick(**changes)
    schema = schema_of(settings, "run", time.time())
    clock = LabClock(SPEED, schema.started_utc_s)
    rack = SimRack(settings, clock.monotonic_s)
    test = AgingTest(settings, schema, tmp_path, rack, clock, Attention())
    test.scoring.watch = watch
    return tmp_path, test.run(None, hours), rack


def events(folder: Path, kind: str) -> list[Event]:
    _, parts = read_log(folder)
    return [part for part in parts if isinstance(part, Event) and part.kind == kind]


def test_a_critical_alarm_ramps_that_laser_down_and_leaves_the_others(tmp_path: Path) -> None:
    folder, outcome, rack = run(tmp_path, OneFinding(Severity.CRITICAL, 0))
    (held,) = events(folder, "held")
    assert (held.laser, held.detail["by"]) == (0, "alarm")
    assert list(outcome.summary["held"]) == ["L0"]
    phases = [event.detail["phase"] for event in events(folder, "phase") if event.laser == 1]
    assert "dither" in phases or phases[-1] == "off"
    assert not rack.diodes.output(0)


def test_an_alarm_that_only_marks_touches_no_laser(tmp_path: Path) -> None:
    folder, outcome, _ = run(tmp_path, OneFinding(Severity.ALARM, 0))
    assert not events(folder, "held")
    assert outcome.summary["alarms"] == {"alarm": 1}


def test_a_rig_event_touches_no_laser_however_severe(tmp_path: Path) -> None:
    folder, _, _ = run(tmp_path, OneFinding(Severity.CRITICAL, 0, Kind.COUPLING))
    assert not events(folder, "held")


def test_stop_all_ramps_everything_down_and_ends_the_test(tmp_path: Path) -> None:
    folder, outcome, rack = run(tmp_path, OneFinding(Severity.ALARM, None), actions={"alarm": "stop-all"})
    assert {event.laser for event in events(folder, "held")} == {0, 1}
    assert "told so" in outcome.summary["why"]
    assert not any(rack.diodes.output(number) for number in range(2))


def test_a_full_disk_is_alarmed_within_seconds_and_the_lasers_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    refusing = Refusing(4_000)
    monkeypatch.setattr("lasercontrol.telemetry.journal.Disk", lambda: refusing)
    told: list[float] = []

    def looked(test: AgingTest, began_s: float) -> Callable[[], None]:
        def look() -> None:
            if refusing.left < 0 and not told and any(step.kind is Kind.STORAGE for step in test.scoring.alarms):
                told.append(time.monotonic() - began_s)
                refusing.left = 10**9  # somebody has made room

        return look

    settings = quick()
    schema = schema_of(settings, "run", time.time())
    clock = LabClock(SPEED, schema.started_utc_s)
    rack = SimRack(settings, clock.monotonic_s)
    test = AgingTest(settings, schema, tmp_path, rack, clock, Attention())
    test.attention.on_tick = looked(test, time.monotonic())
    outcome = test.run(None, 0.05)
    assert told, "the alarm never came"
    assert outcome.summary["held"] == {}
    desk = AlarmDesk(tmp_path)
    assert "storage" in {alarm["kind"] for alarm in desk.alarms(over=True)}
    desk.close()
    _, parts = read_log(tmp_path)
    assert sum(len(part.seq) for part in parts if isinstance(part, Block)) == outcome.summary["rows"]


def test_ctrl_c_ramps_down_and_the_log_can_be_gone_on_with(tmp_path: Path) -> None:
    settings = quick()
    schema = schema_of(settings, "run", time.time())
    clock = LabClock(SPEED, schema.started_utc_s)
    rack = SimRack(settings, clock.monotonic_s)
    test = AgingTest(settings, schema, tmp_path, rack, clock, Attention())
    passes = 0

    def tick() -> None:
        nonlocal passes
        passes += 1
        if passes == 15:
            test.attention.interrupt()

    test.attention.on_tick = tick
    outcome = test.run(None, None)
    assert outcome.exit_code == 130
    assert not any(rack.diodes.output(number) for number in range(2))
    (stop,) = events(tmp_path, "stop")
    assert stop.detail == {"why": "Ctrl-C", "left": [], "finished": False}
    assert not events(tmp_path, "held")


def test_terminated_it_makes_safe_at_once(tmp_path: Path) -> None:
    settings = quick()
    schema = schema_of(settings, "run", time.time())
    clock = LabClock(SPEED, schema.started_utc_s)
    rack = SimRack(settings, clock.monotonic_s)
    test = AgingTest(settings, schema, tmp_path, rack, clock, Attention())
    test.attention.on_tick = test.attention.terminate
    assert test.run(None, None).exit_code == 3
    assert not any(rack.diodes.output(number) for number in range(2))
