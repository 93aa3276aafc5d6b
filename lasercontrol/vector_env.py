"""The environment as a batch: many simulated lasers side by side, one array call per step.

Same move, reward and observation as `lasercontrol.env`. Autoreset is Gymnasium's NEXT_STEP: the step after the last
shot of a lane ignores its action, pays nothing, and shows the first shot of a new laser.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from lasercontrol.bench import Floats
from lasercontrol.env import Lasers, Reach, moved, privileged_info, reward_of
from lasercontrol.errors import CallerError
from lasercontrol.observation import (
    Observation,
    ObservationSpec,
    Past,
    Seen,
    blank_past,
    look,
    reset_past,
    space_of,
    spec_of,
)
from lasercontrol.scenario import Scenario

__all__ = ["PulseCompressionVectorEnv"]

Bools = NDArray[np.bool_]


class PulseCompressionVectorEnv(VectorEnv[Observation, Floats, NDArray[Any]]):
    """`num_envs` lanes of `PulseCompressionEnv` with simulated lasers; arguments as there.

    lasers: where they come from, in place of `scenario`, `observe` and `measured_amplitude`. One generator serves all
    lanes, so a seed reproduces bit for bit for the same `num_envs`.
    """

    metadata = {"autoreset_mode": AutoresetMode.NEXT_STEP, "render_modes": []}  # noqa: RUF012 — Gymnasium's own type

    def __init__(
        self,
        num_envs: int = 1,
        scenario: Scenario | str = "wide",
        *,
        observe: ObservationSpec | str | Sequence[str] = "frog",
        measured_amplitude: Floats | None = None,
        lasers: Lasers | None = None,
        shots: int | None = None,
        privileged: bool = False,
        render_mode: None = None,
    ) -> None:
        self.num_envs, self.privileged, self.render_mode = num_envs, privileged, render_mode
        self._lasers = lasers or Lasers.named(scenario, spec_of(observe), measured_amplitude)
        self.observed = self._lasers.spec
        self.shots = shots or self._lasers.scenario.shots
        self._reach, self.n_knob = Reach.of(self._lasers.scenario.knobs), len(self._lasers.scenario.knobs)
        self._blank = blank_past(self.observed, self.n_knob, (num_envs,))
        self.single_observation_space: spaces.Space[Any] = space_of(self.observed, self.n_knob)
        self.single_action_space: spaces.Space[Any] = spaces.Box(-1.0, 1.0, (self.n_knob,), np.float32)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._over = np.zeros(num_envs, dtype=np.bool_)

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """New lasers in every lane, and their first shot."""
        super().reset(seed=seed, options=options)
        self.bench = self._lasers.bench(self._lasers.draw(self.num_envs, self.np_random), self.np_random)
        self._setting = self.bench.setting
        self._shot = np.ones(self.num_envs, dtype=np.int64)
        self._over = np.zeros(self.num_envs, dtype=np.bool_)
        seen = self._looked(np.zeros_like(self._setting), self._blank)
        return seen.observation, self._infos()

    def step(self, actions: Floats) -> tuple[Observation, Floats, Bools, Bools, dict[str, Any]]:
        """Move every lane and take a shot; lanes that were over begin anew instead."""
        actions = np.minimum(np.maximum(actions, -1.0), 1.0)
        wish, past, fresh = moved(self._setting, actions, self._reach), self._past, self._over
        if fresh.any():
            actions = np.where(fresh[:, None], 0.0, actions)
            wish[fresh] = self._renewed(fresh)
            past = reset_past(past, fresh, self._blank)
        self._setting = self.bench.move(wish)
        self._shot = np.where(fresh, 1, self._shot + 1)
        self._over = self._shot >= self.shots
        seen = self._looked(actions, past)
        reward = np.where(fresh, 0.0, reward_of(past.log_signal, seen.log_signal))
        return seen.observation, reward, np.zeros(self.num_envs, dtype=np.bool_), self._over, self._infos()

    def draw_from(self, scenario: Scenario) -> None:
        """Draw the lasers of episodes to come from another scenario. CallerError where its knobs or drift differ."""
        old = self._lasers.scenario
        if (scenario.knobs, scenario.drift_fraction) != (old.knobs, old.drift_fraction):
            raise CallerError("the scenario has other knobs or another drift: the spaces and benches would not fit it")
        self._lasers = replace(self._lasers, scenario=scenario)

    def _renewed(self, lanes: Bools) -> Floats:
        """Starts, shape (number of lanes, k), of new lasers put into some lanes."""
        drawn = self._lasers.draw(int(lanes.sum()), self.np_random)
        self.bench.renew(lanes, drawn.laser, drawn.scale, drawn.start, drawn.knob_map)
        return drawn.start

    def _looked(self, actions: Floats, past: Past) -> Seen:
        reading = self.bench.measure()
        seen = look(self.observed, reading, self._reach.fraction(self._setting), actions, past)
        self._past, self._quality = seen.past, reading.quality
        return seen

    def _infos(self) -> dict[str, Any]:
        infos: dict[str, Any] = {"shot": self._shot, "quality": self._quality}
        if self.privileged:
            infos |= privileged_info(self.bench)
        return infos | {f"_{name}": np.ones(self.num_envs, dtype=np.bool_) for name in infos}
