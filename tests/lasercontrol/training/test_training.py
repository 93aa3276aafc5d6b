"""Training by reward end to end through the command, at small scale: every algorithm, going on, ending early."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed (extra: train)")

import torch

from lasercontrol.cli import main
from lasercontrol.errors import CallerError, ConfigError
from lasercontrol.signals import Attention
from lasercontrol.training import reinforcement
from lasercontrol.training.checkpoint import latest, restored
from lasercontrol.training.command import TrainCall, train
from lasercontrol.training.curriculum import Widths, entropy_of
from lasercontrol.training.reinforcement import Learning
from lasercontrol.training.run_folder import RunFolder, config_hash
from tests.lasercontrol.training.small import FROG, written

QUIET = Console(quiet=True)


def trained(tmp_path: Path, method: str, *, steps: int | None = None, **changes: Any) -> Path:
    """The folder of a small training."""
    outcome = train(
        TrainCall(config=str(written(tmp_path, method, **changes)), out=tmp_path / "runs", steps=steps), QUIET
    )
    assert outcome.exit_code == 0
    return Path(outcome.summary["run"])


def weights(run: Path) -> dict[str, torch.Tensor]:
    """Of the policy at the latest checkpoint."""
    content = torch.load(latest(RunFolder.found(run)) / "weights.pt", weights_only=True)
    return dict(content["parameters"]["policy"])


def metrics(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("method", ["sac", "tqc", "crossq", "ppo"])
def test_every_algorithm_trains_and_leaves_what_it_takes_to_repeat_it(method: str, tmp_path: Path) -> None:
    curriculum = {"window": 4, "start": 0.5, "success_share": 0.01}
    run = trained(tmp_path, method, curriculum=curriculum, **FROG)
    rows = metrics(run)
    assert [row["steps"] for row in rows] == [16, 32]
    assert all(0 < row["share"] <= 1 for row in rows)
    assert rows[0]["entropy_nats"] < rows[1]["entropy_nats"] < 0
    assert (run / "config.yaml").read_bytes() == (tmp_path / f"train-{method}.yaml").read_bytes()
    assert json.loads((run / "run.json").read_bytes())["config_hash"] == config_hash(RunFolder.found(run).config())
    assert {path.name for path in run.glob("checkpoint-*")} == {"checkpoint-000000032"}
    assert list(run.glob("tensorboard/events*"))


@pytest.mark.parametrize("method", ["ppo", "sac", "crossq"])
def test_a_run_that_goes_on_ends_where_it_would_have_ended(method: str, tmp_path: Path) -> None:
    whole = trained(tmp_path, method, steps=32)
    half = trained(tmp_path, method, steps=16)
    outcome = train(TrainCall(resume=half, steps=32), QUIET)
    assert outcome.summary["steps"] == 32
    one, other = weights(whole), weights(half)
    assert one.keys() == other.keys()
    assert all(torch.equal(one[name], other[name]) for name in one)
    assert [row["share"] for row in metrics(whole)] == [row["share"] for row in metrics(half)]


def test_a_learner_taken_up_holds_the_same_weights_and_replay(tmp_path: Path) -> None:
    run = trained(tmp_path, "sac", steps=16, curriculum={"window": 4, "success_share": 0.01})
    folder = RunFolder.found(run)
    learnings = [Learning.fresh(folder.config()) for _ in range(2)]
    for learning in learnings:
        progress = restored(latest(folder), learning.learner, folder.config_hash)
    buffers: list[Any] = [learning.learner.replay_buffer for learning in learnings]  # type: ignore[attr-defined]
    assert buffers[0].pos == 8  # 16 steps of two lanes
    assert np.abs(buffers[0].observations["knobs"][:8]).max() > 0
    for key, values in buffers[0].next_observations.items():
        assert (values == buffers[1].next_observations[key]).all()
    assert progress.steps == 16
    assert progress.widths is not None
    assert progress.widths["offset"] > 0.2


def test_curriculum_is_taken_up(tmp_path: Path) -> None:
    changes = {"curriculum": {"window": 4, "start": 0.5, "success_share": 0.01}}
    run = trained(tmp_path, "ppo", steps=16, **changes)
    train(TrainCall(resume=run, steps=32), QUIET)
    one, other = metrics(run)
    assert one["entropy_nats"] < other["entropy_nats"] < 0
    assert entropy_of(Widths(**other["widths"])) == pytest.approx(other["entropy_nats"], abs=1e-4)


def test_a_goal_that_is_met_ends_the_training(tmp_path: Path) -> None:
    run = trained(tmp_path, "ppo", goal={"share": 1e-3, "median_shots": 5.0})
    assert [row["steps"] for row in metrics(run)] == [16]


def test_what_is_best_stays(tmp_path: Path) -> None:
    run = trained(tmp_path, "ppo")
    best = json.loads((run / "best.json").read_bytes())
    assert best["scores"]["share"] == max(
        row["share"] for row in metrics(run) if -row["median_shots"] == best["rank"][0]
    )
    assert [path.name for path in run.glob("best-*.pt")] == [best["file"]]


def test_ctrl_c_leaves_a_checkpoint_to_go_on_from(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = Attention.__init__

    def impatient(self: Attention) -> None:
        real(self)
        monkeypatch.setattr(reinforcement, "_Watch", _interrupting(reinforcement._Watch))

    monkeypatch.setattr(Attention, "__init__", impatient)
    outcome = train(TrainCall(config=str(written(tmp_path, "sac")), out=tmp_path / "runs"), QUIET)
    assert outcome.exit_code == 130
    assert "--resume" in outcome.sentences[0]
    assert outcome.summary["steps"] == 6
    monkeypatch.undo()
    assert train(TrainCall(resume=Path(outcome.summary["run"])), QUIET).summary["steps"] == 32


def _interrupting(watch: Any) -> Any:
    class Interrupting(watch):  # type: ignore[misc]
        def _on_step(self) -> bool:
            if self.num_timesteps == 6:
                os.kill(os.getpid(), signal.SIGINT)
            return bool(super()._on_step())

    return Interrupting


def test_the_command_prints_one_object_and_leaves_a_policy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def called(*words: str) -> tuple[int, dict[str, Any]]:
        monkeypatch.setattr(sys, "argv", ["lasercontrol", *words, "--json"])
        status = main()
        return status, json.loads(capsys.readouterr().out)

    monkeypatch.chdir(tmp_path)
    status, summary = called("train", str(written(tmp_path, "ppo", steps=16)))
    assert status == 0
    assert summary["ended"] == "the steps are done"
    assert summary["run"].startswith(str(Path("runs") / "train-"))
    status, summary = called("export", summary["run"], "--out", "mine")
    assert (status, summary["policy"]) == (0, "mine.onnx")
    assert summary["parity"] < 1e-5


def test_another_config_is_no_way_to_go_on(tmp_path: Path) -> None:
    run = trained(tmp_path, "ppo", steps=16)
    other = written(tmp_path, "ppo", lanes=4)
    with pytest.raises(CallerError, match=r"trained with another config: its hash begins with .*nothing was trained"):
        train(TrainCall(config=str(other), resume=run), QUIET)
    values = json.loads((run / "config.json").read_bytes())
    values["training"]["seed"] = 4
    (run / "config.json").write_text(json.dumps(values), encoding="utf-8")
    with pytest.raises(CallerError, match="another config"):
        train(TrainCall(resume=run), QUIET)


def test_a_wrong_call_trains_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="training: is missing"):
        train(TrainCall(config="default", out=tmp_path), QUIET)
    with pytest.raises(CallerError, match="no folder of a training"):
        train(TrainCall(resume=tmp_path), QUIET)
    with pytest.raises(CallerError, match="leave --out and --seed away"):
        train(TrainCall(resume=tmp_path, seed=1), QUIET)
    with pytest.raises(ConfigError, match=r"--steps"):
        train(TrainCall(config=str(written(tmp_path, "ppo")), steps=0, out=tmp_path), QUIET)
    assert not list(tmp_path.glob("train-2*"))
