"""Yields at drawn ways from the optimum, with their slopes: data of supervised learning.

The knobs sit behind the amplifier, so that knob and hidden offset add up: a yield depends on the way to the optimum, on
B and on the spectrum, and on nothing else. One spectrum is drawn, the measured one: what the laser's own does to a
yield is 0.1 % of it at a third of a natural unit and 1.6 % far away, about the noise of the meter.
"""

from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasercontrol.bench import Floats, setting_of
from lasercontrol.errors import CallerError
from lasercontrol.forward import LaserModel
from lasercontrol.simbench import COEFFICIENTS
from lasercontrol.training.frames_data import Known

__all__ = ["YieldDraws", "best_table", "draw_yields", "yield_model"]

BOXED = 0.55  # share of the ways drawn evenly over what the knobs span
WIDEST = 0.42  # of the range, from the optimum: farther, light leaves the window of the fast chain
LOG_SIZES = (log(0.03), log(60.0))  # natural units, of the other ways


@dataclass(frozen=True, slots=True)
class YieldDraws:
    """Points (n, 4), log yields (n,) and slopes over the way (n, 3), float32."""

    points: NDArray[np.float32]
    log_yield: NDArray[np.float32]
    slope: NDArray[np.float32]


def yield_model(known: Known, b_range_rad: tuple[float, float]) -> LaserModel:
    """The fast chain of the measured spectrum. CallerError where the knobs are not three behind the amplifier."""
    knobs = known.scenario.knobs
    if tuple(knob.name for knob in knobs) != COEFFICIENTS or any(knob.before_amplifier for knob in knobs):
        names = ", ".join(knob.name + " before the amplifier" * knob.before_amplifier for knob in knobs)
        raise CallerError(
            f"the method yields needs the knobs {', '.join(COEFFICIENTS)} behind the amplifier, got {names}; "
            "nothing was trained."
        )
    return LaserModel(
        known.amplitude,
        knobs,
        observe="shg",
        offset_reach=known.scenario.offset_reach,
        b_range_rad=b_range_rad,
        stretcher=known.stretcher,
    )


def draw_yields(model: LaserModel, root: Floats, n: int, rng: np.random.Generator) -> YieldDraws:
    """`n` points; B is uniform over the model's prior. root: natural coordinates, (3, 3), in fractions of the range."""
    (*_, b_low), (*_, b_high) = model.prior()
    b_rad = rng.uniform(b_low, b_high, n)
    boxed = rng.uniform(-WIDEST, WIDEST, (n, 3)) @ root * np.sqrt(rng.random((n, 1)))
    direction = rng.standard_normal((n, 3))
    direction /= np.linalg.norm(direction, axis=1, keepdims=True)
    way = np.where(rng.random((n, 1)) < BOXED, boxed, direction * np.exp(rng.uniform(*LOG_SIZES, (n, 1))))
    inverse = np.linalg.inv(root)
    hypotheses = np.column_stack([np.zeros((n, 3)), b_rad])
    log_yield, slope = model.log_signal(model.best_setting(hypotheses) + way @ inverse, hypotheses)
    columns: list[Any] = [np.column_stack([way, b_rad]), log_yield, slope[:, :3] @ inverse.T]
    return YieldDraws(*(column.astype(np.float32) for column in columns))


def best_table(model: LaserModel, b_rad: Floats) -> Floats:
    """The best setting of a laser without offset at each B (n,), in native units, counted from the nominal: (n, k)."""
    hypotheses = np.column_stack([np.zeros((len(b_rad), model.n_knob)), b_rad])
    nominal = np.array([knob.nominal for knob in model.knobs])
    return np.asarray(setting_of(model.best_setting(hypotheses), model.knobs) - nominal)
