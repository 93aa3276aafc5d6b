"""The intensity autocorrelation: even, greatest at zero, and blind to the direction of time."""

from collections.abc import Callable

import numpy as np
from hypothesis import HealthCheck, given, settings

from sim.array import Array, detached
from sim.autocorrelation import half_autocorrelation
from sim.diagnostics import mirrored_delays
from sim.grid import FAST_GRID
from sim.metrics import fwhm_ps, shg_yield
from sim.pulse import field, intensity_of
from tests.closeness import assert_close
from tests.gaussian import default_amplitude, dispersed, gaussian_amplitude
from tests.strategies import WIDE_GRID, Pulse, pulses

Convert = Callable[[Array], Array]
on_both_libraries = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=20)


def trace(asarray: Convert, spectrum: Array, n_delay: int = 64) -> Array:
    intensity = intensity_of(field(asarray(spectrum), FAST_GRID))
    return detached(mirrored_delays(half_autocorrelation(intensity, FAST_GRID, n_delay), -1))


@on_both_libraries
@given(pulse=pulses())
def test_it_is_the_correlation_and_peaks_at_zero(asarray: Convert, pulse: Pulse) -> None:
    intensity = np.abs(field(pulse.spectrum, WIDE_GRID)) ** 2
    half = detached(half_autocorrelation(asarray(intensity), WIDE_GRID, 40))
    direct = np.array([intensity[k:] @ intensity[: WIDE_GRID.n - k] for k in range(21)]) * WIDE_GRID.dt_ps
    assert_close(half, direct, rel=1e-9)
    assert half.argmax() == 0
    assert_close(half[0], shg_yield(pulse.spectrum, WIDE_GRID), rel=1e-12)


def test_a_gaussian_is_seen_longer_by_root_two(asarray: Convert) -> None:
    spectrum = dispersed(gaussian_amplitude(FAST_GRID, 6.0), FAST_GRID, gdd_ps2=10.0)
    duration = fwhm_ps(intensity_of(field(spectrum, FAST_GRID)), FAST_GRID)
    assert_close(fwhm_ps(trace(asarray, spectrum), FAST_GRID), np.sqrt(2) * duration, rel=2e-3)


def test_a_symmetric_spectrum_hides_the_sign_of_each_order(asarray: Convert) -> None:
    amplitude = gaussian_amplitude(FAST_GRID, 1.6)
    one, other = (trace(asarray, dispersed(amplitude, FAST_GRID, gdd_ps2=3.0, tod_ps3=s * 2.0)) for s in (1, -1))
    assert np.abs(one - other).max() < 1e-12 * one.max()


def test_an_asymmetric_spectrum_shows_relative_signs_and_never_the_joint_one(asarray: Convert) -> None:
    amplitude = default_amplitude(FAST_GRID)
    plus, mixed, minus = (
        trace(asarray, dispersed(amplitude, FAST_GRID, gdd_ps2=a * 3.0, tod_ps3=b * 8.0))
        for a, b in ((1, 1), (1, -1), (-1, -1))
    )
    assert np.abs(plus - minus).max() < 1e-12 * plus.max()
    assert np.abs(plus - mixed).max() > 0.05 * plus.max()
