"""What a second-harmonic FROG cannot tell, and what makes it tell; as trace errors between noise-free traces."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from sim.array import Array, cis, detached
from sim.diagnostics import mirrored_delays
from sim.frog import FrogAxes, half_frog
from sim.grid import Grid
from sim.pulse import field, spectrum_of
from tests.closeness import assert_close
from tests.gaussian import FS, default_amplitude, dispersed, gaussian_amplitude
from tests.strategies import Floats, phases

Convert = Callable[[Array], Array]
Trace = Callable[..., Floats]

# The expected figures are known for N = 128 and a GDD of 900 fs²; these values of the rest give all of them at once.
FORTY_FS = Grid(128, 8 * FS)
GDD, TOD, FOD = 900 * FS**2, 5e4 * FS**3, 3e6 * FS**4


def trace_error(measured: Floats, retrieved: Floats) -> float:
    """G = √⟨(M - μR)²⟩ with peaks of 1 and μ by least squares (Trebino; pypret's R is the same)."""
    m, r = measured / measured.max(), retrieved / retrieved.max()
    μ = (m * r).sum() / (r * r).sum()
    return float(np.sqrt(np.mean((m - μ * r) ** 2)))


def frog_of(spectrum: Array, grid: Grid) -> Floats:
    axes = FrogAxes(grid.n, grid.n, grid.df_thz)
    return np.asarray(detached(mirrored_delays(half_frog(field(spectrum, grid), grid, axes), -2)))


@pytest.fixture
def frog(asarray: Convert) -> Trace:
    """Trace of the 40 fs Gaussian; coefficients in ps², ps³, ps⁴."""

    def of(gdd: float, tod: float = 0.0, fod: float = 0.0) -> Floats:
        amplitude = asarray(gaussian_amplitude(FORTY_FS, 40 * FS))
        return frog_of(dispersed(amplitude, FORTY_FS, gdd_ps2=gdd, tod_ps3=tod, fod_ps4=fod), FORTY_FS)

    return of


def test_the_trace_error_knows_no_scale_and_measures_noise(rng: np.random.Generator) -> None:
    trace = np.exp(-(np.linspace(-4, 4, 128)[:, None] ** 2) - np.linspace(-4, 4, 128) ** 2)
    assert trace_error(trace, 3.7 * trace) < 1e-16
    noisy = trace + 0.015 * rng.standard_normal(trace.shape)
    assert_close(trace_error(noisy, trace) * noisy.max(), 0.015, rel=0.03)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(wild=phases(n=256))
def test_time_reversal_is_invisible(asarray: Convert, wild: Floats) -> None:
    """E*(-t): all spectral phase changes its sign, odd orders as well as even ones; for an asymmetric spectrum too."""
    grid = Grid(256, 0.5)
    whole = detached(field(asarray(default_amplitude(grid)) * cis(asarray(wild)), grid))
    pulse = np.where(np.abs(grid.time_ps) < grid.window_ps / 4, whole, 0)  # nothing leaves the window
    reverse = np.roll(pulse[::-1], 1).conj()
    assert np.abs(spectrum_of(reverse, grid) - spectrum_of(pulse, grid).conj()).max() < 1e-12
    axes = FrogAxes(grid.n, grid.n, grid.df_thz)
    one, other = (detached(half_frog(asarray(e), grid, axes)) for e in (pulse, reverse))
    assert np.abs(one - other).max() < 1e-12 * one.max()


def test_the_conjugate_of_a_compact_pulse_is_identical_to_rounding(asarray: Convert) -> None:
    grid = Grid(256, 0.5)
    amplitude = asarray(default_amplitude(grid))
    one, other = (
        frog_of(dispersed(amplitude, grid, gdd_ps2=s * 2.0, tod_ps3=s * 1.5, fod_ps4=s * 1.0), grid) for s in (1, -1)
    )
    assert trace_error(one, other) < 1e-12
    assert np.abs(one - other).max() < 1e-12 * one.max()


def test_arrival_time_and_constant_phase_are_invisible(asarray: Convert) -> None:
    grid = Grid(256, 0.5)
    spectrum = dispersed(asarray(default_amplitude(grid)), grid, gdd_ps2=2.0)
    moved = spectrum * cis(asarray(1.0 - 3.2 * grid.omega_rad_per_ps))
    assert trace_error(frog_of(spectrum, grid), frog_of(moved, grid)) < 1e-8  # 3.2 ps are no whole samples


def test_chirp_alone_hides_its_sign(frog: Trace) -> None:
    assert trace_error(frog(GDD), frog(-GDD)) < 1e-12
    assert trace_error(frog(0.0, TOD / 10), frog(0.0, -TOD / 10)) < 1e-12


@pytest.mark.parametrize("signs", [(-1, 1, 1), (1, -1, 1), (-1, -1, 1)], ids=str)
def test_relative_signs_are_visible(frog: Trace, signs: tuple[int, int, int]) -> None:
    """Expected: 0.035 to 0.037."""
    g = trace_error(frog(GDD, TOD, FOD), frog(signs[0] * GDD, signs[1] * TOD, signs[2] * FOD))
    assert_close(g, 0.035, rel=0.08)


def test_a_known_step_tells_the_direction_of_time(frog: Trace) -> None:
    """After +300 fs² there are 1,200 fs² if the chirp was positive, -600 fs² if it was negative: 0.015 to 0.021."""
    step = 300 * FS**2
    assert 0.015 < trace_error(frog(GDD + step, TOD, FOD), frog(-GDD + step, -TOD, -FOD)) < 0.021


def test_polarisation_gating_tells_the_direction_of_time(asarray: Convert) -> None:
    """|E(t-τ)|² as the gate: the trace of the conjugate is another one. Not an instrument here, but the reason."""
    traces = []
    for sign in (1, -1):
        spectrum = dispersed(
            gaussian_amplitude(FORTY_FS, 40 * FS), FORTY_FS, gdd_ps2=sign * GDD, tod_ps3=sign * TOD, fod_ps4=sign * FOD
        )
        in_time = detached(field(asarray(spectrum), FORTY_FS))
        gates = (np.abs(np.roll(in_time, k)) ** 2 for k in range(-64, 64))
        traces.append(np.stack([np.abs(np.fft.fft(in_time * gate)) ** 2 for gate in gates]))
    assert trace_error(*traces) > 0.03


def test_a_dispersion_scan_tells_the_direction_of_time(asarray: Convert) -> None:
    """Second-harmonic spectra over ±3000 fs² of known GDD: the largest signal of all, 0.09."""
    known = np.linspace(-3000.0, 3000.0, 128) * FS**2
    amplitude = asarray(gaussian_amplitude(FORTY_FS, 40 * FS))
    scans = []
    for sign in (1, -1):
        spectrum = dispersed(amplitude, FORTY_FS, gdd_ps2=known + sign * GDD, tod_ps3=sign * TOD, fod_ps4=sign * FOD)
        scans.append(np.abs(np.fft.fft(detached(field(spectrum, FORTY_FS)) ** 2)) ** 2)
    assert trace_error(*scans) > 0.05
