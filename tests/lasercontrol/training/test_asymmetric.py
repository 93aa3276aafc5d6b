"""The actor never sees the hidden plant, the critic may; and scales are those of the shots they were taken from."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed (extra: train)")

import torch

from lasercontrol.errors import ConfigError
from lasercontrol.training.algorithms import measure_scales, random_shots
from lasercontrol.training.lanes import HIDDEN_KEY
from lasercontrol.training.reinforcement import Learning
from tests.closeness import assert_close
from tests.lasercontrol.training.small import FROG, config_of

METHODS = ("sac", "tqc", "crossq", "ppo")


def seen_twice(learning: Learning) -> list[Any]:
    """An observation as the learner's policy takes it, and the same with another hidden plant."""
    observation, _ = learning.task.batch(3).reset(seed=1)
    return [learning.lanes.formed(observation, np.full((3, 5), plant)) for plant in (0.0, 1.0)]


def value_of(learning: Learning, observation: Any) -> Any:
    policy: Any = learning.learner.policy
    tensor, _ = policy.obs_to_tensor(observation)
    policy.set_training_mode(False)
    with torch.no_grad():
        if not hasattr(policy, "critic"):
            return policy.predict_values(tensor)
        values = policy.critic(tensor, torch.zeros(3, 3))
    return values[0] if isinstance(values, tuple) else values


@pytest.mark.parametrize("method", METHODS)
def test_the_actor_acts_the_same_whatever_is_hidden_and_the_critic_judges_otherwise(method: str) -> None:
    learning = Learning.fresh(config_of(method, **FROG))
    learning.begin()
    one, other = seen_twice(learning)
    actions = [learning.learner.predict(observation, deterministic=True)[0] for observation in (one, other)]
    assert (actions[0] == actions[1]).all()
    assert (value_of(learning, one) != value_of(learning, other)).any()


def test_a_critic_of_the_state_reads_no_trace() -> None:
    changes = {**FROG, "network": {"actor": [8], "critic": [8], "critic_sees": "state", "projections": 4}}
    policy: Any = Learning.fresh(config_of("sac", **changes)).learner.policy
    assert "traces" not in policy.critic.features_extractor.view.keys
    assert "traces" in policy.actor.features_extractor.view.keys
    with pytest.raises(ConfigError, match="ppo takes"):
        Learning.fresh(config_of("ppo", **changes))


def test_scales_make_the_shots_they_come_from_even() -> None:
    learning = Learning.fresh(config_of("sac", **FROG))
    batch = learning.task.batch(8)
    measure_scales(learning.learner, learning.lanes, batch, seed=2)
    shots = random_shots(batch, 2048, seed=2)
    shown = learning.lanes.formed(shots, shots[HIDDEN_KEY])
    assert isinstance(shown, dict)
    policy: Any = learning.learner.policy
    with torch.no_grad():
        seen = policy.critic.features_extractor(
            {key: torch.from_numpy(values) for key, values in shown.items()}
        ).numpy()
    assert_close(seen.std(axis=0), 1.0, rel=1e-3)
    assert np.abs(seen.mean(axis=0)).max() < 1e-3


def test_convolutions_read_whole_traces() -> None:
    frames = {"observation": {"shown": ["frog"], "n_frames": 2, "n_delay": 64, "n_frequency": 64}}
    changes = {**frames, "network": {"actor": [8], "critic": [8], "critic_sees": "state", "images": "cnn"}}
    learning = Learning.fresh(config_of("sac", **changes))
    policy: Any = learning.learner.policy
    assert policy.actor.features_extractor.cnn is not None
    assert policy.critic.features_extractor.cnn is None
    learning.begin()
    assert learning.act(learning.task.batch(2).reset(seed=1)[0]).shape == (2, 3)


def test_an_argument_that_the_algorithm_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"sac has no n_epochs; there are batch_size, buffer_size"):
        Learning.fresh(config_of("sac", algorithm={"n_epochs": 3}))
    with pytest.raises(ConfigError, match="ppo cannot be made"):
        Learning.fresh(config_of("ppo", algorithm={"batch_size": -3}))
