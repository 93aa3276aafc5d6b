"""A simulated laser from a config: what is hidden, what is guarded, what is true."""

import numpy as np
import pytest

from lasercontrol.bench import setting_of
from lasercontrol.config import Config
from lasercontrol.errors import MoveRefused
from lasercontrol.limits import GuardedBench
from lasercontrol.simulated import build
from sim.grid import FULL_GRID
from tests.closeness import assert_close


def config(**changes: object) -> Config:
    """The default config with some sections replaced."""
    return Config.model_validate(changes)


def test_a_seed_gives_the_same_laser_and_the_same_noise() -> None:
    first, second, other = (build(Config(), seed) for seed in (5, 5, 6))
    assert np.array_equal(first.bench.plant.laser.offset, second.bench.plant.laser.offset)
    assert np.array_equal(first.bench.measure().channels["frog"].values, second.bench.measure().channels["frog"].values)
    assert not np.array_equal(first.bench.plant.laser.offset, other.bench.plant.laser.offset)


def test_a_resumed_laser_is_the_same_with_fresh_noise() -> None:
    first, second = build(Config(), 5), build(Config(), 5, shots_taken=3)
    assert np.array_equal(first.bench.plant.laser.amplitude, second.bench.plant.laser.amplitude)
    assert not np.array_equal(
        first.bench.measure().channels["frog"].values, second.bench.measure().channels["frog"].values
    )


def test_what_the_config_says_of_the_plant_is_not_drawn() -> None:
    laser = build(config(scenario={"hidden": {"b_rad": 2.0, "gdd_ps2": 3.0}}), 1).bench.plant.laser
    assert float(laser.b_rad) == 2.0
    assert laser.offset[0] == 3.0
    assert laser.offset[1] != 0.0


def test_the_truth_at_its_best_is_the_best() -> None:
    laser = build(Config(), 2)
    score = laser.truth.at(laser.truth.best)
    assert_close(score.reachable_fraction, 1.0, rel=1e-12)
    assert_close(score.strehl, laser.truth.best_strehl, rel=1e-12)
    assert score.fwhm_ps > laser.truth.limit_fwhm_ps
    assert_close(score.intensity.sum() * FULL_GRID.dt_ps, 1.0, rel=1e-3)
    assert laser.truth.at(laser.bench.setting).reachable_fraction < 1


def test_knobs_by_hand_have_their_own_bounds_and_steps() -> None:
    laser = build(config(knobs={"each": [{"name": "tod_ps3", "low": -40, "high": 60, "max_step": 0.1}]}), 1)
    (knob,) = laser.bench.knobs
    assert (knob.name, knob.unit, knob.low, knob.high) == ("tod_ps3", "ps³", -40, 60)
    assert_close(knob.max_step, 10.0, rel=1e-12)
    assert np.count_nonzero(laser.bench.plant.laser.offset) == 1


def test_knobs_behind_the_amplifier_need_no_guard_of_it() -> None:
    assert build(Config(), 1).limits.amplifier is None


def test_knobs_before_the_amplifier_are_guarded_by_what_is_known() -> None:
    tempo = build(config(scenario={"name": "tempo"}), 1)
    assert tempo.limits.amplifier is not None
    shorter = tempo.limits.amplifier.ratio(np.array([[0.0, 0.0, 0.0], [-32.0, 0.0, 0.0]]))
    assert_close(shorter, [1.0, 267.4 / (267.4 - 32.0)], rel=5e-3)  # energy kept: peak goes as 1/duration


def test_a_tight_limit_of_b_stops_a_ramp_toward_a_shorter_stretch() -> None:
    laser = build(config(scenario={"name": "tempo"}, limits={"max_b_rad": 3.5}), 3)
    laser.bench.move(np.zeros(3))
    guarded = GuardedBench(laser.bench, laser.limits)
    guarded.move(np.array([-6.0, 0.0, 0.0]))
    with pytest.raises(MoveRefused, match=r"B-integral: asked 3\.5\d+ rad at 100% of the ramp, allowed up to 3\.5 rad"):
        guarded.move(np.array([-12.0, 0.0, 0.0]))


def test_more_energy_than_the_coating_stands_is_refused_before_anything_moves() -> None:
    laser = build(config(laser={"energy_j": 0.5}), 1)
    with pytest.raises(MoveRefused, match="transform-limited peak at nominal energy: asked 131"):
        GuardedBench(laser.bench, laser.limits)


def test_only_the_oracle_is_told_the_truth() -> None:
    laser = build(Config(), 1)
    start = np.zeros(3)
    assert laser.agent("nelder-mead")(start).name == "nelder-mead"
    oracle = laser.agent("oracle")(start)
    assert_close(setting_of(oracle.recommend(), laser.bench.knobs), laser.truth.best, rel=1e-9)


def test_a_rehearsal_meets_a_laser_without_secrets() -> None:
    rehearsed = build(Config(), 1).nominal()
    assert not rehearsed.bench.plant.laser.offset.any()
    assert float(rehearsed.bench.scale) == 1.0
