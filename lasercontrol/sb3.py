"""The batched environment as stable-baselines3's `VecEnv`.

stable-baselines3 wants the first shot of a new episode in the same step as the last of the old one, which goes into
the infos as `terminal_observation`. All lanes begin together and have the same budget, so they end together, and the
step that Gymnasium's NEXT_STEP autoreset spends on the new lasers is taken for all of them at once.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvStepReturn

from lasercontrol.bench import Floats
from lasercontrol.observation import Observation
from lasercontrol.vector_env import PulseCompressionVectorEnv

__all__ = ["PulseCompressionVecEnv"]

Shown = Observation | NDArray[np.float32]


class PulseCompressionVecEnv(VecEnv):
    """Adapter; the environment inside is `batch`."""

    def __init__(self, batch: PulseCompressionVectorEnv) -> None:
        self.batch = batch
        super().__init__(batch.num_envs, batch.single_observation_space, batch.single_action_space)
        self._actions: Floats = np.zeros((batch.num_envs, *_shape(batch.single_action_space)), dtype=np.float32)

    def reset(self) -> Shown:
        """First shots; the seed set by `seed` counts once."""
        observation, infos = self.batch.reset(seed=self._seeds[0])
        self._reset_seeds()
        self._reset_options()
        self.reset_infos = _per_lane(infos, self.num_envs)
        return self.shown(observation)

    def shown(self, observation: Observation) -> Shown:
        """What the learner is shown of a shot; a subclass may add to it, or shape it otherwise."""
        return observation

    def paid(self, rewards: Floats, over: NDArray[np.bool_]) -> Floats:  # noqa: ARG002
        """What the learner is paid for a shot, (n,), while its lasers are still there; a subclass may pay otherwise."""
        return rewards

    def step_async(self, actions: Floats) -> None:
        """Keep the actions for `step_wait`."""
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        """Step, and begin anew where the episodes ended."""
        seen, rewards, _, over, infos = self.batch.step(self._actions)
        observation, rewards = self.shown(seen), self.paid(rewards, over)
        lanes = _per_lane(infos, self.num_envs)
        if over.any():
            for lane, info in enumerate(lanes):
                info["terminal_observation"] = _of_lane(observation, lane)
                info["TimeLimit.truncated"] = True  # the budget ended, not the task: the value goes on
            seen, _, _, _, infos = self.batch.step(self._actions)
            observation = self.shown(seen)
            self.reset_infos = _per_lane(infos, self.num_envs)
        return observation, rewards.astype(np.float32), over, lanes

    def close(self) -> None:
        """Nothing is held open."""
        self.batch.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        """An attribute of the batch, once per lane."""
        return [getattr(self.batch, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:
        """Set an attribute of the batch. ValueError for some lanes alone: they are one object."""
        self._refuse_part(indices)
        setattr(self.batch, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: VecEnvIndices = None, **method_kwargs: Any
    ) -> list[Any]:
        """Call a method of the batch, once. ValueError for some lanes alone."""
        self._refuse_part(indices)
        return [getattr(self.batch, method_name)(*method_args, **method_kwargs)] * self.num_envs

    def env_is_wrapped(self, wrapper_class: Any, indices: VecEnvIndices = None) -> list[bool]:  # noqa: ARG002
        """No lane has a wrapper of its own."""
        return [False for _ in self._get_indices(indices)]

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        """A batch draws nothing."""
        return [None] * self.num_envs

    def _refuse_part(self, indices: VecEnvIndices) -> None:
        if len(list(self._get_indices(indices))) != self.num_envs:
            raise ValueError("the lanes are one batch: address all of them, with indices=None")


def _of_lane(observation: Shown, lane: int) -> Any:
    """A lane's part of what is shown."""
    if isinstance(observation, dict):
        return {name: values[lane] for name, values in observation.items()}
    return observation[lane]


def _shape(space: spaces.Space[Any]) -> tuple[int, ...]:
    return space.shape or ()


def _per_lane(infos: dict[str, Any], n: int) -> list[dict[str, Any]]:
    """Gymnasium's dictionary of arrays as stable-baselines3's list of dictionaries."""
    names = [name for name in infos if not name.startswith("_")]
    return [{name: infos[name][lane] for name in names} for lane in range(n)]
