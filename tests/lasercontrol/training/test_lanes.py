"""What a learner in training meets: the hidden plant where it is wanted, its reward, what became of episodes."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed (extra: train)")

from lasercontrol.errors import CallerError
from lasercontrol.scenario import scenario_for
from lasercontrol.training.curriculum import Widths, narrowed
from lasercontrol.training.lanes import HIDDEN_KEY, Lanes, flattened, published_reward
from lasercontrol.vector_env import PulseCompressionVectorEnv
from tests.closeness import assert_close

STAY = np.zeros((3, 3), dtype=np.float32)


def lanes_of(**kwargs: Any) -> Lanes:
    lanes = Lanes(PulseCompressionVectorEnv(3, "near", observe="shg", shots=3), **{"hidden": True, **kwargs})
    lanes.seed(5)
    return lanes


def test_the_hidden_plant_belongs_to_the_laser_that_is_shown() -> None:
    lanes = lanes_of()
    first = lanes.reset()
    assert isinstance(first, dict)
    old = first[HIDDEN_KEY]
    lanes.step(STAY)
    observation, _, over, infos = lanes.step(STAY)
    assert isinstance(observation, dict)
    assert over.all()
    for lane, info in enumerate(infos):
        assert (info["terminal_observation"][HIDDEN_KEY] == old[lane]).all()
    assert (observation[HIDDEN_KEY] != old).any(axis=1).all()
    assert lanes.observation_space.contains({key: values[0] for key, values in observation.items()})


def test_without_a_wish_nothing_hidden_is_shown() -> None:
    observation = lanes_of(hidden=False).reset()
    assert HIDDEN_KEY not in observation


def test_a_flat_observation_holds_the_same_numbers() -> None:
    whole, flat = lanes_of(), lanes_of(flat=True)
    shown = whole.reset()
    assert isinstance(shown, dict)
    vector = flat.reset()
    assert isinstance(vector, np.ndarray)
    assert (vector == flattened(shown, flat.layout)).all()
    assert vector.shape == (3, *(flat.observation_space.shape or ()))
    flat.step(STAY)
    *_, infos = flat.step(STAY)
    assert infos[0]["terminal_observation"].shape == flat.observation_space.shape


def test_a_true_reward_is_that_of_the_shot_that_was_taken() -> None:
    lanes = lanes_of(reward="strehl", reachable=np.ones_like)
    lanes.reset()
    lanes.step(STAY)
    truth = lanes.batch.bench.strehl(lanes.batch.bench.setting)
    _, rewards, _, _ = lanes.step(STAY)
    assert_close(rewards, truth, rel=1e-6)
    assert_close(np.array(lanes.shares), truth, rel=1e-12)
    assert_close(np.array(lanes.returns), 2 * truth, rel=1e-6)


def test_the_published_reward_is_steep_near_one_and_ends_at_seven() -> None:
    assert_close(published_reward(np.array([0.0, 0.8, 1.0])), np.array([-0.1, 1.5, 6.9]), rel=1e-9)


def test_narrower_ranges_hold_from_the_next_episode_on() -> None:
    lanes = lanes_of()
    scenario = scenario_for("near")
    lanes.draw_from(narrowed(scenario, Widths(b_rad=0.01)))
    observation = lanes.reset()
    assert isinstance(observation, dict)
    assert np.abs(observation[HIDDEN_KEY][:, 0] - 2.25).max() < 0.013


def test_a_scenario_with_other_knobs_is_refused() -> None:
    with pytest.raises(CallerError, match="other knobs"):
        lanes_of().draw_from(scenario_for("tempo"))
