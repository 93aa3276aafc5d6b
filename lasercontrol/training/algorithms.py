"""The learners of stable-baselines3 from settings: which class, which networks, which of its arguments."""

import inspect
from collections.abc import Mapping
from math import log
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from sb3_contrib import TQC, CrossQ
from stable_baselines3 import PPO, SAC
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.policies import BasePolicy
from torch import nn

from lasercontrol.errors import ConfigError
from lasercontrol.scenario import HIDDEN, hidden_of
from lasercontrol.training.asymmetric import CrossQViews, PpoViews, SacViews, TqcViews
from lasercontrol.training.features import View, measured
from lasercontrol.training.lanes import FROG, HIDDEN_KEY, Lanes, small
from lasercontrol.training.traces import TRACES
from lasercontrol.training_settings import ReinforcementSettings, TrainingSettings
from lasercontrol.vector_env import PulseCompressionVectorEnv

__all__ = ["learner_of", "measure_scales", "random_shots", "views_of"]

STATE_KEYS = ("knobs", "action", "log_signal", HIDDEN_KEY)
OURS = {"policy", "env", "policy_kwargs", "seed", "device", "verbose", "tensorboard_log", "stats_window_size"}
OURS |= {"replay_buffer_class", "replay_buffer_kwargs", "rollout_buffer_class", "rollout_buffer_kwargs"}
OURS |= {"action_noise", "optimize_memory_usage", "n_steps_", "self", "_init_setup_model", "use_sde", "sde_sample_freq"}
OURS |= {"use_sde_at_warmup"}
N_SCALE_SHOTS = 2048


class _Method(NamedTuple):
    algorithm: type[BaseAlgorithm]
    policy: type[BasePolicy]
    critic: str


METHODS: Mapping[str, _Method] = {
    "sac": _Method(SAC, SacViews, "qf"),
    "tqc": _Method(TQC, TqcViews, "qf"),
    "crossq": _Method(CrossQ, CrossQViews, "qf"),
    "ppo": _Method(PPO, PpoViews, "vf"),
}


def learner_of(training: TrainingSettings, settings: ReinforcementSettings, lanes: Lanes) -> BaseAlgorithm:
    """A learner with fresh weights. ConfigError where an argument is none of the algorithm's, or not to be chosen."""
    method = METHODS[training.method]
    network = settings.network
    actor, critic = views_of(settings, lanes.layout, alike=training.method == "ppo")
    policy: dict[str, Any] = {
        "net_arch": {"pi": list(network.actor), method.critic: list(network.critic)},
        "activation_fn": {"relu": nn.ReLU, "tanh": nn.Tanh}[network.activation],
        "features_extractor_kwargs": {"actor": actor, "critic": critic},
        "share_features_extractor": False,
    }
    arguments = _allowed(training.method, method.algorithm, settings.algorithm)
    if training.method == "ppo":
        policy["log_std_init"] = log(network.first_spread)
    try:
        learner = method.algorithm(
            policy=method.policy, env=lanes, policy_kwargs=policy, seed=training.seed % 2**32, device="cpu", **arguments
        )
    except (TypeError, ValueError, AssertionError) as error:
        raise _wrong(f"{training.method} cannot be made with these: {error}.") from error
    if lanes.reduction is not None:
        learner.policy.add_module("reduction", lanes.reduction)  # it carries it into every file, and does not use it
    return learner


def views_of(
    settings: ReinforcementSettings, layout: Mapping[str, tuple[int, ...]], *, alike: bool = False
) -> tuple[View, View]:
    """What actor and critic read of an observation; `alike`: both as many numbers, the actor's blank."""
    network = settings.network
    seen = tuple(key for key in layout if key != HIDDEN_KEY)
    sees = {"same": seen, "hidden": (*seen, HIDDEN_KEY), "state": STATE_KEYS}[network.critic_sees]
    critic = View(sees, layout)
    if not alike:
        return View(seen, layout), critic
    if network.critic_sees == "state":
        raise ConfigError("config", None, "training.reinforcement.network.critic_sees", "ppo takes `same` or `hidden`.")
    blank = (HIDDEN_KEY,) if network.critic_sees == "hidden" else ()
    return View(sees, layout, blank), critic


def measure_scales(learner: BaseAlgorithm, lanes: Lanes, batch: PulseCompressionVectorEnv, seed: int) -> None:
    """Give the learner's networks the scales of random shots, and the lanes what makes their traces small."""
    shots = random_shots(batch, N_SCALE_SHOTS, seed)
    if lanes.reduction is not None and FROG in shots:
        lanes.reduction.measure(torch.from_numpy(shots[FROG][:, -1]).float() / 255)
        shots[TRACES] = small(lanes.reduction, shots.pop(FROG))
    measured(learner.policy, shots)


def random_shots(batch: PulseCompressionVectorEnv, shots: int, seed: int) -> dict[str, NDArray[Any]]:
    """Observations of about so many shots, and the hidden plant, arrays (n, ...) by key.

    Every second lane wanders; the others steer to where the hidden offset is undone, so that the scales know bright
    traces as well as faint ones.
    """
    rng, seen = np.random.default_rng(seed), []
    observation, _ = batch.reset(seed=seed)
    knobs = batch.bench.knobs
    step = np.array([knob.max_step / knob.range for knob in knobs])
    columns = [HIDDEN.index(f"{knob.name.partition('_')[0]}_fraction") for knob in knobs]
    wanders = (np.arange(batch.num_envs) % 2 == 0)[:, None]
    for _ in range(max(1, -(-shots // batch.num_envs))):
        hidden = hidden_of(batch.bench)
        seen.append({**observation, HIDDEN_KEY: hidden.astype(np.float32)})
        noise = rng.uniform(-1, 1, (batch.num_envs, len(knobs)))
        towards = (-hidden[:, columns] - observation["knobs"]) / step + 0.2 * noise
        observation, *_ = batch.step(np.where(wanders, noise, towards))
    return {key: np.concatenate([shot[key] for shot in seen]) for key in seen[0]}


def _allowed(name: str, algorithm: type[BaseAlgorithm], asked: Mapping[str, Any]) -> dict[str, Any]:
    known = sorted(set(inspect.signature(algorithm.__init__).parameters) - OURS)
    if unknown := sorted(set(asked) - set(known)):
        raise _wrong(f"{name} has no {', '.join(unknown)}; there are {', '.join(known)}.")
    return dict(asked)


def _wrong(message: str) -> ConfigError:
    return ConfigError("config", None, "training.reinforcement.algorithm", message)
