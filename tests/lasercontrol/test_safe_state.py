"""However a run ends, no light comes out: asked of the twin, which knows, and never of a driver."""

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from drivers.series4000 import ITC4000
from lasercontrol.config_file import load_config
from lasercontrol.record import Record, read_record
from lasercontrol.twin.rehearsal import TwinProcess
from tests.closeness import assert_close
from tests.lasercontrol.twin.runs import PATIENCE_S, Run, eventually, is_dark, twin_settings, variant

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows delivers signals to whole consoles")

TIMEOUT_S = 4.0  # shorter than at a bench, so that the watchdog's patience may be
QUICK: dict[str, Any] = {
    "session": {"agent": "nelder-mead", "shots": 200},
    "lab": {
        "diagnostics": {"frog": {"delays": 16}},
        "instruments": {"osa": {"timeout_s": TIMEOUT_S}, "shaper": {"timeout_s": TIMEOUT_S}},
    },
}
FOREVER = 1_000_000

Start = Callable[..., Run]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    with TwinProcess.started(twin_settings(**QUICK), tmp_path_factory.mktemp("twin"), seed=1) as up:
        yield up


@pytest.fixture
def start(twin: TwinProcess, tmp_path: Path) -> Iterator[Start]:
    """Start a run of the twin's config, with changes; afterwards nothing is left of it, nor of what was done to it."""
    runs: list[Run] = []

    def started(*words: str | Path, **changes: Any) -> Run:
        config = variant(twin, tmp_path / "bench.yaml", **changes)
        runs.append(run := Run(tmp_path, "optimize", config, "--yes", *words))
        return run

    yield started
    for run in runs:
        run.end()
    twin.ask(heal="all")
    twin.ask(close_interlock="pump")


def record_in(folder: Path) -> Record:
    """The one record of a test."""
    (path,) = (folder / "runs").glob("*.h5")
    return read_record(path)


def watchdog_in(folder: Path) -> str:
    """What the one watchdog of a test has written so far."""
    logs = list((folder / "runs").glob("*.watchdog.log"))
    return logs[0].read_text(encoding="utf-8") if logs else ""


def is_owned_by_watchdog(folder: Path) -> bool:
    """Whether a new run would be refused because a removal is under way."""
    asking = Run(folder, "rearm", folder / "bench.yaml", "--why", "a question")
    status, text = asking.ended()
    asking.end()
    return status == 2 and "(watchdog_process), since " in text


def lost(run: Run) -> str:
    """A run that an instrument or a guard ended: exit 3, one line at its end; gives what it said."""
    status, text = run.ended()
    assert status == 3, text
    assert "Traceback" not in text
    return text


def shots_told(text: str) -> int:
    """How many shots a run has shown."""
    return sum(line.startswith("shot ") for line in text.splitlines())


# --------------------------------------------------------------------------------------------------- its own end


def test_a_run_that_is_done_switches_off_where_that_is_wanted(twin: TwinProcess, start: Start, tmp_path: Path) -> None:
    status, text = start("--shots", "2").ended()
    assert status == 0, text
    assert is_dark(twin.ask(state=True))
    assert "the run said bye" in watchdog_in(tmp_path)


def test_a_run_that_is_done_leaves_the_beam_where_that_is_wanted(twin: TwinProcess, start: Start) -> None:
    status, text = start("--shots", "2", lab={"safety": {"switch_off": False}}).ended()
    assert status == 0, text
    state = twin.ask(state=True)
    assert state["shutter_open"] is True
    assert_close(state["pulse_energy"], 1.0, rel=1e-3)


# ------------------------------------------------------------------------------------------------ stopped by people


def test_ctrl_c_goes_home_and_then_switches_off(twin: TwinProcess, start: Start, tmp_path: Path) -> None:
    run = start(session={"on_end": "start"})
    run.until("shot   2")
    run.process.send_signal(signal.SIGINT)
    status, text = run.ended()
    assert status == 130, text
    assert "Ctrl-C; the knobs are at the start." in text
    state = twin.ask(state=True)
    assert is_dark(state)
    shots = record_in(tmp_path).shots
    assert_close(state["setting"]["gdd_ps2"] + 1000, shots[0].setting[0] + 1000, rel=1e-4)


def test_ctrl_c_twice_leaves_the_knobs_and_a_beam_that_is_to_stay(twin: TwinProcess, start: Start) -> None:
    run = start(lab={"safety": {"switch_off": False}, "motion": {"ramp_step": 0.01, "ramp_pause_s": 0.2}})
    run.until("shot   1")
    at_start = twin.ask(state=True)["setting"]["gdd_ps2"]
    eventually(lambda: abs(twin.ask(state=True)["setting"]["gdd_ps2"] - at_start) > 1, "the middle of a move")
    run.process.send_signal(signal.SIGINT)
    run.until("going back step by step")
    run.process.send_signal(signal.SIGINT)
    status, text = run.ended()
    assert status == 130, text
    assert "Ctrl-C twice; the knobs stay where they are." in text
    state = twin.ask(state=True)
    assert abs(state["setting"]["gdd_ps2"] - at_start) > 0.1
    assert state["shutter_open"] is True
    assert_close(state["pulse_energy"], 1.0, rel=1e-3)


def test_terminate_in_the_middle_of_a_scan_is_met_at_once(twin: TwinProcess, start: Start, tmp_path: Path) -> None:
    run = start()
    run.until("shot   1")
    twin.ask(inject="osa", kind="late", seconds=0.3, count=FOREVER)
    eventually(lambda: 0.4 < twin.ask(state=True)["delay_ps"] < 2.1, "the middle of a scan")
    before = twin.ask(state=True)["setting"]
    run.process.send_signal(signal.SIGTERM)
    text = lost(run)
    after = twin.ask(state=True)
    assert is_dark(after)
    assert after["setting"] == before
    assert after["delay_ps"] < 3.6  # the scan's last delay is 4 ps
    assert "terminated from outside; emission is off, and no knob was moved." in text
    assert record_in(tmp_path).exit_reason == "terminated from outside; emission is off, and no knob was moved"
    assert len(record_in(tmp_path).shots) == shots_told(text)


def test_terminate_in_the_middle_of_a_move_stops_there(twin: TwinProcess, start: Start, tmp_path: Path) -> None:
    run = start(lab={"motion": {"ramp_step": 0.01, "ramp_pause_s": 0.2}})
    run.until("shot   1")
    first = record_in(tmp_path).shots[0].setting
    eventually(lambda: abs(twin.ask(state=True)["setting"]["gdd_ps2"] - first[0]) > 1, "the middle of a move")
    run.process.send_signal(signal.SIGTERM)
    lost(run)
    state = twin.ask(state=True)
    assert is_dark(state)
    assert 1 < abs(state["setting"]["gdd_ps2"] - first[0]) < 7.6  # the whole step is 7.68 ps²
    summary = record_in(tmp_path).summary
    assert summary
    assert_close(summary["setting"]["gdd_ps2"] + 1000, state["setting"]["gdd_ps2"] + 1000, rel=1e-5)


def test_terminate_while_the_laser_is_switched_on(twin: TwinProcess, start: Start, tmp_path: Path) -> None:
    run = start(lab={"safety": {"temperature_s": 3000.0}})
    eventually(lambda: "watches process" in watchdog_in(tmp_path), "the watchdog watches")
    run.process.send_signal(signal.SIGTERM)
    assert "stopped before the first shot; emission is off." in lost(run)
    assert is_dark(twin.ask(state=True))


# ------------------------------------------------------------------------------------------- stopped by the world


@pytest.mark.parametrize(
    ("which", "kind", "said"),
    [("osa", "drop", "5 INVALID readings in a row (osa: "), ("meter", "garbage", "meter: says it is ")],
)
def test_an_instrument_that_fails_for_good_ends_the_run(
    twin: TwinProcess, start: Start, tmp_path: Path, which: str, kind: str, said: str
) -> None:
    run = start()
    run.until("shot   1")
    twin.ask(inject=which, kind=kind, count=FOREVER)
    text = lost(run)
    assert said in text
    assert "emission is off; no knob was moved after that." in text
    assert is_dark(twin.ask(state=True))
    assert len(record_in(tmp_path).shots) == shots_told(text)


@pytest.mark.parametrize("which", ["shutter", "pump"])
def test_what_cannot_be_switched_off_is_told_and_tried_again(
    twin: TwinProcess, start: Start, tmp_path: Path, which: str
) -> None:
    run = start()
    run.until("shot   1")
    twin.ask(inject=which, kind="drop", count=FOREVER)
    text = lost(run)
    assert f"interlock: it cannot be read ({which}: " in text
    assert "EMISSION MAY STILL BE ON: " in text
    assert "The watchdog goes on trying to remove emission; its log is " in text
    assert twin.ask(state=True)["pulse_energy"] == 0  # the other of the two could be
    eventually(lambda: is_owned_by_watchdog(tmp_path), "the watchdog owns the bench meanwhile")
    twin.ask(heal="all")
    eventually(lambda: is_dark(twin.ask(state=True)), "the watchdog removes emission")
    eventually(lambda: "Emission is off." in watchdog_in(tmp_path), "the watchdog says so")


def test_a_source_that_starts_anew_is_not_trusted(twin: TwinProcess, start: Start) -> None:
    run = start()
    run.until("shot   1")
    twin.ask(inject="pump", kind="restart", seconds=0.1)
    lost(run)
    eventually(lambda: is_dark(twin.ask(state=True)), "dark")


def test_an_interlock_that_trips_is_latched_until_a_person_rearms_it(
    twin: TwinProcess, start: Start, tmp_path: Path
) -> None:
    run = start()
    run.until("shot   1")
    twin.ask(inject="pump", kind="interlock")
    text = lost(run)
    assert "interlock: pump reports its interlock open; when it is safe again: lasercontrol rearm CONFIG" in text
    assert "emission is off, and nothing was moved." in text
    assert is_dark(twin.ask(state=True))

    twin.ask(close_interlock="pump")
    before = twin.ask(state=True)
    text = lost(start("--shots", "2"))
    assert "interlock: pump reports its interlock open (" in text
    assert "lasercontrol rearm CONFIG --why TEXT. Nothing was moved." in text
    assert twin.ask(state=True) == before

    rearming = Run(tmp_path, "rearm", tmp_path / "bench.yaml", "--why", "the door was shut again")
    assert rearming.ended()[0] == 0
    rearming.end()
    status, text = start("--shots", "2").ended()
    assert status == 0, text


def test_power_above_the_ceiling_ends_the_run(twin: TwinProcess, start: Start, tmp_path: Path) -> None:
    run = start()
    run.until("shot   1")
    knob = ITC4000.at(twin.ask(state=True)["addresses"]["pump"], name="somebody at the front panel")
    knob.current_a = 2.9
    knob.disconnect()
    text = lost(run)
    assert "W is above the ceiling of 1.3 W; emission is off, and no knob was moved." in text
    assert is_dark(twin.ask(state=True))
    assert "above the ceiling" in str(record_in(tmp_path).exit_reason)


# ------------------------------------------------------------------------------------- no chance to do it itself


def test_a_run_that_is_killed_is_made_safe_by_the_watchdog(twin: TwinProcess, start: Start, tmp_path: Path) -> None:
    run = start()
    run.until("shot   2")
    assert not is_dark(twin.ask(state=True))
    run.process.kill()
    eventually(lambda: is_dark(twin.ask(state=True)), "the watchdog removes emission")
    eventually(lambda: "Emission is off." in watchdog_in(tmp_path), "the watchdog says so")
    assert "the run ended without a bye." in watchdog_in(tmp_path)
    assert len(record_in(tmp_path).shots) >= 2


def test_a_run_that_hangs_is_killed_and_made_safe_by_the_watchdog(
    twin: TwinProcess, start: Start, tmp_path: Path
) -> None:
    run = start(lab={"safety": {"watchdog_s": TIMEOUT_S + 5.0}})
    run.until("shot   1")
    run.process.send_signal(signal.SIGSTOP)
    assert not is_dark(twin.ask(state=True))
    eventually(lambda: is_dark(twin.ask(state=True)), "the watchdog removes emission")
    assert run.process.wait(PATIENCE_S) == -signal.SIGKILL
    eventually(lambda: "Emission is off." in watchdog_in(tmp_path), "the watchdog says so")
    assert "the run gives no sign of life." in watchdog_in(tmp_path)


# -------------------------------------------------------------------------------------------------------- unplugged


def test_a_bench_that_falls_silent_ends_the_run(twin: TwinProcess, start: Start, tmp_path: Path) -> None:
    patience = {"meter": 1.0, "delay_stage": 1.0, "shutter": 0.7, "pump": 0.7}  # so that the test has an end as well
    told = {name: {"timeout_s": seconds} for name, seconds in patience.items()}
    run = start(lab={"instruments": told, "reconnect_s": 0.0})
    run.until("shot   1")
    twin.process.send_signal(signal.SIGSTOP)  # a cable that is pulled: nobody answers, and nobody hangs up
    try:
        text = lost(run)
    finally:
        twin.process.send_signal(signal.SIGCONT)
    assert "no whole answer in time" in text
    assert "EMISSION MAY STILL BE ON: " in text
    assert len(record_in(tmp_path).shots) == shots_told(text)
    eventually(lambda: is_dark(twin.ask(state=True)), "the watchdog removes emission")
    eventually(lambda: "Emission is off." in watchdog_in(tmp_path), "the watchdog says so")


def test_a_bench_that_is_unplugged_ends_the_run_and_is_resumed_when_it_is_back(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with TwinProcess.started(twin_settings(**QUICK), first, seed=1) as twin:
        run = Run(tmp_path, "optimize", twin.config, "--yes")
        try:
            run.until("shot   3")
            twin.process.kill()
            text = lost(run)
        finally:
            run.end()
    cut = record_in(tmp_path)
    assert "EMISSION MAY STILL BE ON: " in text
    assert "The watchdog goes on trying" in text
    assert len(cut.shots) == shots_told(text) >= 3
    assert "does not answer" in str(cut.exit_reason)

    with TwinProcess.started(load_config(twin.config), second, seed=1) as again:
        assert is_dark(again.ask(state=True))
        eventually(lambda: "Emission is off." in watchdog_in(tmp_path), "the watchdog finds the instruments again")
        shots = len(cut.shots) + 2
        run = Run(tmp_path, "optimize", "--resume", cut.path, "--yes", "--shots", str(shots), "--out", second)
        try:
            status, text = run.ended()
        finally:
            run.end()
        assert is_dark(again.ask(state=True))
    assert status == 0, text
    (path,) = second.glob("*.h5")
    resumed = read_record(path)
    assert [tuple(row.setting) for row in resumed.shots[: len(cut.shots)]] == [tuple(row.setting) for row in cut.shots]
    assert len(resumed.shots) > len(cut.shots)
    assert shots_told(text) == len(resumed.shots) - len(cut.shots)
