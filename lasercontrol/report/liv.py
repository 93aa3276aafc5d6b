"""Threshold and slope of a laser from one sweep, as a data sheet gives them: a line through the lower part of light."""

from dataclasses import dataclass

import numpy as np

from lasercontrol.telemetry.row import Sweep

__all__ = ["Liv", "compared", "liv_of"]

LOWER, UPPER = 0.1, 0.5
"""Shares of the greatest light between which the line is laid: above the rounding at threshold, below any rollover."""
LEAST_POINTS = 4


@dataclass(frozen=True, slots=True)
class Liv:
    """threshold_a in A; slope_w_per_a in W/A."""

    threshold_a: float
    slope_w_per_a: float


def liv_of(sweep: Sweep) -> Liv | None:
    """None where there is no light to lay a line through."""
    current_a, power_w = sweep.current_a.astype(np.float64), sweep.power_w.astype(np.float64)
    good = np.isfinite(current_a) & np.isfinite(power_w)
    if not good.any() or not (top_w := float(power_w[good].max())) > 0:
        return None
    # The rise only: light that falls again behind a rollover passes the same levels once more.
    good &= np.arange(len(power_w)) <= int(np.nanargmax(np.where(good, power_w, np.nan)))
    good &= (power_w > LOWER * top_w) & (power_w < UPPER * top_w)
    if good.sum() < LEAST_POINTS:
        return None
    slope, offset = np.polyfit(current_a[good], power_w[good], 1)
    return Liv(float(-offset / slope), float(slope)) if slope > 0 else None


def compared(sweeps: tuple[Sweep, ...]) -> str | None:
    """The last sweep against the first, in words; None where one says nothing or there is but one."""
    if len(sweeps) < 2:
        return None
    first, last = liv_of(sweeps[0]), liv_of(sweeps[-1])
    if first is None:
        return None
    if last is None or last.slope_w_per_a < 0.01 * first.slope_w_per_a:
        return "in the last sweep no light"
    return (
        f"threshold {_change(first.threshold_a * 1e3, last.threshold_a * 1e3)} mA, "
        f"slope {_change(first.slope_w_per_a, last.slope_w_per_a)} W/A"
    )


def _change(before: float, after: float) -> str:
    change = 100 * (after / before - 1)
    return f"{before:.4g} → {after:.4g} ({change:+.1f} %)".replace("-", "−")
