"""Threshold and slope from sweeps whose threshold and slope are known."""

import numpy as np

from lasercontrol.report.liv import compared, liv_of
from lasercontrol.telemetry.row import Sweep
from tests.closeness import assert_close


def sweep(threshold_ma: float, slope: float, rollover_a: float = 0.0) -> Sweep:
    """Light in W over 0 to 20 mA, bent down by rollover."""
    current = np.linspace(0, 0.02, 81)
    light = np.maximum(0, slope * (current - threshold_ma * 1e-3)) * (1 - rollover_a * current**2)
    columns = (each.astype(np.float32) for each in (current, light, light, current))
    return Sweep(0, 0.0, 0.0, 0, 25.0, *columns)


def test_threshold_and_slope_are_those_of_the_line() -> None:
    found = liv_of(sweep(2.0, 0.3))
    assert found is not None
    assert_close(np.array([found.threshold_a, found.slope_w_per_a]), np.array([0.002, 0.3]), rel=1e-5)


def test_a_rollover_moves_them_little() -> None:
    found = liv_of(sweep(2.0, 0.3, rollover_a=900))
    assert found is not None
    assert_close(np.array([found.threshold_a, found.slope_w_per_a]), np.array([0.002, 0.3]), rel=0.15)


def test_the_last_is_told_against_the_first() -> None:
    assert compared((sweep(2.0, 0.3), sweep(2.2, 0.27))) == (
        "threshold 2 → 2.2 (+10.0 %) mA, slope 0.3 → 0.27 (−10.0 %) W/A"
    )
    assert compared((sweep(2.0, 0.3), sweep(2.0, 0.0))) == "in the last sweep no light"
    assert compared((sweep(2.0, 0.3),)) is None
    assert compared((sweep(2.0, 0.0), sweep(2.0, 0.3))) is None
