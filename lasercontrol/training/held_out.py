"""Scores of an actor in training on lasers that it is never trained on, at full fidelity, as `evaluate` counts them."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from lasercontrol.bench import Floats
from lasercontrol.env import Reach, moved
from lasercontrol.observation import Observation, blank_past, look
from lasercontrol.scenario import Drawn, build_bench
from lasercontrol.simbench import SimBench
from lasercontrol.training.task import Task
from lasercontrol.training_settings import GoalSettings, HeldOutSettings
from sim.chain import single_precision
from sim.plant import Fidelity
from sim.reachable import best_setting

__all__ = ["HeldOut", "Scores"]

LASERS, NOISE = range(2)  # streams of one seed
NEAR = 0.95  # of the best reachable: what `shots` counts to


@dataclass(frozen=True, slots=True)
class Scores:
    """share: mean of the best reachable at the last shot. Shots to 95 % of it (a laser that never gets there counts
    with the budget and one more): median and 90th percentile; reached: share of the lasers that get there at all.
    """

    share: float
    median_shots: float
    p90_shots: float
    reached: float

    def meets(self, goal: GoalSettings | None) -> bool:
        """Whether training has done its work."""
        return goal is not None and self.share >= goal.share and self.median_shots <= goal.median_shots

    def as_json(self) -> dict[str, Any]:
        """Numbers by name."""
        return {name: round(value, 5) for name, value in asdict(self).items()}

    @property
    def rank(self) -> tuple[float, float]:
        """Greater is better: fewer shots first where they differ, then a greater share."""
        return -self.median_shots, self.share


class HeldOut:
    """The lasers of a task and a seed, with what each can reach; drawn once, their noise the same at every scoring."""

    def __init__(self, task: Task, settings: HeldOutSettings) -> None:
        self.task, self.seed = task, settings.seed
        rng = np.random.default_rng([settings.seed, LASERS])
        drawn = task.lasers.draw(settings.lasers, rng)
        scenario = task.scenario
        low, high = (np.array([getattr(knob, end) for knob in scenario.knobs]) for end in ("low", "high"))
        _, self.reachable = best_setting(drawn.laser, scenario.per_coefficient(low), scenario.per_coefficient(high))
        self.drawn = Drawn(single_precision(drawn.laser), drawn.scale, drawn.start)

    def scores(self, act: Callable[[Observation], Floats]) -> Scores:
        """What an actor reaches, observations (n, ...) to actions (n, k)."""
        return scores_of(self.shares(act))

    def shares(self, act: Callable[[Observation], Floats]) -> Floats:
        """True share of the best reachable at every shot, (n, shots)."""
        task, bench = self.task, self._bench()
        reach = Reach.of(bench.knobs)
        past = blank_past(task.spec, len(bench.knobs), bench.shape)
        action, shares = np.zeros_like(bench.setting), []
        for shot in range(task.shots):
            if shot:
                bench.move(moved(bench.setting, action, reach))
            shares.append(bench.strehl(bench.setting) / self.reachable)
            seen = look(task.spec, bench.measure(), reach.fraction(bench.setting), action, past)
            past, action = seen.past, np.clip(act(seen.observation), -1.0, 1.0)
        return np.stack(shares, axis=-1)

    def _bench(self) -> SimBench:
        task, rng = self.task, np.random.default_rng([self.seed, NOISE])
        drawn = replace(self.drawn, scale=self.drawn.scale.copy())
        return build_bench(drawn, task.scenario, task.lasers.instruments, rng, Fidelity.FULL)


def scores_of(shares: Floats) -> Scores:
    """The figures of shares (n, shots)."""
    there = shares >= NEAR
    shots = np.where(there.any(axis=1), there.argmax(axis=1) + 1, shares.shape[1] + 1)
    return Scores(
        share=float(shares[:, -1].mean()),
        median_shots=float(np.median(shots)),
        p90_shots=float(np.percentile(shots, 90)),
        reached=float(there.any(axis=1).mean()),
    )
