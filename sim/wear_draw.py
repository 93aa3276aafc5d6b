"""What the lasers of a simulated night suffer, drawn at random; the figures are this project's own unless marked.

Rates of gradual wear are those of weak units under overstress, 12 to 600 times the field's: at its own rate a laser
loses 0.02 % in a night, and no monitor can show that. Dark lines take 1 to 30 h ([M] 1 to 100 h).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.wear import Mode, WearPlan

__all__ = ["Chance", "draw_failure"]

Floats = NDArray[np.float64]


class Chance(NamedTuple):
    """What a failure is drawn within: from begin_h to end_h of stress, the rated current, when its mount swings."""

    rng: np.random.Generator
    begin_h: float
    end_h: float
    rated_a: float
    swing_h: float = np.nan


def draw_failure(mode: Mode, plan: WearPlan, i: int, chance: Chance) -> None:
    """Write a failure of this mode into the plan of laser i; healthy leaves it as it is."""
    if mode is not Mode.HEALTHY:
        DRAWS[mode](plan, i, chance)


def _log_uniform(rng: np.random.Generator, low: float, high: float) -> float:
    return float(np.exp(rng.uniform(np.log(low), np.log(high))))


def _gradual(threshold_share: float) -> Callable[[WearPlan, int, Chance], None]:
    def draw(plan: WearPlan, i: int, chance: Chance) -> None:
        plan.onset_h[i] = _between(chance, 0.0, 0.5)
        plan.gradual_per_h[i] = _log_uniform(chance.rng, 2.5e-4, 1.2e-2)
        plan.exponent[i] = chance.rng.uniform(0.84, 1.11)  # [C] of Meeker's lasers
        plan.threshold_share[i] = threshold_share

    return draw


def _between(chance: Chance, low: float, high: float) -> float:
    """An hour between two shares of the time in question."""
    return float(chance.begin_h + chance.rng.uniform(low, high) * (chance.end_h - chance.begin_h))


def _rapid(plan: WearPlan, i: int, chance: Chance) -> None:
    plan.onset_h[i] = _between(chance, 0.02, 0.85)
    _dark_lines(plan, i, chance, hours=(1.0, 30.0))


def _dark_lines(plan: WearPlan, i: int, chance: Chance, hours: tuple[float, float]) -> None:
    plan.rapid_size[i] = chance.rng.uniform(0.1, 0.6)
    plan.rapid_h[i] = _log_uniform(chance.rng, *hours)
    plan.sigmoid[i] = float(chance.rng.random() < 0.5)
    plan.threshold_share[i] = chance.rng.uniform(0.3, 0.8)


def _sudden(plan: WearPlan, i: int, chance: Chance) -> None:
    plan.onset_h[i] = _between(chance, 0.01, 0.99)
    _broken(plan, i, chance)


def _broken(plan: WearPlan, i: int, chance: Chance) -> None:
    plan.slope_step[i] = chance.rng.uniform(0.05, 0.5)  # [M]
    plan.leak_a[i] = chance.rated_a * chance.rng.uniform(0.005, 0.03)  # [M] its small step in voltage


def _infant(plan: WearPlan, i: int, chance: Chance) -> None:
    """Weibull of shape 0.3 to 0.7 [M] and 20 h (JDSU: most within 20 h), of which the night sees the beginning."""
    shape = chance.rng.uniform(0.3, 0.7)
    within = -np.expm1(-((chance.end_h / 20.0) ** shape))
    plan.onset_h[i] = max(20.0 * (-np.log1p(-chance.rng.random() * within)) ** (1 / shape), 0.05)
    if chance.rng.random() < 0.5:
        _broken(plan, i, chance)
    else:
        _dark_lines(plan, i, chance, hours=(0.2, 3.0))


def _reverse(plan: WearPlan, i: int, chance: Chance) -> None:
    plan.onset_h[i] = 0.0
    plan.gain[i] = _log_uniform(chance.rng, 1e-3, 1e-2)
    plan.gain_h[i] = chance.rng.uniform(0.5, 3.0)


def _leakage(plan: WearPlan, i: int, chance: Chance) -> None:
    plan.onset_h[i] = _between(chance, 0.0, 0.5)
    plan.leak_a_per_h[i] = chance.rated_a * _log_uniform(chance.rng, 5e-4, 1e-2)
    plan.flicker_per_h[i] = chance.rng.uniform(0.3, 3.0)


def _reverse_then_wear(plan: WearPlan, i: int, chance: Chance) -> None:
    _reverse(plan, i, chance)
    plan.onset_h[i] = _between(chance, 0.2, 0.5)
    plan.gradual_per_h[i] = _log_uniform(chance.rng, 1e-3, 1.2e-2)


def _rapid_in_swing(plan: WearPlan, i: int, chance: Chance) -> None:
    plan.onset_h[i] = chance.swing_h + chance.rng.uniform(0.1, 0.5)
    _dark_lines(plan, i, chance, hours=(1.0, 10.0))


DRAWS: dict[Mode, Callable[[WearPlan, int, Chance], None]] = {
    Mode.THRESHOLD: _gradual(1.0),
    Mode.BOTH: _gradual(0.5),
    Mode.SLOPE: _gradual(0.0),
    Mode.RAPID: _rapid,
    Mode.SUDDEN: _sudden,
    Mode.INFANT: _infant,
    Mode.REVERSE: _reverse,
    Mode.LEAKAGE: _leakage,
    Mode.REVERSE_THEN_WEAR: _reverse_then_wear,
    Mode.RAPID_IN_SWING: _rapid_in_swing,
}
