"""`optimize` on a bench of instruments, as operators and programs meet it; what really moved is asked of the twin."""

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from agents.policy_file import save
from lasercontrol.record import read_record
from lasercontrol.twin.rehearsal import TwinProcess
from tests.agents.policy_specimen import network
from tests.lasercontrol.policy_stand_in import fitting
from tests.lasercontrol.twin.runs import Run, eventually, is_dark, twin_settings, variant

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pseudo-terminals, and signals to single processes")

QUICK: dict[str, Any] = {
    "session": {"agent": "nelder-mead", "shots": 200},
    "lab": {"diagnostics": {"frog": {"delays": 16}}},
}

Start = Callable[..., Run]


@pytest.fixture(scope="module")
def twin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TwinProcess]:
    with TwinProcess.started(twin_settings(**QUICK), tmp_path_factory.mktemp("twin"), seed=1) as up:
        yield up


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Run the command in a folder of its own; afterwards nothing of it goes on."""
    runs: list[Run] = []

    def started(*words: str | Path, keyboard: bool = False) -> Run:
        runs.append(run := Run(tmp_path, *words, keyboard=keyboard))
        return run

    yield started
    for run in runs:
        run.end()


# -------------------------------------------------------------------------------------------------------- the job


def test_a_rehearsal_reaches_over_the_wire_what_the_simulator_reaches(start: Start, tmp_path: Path) -> None:
    config = twin_settings(lab={"diagnostics": {"frog": {"delays": 16}}})  # the shortest scan, of one side alone
    told = yaml.safe_dump(config.model_dump(mode="json", exclude_none=True), sort_keys=False)
    (tmp_path / "bench.yaml").write_text(told, encoding="utf-8")
    status, text = start("twin", "bench.yaml", "--rehearse", "--seed", "1", "--json").ended()
    assert status == 0, text
    summary = json.loads(text.splitlines()[-1])
    over_wire, in_process = (summary[where]["reachable_fraction"] for where in ("over_wire", "in_process"))
    assert summary["doctor_ok"] is True
    assert summary["same"] is True
    assert min(over_wire, in_process) > 0.95
    assert abs(over_wire - in_process) <= 0.01
    assert summary["shots"] <= 12
    assert "strehl" not in summary  # nobody at a bench knows the truth
    assert Path(tmp_path / summary["picture"]).is_file()
    _require_whole(tmp_path / summary["record"], summary)


def _require_whole(path: Path, summary: dict[str, Any]) -> None:
    """A record with every shot, its end, and every instrument before and after."""
    record = read_record(path)
    assert len(record.shots) == summary["shots"]
    assert record.exit_reason == summary["exit_reason"]
    facts = [json.loads(event.text) for event in record.events if event.kind == "instrument"]
    names = ["shaper", "delay_stage", "osa", "meter", "pump", "shutter"]
    assert [fact["instrument"] for fact in facts] == names * 2
    for fact in facts:
        assert fact["idn"]
        assert fact["resource"]
        assert fact["state"]
    before, after = ([fact for fact in facts if fact["instrument"] == "pump"][n]["state"] for n in (0, 1))
    assert (before["output"], after["output"]) == (True, True)  # it goes off when the record is closed


def test_a_dry_run_shows_the_moves_and_moves_nothing(twin: TwinProcess, start: Start, tmp_path: Path) -> None:
    before = twin.ask(state=True)
    status, text = start("optimize", twin.config, "--dry-run").ended()
    assert status == 0, text
    assert "dry run: the twin's Yb:YAG pump laser on the bench twin: nelder-mead with frog" in text
    assert "GDD: now +0, allowed -32 to 32, at most 16 ps² per shot" in text
    assert "shot 2: GDD" in text
    assert twin.ask(state=True) == before
    assert not (tmp_path / "runs").exists()


def test_a_dry_run_tells_what_would_refuse_a_run(twin: TwinProcess, start: Start, tmp_path: Path) -> None:
    by_hand = variant(twin, tmp_path / "by_hand.yaml", lab={"safety": {"switch_on": False}})
    status, text = start("optimize", by_hand, "--dry-run").ended()
    assert status == 0, text
    assert "A RUN WOULD BE REFUSED: the laser is off, and safety.switch_on is false" in text
    assert start("optimize", by_hand, "--yes").ended()[0] == 2


def test_a_policy_for_other_traces_is_refused_before_there_is_light(
    twin: TwinProcess, start: Start, tmp_path: Path
) -> None:
    save(tmp_path / "mine", fitting(), network())
    before = twin.ask(state=True)
    status, text = start("optimize", twin.config, "--policy", "mine.onnx", "--yes").ended()
    assert status == 2
    assert "mine.onnx: the policy does not fit this bench: it reads traces of 64 delays × 64 frequencies" in text
    assert "and the bench shows 16 delays × 64 frequencies" in text
    assert twin.ask(state=True) == before
    assert not (tmp_path / "runs").exists()


# -------------------------------------------------------------------------------------------------- the first move


def test_without_a_keyboard_and_without_yes_nothing_is_moved(twin: TwinProcess, start: Start, tmp_path: Path) -> None:
    before = twin.ask(state=True)
    status, text = start("optimize", twin.config).ended()
    assert status == 2
    assert text == (
        "lasercontrol: nobody is at a keyboard to confirm the first move: --yes confirms it; nothing was moved.\n"
    )
    assert twin.ask(state=True) == before
    assert not (tmp_path / "runs").exists()


def _before_light(start: Start, twin: TwinProcess) -> Run:
    """A run at a terminal that has said what it will work, and waits for the operator's word in the dark."""
    before = twin.ask(state=True)
    run = start("optimize", twin.config, "--shots", "2", keyboard=True)
    run.until("Go on? (y/n)")
    assert "switches pump on at 2 A and shutter open, and delay_stage scans." in run.text
    assert twin.ask(state=True) == before
    return run


def _before_the_first_move(start: Start, twin: TwinProcess) -> Run:
    """A run that has shown old and new setting, and waits for the word with the laser on and all knobs as they were."""
    before = twin.ask(state=True)
    run = _before_light(start, twin)
    run.press("y")
    run.until("Move? (y/n)")
    (question,) = (line for line in run.text.splitlines() if "Move? (y/n)" in line)
    assert re.search(r"first move: GDD \S+ → \S+ ps²; TOD \S+ → \S+ ps³; FOD \S+ → \S+ ps⁴\. Move\?", question)
    here = twin.ask(state=True)
    assert here["shutter_open"] is True
    assert here["setting"] == before["setting"]
    return run


def test_a_no_before_there_is_light_leaves_everything(twin: TwinProcess, start: Start, tmp_path: Path) -> None:
    before = twin.ask(state=True)
    run = _before_light(start, twin)
    run.press("n")
    status, text = run.ended()
    assert status == 2
    assert "the run was not confirmed; nothing was switched on, nothing was moved." in text
    assert twin.ask(state=True) == before
    assert not (tmp_path / "runs").exists()


def test_a_no_to_the_first_move_leaves_every_knob_and_switches_off(twin: TwinProcess, start: Start) -> None:
    before = twin.ask(state=True)
    run = _before_the_first_move(start, twin)
    run.press("n")
    status, text = run.ended()
    assert status == 2
    assert "the first move was not confirmed; no knob was moved. emission is off;" in text
    after = twin.ask(state=True)
    assert is_dark(after)
    assert after["setting"] == before["setting"]


def test_ctrl_c_at_the_question_leaves_every_knob_and_switches_off(twin: TwinProcess, start: Start) -> None:
    before = twin.ask(state=True)
    run = _before_the_first_move(start, twin)
    run.press("\x03")
    status, text = run.ended()
    assert status == 130, text
    after = twin.ask(state=True)
    assert is_dark(after)
    assert after["setting"] == before["setting"]


def test_a_yes_goes_on(twin: TwinProcess, start: Start) -> None:
    run = _before_the_first_move(start, twin)
    run.press("y")
    status, text = run.ended()
    assert status == 0, text
    assert "shot   2/2" in text
    assert text.count("Move?") == 1


# ----------------------------------------------------------------------------------------------------- one owner


def test_a_bench_that_is_in_use_is_refused_and_who_uses_it_is_told(
    twin: TwinProcess, start: Start, tmp_path: Path
) -> None:
    owner = start("optimize", twin.config, "--yes")
    owner.until("shot   1")
    status, text = start("optimize", twin.config, "--yes").ended()
    assert status == 2
    assert f"process {owner.process.pid} (lasercontrol), since " in text
    assert text.startswith("lasercontrol: the bench twin is owned by ")
    status, text = start("doctor", twin.config).ended()
    assert status == 3
    assert f"process {owner.process.pid} (lasercontrol)" in text
    status, text = start("rearm", twin.config, "--why", "nothing").ended()
    assert status == 2
    assert f"process {owner.process.pid} (lasercontrol)" in text
    assert owner.process.poll() is None
    owner.process.terminate()
    assert owner.ended()[0] == 3
    eventually(lambda: is_dark(twin.ask(state=True)), "dark")


def test_what_the_bench_has_not_is_said_before_anything_is_switched(
    twin: TwinProcess, start: Start, tmp_path: Path
) -> None:
    before = twin.ask(state=True)
    config = variant(twin, tmp_path / "bench.yaml", instruments={"channels": ["shg"]})
    status, text = start("optimize", config, "--yes").ended()
    assert status == 2
    assert "instruments.channels: shg: the bench has frog." in text
    assert twin.ask(state=True) == before
    assert not (tmp_path / "runs").exists()  # nor was there a watchdog, without which there is no light
