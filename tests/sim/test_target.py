"""Durations: a Gaussian has them in closed form, and what the knobs cannot make is not made up."""

import numpy as np
import pytest

from sim.chain import STRETCHER
from sim.grid import FULL_GRID
from sim.metrics import fwhm_ps
from sim.reachable import best_setting
from sim.target import Table, pulses, stretched, table_of
from tests.closeness import assert_close
from tests.gaussian import DEFAULT_RANGE, LN2, default_amplitude, default_laser, gaussian_amplitude

LIMIT_PS = 1.5
REACH = DEFAULT_RANGE / 2


@pytest.fixture(scope="module")
def gaussian() -> Table:
    """Without B the best setting is zero, and the pulse the transform limit."""
    return table_of(gaussian_amplitude(FULL_GRID, LIMIT_PS), STRETCHER, np.zeros(1), -REACH, REACH)


@pytest.fixture(scope="module")
def usual() -> Table:
    return table_of(default_amplitude(FULL_GRID), STRETCHER, np.linspace(1.0, 3.5, 6), -REACH, REACH)


def chirp_ps2(wanted_ps: float) -> float:
    """GDD that stretches a Gaussian: T² = T₀² (1 + (4 ln2 GDD / T₀²)²)."""
    return LIMIT_PS**2 / (4 * LN2) * float(np.sqrt((wanted_ps / LIMIT_PS) ** 2 - 1))


@pytest.mark.parametrize("wanted_ps", [2.0, 3.0, 5.0, 20.0])
def test_a_gaussian_is_stretched_by_the_closed_form(gaussian: Table, wanted_ps: float) -> None:
    departure, least_ps, most_ps = stretched(gaussian, wanted_ps)
    assert_close(departure[0, 0], chirp_ps2(wanted_ps), rel=2e-3)
    assert not departure[0, 1:].any()
    assert_close(least_ps[0], LIMIT_PS, rel=1e-3)
    assert most_ps[0] > wanted_ps


def test_the_greatest_duration_is_that_at_the_bound(gaussian: Table) -> None:
    at_bound_ps = LIMIT_PS * float(np.sqrt(1 + (4 * LN2 * REACH[0] / LIMIT_PS**2) ** 2))
    assert_close(stretched(gaussian, 3.0)[2], at_bound_ps, rel=5e-3)


@pytest.mark.parametrize("wanted_ps", [1.4, 500.0])
def test_what_the_knobs_cannot_make_is_nan(gaussian: Table, wanted_ps: float) -> None:
    assert np.isnan(stretched(gaussian, wanted_ps)[0]).any()


def test_the_table_holds_the_best_settings(usual: Table) -> None:
    best, _ = best_setting(default_laser(usual.b_rad), -REACH, REACH)
    assert np.abs((usual.best - best) / DEFAULT_RANGE).max() < 1e-4


@pytest.mark.parametrize("wanted_ps", [2.0, 3.0, 5.0])
def test_the_pulse_there_lasts_as_long_as_is_wanted_whatever_b(usual: Table, wanted_ps: float) -> None:
    departure, _, _ = stretched(usual, wanted_ps)
    assert np.all(departure[:, 0] > 0)
    assert_close(fwhm_ps(*pulses(usual, usual.best + departure)), wanted_ps, rel=1e-3)


def test_a_width_that_jumps_over_the_wanted_one_is_not_attained() -> None:
    """At a strong B the stretched pulse breaks in two: satellites cross half of the height at once."""
    table = table_of(default_amplitude(FULL_GRID), STRETCHER, np.array([2.7]), -REACH, REACH)
    departure, least_ps, most_ps = stretched(table, 15.0)
    assert np.isnan(departure).any()
    assert least_ps[0] < 15.0 < most_ps[0]
