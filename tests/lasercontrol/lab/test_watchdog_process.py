"""The watchdog's parts, without a second process."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lasercontrol.lab import watchdog_process
from lasercontrol.lab.watchdog_process import End, Order, Removal, Signs, watch
from tests.lasercontrol.lab.emission_wire import lab_settings, wired

ROOT = Path(__file__).parents[3]


def signs(*heard: bytes) -> Signs:
    """A pipe that says this, then nothing."""
    queue = Signs()
    for text in heard:
        queue.put(text)
    return queue


@pytest.mark.parametrize(
    ("heard", "end"),
    [
        ((b"bye",), End.BYE),
        ((b".", b"...bye", b""), End.BYE),
        ((b".b", b"y", b"e"), End.BYE),
        ((b"",), End.CLOSED),
        ((b"...", b""), End.CLOSED),
        ((b"..by", b""), End.CLOSED),
        ((b"...",), End.SILENT),
        ((), End.SILENT),
    ],
)
def test_how_it_ends(heard: tuple[bytes, ...], end: End) -> None:
    assert watch(signs(*heard), 0.1) is end


def test_it_starts_without_what_it_does_not_need() -> None:
    program = "import sys, lasercontrol.lab.watchdog_process; print(*{name.split('.')[0] for name in sys.modules})"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert not set(loaded.stdout.split()) & {"numpy", "scipy", "matplotlib", "pyvisa", "h5py", "torch"}


def test_only_shutter_and_source_are_opened(capfd: pytest.CaptureFixture[str]) -> None:
    with wired() as wire:
        assert set(Removal(lab_settings(wire))._drivers) == {"shutter", "pump"}


def test_what_cannot_be_removed_is_said_and_ends_with_3(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(watchdog_process, "TRIED_FOR_S", 0.0)
    monkeypatch.setattr(watchdog_process, "RECONNECT_S", 0.0)
    with wired() as wire:
        lab = lab_settings(wire)
        wire.shutter_at.stand.wait(wire.shutter_at.server.stop())
        wire.source.output = True
        order = Order(lab=lab, watchdog_s=1.0, pid=0)
        assert watchdog_process._after(End.CLOSED, order, Removal(lab), signs()) == 3
        assert wire.source_box.emission_current_a == 0
    assert "EMISSION MAY STILL BE ON: shutter is not closed" in capfd.readouterr().err


@pytest.mark.skipif(sys.platform == "win32", reason="Windows tells no parent through its launcher")
def test_a_number_that_is_somebody_elses_by_now_is_not_killed(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    killed: list[tuple[int, signal.Signals]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: killed.append((pid, number)))
    watchdog_process._kill(1 << 22, signs(b""))
    assert not killed
    assert "has gone already" in capfd.readouterr().err
    watchdog_process._kill(os.getppid(), signs(b""))
    assert killed == [(os.getppid(), signal.SIGKILL)]
