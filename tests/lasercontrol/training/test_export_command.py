"""A trained actor as a policy on disk: the same actions as in torch, followed on a bench, or refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed (extra: train)")

from agents.learning import onnx_export
from agents.policy_file import load
from agents.protocol import Shot, Travel
from lasercontrol.actor import ActorAgent
from lasercontrol.bench import fraction_of, setting_of
from lasercontrol.env import Reach, moved
from lasercontrol.errors import CallerError, InputFileError
from lasercontrol.observation import blank_past, look
from lasercontrol.training.checkpoint import load_weights
from lasercontrol.training.command import TrainCall, train
from lasercontrol.training.export_command import ExportCall, export
from lasercontrol.training.reinforcement import Learning
from lasercontrol.training.run_folder import RunFolder, read_json
from tests.lasercontrol.training.small import FROG, written

QUIET = Console(quiet=True)


def trained(folder: Path, method: str, **changes: Any) -> Path:
    config = written(folder, method, steps=16, **changes)
    return Path(train(TrainCall(config=str(config), out=folder / "runs"), QUIET).summary["run"])


@pytest.fixture(scope="module", params=["sac", "tqc", "crossq", "ppo"])
def run(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small training of each algorithm, exported."""
    path = trained(tmp_path_factory.mktemp(request.param), request.param, **FROG)
    export(ExportCall(run=path))
    return path


def best_of(run: Path) -> Learning:
    folder = RunFolder.found(run)
    learning = Learning.fresh(folder.config())
    path = run / read_json(run / "best.json")["file"]
    load_weights(path, path.read_bytes(), learning.learner)
    return learning


def test_the_manifest_says_what_the_actor_is_shown_and_nothing_hidden(run: Path) -> None:
    manifest = load(run / "policy").manifest
    assert manifest.kind == "actor"
    assert "hidden" not in manifest.inputs
    assert manifest.inputs["frog"] == (None, 2, 16, 16)
    assert manifest.training["observation"]["n_frames"] == 2
    assert manifest.training["config_hash"] == RunFolder.found(run).config_hash
    assert manifest.axes is not None
    assert manifest.axes.n_delay == 16
    assert manifest.scores[0]["held_out"]


def test_the_agent_goes_where_the_trained_actor_goes(run: Path) -> None:
    learning = best_of(run)
    task, rng = learning.task, np.random.default_rng(4)
    bench = task.lasers.bench(task.lasers.draw(1, rng)[0], rng)
    knobs, reach = bench.knobs, Reach.of(bench.knobs)
    steps = np.array([knob.max_step / knob.range for knob in knobs])
    agent = ActorAgent(load(run / "policy"), Travel(fraction_of(bench.setting, knobs), steps), knobs)
    past, action = blank_past(task.spec, 3, ()), np.zeros(3)
    for _ in range(3):
        reading, here = bench.measure(), fraction_of(bench.setting, knobs)
        seen = look(task.spec, reading, reach.fraction(bench.setting), action, past)
        action = learning.act({key: values[None] for key, values in seen.observation.items()})[0]
        past = seen.past
        agent.tell(Shot(here, 0.0, np.zeros(1), reading=reading))
        wanted = fraction_of(moved(bench.setting, action, reach), knobs)
        assert np.abs(agent.ask() - wanted).max() < 1e-3  # weights of a file are rounded
        bench.move(setting_of(wanted, knobs))


def test_what_torch_and_onnxruntime_compute_otherwise_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained(tmp_path, "ppo")
    monkeypatch.setattr(onnx_export, "GATE", 0.0)
    monkeypatch.setattr(onnx_export, "_difference", lambda *_: 1.0)
    with pytest.raises(CallerError, match="nothing was written"):
        export(ExportCall(run=run))
    assert not list(run.glob("policy*"))


def test_nothing_is_overwritten_and_scores_are_kept(tmp_path: Path) -> None:
    run = trained(tmp_path, "ppo")
    (tmp_path / "scores.json").write_text(json.dumps({"rows": [{"agent": "policy", "median": 3}]}), encoding="utf-8")
    export(ExportCall(run=run, out=tmp_path / "mine", scores=tmp_path / "scores.json"))
    assert load(tmp_path / "mine").manifest.scores[0]["median"] == 3
    with pytest.raises(CallerError, match="nothing is overwritten"):
        export(ExportCall(run=run, out=tmp_path / "mine"))
    with pytest.raises(CallerError, match="there is no folder"):
        export(ExportCall(run=run, out=tmp_path / "none" / "mine"))


def test_a_damaged_run_is_refused(tmp_path: Path) -> None:
    run = trained(tmp_path, "ppo")
    path = run / read_json(run / "best.json")["file"]
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputFileError, match="is damaged"):
        export(ExportCall(run=run))
    with pytest.raises(InputFileError, match="no folder of a training"):
        export(ExportCall(run=tmp_path))
