"""Ideal instruments: one scale for every second-harmonic signal, and axes that fit."""

from collections.abc import Callable

import numpy as np
import pytest

from sim.array import Array, cis, detached
from sim.diagnostics import limit_yield, mirrored_delays, signals, spectrum_axis_thz
from sim.frog import FrogAxes
from sim.grid import FAST_GRID, FULL_GRID, Grid
from sim.metrics import shg_yield
from tests.closeness import assert_close
from tests.gaussian import default_amplitude, dispersed

Convert = Callable[[Array], Array]
NAMES = ("frog", "autocorrelation", "shg", "spectrum")
AXES = FrogAxes()


def shown(asarray: Convert, grid: Grid, gdd_ps2: Array) -> dict[str, Array]:
    amplitude = asarray(default_amplitude(grid))
    reference = limit_yield(amplitude, grid)
    spectrum = dispersed(amplitude, grid, gdd_ps2=gdd_ps2)
    return {name: detached(s) for name, s in signals(spectrum, grid, reference, NAMES, AXES).items()}


def test_the_transform_limit_yields_one_in_every_signal(asarray: Convert) -> None:
    """To 2e-4, which a trace of ±0.6 THz cuts off."""
    signal = shown(asarray, FAST_GRID, 0.0)
    assert_close(signal["shg"], 1.0, rel=1e-12)
    assert_close(signal["autocorrelation"][0], 1.0, rel=1e-12)
    assert_close(signal["frog"][0].sum(), 1.0, rel=3e-4)


@pytest.mark.parametrize("gdd_ps2", [-6.0, 0.5, 3.0])
def test_all_second_harmonic_signals_agree_at_zero_delay(asarray: Convert, gdd_ps2: float) -> None:
    signal = shown(asarray, FAST_GRID, gdd_ps2)
    amplitude = default_amplitude(FAST_GRID)
    spectrum = dispersed(amplitude, FAST_GRID, gdd_ps2=gdd_ps2)
    assert_close(signal["shg"], shg_yield(spectrum, FAST_GRID) / limit_yield(amplitude, FAST_GRID), rel=1e-12)
    assert_close(signal["autocorrelation"][0], signal["shg"], rel=1e-12)
    assert_close(signal["frog"][0].sum(), signal["shg"], rel=3e-4)
    assert_close(signal["frog"].sum(-1)[:8], signal["autocorrelation"][:8], rel=1e-3)


def test_both_grids_show_the_same(asarray: Convert) -> None:
    fast, full = (shown(asarray, grid, 3.0) for grid in (FAST_GRID, FULL_GRID))
    for name in NAMES:
        assert fast[name].shape == full[name].shape
        assert np.abs(fast[name] - full[name]).max() < 4e-3 * np.max(full[name]), name


def test_the_yield_of_the_limit_is_of_the_flat_phase(asarray: Convert) -> None:
    amplitude = asarray(default_amplitude(FAST_GRID))
    turned = amplitude * cis(asarray(np.sin(np.arange(FAST_GRID.n))))
    assert_close(limit_yield(turned, FAST_GRID), limit_yield(amplitude, FAST_GRID), rel=1e-12)


def test_the_spectrum_is_a_density_of_unit_energy_on_the_bins_of_the_frog(asarray: Convert) -> None:
    density = shown(asarray, FAST_GRID, 2.0)["spectrum"]
    axis = spectrum_axis_thz(AXES)
    assert_close(density.sum() * AXES.bin_thz, 1.0, rel=1e-6)
    near = np.interp(axis, np.sort(FAST_GRID.frequency_thz), np.fft.fftshift(default_amplitude(FAST_GRID) ** 2))
    assert np.abs(density - near).max() < 0.01 * near.max()


@pytest.mark.parametrize("delay_axis", [-1, -2])
def test_half_a_signal_is_mirrored_about_zero(asarray: Convert, delay_axis: int) -> None:
    half = np.arange(2.0 * 5 * 3).reshape(2, 5, 3)
    half = np.moveaxis(half, 1, delay_axis)
    whole = np.moveaxis(detached(mirrored_delays(asarray(half), delay_axis)), delay_axis, -1)
    expected = np.moveaxis(half, delay_axis, -1)[..., [4, 3, 2, 1, 0, 1, 2, 3]]
    assert_close(whole, expected, rel=0)
    assert whole.shape[-1] == 8


def test_only_what_was_asked_for_is_shown(asarray: Convert) -> None:
    amplitude = asarray(default_amplitude(FAST_GRID))
    spectrum, reference = amplitude + 0j, limit_yield(amplitude, FAST_GRID)
    assert list(signals(spectrum, FAST_GRID, reference, ["shg"], AXES)) == ["shg"]
    with pytest.raises(KeyError, match="spider"):
        signals(spectrum, FAST_GRID, reference, ["spider"], AXES)


def test_a_batch_is_a_loop(asarray: Convert) -> None:
    gdd_ps2 = np.array([[0.0, 1.0, -2.0], [3.0, 4.0, 5.0]])
    together, alone = shown(asarray, FAST_GRID, gdd_ps2), shown(asarray, FAST_GRID, gdd_ps2[1, 0])
    for name in NAMES:
        assert together[name].shape == (2, 3, *alone[name].shape)
        assert np.abs(together[name][1, 0] - alone[name]).max() < 1e-13 * alone[name].max()
