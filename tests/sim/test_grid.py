"""The grid: reciprocity, order of its axes, and what it refuses."""

from math import tau

import numpy as np
import pytest
from hypothesis import given

from sim.grid import FAST_GRID, FULL_GRID, Grid
from tests.closeness import assert_close
from tests.strategies import grids


@given(grid=grids())
def test_the_steps_are_reciprocal(grid: Grid) -> None:
    assert_close(grid.dt_ps * grid.domega_rad_per_ps * grid.n, tau, rel=1e-14)
    assert_close(grid.span_thz * grid.dt_ps, 1.0, rel=1e-14)
    assert_close(grid.df_thz * grid.n, grid.span_thz, rel=1e-14)


@given(grid=grids())
def test_time_rises_through_zero_in_the_middle(grid: Grid) -> None:
    assert grid.time_ps[grid.n // 2] == 0
    assert_close(np.diff(grid.time_ps), grid.dt_ps, rel=1e-9)
    assert_close(grid.time_ps[0], -grid.window_ps / 2, rel=1e-14)


@given(grid=grids())
def test_frequency_is_in_the_order_of_the_fft(grid: Grid) -> None:
    assert_close(grid.frequency_thz, np.fft.fftfreq(grid.n, grid.dt_ps), rel=1e-14)
    assert_close(grid.omega_rad_per_ps, tau * grid.frequency_thz, rel=1e-14)


def test_every_eighth_bin_of_the_full_grid_is_one_of_the_fast() -> None:
    assert_close(FULL_GRID.frequency_thz[::8], FAST_GRID.frequency_thz, rel=1e-14)


@pytest.mark.parametrize("n", [-4, 0, 1, 3, 1000])
def test_a_grid_of_no_power_of_two_is_refused(n: int) -> None:
    with pytest.raises(ValueError, match=f"power of two of at least 2 samples, got n={n}"):
        Grid(n, 0.5)


@pytest.mark.parametrize("dt_ps", [0.0, -0.5, float("nan")])
def test_a_grid_without_a_time_step_is_refused(dt_ps: float) -> None:
    with pytest.raises(ValueError, match="positive time step, got dt_ps="):
        Grid(512, dt_ps)
