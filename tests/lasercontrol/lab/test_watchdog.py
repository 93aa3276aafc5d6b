"""The second process: real parents are killed and left hanging here, and emulated boxes say what became of light."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lasercontrol.errors import BenchError
from lasercontrol.lab import watchdog as watchdog_module
from lasercontrol.lab.safe_order import switch_on
from lasercontrol.lab.watchdog import Watchdog
from lasercontrol.lab_settings import LabSettings
from tests.lasercontrol.lab.emission_wire import Wired, lab_settings, wired

pytestmark = pytest.mark.usefixtures("state")  # a watchdog that removes emission owns the bench

ROOT = Path(__file__).parents[3]
LIMIT_S = 60.0
LONG_S = 300.0  # a silence that no test comes near
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="there is no kill -9")
RUN = """
import sys, time
from pathlib import Path
from lasercontrol.lab.watchdog import Watchdog
from lasercontrol.lab_settings import LabSettings

settings, log, watchdog_s, how = sys.argv[1:]
watchdog = Watchdog.start(LabSettings.model_validate_json(Path(settings).read_text()), float(watchdog_s), Path(log))
print("watched", flush=True)
while how != "ends":
    if how == "feeds":
        watchdog.feed()
    time.sleep(0.05)
"""


def wait_until(holds: Callable[[], object]) -> None:
    """Wait for what must come; a loaded machine may need long."""
    limit_s = time.monotonic() + LIMIT_S
    while not holds():
        assert time.monotonic() < limit_s, "it did not come"
        time.sleep(0.02)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "run.watchdog.log"


@pytest.fixture
def emitting() -> Iterator[Wired]:
    """A laser that is on."""
    with wired() as wire:
        switch_on(wire.shutter, wire.source, lab_settings(wire).safety, lambda _: None)
        assert wire.emits
        yield wire


@contextmanager
def running(lab: LabSettings, log: Path, watchdog_s: float, how: str) -> Iterator["subprocess.Popen[bytes]"]:
    """Another process that has started a watchdog and then does as told."""
    settings = log.with_suffix(".json")
    settings.write_text(lab.model_dump_json(), encoding="utf-8")
    command = [sys.executable, "-c", RUN, str(settings), str(log), str(watchdog_s), how]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=ROOT) as process:
        try:
            assert process.stdout
            assert process.stdout.readline().strip() == b"watched"
            yield process
        finally:
            process.kill()


@contextmanager
def watched(lab: LabSettings, log: Path, watchdog_s: float = LONG_S) -> Iterator[Watchdog]:
    """This process, watched."""
    watchdog = Watchdog.start(lab, watchdog_s, log)
    try:
        yield watchdog
    finally:
        watchdog.release()


def _said(log: Path, text: str) -> Callable[[], bool]:
    return lambda: text in log.read_text(encoding="utf-8")


# -------------------------------------------------------------------------------------------- when the run ends


def test_after_a_bye_the_laser_stays_as_it_is(emitting: Wired, log: Path) -> None:
    watchdog = Watchdog.start(lab_settings(emitting), LONG_S, log)
    assert watchdog.alive
    watchdog.feed()
    watchdog.release()
    assert watchdog._process.returncode == 0
    assert emitting.emits
    assert _said(log, "the run said bye.")()


@POSIX
def test_kill_9_of_the_run_removes_emission(emitting: Wired, log: Path) -> None:
    with running(lab_settings(emitting), log, LONG_S, "feeds") as run:
        assert emitting.emits
        os.kill(run.pid, signal.SIGKILL)
        wait_until(_said(log, "Emission is off."))
    assert not emitting.shutter_box.is_open
    assert emitting.source_box.emission_current_a == 0
    assert emitting.source.tec
    assert "the run ended without a bye" in log.read_text(encoding="utf-8")


def test_a_run_that_ends_without_a_bye_is_no_better(emitting: Wired, log: Path) -> None:
    with running(lab_settings(emitting), log, LONG_S, "ends") as run:
        assert run.wait(LIMIT_S) == 0
        wait_until(_said(log, "Emission is off."))
    assert not emitting.emits


@POSIX
def test_a_run_that_hangs_is_killed_and_emission_removed(emitting: Wired, log: Path) -> None:
    with running(lab_settings(emitting), log, 0.5, "hangs") as run:
        assert run.wait(LIMIT_S) == -signal.SIGKILL
        wait_until(_said(log, "Emission is off."))
    assert not emitting.shutter_box.is_open
    assert emitting.source_box.emission_current_a == 0
    said = log.read_text(encoding="utf-8")
    assert said.index("no sign of life") < said.index(f"process {run.pid} was killed") < said.index("Emission is off")


@POSIX
def test_a_run_that_is_stopped_is_one_that_hangs(emitting: Wired, log: Path) -> None:
    with running(lab_settings(emitting), log, 1.0, "feeds") as run:
        os.kill(run.pid, signal.SIGSTOP)
        assert run.wait(LIMIT_S) == -signal.SIGKILL
        wait_until(_said(log, "Emission is off."))
    assert not emitting.emits


def test_signs_of_life_keep_it_quiet(emitting: Wired, log: Path) -> None:
    with running(lab_settings(emitting), log, 3.0, "feeds") as run:
        with pytest.raises(subprocess.TimeoutExpired):
            run.wait(5.0)
        assert emitting.emits
        assert "no sign" not in log.read_text(encoding="utf-8")
        run.kill()
        wait_until(_said(log, "Emission is off."))


def test_an_instrument_that_does_not_answer_is_tried_again(emitting: Wired, log: Path) -> None:
    stand, server = emitting.shutter_at.stand, emitting.shutter_at.server
    with running(lab_settings(emitting), log, LONG_S, "feeds") as run:
        stand.wait(server.stop())
        run.kill()
        wait_until(_said(log, "not yet: shutter is not closed"))
        assert emitting.source_box.emission_current_a == 0
        assert emitting.shutter_box.is_open
        stand.wait(server.start())
        wait_until(_said(log, "Emission is off."))
    assert not emitting.shutter_box.is_open


# ------------------------------------------------------------------------------------------------ the run's side


@POSIX
def test_it_is_out_of_reach_of_the_terminal(emitting: Wired, log: Path) -> None:
    with watched(lab_settings(emitting), log) as watchdog:
        pid = watchdog._process.pid
        assert os.getsid(pid) == pid
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            os.kill(pid, number)
        watchdog.release()
        assert watchdog._process.returncode == 0


@POSIX
def test_one_that_dies_is_told_and_disturbs_nobody(emitting: Wired, log: Path) -> None:
    with watched(lab_settings(emitting), log) as watchdog:
        os.kill(watchdog._process.pid, signal.SIGKILL)
        wait_until(lambda: not watchdog.alive)
        watchdog._fed_s = -1e9
        watchdog.feed()
        watchdog.release()
        watchdog.feed()
        watchdog.release()


@POSIX
def test_one_that_does_not_read_keeps_nobody_waiting(
    emitting: Wired, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watchdog_module, "LEAST_PAUSE_S", 0.0)
    with watched(lab_settings(emitting), log) as watchdog:
        os.kill(watchdog._process.pid, signal.SIGSTOP)
        for _ in range(100_000):
            watchdog.feed()
        watchdog.release()
        assert not watchdog.alive


def test_signs_of_life_are_few(emitting: Wired, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with watched(lab_settings(emitting), log) as watchdog:
        sent: list[bytes] = []
        monkeypatch.setattr(watchdog, "_send", sent.append)
        monkeypatch.setattr(watchdog_module, "LEAST_PAUSE_S", 1e6)
        for _ in range(100):
            watchdog.feed()
        assert not sent
        watchdog._fed_s = -1e9
        watchdog.feed()
        assert sent == [b"."]
        monkeypatch.undo()


def test_it_is_the_same_program_wherever_it_is_started(
    emitting: Wired, log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of the user's own that is called as one of ours must not take its place."""
    (tmp_path / "drivers").mkdir()
    (tmp_path / "drivers" / "__init__.py").write_text("raise RuntimeError('not ours')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with watched(lab_settings(emitting), log) as watchdog:
        assert watchdog.alive


# --------------------------------------------------------------------------------------- when it cannot be started


def test_a_log_that_cannot_be_written_is_told(emitting: Wired, tmp_path: Path) -> None:
    with pytest.raises(BenchError, match=r"cannot be started.*nothing was moved"):
        Watchdog.start(lab_settings(emitting), LONG_S, tmp_path / "no folder" / "log")


def test_a_driver_that_is_not_there_is_told(emitting: Wired, log: Path) -> None:
    lab = lab_settings(emitting, shutter_driver="no.such:Shutter")
    with pytest.raises(BenchError, match=r"does not watch: OutOfRange: .*no\.such.*nothing was moved"):
        Watchdog.start(lab, LONG_S, log)


def test_options_that_the_driver_does_not_take_are_told(emitting: Wired, log: Path) -> None:
    with pytest.raises(BenchError, match="does not watch: TypeError"):
        Watchdog.start(lab_settings(emitting, shutter_options={"colour": "red"}), LONG_S, log)


def test_one_that_says_nothing_is_told(emitting: Wired, log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watchdog_module, "START_LIMIT_S", 0.001)
    with pytest.raises(BenchError, match="it said nothing"):
        Watchdog.start(lab_settings(emitting), LONG_S, log)
