"""Spectra: the default one's figures, unit energy, and files over wavelength."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings

from sim.array import Array
from sim.constants import C_NM_PER_PS
from sim.grid import FAST_GRID, FULL_GRID, Grid
from sim.metrics import fwhm_ps
from sim.pulse import field, finer, intensity_of
from sim.spectrum import (
    THREE_GAUSSIANS,
    THREE_GAUSSIANS_CARRIER_THZ,
    carrier_thz_of,
    intensity_on_frequencies,
    lines_intensity,
    rms_width_rad_per_ps,
    unit_energy_amplitude,
)
from tests.closeness import assert_close
from tests.gaussian import LN2, default_amplitude, gaussian_amplitude
from tests.strategies import WIDE_GRID, Floats, amplitudes

Convert = Callable[[Array], Array]


@pytest.mark.parametrize(("times", "bias"), [(1, 0.014), (2, 0.004), (8, 3e-4), (32, 5e-5)])
def test_the_default_spectrum_has_a_transform_limit_of_1_579_ps(asarray: Convert, times: int, bias: float) -> None:
    """Linear crossings read long: 1.4 % at 0.5 ps a sample, 0.03 % eight times finer. There it must be 1.579 ps."""
    spectrum, grid = finer(asarray(default_amplitude(FULL_GRID) + 0j), FULL_GRID, times)
    assert_close(fwhm_ps(intensity_of(field(spectrum, grid)), grid), 1.5788 * (1 + bias / 2), rel=bias / 2 + 2e-4)
    if times >= 8:
        assert_close(fwhm_ps(intensity_of(field(spectrum, grid)), grid), 1.579, rel=2e-3)


def test_the_default_spectrum_has_an_rms_width_of_0_75058_rad_per_ps(asarray: Convert) -> None:
    for grid in (FAST_GRID, FULL_GRID):
        width = rms_width_rad_per_ps(asarray(default_amplitude(grid)), asarray(grid.omega_rad_per_ps))
        assert_close(width, 0.75058, rel=1e-5)


def test_the_rms_width_of_a_gaussian(asarray: Convert) -> None:
    amplitude, ω = asarray(gaussian_amplitude(FULL_GRID, 1.6)), asarray(FULL_GRID.omega_rad_per_ps)
    assert_close(rms_width_rad_per_ps(amplitude, ω), np.sqrt(2 * LN2) / 1.6, rel=1e-9)


def test_the_default_spectrum_is_dark_at_the_edges_of_its_grid() -> None:
    """A transform limit adds amplitudes: what the edge of the band cut off would be missed in it."""
    amplitude = default_amplitude(FAST_GRID)
    assert amplitude[FAST_GRID.n // 2] < 2e-8 * amplitude.max()


@settings(max_examples=25)
@given(amplitude=amplitudes())
def test_energy_is_one(amplitude: Floats) -> None:
    assert_close((amplitude**2).sum() * WIDE_GRID.df_thz, 1.0, rel=1e-13)


def test_energy_is_one_for_each_of_a_batch(asarray: Convert, rng: np.random.Generator) -> None:
    intensity = rng.uniform(0.1, 1.0, (2, 3, 64))
    amplitude = np.asarray(unit_energy_amplitude(asarray(intensity), Grid(64, 0.25)))
    assert_close((amplitude**2).sum(-1) / 16, np.ones((2, 3)), rel=1e-13)
    assert_close(amplitude[1, 2] ** 2 / amplitude[1, 2, 0] ** 2, intensity[1, 2] / intensity[1, 2, 0], rel=1e-13)


@pytest.mark.parametrize("value", [0.0, -1.0, float("nan")])
def test_a_spectrum_without_light_is_refused(asarray: Convert, value: float) -> None:
    with pytest.raises(ValueError, match="without any light"):
        unit_energy_amplitude(asarray(np.full(64, value)), Grid(64, 0.25))


def test_lines_have_their_height_and_width(asarray: Convert) -> None:
    for line in THREE_GAUSSIANS:
        at = line.centre_thz + line.fwhm_thz * np.array([-0.5, 0.0, 0.5])
        assert_close(lines_intensity(asarray(at), [line]), line.height * np.array([0.5, 1, 0.5]), rel=1e-12)


# --------------------------------------------------------------------------------- over wavelength


def test_energy_survives_the_change_to_frequency() -> None:
    """∫ counts dλ = ∫ density df, which holds only with the Jacobian λ²/c."""
    λ = np.linspace(1000.0, 1060.0, 6001)
    counts = np.exp(-4 * LN2 * ((λ - 1031.0) / 9.0) ** 2)
    f = np.linspace(C_NM_PER_PS / 1059.0, C_NM_PER_PS / 1001.0, 20001)
    density = intensity_on_frequencies(f, λ, counts)
    assert_close(np.trapezoid(density, f), np.trapezoid(counts, λ), rel=1e-6)


def test_a_broad_flat_spectrum_is_stronger_towards_low_frequencies() -> None:
    λ = np.linspace(500.0, 1500.0, 2001)
    f = C_NM_PER_PS / np.array([1400.0, 700.0])
    density = intensity_on_frequencies(f, λ, np.ones_like(λ))
    assert_close(density[0] / density[1], 4.0, rel=1e-6)


def test_outside_the_file_and_below_the_dark_there_is_nothing() -> None:
    λ, counts = np.array([1028.0, 1029.0, 1030.0, 1031.0]), np.array([5.0, -3.0, 0.0, 2.0])
    f = C_NM_PER_PS / np.array([1032.0, 1030.5, 1029.5, 1027.0])
    density = intensity_on_frequencies(f, λ, counts)
    assert density[0] == density[2] == density[3] == 0
    assert density[1] > 0


def test_the_carrier_is_the_centre_of_gravity() -> None:
    f = THREE_GAUSSIANS_CARRIER_THZ + np.linspace(-1, 1, 4001)
    line = np.exp(-(((f - 290.9) / 0.1) ** 2))
    assert_close(carrier_thz_of(f, line), 290.9, rel=1e-12)
