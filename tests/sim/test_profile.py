"""Profiles: the overlap in closed form, and settings that are found again from the pulses they make."""

import numpy as np
import pytest

from sim.chain import STRETCHER
from sim.grid import FAST_GRID, FULL_GRID, Grid
from sim.profile import PROFILE_GRID, Floats, likeness, overlap, shaped
from sim.pulse import field, intensity_of
from sim.target import pulses, table_of
from tests.closeness import assert_close
from tests.gaussian import DEFAULT_RANGE, LN2, default_amplitude, gaussian_amplitude

REACH = DEFAULT_RANGE / 2


def bell(fwhm_ps: float, middle_ps: float = 0.0, grid: Grid = PROFILE_GRID) -> Floats:
    return np.asarray(np.exp(-4 * LN2 * ((grid.time_ps - middle_ps) / fwhm_ps) ** 2))


@pytest.mark.parametrize(("one_ps", "other_ps"), [(2.0, 2.0), (2.0, 3.0), (2.0, 10.0)])
def test_two_gaussians_overlap_by_the_closed_form(one_ps: float, other_ps: float) -> None:
    """∫√(I·W)dt of unit energies: √(2ab/(a² + b²))."""
    expected = np.sqrt(2 * one_ps * other_ps / (one_ps**2 + other_ps**2))
    assert_close(overlap(7.0 * bell(one_ps, 31.2), bell(other_ps)), expected, rel=1e-3)


def test_a_pulse_on_a_longer_grid_is_as_like() -> None:
    pulse = np.asarray(intensity_of(field(gaussian_amplitude(FULL_GRID, 2.0) + 0j, FULL_GRID)))
    assert_close(likeness(np.roll(pulse, 777), FULL_GRID, bell(3.0)), np.sqrt(12 / 13), rel=1e-3)
    with pytest.raises(ValueError, match=r"steps of 0\.25 ps cannot be laid over steps of 0\.25 ps"):
        likeness(pulse, Grid(1024, 0.25), bell(3.0))


def test_a_stretched_gaussian_is_found_and_of_two_mirror_images_the_upper() -> None:
    table = table_of(gaussian_amplitude(FULL_GRID, 1.5), STRETCHER, np.zeros(1), -REACH, REACH)
    departure, found = shaped(table, bell(3.0))
    assert found[0] > 0.9999
    assert_close(departure[0, 0], 1.5**2 / (4 * LN2) * np.sqrt(3.0), rel=0.01)


def test_a_skew_pulse_is_found_again_whatever_b() -> None:
    table = table_of(default_amplitude(FULL_GRID), STRETCHER, np.array([1.0, 1.2]), -REACH, REACH)
    profile = pulses(table, table.best + np.array([1.0, 4.0, 0.0]), 2)[0][0]
    departure, found = shaped(table, profile)
    assert found.min() > 0.99
    assert np.abs(departure[1] - departure[0]).max() < 1.0, "one branch, and B is nearly the same"


def test_what_no_setting_makes_is_told_by_a_small_overlap() -> None:
    pinned = np.array([REACH[0], 0.0, 0.0])
    table = table_of(gaussian_amplitude(FULL_GRID, 1.5), STRETCHER, np.zeros(1), -pinned, pinned)
    departure, found = shaped(table, bell(0.5))
    assert found[0] < 0.8
    assert not departure[0, 1:].any(), "a knob that is pinned stays"
    assert FAST_GRID.window_ps == PROFILE_GRID.window_ps
