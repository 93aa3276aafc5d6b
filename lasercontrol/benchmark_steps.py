"""The environment's steps as pieces of work to be timed: alone, batched, and taken apart."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from lasercontrol.env import PulseCompressionEnv
from lasercontrol.stopwatch import cpu_s, least_cpu_s, repeats_for
from lasercontrol.vector_env import PulseCompressionVectorEnv
from sim.frog import half_frog
from sim.pulse import field

__all__ = ["LANES", "Walk", "stages_us", "walks"]

LANES = 64
EPISODE = 12
PEER_STEP = 0.4  # of this project's greatest step of 0.25: 0.1 of the range, as the peer's own actions

Work = Callable[[], object]


@dataclass(frozen=True, slots=True)
class Walk:
    """Episodes of random actions, in one environment or a batch of `lanes`; `begin` starts one, `step` goes on."""

    lanes: int
    begin: Work
    step: Callable[[int], object]

    @classmethod
    def of(cls, env: PulseCompressionEnv | PulseCompressionVectorEnv, lanes: int | None) -> "Walk":
        """Actions are drawn beforehand; lanes None is the environment alone."""
        shape = () if lanes is None else (lanes,)
        rng = np.random.default_rng(1)
        actions = rng.uniform(-PEER_STEP, PEER_STEP, (EPISODE, *shape, 3)).astype(np.float32)
        return cls(lanes or 1, lambda: env.reset(seed=1), lambda shot: env.step(actions[shot]))

    def cpu_s_per_step(self, episodes: int, *, resets: bool = False) -> float:
        """CPU seconds per lane and step; with `resets`, a new laser every episode is part of the price."""
        spent_s = 0.0
        for _ in range(episodes):
            begun_s = cpu_s(self.begin)
            spent_s += cpu_s(self._episode) + (begun_s if resets else 0.0)
        return spent_s / (episodes * (EPISODE - 1) * self.lanes)

    def _episode(self) -> None:
        for shot in range(1, EPISODE):
            self.step(shot)


def walks() -> dict[str, Walk]:
    """Every kind of environment that is timed, on the scenario `wide`."""
    return {
        f"{kind}_{observe}": walk
        for observe in ("frog", "shg")
        for kind, walk in {
            "single": Walk.of(PulseCompressionEnv("wide", observe=observe), None),
            "batched": Walk.of(PulseCompressionVectorEnv(LANES, "wide", observe=observe), LANES),
        }.items()
    }


def stages_us(lanes: int, rounds: int, slice_s: float) -> dict[str, float]:
    """Microseconds per lane of what a step with FROG is made of, knobs at rest.

    The detector (delay errors, camera, all random numbers) and the observation (move, image, history, reward) are
    differences: a reading without its light, a step without its reading.
    """
    env = PulseCompressionVectorEnv(lanes, "wide", observe="frog", shots=10**9)
    env.reset(seed=1)
    plant, axes, rest = env.bench.plant, env.bench.instruments.axes, np.zeros((lanes, 3), dtype=np.float32)
    setting = env.bench.setting
    narrow = setting.astype(np.float32)
    spectrum = plant.fast.spectrum_after(narrow)
    pulse = field(spectrum, plant.fast.grid)
    works: dict[str, Work] = {
        "spectrum": lambda: plant.fast.spectrum_after(narrow),
        "field": lambda: field(spectrum, plant.fast.grid),
        "frog": lambda: half_frog(pulse, plant.fast.grid, axes),
        "light": lambda: plant.light(setting, ("frog",)),
        "reading": env.bench.measure,
        "step": lambda: env.step(rest),
    }
    us = {name: 1e6 * _best_s(work, rounds, slice_s) / lanes for name, work in works.items()}
    parts = {name: us[name] for name in ("spectrum", "field", "frog")}
    parts["detector"] = us["reading"] - us["light"]
    parts["observation"] = us["step"] - us["reading"]
    return parts | {"step": us["step"]}


def _best_s(work: Work, rounds: int, slice_s: float) -> float:
    return least_cpu_s(work, repeats=repeats_for(work, slice_s), rounds=rounds)
