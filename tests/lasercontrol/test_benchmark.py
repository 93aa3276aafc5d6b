"""`lasercontrol bench`: what it holds, and what it says where it cannot measure. No speed is asserted."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from lasercontrol import benchmark, peer_steps
from lasercontrol.benchmark import run
from lasercontrol.benchmark_table import BARS
from lasercontrol.benchmark_wire import WIRE_BARS
from lasercontrol.device_lanes import TorchLasers, device_lanes
from lasercontrol.errors import CallerError
from lasercontrol.peer import Peer, PeerMissing, python_of
from lasercontrol.scenario import draw_lasers, scenario_for
from lasercontrol.stopwatch import cpu_s, least_cpu_s, repeats_for
from sim.chain import FastChain
from sim.diagnostics import signals
from sim.grid import FAST_GRID
from tests.closeness import assert_close


def test_a_tiny_run_holds_every_figure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(benchmark, "_estimator_s", lambda _: {"decision_mean": 1, "decision_greatest": 1, "setup": 1})
    monkeypatch.setattr(benchmark, "_help_cpu_s", lambda: None)
    console = Console(file=(shown := io.StringIO()), width=130)
    result = run(peer_folder=tmp_path / "none", rounds=1, slice_s=1e-6, console=console)
    json.dumps(result, allow_nan=False)
    assert result["steps_per_s"].keys() > BARS.keys()
    assert all(rate > 0 for rate in result["steps_per_s"].values())
    assert result["stages_us"]["64"].keys() == {"spectrum", "field", "frog", "detector", "observation", "step"}
    assert result["wire"].keys() > WIRE_BARS.keys()
    assert result["peer"] is None
    assert result["ratios"] == {}
    assert "no peer installed, so no ratios" in shown.getvalue()


def test_a_device_that_there_is_not_is_refused() -> None:
    with pytest.raises(CallerError, match="no device tpu; there are cpu, cuda, torch-cpu"):
        run(device="tpu")


def test_a_card_that_is_not_at_hand_is_said_to_be_missing() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    if torch.cuda.is_available():
        pytest.skip("there is a card on this machine")
    notes: list[str] = []
    assert benchmark._on_device("cuda", 0.0, notes) is None
    assert notes == ["device cuda: none was at hand, so nothing was measured on it"]


def test_torch_lanes_run_on_the_processor_too() -> None:
    pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    result = device_lanes("cpu", lanes=3, slice_s=0.0)
    assert result["lanes_per_s"].keys() == {"frog", "frog_with_camera"}
    assert all(rate > 0 for rate in result["lanes_per_s"].values())


def test_torch_lanes_are_the_lasers_of_numpy() -> None:
    pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    lasers = TorchLasers.drawn(3, "cpu")
    laser = draw_lasers(scenario_for("wide"), 3, np.random.default_rng(0)).laser
    spectrum = FastChain(laser).spectrum_after(-laser.offset)
    expected = signals(spectrum, FAST_GRID, lasers.reference_yield.numpy(), ("frog",), lasers.axes)["frog"]
    light = lasers.light(-lasers.chain.laser.offset).numpy()
    assert light.shape == (3, 33, 64)
    assert_close(light.sum(axis=(1, 2)), expected.sum(axis=(1, 2)), rel=1e-4)


def test_a_missing_peer_says_how_to_install_it(tmp_path: Path) -> None:
    with pytest.raises(PeerMissing, match=r"`lasercontrol bench --peer` installs gym-laser==0\.1\.0 there"):
        Peer(tmp_path)


def test_a_peer_that_does_not_run_is_no_peer(tmp_path: Path) -> None:
    python = python_of(tmp_path)
    python.parent.mkdir()
    python.write_text("#!/bin/sh\necho pygame says hello\nexit 7\n", encoding="utf-8")
    python.chmod(0o755)
    with pytest.raises(PeerMissing, match="does not run: its process ended with status 7"):
        Peer(tmp_path)


def test_a_peer_is_asked_and_answers(tmp_path: Path) -> None:
    python = python_of(tmp_path)
    python.parent.mkdir()
    script = '#!/bin/sh\necho hello\necho \'{"torch": "2"}\'\nwhile read n; do echo "0.$n"; done\n'
    python.write_text(script, encoding="utf-8")
    python.chmod(0o755)
    with Peer(tmp_path) as peer:
        assert peer.versions == {"torch": "2"}
        assert [peer.cpu_s_per_step(n) for n in (4, 5)] == [0.4, 0.5]


def test_the_script_of_the_peer_needs_nothing_of_this_project() -> None:
    text = Path(peer_steps.__file__).read_text(encoding="utf-8")
    assert not any(f"import {name}" in text or f"from {name}" in text for name in ("lasercontrol", "sim", "agents"))


def test_the_stopwatch_counts_work_and_not_calls() -> None:
    calls = []
    assert cpu_s(lambda: calls.append(1)) >= 0
    assert least_cpu_s(lambda: calls.append(1), repeats=3, rounds=2) >= 0
    assert len(calls) == 7
    assert repeats_for(lambda: sum(range(10_000)), 0.0) == 1
