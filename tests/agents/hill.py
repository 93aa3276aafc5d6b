"""A laser that is no laser: one smooth summit, noisy readings, bounds and steps."""

from dataclasses import dataclass

import numpy as np

from agents.protocol import Agent, Floats, Shot, Travel

CURVATURE = np.array([[1.0, 0.0, 0.6], [0.0, 1.0, 0.0], [0.6, 0.0, 1.0]]) / 0.03**2  # a ridge, as even orders make one


@dataclass(frozen=True)
class Hill:
    """Height 1 at the summit, shape (k,)."""

    summit: Floats

    def height(self, fraction: Floats) -> float:
        away = fraction - self.summit
        return float(1 / (1 + away @ CURVATURE @ away / 2))


def travel(max_step: float = 0.25, k: int = 3) -> Travel:
    return Travel(start=np.zeros(k), max_step=np.full(k, max_step))


def climbed(agent: Agent, hill: Hill, limits: Travel, *, shots: int, rng: np.random.Generator) -> list[Floats]:
    """Settings of every shot; readings have 1.5 % noise."""
    here = limits.start
    visited = []
    for shot in range(shots):
        if shot:
            here = limits.clipped(agent.ask(), here)
        visited.append(here)
        signal = hill.height(here) * (1 + 0.015 * rng.standard_normal())
        agent.tell(Shot(fraction=here, signal=signal, features=np.array([signal])))
    return visited
