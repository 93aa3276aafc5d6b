"""The adapter to stable-baselines3: its infos, and that its learners run on it."""

import numpy as np
import pytest

pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed (extra: train)")

from stable_baselines3 import PPO, SAC
from stable_baselines3.common.vec_env import VecEnv

from lasercontrol.observation import ObservationSpec
from lasercontrol.sb3 import PulseCompressionVecEnv
from lasercontrol.vector_env import PulseCompressionVectorEnv

SMALL = ObservationSpec(shown=("shg",), n_history=1)


@pytest.fixture
def lanes() -> PulseCompressionVecEnv:
    return PulseCompressionVecEnv(PulseCompressionVectorEnv(4, observe=SMALL, shots=3))


def test_the_end_of_an_episode_is_told_as_stable_baselines3_wants_it(lanes: PulseCompressionVecEnv) -> None:
    lanes.seed(1)
    lanes.reset()
    actions = np.full((4, 3), 0.5, dtype=np.float32)
    _, _, over, infos = lanes.step(actions)
    assert not over.any()
    assert "terminal_observation" not in infos[0]
    observation, rewards, over, infos = lanes.step(actions)
    assert isinstance(observation, dict)
    assert over.all()
    assert np.abs(rewards).min() > 0
    assert not observation["knobs"].any()
    for info in infos:
        assert info["TimeLimit.truncated"]
        assert info["shot"] == 3
        assert np.abs(info["terminal_observation"]["knobs"] - 0.25).max() < 1e-6
        assert lanes.observation_space.contains(info["terminal_observation"])
    assert [info["shot"] for info in lanes.reset_infos] == [1] * 4


def test_a_seed_repeats(lanes: PulseCompressionVecEnv) -> None:
    shots = []
    for _ in range(2):
        lanes.seed(7)
        shot = lanes.reset()
        assert isinstance(shot, dict)
        shots.append(shot["log_signal"])
    unseeded = lanes.reset()
    assert isinstance(unseeded, dict)
    assert np.array_equal(shots[0], shots[1])
    assert not np.array_equal(unseeded["log_signal"], shots[0])


def test_attributes_are_the_batchs(lanes: PulseCompressionVecEnv) -> None:
    assert isinstance(lanes, VecEnv)
    assert lanes.get_attr("shots") == [3] * 4
    lanes.set_attr("shots", 5)
    assert lanes.batch.shots == 5
    assert lanes.env_is_wrapped(object) == [False] * 4
    with pytest.raises(ValueError, match="address all of them"):
        lanes.set_attr("shots", 4, indices=[0])


def test_sac_learns_from_it(lanes: PulseCompressionVecEnv) -> None:
    policy = {"net_arch": [16]}
    model = SAC(
        "MultiInputPolicy", lanes, learning_starts=16, buffer_size=256, seed=1, policy_kwargs=policy, device="cpu"
    )
    model.learn(64)
    assert model.num_timesteps == 64


@pytest.mark.parametrize("shown", ["shg", "frog"])
def test_ppo_learns_from_it(shown: str) -> None:
    lanes = PulseCompressionVecEnv(PulseCompressionVectorEnv(4, observe=shown, shots=3))
    model = PPO("MultiInputPolicy", lanes, n_steps=16, batch_size=32, n_epochs=1, seed=1, device="cpu")
    model.learn(64)
    assert model.num_timesteps == 64
