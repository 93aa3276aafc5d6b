"""The actor never sees the hidden plant, the critic may; and scales are those of the shots they were taken from."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("stable_baselines3", reason="stable-baselines3 is not installed (extra: train)")

import torch

from lasercontrol.errors import ConfigError
from lasercontrol.training.algorithms import random_shots
from lasercontrol.training.features import Features, View
from lasercontrol.training.lanes import HIDDEN_KEY, flattened
from lasercontrol.training.reinforcement import Learning
from tests.closeness import assert_close
from tests.lasercontrol.training.small import FROG, config_of

METHODS = ("sac", "tqc", "crossq", "ppo")


def seen_twice(learning: Learning) -> list[Any]:
    """An observation as the learner's policy takes it, and the same with another hidden plant."""
    observation, _ = learning.task.batch(3).reset(seed=1)
    both = []
    for plant in (0.0, 1.0):
        whole = {**observation, HIDDEN_KEY: np.full((3, 5), plant, dtype=np.float32)}
        both.append(flattened(whole, learning.lanes.layout) if learning.lanes.flat else whole)
    return both


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
    learning = Learning.fresh(config_of("sac", **changes))
    policy: Any = learning.learner.policy
    assert policy.critic.features_extractor.traces is None
    assert policy.actor.features_extractor.traces is not None
    with pytest.raises(ConfigError, match="ppo takes"):
        Learning.fresh(config_of("ppo", **changes))


def test_scales_make_the_shots_they_come_from_even() -> None:
    learning = Learning.fresh(config_of("sac", **FROG))
    shots = random_shots(learning.task.batch(8), 160, seed=2)
    features = Features(
        learning.lanes.observation_space, View(("frog", "knobs"), "projected", 4, learning.lanes.layout)
    )
    features.measure(shots)
    seen = features({key: torch.from_numpy(shots[key]) for key in ("frog", "knobs")}).numpy()
    assert seen.shape == (160, features.features_dim)
    assert_close(seen[:, -3:].std(axis=0), 1.0, rel=1e-4)
    assert_close(seen[:, 4:8].std(axis=0), 1.0, rel=1e-3)  # the newest trace
    assert np.abs(seen[:, 4:8].mean(axis=0)).max() < 1e-3


@pytest.mark.parametrize(("images", "n"), [("pooled", 2 * 16), ("projected", 2 * 4)])
def test_traces_are_made_small(images: str, n: int) -> None:
    learning = Learning.fresh(config_of("sac", **FROG))
    features = Features(learning.lanes.observation_space, View(("frog", "energy"), images, 4, learning.lanes.layout))
    assert features.features_dim == n + 1


def test_an_argument_that_the_algorithm_does_not_have_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"sac has no n_epochs; there are batch_size, buffer_size"):
        Learning.fresh(config_of("sac", algorithm={"n_epochs": 3}))
    with pytest.raises(ConfigError, match="ppo cannot be made"):
        Learning.fresh(config_of("ppo", algorithm={"batch_size": -3}))
