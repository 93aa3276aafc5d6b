"""Yields drawn for learning, and a policy trained from them, end to end at small scale."""

import json
from pathlib import Path

import numpy as np
import pytest

from agents.policy_file import load
from agents.protocol import Shot, Travel
from agents.yield_policy import YieldPolicy
from lasercontrol.config import Config
from lasercontrol.errors import CallerError
from lasercontrol.forward import LaserModel
from lasercontrol.scenario import default_amplitude, scenario_for
from lasercontrol.training.frames_data import Known, root_of
from lasercontrol.training.run_folder import RunFolder
from lasercontrol.training.yields_data import best_table, draw_yields, yield_model
from lasercontrol.training.yields_method import train


@pytest.fixture(scope="module")
def known() -> Known:
    return Known(scenario_for("wide"), default_amplitude())


@pytest.fixture(scope="module")
def model(known: Known) -> LaserModel:
    return yield_model(known, (1.0, 3.5))


@pytest.fixture(scope="module")
def root(known: Known) -> np.ndarray:
    return root_of(known, lasers=8)


def test_yields_are_highest_about_the_optimum(model: LaserModel, root: np.ndarray) -> None:
    drawn = draw_yields(model, root, 2000, np.random.default_rng(0))
    size = np.linalg.norm(drawn.points[:, :3], axis=1)
    near, far = drawn.log_yield[size < 0.3], drawn.log_yield[size > 10]
    assert near.min() > far.max()
    assert drawn.points[:, 3].min() > 1.0
    assert drawn.points[:, 3].max() < 3.5


def test_the_slope_is_that_of_the_yield(model: LaserModel, root: np.ndarray) -> None:
    """As far as no light leaves the window of the fast chain: there the yield has steps, and its slope has none."""
    drawn = draw_yields(model, root, 128, np.random.default_rng(1))
    near = np.linalg.norm(drawn.points[:, :3], axis=1) < 20
    way, b_rad, slope = drawn.points[near, :3], drawn.points[near, 3], drawn.slope[near]
    side = 0.02 * np.linalg.norm(way, axis=1, keepdims=True) * np.array([0.6, -0.64, 0.48])
    hypotheses = np.column_stack([np.zeros((len(way), 3)), b_rad])
    best, inverse = model.best_setting(hypotheses), np.linalg.inv(root)
    ahead, behind = (model.log_signal(best + (way + move) @ inverse, hypotheses)[0] for move in (side, -side))
    assert len(way) > 40
    assert (slope * 2 * side).sum(axis=1) == pytest.approx(ahead - behind, rel=0.1, abs=4e-3)


def test_the_same_seed_draws_the_same(model: LaserModel, root: np.ndarray) -> None:
    first, second = (draw_yields(model, root, 16, np.random.default_rng(5)) for _ in range(2))
    assert np.array_equal(first.log_yield, second.log_yield)


def test_the_table_is_the_models(model: LaserModel) -> None:
    """Without SPM nothing is to be compensated; with it GDD must give way."""
    table = best_table(model, np.array([0.0, 3.0]))
    assert np.abs(table[0]).max() < 0.02
    assert abs(table[1, 0]) > 1.0


def test_knobs_before_the_amplifier_are_refused() -> None:
    with pytest.raises(CallerError, match=r"tod_ps3 before the amplifier.*nothing was trained"):
        yield_model(Known(scenario_for("tempo"), default_amplitude()), (1.0, 3.5))


def test_a_training_leaves_a_policy_that_decides(tmp_path: Path) -> None:
    config = Config.model_validate(
        {"training": {"method": "yields", "seed": 3, "yields": {"points": 400, "steps": 20, "widths": [8, 8]}}}
    )
    source = tmp_path / "train.yaml"
    source.write_text("training: {method: yields}\n", encoding="utf-8")
    folder, said = RunFolder.made(tmp_path, config, source), list[str]()
    summary = train(config, folder, said.append)
    file = load(folder.path / "policy")
    assert file.manifest.kind == "yields"
    assert file.manifest.training["config_hash"] == folder.config_hash
    assert summary["parity"] < 1e-5
    assert said[-1].startswith("policy-yields: ")
    assert json.loads((folder.path / "policy.json").read_text(encoding="utf-8"))["onnx_sha256"]
    span = np.array([knob.high - knob.low for knob in file.manifest.knobs])
    travel = Travel(np.zeros(3), np.full(3, 0.25))
    policy = YieldPolicy(file, travel, span)
    for signal in (0.3, 0.35, 0.2, 0.4, 0.41):
        wish = policy.ask()
        assert np.abs(wish).max() <= 0.5
        policy.tell(Shot(wish, signal, np.array([signal])))
    assert np.isfinite(policy.recommend()).all()
