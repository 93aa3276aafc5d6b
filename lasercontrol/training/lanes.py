"""The batched environment as a learner in training meets it: its reward, and the hidden plant if its critic may see it.

The hidden plant is a key of its own, `hidden`, of the observation; the actor's side of every policy here drops it
(`lasercontrol.training.asymmetric`).
"""

import time
from collections.abc import Callable, Iterable
from math import prod

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env.base_vec_env import VecEnvStepReturn

from lasercontrol.bench import Floats
from lasercontrol.observation import Observation, space_of
from lasercontrol.sb3 import PulseCompressionVecEnv, Shown
from lasercontrol.scenario import HIDDEN, Scenario, hidden_of
from lasercontrol.training.traces import GREATEST, TRACES, Reduction
from lasercontrol.vector_env import PulseCompressionVectorEnv

__all__ = ["HIDDEN_KEY", "Lanes", "flattened", "published_reward", "small"]

FROG = "frog"
HIDDEN_KEY = "hidden"
GREATEST_HIDDEN = 20.0  # a bound for the space alone
NEAR_ONE = 1 - 1e-6


class Lanes(PulseCompressionVecEnv):
    """Lasers side by side for stable-baselines3.

    hidden: put the hidden plant into the observation. reduction: what makes traces small; then there is `traces` in
    place of `frog`. flat: show one vector, for learners that take no dictionary, its parts in the order of `layout`.
    reward: see `ReinforcementSettings`. reachable: Strehl ratio within reach at some B; with it, the share of it at the
    last shot of every episode is put into `shares`. returns: what every finished episode was paid. env_s: CPU seconds
    that the environment has taken.
    """

    def __init__(
        self,
        batch: PulseCompressionVectorEnv,
        *,
        hidden: bool,
        reduction: Reduction | None = None,
        flat: bool = False,
        reward: str = "gain",
        reachable: Callable[[Floats], Floats] | None = None,
    ) -> None:
        super().__init__(batch)
        self.hidden, self.reduction, self.flat, self.reward, self.reachable = hidden, reduction, flat, reward, reachable
        self.env_s = 0.0
        self.shares: list[float] = []
        self.returns: list[float] = []
        self._return = np.zeros(self.num_envs)
        shown = dict(space_of(batch.observed, batch.n_knob).spaces)
        if reduction is not None and shown.pop(FROG, None) is not None:
            shown[TRACES] = spaces.Box(-GREATEST, GREATEST, (reduction.n_numbers,), np.float32)
        if hidden:
            shown[HIDDEN_KEY] = spaces.Box(-GREATEST_HIDDEN, GREATEST_HIDDEN, (len(HIDDEN),), np.float32)
        self.shown_space = spaces.Dict(shown)
        self.layout = {name: space.shape or () for name, space in self.shown_space.spaces.items()}
        size = sum(prod(shape) for shape in self.layout.values())
        self.observation_space = spaces.Box(-np.inf, np.inf, (size,), np.float32) if flat else self.shown_space

    def draw_from(self, scenario: Scenario) -> None:
        """Draw the lasers of episodes to come from another scenario."""
        self.batch.draw_from(scenario)

    def reset(self) -> Shown:
        """First shots of new lasers, whatever was under way."""
        self._return = np.zeros(self.num_envs)
        return super().reset()

    def step_wait(self) -> VecEnvStepReturn:
        """Step, and mind the time."""
        start_s = time.process_time()
        stepped = super().step_wait()
        self.env_s += time.process_time() - start_s
        return stepped

    def shown(self, observation: Observation) -> Shown:
        """The observation as the learner takes it, with the hidden plant where it is wanted."""
        return self.formed(observation, self._plant())

    def formed(self, observation: Observation, plant: Floats) -> Shown:
        """An observation (n, ...) as the learner takes it, the hidden plant (n, 5) told from outside."""
        whole = dict(observation)
        if self.reduction is not None and FROG in whole:
            whole[TRACES] = small(self.reduction, whole.pop(FROG))
        if self.hidden:
            whole[HIDDEN_KEY] = np.asarray(plant, dtype=np.float32)
        return flattened(whole, self.layout) if self.flat else {name: whole[name] for name in self.layout}

    def paid(self, rewards: Floats, over: NDArray[np.bool_]) -> Floats:
        """The reward asked for, (n,); episodes that are over are entered into `returns` and `shares`."""
        bench = self.batch.bench
        judged = self.reachable is not None and over.any()
        if self.reward != "gain" or judged:
            strehl = bench.strehl(bench.setting)
            if self.reachable is not None and judged:
                self.shares += (strehl / self.reachable(self._plant()[:, 0]))[over].tolist()
            rewards = {"gain": rewards, "strehl": strehl, "published": published_reward(strehl)}[self.reward]
        self._return += rewards
        self.returns += self._return[over].tolist()
        self._return[over] = 0.0
        return rewards

    def forget(self) -> None:
        """Drop what was counted of a stretch: returns and time."""
        self.env_s, self.returns = 0.0, []

    def _plant(self) -> Floats:
        return hidden_of(self.batch.bench)


def flattened(observation: Observation, names: Iterable[str]) -> NDArray[np.float32]:
    """One vector, (n, ...): the keys side by side in the order of the names, traces as 0 … 1."""
    parts = [observation[name].reshape(len(observation[name]), -1) for name in names]
    return np.concatenate([part / np.float32(255) if part.dtype == np.uint8 else part for part in parts], axis=1)


def small(reduction: Reduction, frames: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Small traces of stacks (n, n_frames, n_delay, n_frequency) as the camera shows them."""
    with torch.no_grad():
        return np.asarray(reduction(torch.from_numpy(frames).float() / 255).numpy())


def published_reward(strehl: Floats) -> Floats:
    """min(x + 0.2/(1-x) - 0.2, 7) - 0.1 of the Strehl ratio x: what the published FROG environment pays (lase-rl)."""
    x = np.minimum(strehl, NEAR_ONE)
    return np.asarray(np.minimum(x + 0.2 / (1 - x) - 0.2, 7.0) - 0.1)
