"""Taylor phases against closed forms, and the signs that hold the convention of `sim/dispersion.py`."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from sim.array import Array
from sim.dispersion import taylor_curvature_ps2, taylor_delay_ps, taylor_phase_rad
from sim.grid import Grid
from sim.metrics import fwhm_ps, peak_intensity, rms_duration_ps
from sim.pulse import field, intensity_of, transform_limited_peak
from tests.closeness import assert_close
from tests.gaussian import FS, LN2, dispersed, gaussian_amplitude
from tests.strategies import WIDE_GRID, Pulse, pulses

Convert = Callable[[Array], Array]

GRID = Grid(16384, 0.25 * FS)  # 4.1 ps: any delay of the 30 fs pulses below, but for strong FOD
TAU_PS = 30 * FS
SIGMA0_PS = TAU_PS / np.sqrt(8 * LN2)  # rms duration at the transform limit


def thirty_fs(asarray: Convert, grid: Grid = GRID, **coefficients: float) -> Array:
    """I(t), shape (n,), of a 30 fs Gaussian; coefficients in ps², ps³, ps⁴."""
    return intensity_of(field(dispersed(asarray(gaussian_amplitude(grid, TAU_PS)), grid, **coefficients), grid))


def moments(intensity: Array, grid: Grid) -> tuple[float, float, float]:
    """Centroid in ps, rms width in ps, skewness."""
    t, weight = grid.time_ps, np.asarray(intensity) / np.asarray(intensity).sum()
    centroid = float(weight @ t)
    rms = float(np.sqrt(weight @ (t - centroid) ** 2))
    return centroid, rms, float(weight @ (t - centroid) ** 3) / rms**3


@pytest.mark.parametrize(("gdd_fs2", "expected_fs"), [(500, 55.094), (1000, 97.167), (5000, 463.07), (-1000, 97.167)])
def test_chirp_stretches_a_gaussian(asarray: Convert, gdd_fs2: float, expected_fs: float) -> None:
    width = fwhm_ps(thirty_fs(asarray, gdd_ps2=gdd_fs2 * FS**2), GRID)
    assert_close(width, TAU_PS * np.sqrt(1 + (4 * LN2 * gdd_fs2 / 30**2) ** 2), rel=2e-5)
    assert_close(width, expected_fs * FS, rel=2e-5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(pulse=pulses())
def test_rms_duration_of_any_pulse_is_the_spread_of_its_group_delay(asarray: Convert, pulse: Pulse) -> None:
    """σ_t² = σ_TL² + Var_S(dφ/dω), for any spectrum and any phase."""
    ω, t = asarray(WIDE_GRID.omega_rad_per_ps), asarray(WIDE_GRID.time_ps)
    flat, chirped = (field(asarray(s), WIDE_GRID) for s in (pulse.amplitude + 0j, pulse.spectrum))
    delay = np.asarray(taylor_delay_ps(ω, *(asarray(c) for c in pulse.coefficients)))[0]
    weight = pulse.amplitude**2 * WIDE_GRID.df_thz
    variance = weight @ delay**2 - (weight @ delay) ** 2
    limit = np.asarray(rms_duration_ps(t, intensity_of(flat)))
    assert_close(rms_duration_ps(t, intensity_of(chirped)), np.sqrt(limit**2 + variance), rel=1e-6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(pulse=pulses())
def test_the_centroid_is_the_mean_group_delay(asarray: Convert, pulse: Pulse) -> None:
    ω = asarray(WIDE_GRID.omega_rad_per_ps)
    delay = np.asarray(taylor_delay_ps(ω, *(asarray(c) for c in pulse.coefficients)))[0]
    centroid, rms, _ = moments(intensity_of(field(asarray(pulse.spectrum), WIDE_GRID)), WIDE_GRID)
    assert abs(centroid - pulse.amplitude**2 @ delay * WIDE_GRID.df_thz) < 1e-6 * rms


@pytest.mark.parametrize("tod_fs3", [1e4, 5e4])
def test_tod_spreads_a_gaussian_as_the_closed_form_says(asarray: Convert, tod_fs3: float) -> None:
    _, rms, _ = moments(thirty_fs(asarray, tod_ps3=tod_fs3 * FS**3), GRID)
    assert_close(rms, np.sqrt(SIGMA0_PS**2 + (tod_fs3 * FS**3) ** 2 / (32 * SIGMA0_PS**4)), rel=1e-9)


@pytest.mark.parametrize(("window_fs", "reached_fs"), [(4096, 188.98), (65536, 195.53)])
def test_strong_fod_needs_a_window_beyond_its_delay(asarray: Convert, window_fs: int, reached_fs: float) -> None:
    """In 4 ps the delay wraps and the width is 3 % short; `test_chain` holds that this is noticed."""
    grid = Grid(window_fs, 1 * FS)
    _, rms, _ = moments(thirty_fs(asarray, grid, fod_ps4=5e6 * FS**4), grid)
    assert_close(rms, reached_fs * FS, rel=5e-5)
    sw = 1 / (2 * SIGMA0_PS)
    exact = np.sqrt(SIGMA0_PS**2 + 15 * (5e6 * FS**4) ** 2 * sw**6 / 36)
    assert (abs(rms / exact - 1) < 1e-6) == (window_fs > 4096)


@pytest.mark.parametrize(("tod_fs3", "expected"), [(1e4, 0.8283), (5e4, 0.4805), (1e5, 0.3425)])
def test_tod_lowers_the_peak(asarray: Convert, tod_fs3: float, expected: float) -> None:
    amplitude = asarray(gaussian_amplitude(GRID, TAU_PS))
    peak = peak_intensity(dispersed(amplitude, GRID, tod_ps3=tod_fs3 * FS**3), GRID)
    assert_close(peak / transform_limited_peak(amplitude, GRID), expected, rel=2e-4)


def test_far_behind_its_front_a_tod_pulse_is_two_beating_frequencies(asarray: Convert) -> None:
    """Stationary phase at t = TOD ω²/2: two branches ±ω, equal in strength, beating as ω³ TOD/3 says."""
    tod_ps3 = 3e5 * FS**3
    grid = Grid(16384, 1 * FS)  # 16 ps: nothing wraps
    intensity, t = np.asarray(thirty_fs(asarray, grid, tod_ps3=tod_ps3)), grid.time_ps
    behind = (t > 0.35) & (t < 0.9)
    ω = np.sqrt(2 * t[behind] / tod_ps3)
    density = np.exp(-((ω * TAU_PS) ** 2) / (4 * LN2)) / (np.sqrt(4 * np.pi * LN2) / TAU_PS)
    beats = 4 * np.cos(tod_ps3 * ω**3 / 3 - np.pi / 4) ** 2
    assert np.abs(intensity[behind] - density / (tod_ps3 * ω) * beats).max() < 0.02 * intensity[behind].max()
    assert intensity[t < -0.35].max() < 1e-8 * intensity.max()


# ---------------------------------------------------------------------------------------------- signs


@pytest.mark.parametrize("sign", [1, -1])
def test_positive_gdd_sends_red_first(asarray: Convert, sign: int) -> None:
    amplitude, ω = gaussian_amplitude(GRID, TAU_PS), GRID.omega_rad_per_ps
    red, blue = (
        moments(intensity_of(field(dispersed(asarray(amplitude * half), GRID, gdd_ps2=sign * 1e-3), GRID)), GRID)[0]
        for half in (ω < 0, ω > 0)
    )
    assert sign * red < -20 * FS < 20 * FS < sign * blue


@pytest.mark.parametrize(
    ("tod_fs3", "centroid_fs", "peak_fs", "skewness"),
    [(1e3, 0.770, 1.5, -0.118), (1e4, 7.702, 10.5, 0.245), (5e4, 38.508, 24.9, 2.540)],
)
def test_positive_tod_comes_later(
    asarray: Convert, tod_fs3: float, centroid_fs: float, peak_fs: float, skewness: float
) -> None:
    """The centroid does, always; skewness is negative for weak TOD, so that it is no test of the sign there."""
    intensity = thirty_fs(asarray, tod_ps3=tod_fs3 * FS**3)
    centroid, _, skew = moments(intensity, GRID)
    assert_close(centroid, centroid_fs * FS, rel=1e-3)
    assert_close(centroid, tod_fs3 * FS**3 / 2 / (2 * SIGMA0_PS) ** 2, rel=1e-6)
    assert_close(skew, skewness, rel=5e-3)
    assert abs(GRID.time_ps[int(np.argmax(np.asarray(intensity)))] - peak_fs * FS) < 0.3 * FS


# ---------------------------------------------------------------------------------------- three functions


def test_delay_and_curvature_are_derivatives_of_the_phase() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    ω = torch.linspace(-3, 3, 13, dtype=torch.float64, requires_grad=True)
    coefficients = [torch.tensor(c, dtype=torch.float64) for c in (1.3, -0.7, 2.9)]
    delay = torch.autograd.grad(taylor_phase_rad(ω, *coefficients).sum(), ω, create_graph=True)[0]
    curvature = torch.autograd.grad(delay.sum(), ω)[0]
    assert_close(taylor_delay_ps(ω, *coefficients), delay, rel=1e-12)
    assert_close(taylor_curvature_ps2(ω, *coefficients), curvature, rel=1e-12)


def test_a_batch_is_a_loop(asarray: Convert, rng: np.random.Generator) -> None:
    ω, batch = asarray(np.linspace(-3, 3, 16)), rng.standard_normal((3, 2, 4))
    for law in (taylor_phase_rad, taylor_delay_ps, taylor_curvature_ps2):
        together = law(ω, *(asarray(c) for c in batch))
        assert together.shape == (2, 4, 16)
        assert_close(together[1, 2], law(ω, *(asarray(c[1, 2]) for c in batch))[0], rel=1e-15)
