"""Figures of merit: right wherever the pulse sits, whatever its shape."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sim.array import Array, cis, detached, namespace
from sim.grid import FAST_GRID, Grid
from sim.metrics import contrast, fwhm_ps, peak_intensity, rms_duration_ps, shg_yield, strehl
from sim.pulse import field, finer, intensity_of, transform_limited_peak
from tests.closeness import assert_close
from tests.gaussian import DEFAULT_RANGE, LN2, default_amplitude, dispersed, gaussian_amplitude
from tests.strategies import WIDE_GRID, Floats, Pulse, amplitudes, phases, pulses

Convert = Callable[[Array], Array]
on_both_libraries = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)

GRID = Grid(1024, 0.1)
t = GRID.time_ps


def bell(centre_ps: float, fwhm: float, height: float = 1.0) -> Floats:
    return np.asarray(height * np.exp(-4 * LN2 * ((t - centre_ps) / fwhm) ** 2))


# ------------------------------------------------------------------------------------------ durations


@on_both_libraries
@given(shift=st.integers(-1024, 1024))
def test_duration_is_the_same_wherever_the_pulse_sits(asarray: Convert, shift: int) -> None:
    intensity = bell(0.0, 4.0) + bell(7.0, 2.0, 0.3)
    assert_close(fwhm_ps(asarray(np.roll(intensity, shift)), GRID), fwhm_ps(intensity, GRID), rel=1e-13)


@pytest.mark.parametrize("fwhm", [1.0, 4.0, 30.0])
@pytest.mark.parametrize("centre_ps", [-51.2, -17.13, 0.0, 0.04, 33.3])
def test_a_gaussian_has_its_full_width(asarray: Convert, fwhm: float, centre_ps: float) -> None:
    periodic = bell(centre_ps, fwhm) + bell(centre_ps + GRID.window_ps, fwhm)
    bias = 2 * (0.1 / fwhm) ** 2  # linear crossings, and a summit between two samples
    assert_close(fwhm_ps(asarray(periodic), GRID), fwhm, rel=max(bias, 1e-4))


@pytest.mark.parametrize(("satellite", "expected_ps"), [(0.49, 2.0), (0.51, 11.17)])
def test_a_satellite_counts_once_it_reaches_one_half(asarray: Convert, satellite: float, expected_ps: float) -> None:
    """From first to last crossing: 10 ps between two pulses, one half of the first and the tip of the second."""
    split = bell(-30.0, 2.0) + bell(-20.0, 2.0, satellite)
    assert_close(fwhm_ps(asarray(split), GRID), expected_ps, rel=5e-3)


def test_a_pulse_that_never_falls_to_one_half_fills_the_window(asarray: Convert) -> None:
    assert_close(fwhm_ps(asarray(np.ones(GRID.n)), GRID), GRID.window_ps, rel=2e-3)


@pytest.mark.parametrize("centre_ps", [-20.0, 0.0, 11.7])
def test_rms_duration_of_a_gaussian(asarray: Convert, centre_ps: float) -> None:
    width = rms_duration_ps(asarray(t), asarray(bell(centre_ps, 4.0)))
    assert_close(width, 4.0 / np.sqrt(8 * LN2), rel=1e-12)


def test_contrast_is_peak_over_the_highest_beyond_the_guard(asarray: Convert) -> None:
    for shift in (0, 400, -700):
        intensity = np.roll(bell(0.0, 2.0) + bell(12.0, 1.0, 1e-3) + bell(-25.0, 1.0, 1e-4), shift)
        assert_close(contrast(asarray(intensity), GRID, guard_ps=8.0), 1e3, rel=1e-6)
        assert_close(contrast(asarray(intensity), GRID, guard_ps=18.0), 1e4, rel=1e-6)


# ----------------------------------------------------------------------------------------------- peaks


@on_both_libraries
@given(amplitude=amplitudes(), wild=phases())
def test_the_strehl_ratio_is_never_above_one(asarray: Convert, amplitude: Floats, wild: Floats) -> None:
    """Cauchy-Schwarz, for any spectrum and any phase; 1e-5 is the interpolation's."""
    assert 0 < strehl(asarray(amplitude) * cis(asarray(wild)), WIDE_GRID) <= 1 + 1e-5


@on_both_libraries
@given(amplitude=amplitudes(), delay_ps=st.floats(-60.0, 60.0))
def test_the_strehl_ratio_of_a_flat_phase_is_one_at_any_delay(
    asarray: Convert, amplitude: Floats, delay_ps: float
) -> None:
    delayed = asarray(amplitude) * cis(asarray(-WIDE_GRID.omega_rad_per_ps * delay_ps))
    assert_close(strehl(delayed, WIDE_GRID), 1.0, rel=1e-4)


def test_the_peak_of_a_gaussian_between_two_samples_is_exact(asarray: Convert) -> None:
    amplitude, grid = gaussian_amplitude(FAST_GRID, 1.6), FAST_GRID
    for delay_ps in (0.0, 0.03, 0.11, 0.125, 0.26):
        delayed = asarray(amplitude) * cis(asarray(-grid.omega_rad_per_ps * delay_ps))
        assert_close(peak_intensity(delayed, grid), transform_limited_peak(amplitude, grid), rel=1e-9)


@pytest.mark.parametrize("reach", [0.002, 0.02, 0.2, 0.5])
def test_the_peak_agrees_with_far_finer_sampling(asarray: Convert, rng: np.random.Generator, reach: float) -> None:
    """Over random settings 1e-4 in 97 of 100; the rest are two summits within a per cent, off by at most 2e-3."""
    coefficients = rng.uniform(-reach, reach, (200, 3)) * DEFAULT_RANGE
    gdd, tod, fod = coefficients.T
    delay_ps = rng.uniform(-5, 5, (200, 1))
    spectrum = dispersed(default_amplitude(FAST_GRID), FAST_GRID, gdd_ps2=gdd, tod_ps3=tod, fod_ps4=fod)
    spectrum = spectrum * cis(-FAST_GRID.omega_rad_per_ps * delay_ps)
    dense, grid = finer(spectrum, FAST_GRID, 32)
    error = np.abs(detached(peak_intensity(asarray(spectrum), FAST_GRID)) / peak_intensity(dense, grid) - 1)
    assert np.quantile(error, 0.97) < 1e-4
    assert error.max() < (1e-4 if reach <= 0.02 else 2.5e-3)


def test_a_flat_top_has_its_summit_on_the_sample(asarray: Convert) -> None:
    """One frequency alone is a constant in time: no summit to fit, and no division by a curvature of zero."""
    spectrum = np.zeros(64, dtype=np.complex128)
    spectrum[0] = 1.0
    grid = Grid(64, 0.5)
    assert_close(peak_intensity(asarray(spectrum), grid), transform_limited_peak(np.abs(spectrum), grid), rel=1e-12)


# ------------------------------------------------------------------------------------- second harmonic


def test_the_second_harmonic_of_a_gaussian_falls_as_its_duration_grows(asarray: Convert) -> None:
    """∫I² dt = √(2 ln2/π)/τ at unit energy: the yield is a scalar measure of compression."""
    gdd_ps2 = np.array([-3.0, 0.0, 0.5, 3.0])
    spectrum = dispersed(asarray(gaussian_amplitude(FAST_GRID, 1.6)), FAST_GRID, gdd_ps2=gdd_ps2)
    stretched_ps = 1.6 * np.sqrt(1 + (4 * LN2 * gdd_ps2 / 1.6**2) ** 2)
    assert_close(shg_yield(spectrum, FAST_GRID), np.sqrt(2 * LN2 / np.pi) / stretched_ps, rel=1e-7)


@on_both_libraries
@given(pulse=pulses())
def test_no_phase_yields_more_second_harmonic_than_a_flat_one(asarray: Convert, pulse: Pulse) -> None:
    shaped, flat = (shg_yield(asarray(s), WIDE_GRID) for s in (pulse.spectrum, pulse.amplitude + 0j))
    assert shaped <= flat * (1 + 1e-12)


# --------------------------------------------------------------------------------- batch and precision


def test_a_batch_is_a_loop(asarray: Convert, rng: np.random.Generator) -> None:
    amplitude = default_amplitude(FAST_GRID)
    gdd, tod, fod = (rng.uniform(-0.1, 0.1, (4, 3, 3)) * DEFAULT_RANGE).transpose(2, 0, 1)
    spectra = asarray(dispersed(amplitude, FAST_GRID, gdd_ps2=gdd, tod_ps3=tod, fod_ps4=fod))
    intensity = intensity_of(field(spectra, FAST_GRID))
    time_ps = asarray(FAST_GRID.time_ps)
    for together, alone in (
        (peak_intensity(spectra, FAST_GRID), peak_intensity(spectra[2, 1], FAST_GRID)),
        (strehl(spectra, FAST_GRID), strehl(spectra[2, 1], FAST_GRID)),
        (shg_yield(spectra, FAST_GRID), shg_yield(spectra[2, 1], FAST_GRID)),
        (fwhm_ps(intensity, FAST_GRID), fwhm_ps(intensity[2, 1], FAST_GRID)),
        (rms_duration_ps(time_ps, intensity), rms_duration_ps(time_ps, intensity[2, 1])),
        (contrast(intensity, FAST_GRID, 5.0), contrast(intensity[2, 1], FAST_GRID, 5.0)),
    ):
        assert together.shape == (4, 3)
        assert_close(together[2, 1], alone, rel=1e-12)


def test_single_precision_agrees_with_double(asarray: Convert) -> None:
    amplitude = default_amplitude(FAST_GRID)
    for gdd_ps2 in (0.0, 3.0, 12.0):
        wide, narrow = (
            dispersed(asarray(amplitude.astype(kind)), FAST_GRID, gdd_ps2=gdd_ps2) for kind in ("float64", "float32")
        )
        for figure in (peak_intensity, strehl, shg_yield):
            assert detached(figure(narrow, FAST_GRID)).dtype == np.float32
            assert_close(figure(narrow, FAST_GRID), figure(wide, FAST_GRID), rel=1e-5)
        widths = [fwhm_ps(intensity_of(field(s, FAST_GRID)), FAST_GRID) for s in (narrow, wide)]
        assert_close(widths[0], widths[1], rel=1e-5)


def test_figures_stay_in_their_library(asarray: Convert) -> None:
    spectrum = asarray(default_amplitude(FAST_GRID) + 0j)
    for figure in (peak_intensity, strehl, shg_yield):
        assert namespace(figure(spectrum, FAST_GRID)) is namespace(spectrum)
