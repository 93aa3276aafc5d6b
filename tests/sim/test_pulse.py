"""A pulse in time: transforms, energy, and what self-phase modulation does to a Gaussian."""

from collections.abc import Callable
from math import pi, sqrt

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from sim.array import Array, cis, detached
from sim.autocorrelation import half_autocorrelation
from sim.chain import FullChain, Laser
from sim.diagnostics import mirrored_delays
from sim.grid import FULL_GRID, Grid
from sim.metrics import fwhm_ps
from sim.pulse import field, finer, intensity_of, spectrum_of, transform_limited_peak
from sim.spectrum import rms_width_rad_per_ps, unit_energy_amplitude
from tests.closeness import assert_close
from tests.gaussian import LN2, default_amplitude, dispersed, gaussian_amplitude
from tests.strategies import WIDE_GRID, Floats, Pulse, amplitudes, phases, pulses

Convert = Callable[[Array], Array]
on_both_libraries = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)

GRID = Grid(16384, 0.02)  # 328 ps for pulses of 2 ps: fine in frequency too


def sech_spectrum() -> Floats:
    envelope = 1 / np.cosh(GRID.time_ps)
    return np.asarray(np.abs(spectrum_of(envelope + 0j, GRID)))


def centred(spectrum: Array) -> Floats:
    return np.fft.fftshift(np.abs(np.asarray(spectrum)) ** 2)


# ------------------------------------------------------------------------------------ shapes and energy


@pytest.mark.parametrize(
    ("shape", "product", "factor"),
    [("gauss", 2 * LN2 / pi, sqrt(2)), ("sech", (2 * np.log(1 + sqrt(2)) / pi) ** 2, 1.542720)],
)
def test_time_bandwidth_product_and_autocorrelation_factor(
    asarray: Convert, shape: str, product: float, factor: float
) -> None:
    spectrum = asarray((gaussian_amplitude(GRID, 2.0) if shape == "gauss" else sech_spectrum()) + 0j)
    intensity = intensity_of(field(spectrum, GRID))
    duration = detached(fwhm_ps(intensity, GRID))
    bandwidth = fwhm_ps(centred(spectrum), Grid(GRID.n, GRID.df_thz))  # a width is a width
    assert_close(product, {"gauss": 0.441271, "sech": 0.314833}[shape], rel=3e-6)
    assert_close(duration * bandwidth, product, rel=1e-4)
    trace = mirrored_delays(half_autocorrelation(intensity, GRID, 1024), -1)
    assert_close(detached(fwhm_ps(trace, GRID)) / duration, factor, rel=5e-5)


@on_both_libraries
@given(pulse=pulses(), wild=phases())
def test_phase_changes_no_energy(asarray: Convert, pulse: Pulse, wild: Floats) -> None:
    for phase in (pulse.phase_rad, wild):
        in_time = field(asarray(pulse.amplitude) * cis(asarray(phase)), WIDE_GRID)
        energy = np.asarray(intensity_of(in_time)).sum() * WIDE_GRID.dt_ps
        assert_close(energy, (pulse.amplitude**2).sum() * WIDE_GRID.df_thz, rel=1e-13)


@pytest.mark.parametrize("dt_ps", [0.3, 0.5, 1e-3 / 3])
def test_energy_is_kept_for_any_time_step(asarray: Convert, dt_ps: float) -> None:
    grid = Grid(256, dt_ps)
    in_time = field(asarray(gaussian_amplitude(grid, 5 * dt_ps) + 0j), grid)
    assert_close(np.asarray(intensity_of(in_time)).sum() * dt_ps, 1.0, rel=1e-13)


def test_single_precision_keeps_energy_to_five_digits(asarray: Convert) -> None:
    amplitude = asarray(gaussian_amplitude(FULL_GRID, 1.6).astype(np.float32))
    energy = np.asarray(intensity_of(field(dispersed(amplitude, FULL_GRID, gdd_ps2=30.0), FULL_GRID))).sum()
    assert_close(energy * FULL_GRID.dt_ps, 1.0, rel=1e-5)


@on_both_libraries
@given(pulse=pulses())
def test_spectrum_of_undoes_field(asarray: Convert, pulse: Pulse) -> None:
    there_and_back = np.asarray(spectrum_of(field(asarray(pulse.spectrum), WIDE_GRID), WIDE_GRID))
    assert np.abs(there_and_back - pulse.spectrum).max() < 1e-14 * pulse.amplitude.max()


@on_both_libraries
@given(amplitude=amplitudes())
def test_the_transform_limit_peaks_at_time_zero(asarray: Convert, amplitude: Floats) -> None:
    intensity = np.asarray(intensity_of(field(asarray(amplitude + 0j), WIDE_GRID)))
    assert_close(intensity[WIDE_GRID.n // 2], transform_limited_peak(amplitude, WIDE_GRID), rel=1e-12)
    assert intensity.argmax() == WIDE_GRID.n // 2


@pytest.mark.parametrize("times", [1, 2, 8])
def test_a_finer_grid_shows_the_same_pulse(asarray: Convert, times: int) -> None:
    spectrum = dispersed(asarray(default_amplitude(FULL_GRID)), FULL_GRID, gdd_ps2=2.0)
    dense, grid = finer(spectrum, FULL_GRID, times)
    assert grid == Grid(FULL_GRID.n * times, FULL_GRID.dt_ps / times)
    difference = np.asarray(field(dense, grid)[..., ::times]) - np.asarray(field(spectrum, FULL_GRID))
    assert np.abs(difference).max() < 1e-7  # the edge of the band holds amplitudes of 1e-8


# ------------------------------------------------------------------------------- self-phase modulation


def modulated(asarray: Convert, b_rad: float, grid: Grid, amplitude: Floats) -> Array:
    """Spectrum of an unchirped pulse behind an amplifier: a chain that neither stretches nor compresses."""
    laser = Laser(
        amplitude=asarray(amplitude),
        b_rad=asarray(b_rad)[0],
        offset=asarray(np.zeros(3)),
        grid=grid,
        stretcher=(0.0, 0.0, 0.0),
    )
    return FullChain(laser).spectrum_after(asarray(np.zeros(3)))


@pytest.mark.parametrize(("b_rad", "ratio"), [(0.5, 1.09199), (1, 1.33034), (2, 2.01970), (4.5 * pi, 12.44395)])
def test_an_unchirped_gaussian_broadens(asarray: Convert, b_rad: float, ratio: float) -> None:
    grid = Grid(2048, 0.02)
    ω, amplitude = asarray(grid.omega_rad_per_ps), gaussian_amplitude(grid, 1.0)
    after = detached(rms_width_rad_per_ps(modulated(asarray, b_rad, grid, amplitude), ω))
    before = detached(rms_width_rad_per_ps(asarray(amplitude), ω))
    assert_close(after / before, sqrt(1 + 4 * b_rad**2 / (3 * sqrt(3))), rel=1e-12)
    assert_close(after / before, ratio, rel=4e-6)


def test_the_broadened_spectrum_has_its_peaks_and_its_edge(asarray: Convert) -> None:
    """B/π + 1/2 peaks; the instantaneous frequency reaches 0.858 B/T₀ and the phase B."""
    b_rad, grid = 4.5 * pi, Grid(8192, 0.01)
    amplitude = gaussian_amplitude(grid, 1.0)
    after = modulated(asarray, b_rad, grid, amplitude)
    density = centred(after)
    peaks = (density[1:-1] > density[:-2]) & (density[1:-1] > density[2:]) & (density[1:-1] > 0.01 * density.max())
    assert peaks.sum() == round(b_rad / pi + 0.5) == 5
    inside = slice(grid.n // 2 - 200, grid.n // 2 + 201)  # ±2 ps, where there is light
    phase = np.unwrap(np.angle(np.asarray(field(after, grid))))[inside]
    assert_close(phase[0] - phase.min(), b_rad, rel=1e-4)  # exp(-iB I/I_max): the phase dips by B
    T0 = 1.0 / (2 * sqrt(LN2))  # 1/e half width of intensity
    assert_close(np.gradient(phase, grid.dt_ps).max(), sqrt(2 / np.e) * b_rad / T0, rel=1e-3)


def test_self_phase_modulation_moves_the_leading_edge_to_the_red(asarray: Convert) -> None:
    grid = Grid(2048, 0.02)
    in_time = np.asarray(field(modulated(asarray, 2.0, grid, gaussian_amplitude(grid, 1.0)), grid))
    for half, sign in ((grid.time_ps < 0, -1), (grid.time_ps > 0, 1)):
        density = np.abs(np.asarray(spectrum_of(in_time * half, grid))) ** 2
        assert sign * (density @ grid.omega_rad_per_ps) / density.sum() > 0.3


@on_both_libraries
@given(amplitude=amplitudes())
def test_self_phase_modulation_changes_no_energy(asarray: Convert, amplitude: Floats) -> None:
    after = np.asarray(modulated(asarray, 2.5, WIDE_GRID, amplitude))
    assert_close((np.abs(after) ** 2).sum(), (amplitude**2).sum(), rel=1e-13)


def test_a_batch_is_a_loop(asarray: Convert, rng: np.random.Generator) -> None:
    spectra = rng.standard_normal((3, 2, 64)) + 1j * rng.standard_normal((3, 2, 64))
    grid = Grid(64, 0.25)
    together = field(asarray(spectra), grid)
    assert together.shape == (3, 2, 64)
    assert_close(together[2, 1], field(asarray(spectra[2, 1]), grid), rel=1e-12)
    amplitude = unit_energy_amplitude(asarray(np.abs(spectra) ** 2), grid)
    peaks = transform_limited_peak(amplitude, grid)
    assert_close(peaks[2, 1], transform_limited_peak(amplitude[2, 1], grid), rel=1e-13)
