"""Second-harmonic FROG: its marginals, its symmetries, its axes."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from sim.array import Array, detached
from sim.autocorrelation import half_autocorrelation
from sim.diagnostics import mirrored_delays
from sim.frog import FrogAxes, half_frog
from sim.grid import FAST_GRID, FULL_GRID, Grid
from sim.pulse import field, intensity_of
from tests.closeness import assert_close
from tests.gaussian import default_amplitude, dispersed
from tests.strategies import Complex, Floats, phases

Convert = Callable[[Array], Array]
SMALL = Grid(256, 0.5)
EVERYTHING = FrogAxes(n_delay=256, n_frequency=256, bin_thz=SMALL.df_thz)
KNOBS = {"gdd_ps2": 4.0, "tod_ps3": -6.0, "fod_ps4": 9.0}


def whole_frog(spectrum: Complex, grid: Grid, axes: FrogAxes, asarray: Convert) -> Floats:
    half = half_frog(field(asarray(spectrum), grid), grid, axes)
    return np.asarray(detached(mirrored_delays(half, -2)))


def shaped(grid: Grid) -> Complex:
    return np.asarray(dispersed(default_amplitude(grid), grid, **KNOBS))


def direct_frog(in_time: Complex, grid: Grid) -> Floats:
    """The definition, one delay after the other and every delay for itself: (n, n), both axes rising."""
    rows = []
    for k in range(-grid.n // 2, grid.n // 2):
        delayed = np.zeros_like(in_time)
        keep = slice(max(k, 0), grid.n + min(k, 0))
        delayed[keep] = in_time[max(-k, 0) : grid.n - max(k, 0)]
        rows.append(np.abs(np.fft.fftshift(np.fft.fft(in_time * delayed)) * grid.dt_ps) ** 2)
    return np.stack(rows) * grid.df_thz


def test_half_of_the_delays_and_their_mirror_are_the_whole_trace(asarray: Convert) -> None:
    direct = direct_frog(field(shaped(SMALL), SMALL), SMALL)
    trace = whole_frog(shaped(SMALL), SMALL, EVERYTHING, asarray)
    assert np.abs(trace - direct).max() < 1e-13 * direct.max()


def test_a_bin_is_a_sum_of_neighbours_about_its_centre(asarray: Convert) -> None:
    axes = FrogAxes(n_delay=16, n_frequency=24, bin_thz=5 * SMALL.df_thz)
    direct = direct_frog(field(shaped(SMALL), SMALL), SMALL)[128 - 8 : 128 + 8]
    lowest = 128 - 12 * 5 - 2
    expected = direct[:, lowest : lowest + 24 * 5].reshape(16, 24, 5).sum(-1)
    trace = whole_frog(shaped(SMALL), SMALL, axes, asarray)
    assert np.abs(trace - expected).max() < 1e-13 * expected.max()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15)
@given(wild=phases(n=SMALL.n))
def test_marginals(asarray: Convert, wild: Floats) -> None:
    """Summed over frequency it is the autocorrelation; over delay, the spectrum convolved with itself."""
    phase = 0.3 * wild * np.exp(-((SMALL.frequency_thz / 0.5) ** 2))  # weak enough for the pulse to end in the window
    spectrum = default_amplitude(SMALL) * np.exp(-1j * phase)
    in_time = np.asarray(field(spectrum, SMALL)) * (np.abs(SMALL.time_ps) < SMALL.window_ps / 4)
    density = np.abs(np.fft.fft(in_time) * SMALL.dt_ps) ** 2
    trace = detached(mirrored_delays(half_frog(asarray(in_time), SMALL, EVERYTHING), -2))
    delays = detached(mirrored_delays(half_autocorrelation(asarray(intensity_of(in_time)), SMALL, 256), -1))
    assert np.abs(trace.sum(-1) - delays).max() < 1e-14 * delays.max()
    folded = np.fft.fftshift(np.fft.ifft(np.fft.fft(density) ** 2)).real * SMALL.df_thz**2 / SMALL.dt_ps
    assert np.abs(trace.sum(-2) - folded).max() < 4e-15 * folded.max()


def test_it_is_even_in_the_delay_and_greatest_at_zero(asarray: Convert) -> None:
    trace = whole_frog(shaped(SMALL), SMALL, EVERYTHING, asarray)
    assert np.abs(trace[1:] - trace[:0:-1]).max() == 0
    assert trace.sum(-1).argmax() == 128
    direct = direct_frog(field(shaped(SMALL), SMALL), SMALL)  # the law itself, not the mirror that is built on it
    assert np.abs(direct[1:] - direct[:0:-1]).max() < 1e-13 * direct.max()


def test_the_row_of_zero_delay_is_the_second_harmonic_spectrum(asarray: Convert) -> None:
    in_time = np.asarray(field(shaped(SMALL), SMALL))
    second = np.abs(np.fft.fftshift(np.fft.fft(in_time**2)) * SMALL.dt_ps) ** 2 * SMALL.df_thz
    row = whole_frog(shaped(SMALL), SMALL, EVERYTHING, asarray)[128]
    assert np.abs(row - second).max() < 1e-14 * second.max()


def test_it_comes_of_the_field_and_not_of_its_intensity(asarray: Convert) -> None:
    """The fault of a public peer: from intensities, two pulses of one shape and different phase look alike."""
    in_time = np.asarray(field(shaped(SMALL), SMALL))
    true = detached(half_frog(asarray(in_time), SMALL, EVERYTHING))
    blind = detached(half_frog(asarray(np.abs(in_time) + 0j), SMALL, EVERYTHING))
    assert np.abs(true / true.max() - blind / blind.max()).max() > 0.5


def test_both_grids_show_the_same_trace(asarray: Convert) -> None:
    """A bin is centred to half an FFT bin, 0.12 GHz on the full grid and exact on the fast: 0.2 % of the peak."""
    fast, full = (whole_frog(shaped(grid), grid, FrogAxes(), asarray) for grid in (FAST_GRID, FULL_GRID))
    assert np.abs(fast - full).max() < 3e-3 * full.max()
    assert_close(fast.sum(), full.sum(), rel=1e-5)


def test_the_default_axes_hold_a_pulse_of_ten_picoseconds(asarray: Convert) -> None:
    """At least 95 % of the energy of the second harmonic in ±16 ps and ±0.6 THz."""
    spectrum = dispersed(default_amplitude(FAST_GRID), FAST_GRID, gdd_ps2=5.5)
    all_delays = FrogAxes(n_delay=512, n_frequency=100, bin_thz=5 / 256)
    shown, everything = (whole_frog(spectrum, FAST_GRID, axes, asarray).sum() for axes in (FrogAxes(), all_delays))
    assert shown > 0.95 * everything


def test_axes_rise_with_zero_in_the_middle() -> None:
    axes = FrogAxes()
    assert axes.delay_ps(FAST_GRID)[[0, 32, 63]].tolist() == [-16.0, 0.0, 15.5]
    assert_close(axes.frequency_thz()[[0, 33, 63]], [-0.75, 6 / 256, 0.75 - 6 / 256], rel=1e-14)
    assert axes.frequency_thz()[32] == 0
    assert (axes.bins_summed(FAST_GRID), axes.bins_summed(FULL_GRID)) == (6, 48)


@pytest.mark.parametrize(("n_delay", "n_frequency"), [(63, 64), (64, 63)])
def test_odd_sizes_are_refused(n_delay: int, n_frequency: int) -> None:
    with pytest.raises(ValueError, match=f"even sizes, got {n_delay} delays x {n_frequency}"):
        FrogAxes(n_delay, n_frequency)


@pytest.mark.parametrize("axes", [FrogAxes(bin_thz=0.01), FrogAxes(bin_thz=1e-4), FrogAxes(n_frequency=104)])
def test_bins_that_are_no_sums_are_refused(axes: FrogAxes) -> None:
    with pytest.raises(ValueError, match="no whole sums of the grid's"):
        half_frog(np.zeros(512, dtype=np.complex128), FAST_GRID, axes)


def test_a_batch_is_a_loop_and_float32_is_near_float64(asarray: Convert, rng: np.random.Generator) -> None:
    gdd_ps2 = rng.uniform(-5, 5, (2, 3))
    spectra = dispersed(default_amplitude(FAST_GRID), FAST_GRID, gdd_ps2=gdd_ps2)
    in_time = np.asarray(field(spectra, FAST_GRID))
    together = detached(half_frog(asarray(in_time), FAST_GRID, FrogAxes()))
    assert together.shape == (2, 3, 33, 64)
    alone = detached(half_frog(asarray(in_time[1, 2]), FAST_GRID, FrogAxes()))
    assert np.abs(together[1, 2] - alone).max() < 1e-14 * alone.max()
    single = detached(half_frog(asarray(in_time.astype(np.complex64)), FAST_GRID, FrogAxes()))
    assert single.dtype == np.float32
    assert np.abs(single - together).max() < 2e-6 * together.max()


@pytest.mark.parametrize("gdd_ps2", [0.0, 2.0, 30.0])
def test_a_smaller_window_leaves_out_no_more_than_is_allowed(gdd_ps2: float) -> None:
    """The frame of the middle of the window against that of all of it; a long pulse keeps the whole window."""
    axes, fields = FrogAxes(), field(dispersed(default_amplitude(FULL_GRID), FULL_GRID, gdd_ps2=gdd_ps2), FULL_GRID)
    whole, middle = half_frog(fields, FULL_GRID, axes), half_frog(fields, FULL_GRID, axes, negligible=1e-4)
    assert np.abs(middle - whole).max() < 2e-3 * whole.max()
    assert np.array_equal(half_frog(np.stack([fields] * 3), FULL_GRID, axes, 1e-4)[1], middle)
    assert axes.fits(Grid(256, 0.5))
    assert not axes.fits(Grid(128, 0.5)), "1.5 bins do not add up"
