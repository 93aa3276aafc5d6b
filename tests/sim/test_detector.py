"""Cameras and photodiodes: gain, noise, saturation, steps; the statistics that a given draw must come out with."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sim.array import Array, binned_power, detached
from sim.detector import Camera, YieldMeter, displaced, exposed, measured_yield
from sim.diagnostics import mirrored_delays
from sim.frog import FrogAxes, half_frog
from sim.grid import FAST_GRID, Grid
from sim.pulse import field, finer
from tests.closeness import assert_close
from tests.gaussian import default_amplitude, dispersed

Convert = Callable[[Array], Array]
CAMERA = Camera()
SHAPE = (3, 64, 64)


def frames(scale: float = 1.0) -> Array:
    x = np.linspace(-3, 3, 64)
    one = np.exp(-(x[:, None] ** 2) - x**2)
    return scale * one / one.max() * np.array([0.05, 0.01, 0.002])[:, None, None]


def zeros(asarray: Convert) -> Array:
    return asarray(np.zeros(SHAPE))


def test_without_noise_the_counts_are_the_signal(asarray: Convert) -> None:
    counts, gain, saturated = (detached(a) for a in exposed(asarray(frames()), zeros(asarray), CAMERA, 2))
    signal = (counts - CAMERA.background_counts) / gain[:, None, None]
    assert np.abs(signal - frames()).max(axis=(1, 2)) == pytest.approx(0.5 / gain, rel=0.01, abs=0)  # half a step
    assert saturated.tolist() == [0, 0, 0]


def test_the_peak_is_brought_to_its_share_of_the_range(asarray: Convert) -> None:
    counts, gain, _ = (detached(a) for a in exposed(asarray(frames()), zeros(asarray), CAMERA, 2))
    expected = CAMERA.fill * CAMERA.full_scale_counts
    assert_close(counts.max(axis=(1, 2)), round(expected + CAMERA.background_counts), rel=1e-12)
    assert_close(gain, expected / np.array([0.05, 0.01, 0.002]), rel=1e-12)


def test_the_gain_has_a_bound_and_darkness_is_no_division_by_zero(asarray: Convert) -> None:
    faint = np.stack([frames()[0] * 1e-9, np.zeros((64, 64))])
    counts, gain, _ = (detached(a) for a in exposed(asarray(faint), asarray(np.zeros((2, 64, 64))), CAMERA, 2))
    assert_close(gain, CAMERA.greatest_gain, rel=1e-12)
    assert (counts[1] == CAMERA.background_counts).all()


def test_noise_has_its_mean_and_its_variance(asarray: Convert, rng: np.random.Generator) -> None:
    """Pixel noise of 1.5 % of the peak, read noise of one count and the step of the converter, independent."""
    normals = rng.standard_normal(SHAPE)
    wide = replace(CAMERA, background_counts=400.0)  # nothing is clipped at zero
    counts, gain, _ = (detached(a) for a in exposed(asarray(frames()), asarray(normals), wide, 2))
    error = counts - 400.0 - frames() * gain[:, None, None]
    sigma = np.sqrt(1.0 + (0.015 * CAMERA.fill * CAMERA.full_scale_counts) ** 2 + 1 / 12)
    assert (np.abs(error.mean(axis=(1, 2))) < 4 * sigma / 64).all()  # 4,096 pixels a frame
    assert_close(error.std(axis=(1, 2)), sigma, rel=0.05)
    assert np.corrcoef(error.ravel(), normals.ravel())[0, 1] > 0.999


def test_counts_are_whole_and_stay_in_the_converter(asarray: Convert, rng: np.random.Generator) -> None:
    loud = replace(CAMERA, pixel_noise=0.5)
    counts = detached(exposed(asarray(frames()), asarray(rng.standard_normal(SHAPE)), loud, 2)[0])
    assert (counts == np.round(counts)).all()
    assert counts.min() == 0
    assert counts.max() == CAMERA.full_scale_counts


def test_the_saturated_share_is_counted(asarray: Convert) -> None:
    over = replace(CAMERA, fill=1.2)
    counts, _, saturated = (detached(a) for a in exposed(asarray(frames()), zeros(asarray), over, 2))
    assert_close(saturated, (counts == CAMERA.full_scale_counts).mean(axis=(1, 2)), rel=1e-12)
    assert (saturated > 0.005).all()


def test_a_line_is_a_frame_of_one_axis(asarray: Convert, rng: np.random.Generator) -> None:
    lines, normals = frames()[:, 32], rng.standard_normal((3, 64))
    counts, gain, saturated = exposed(asarray(lines), asarray(normals), CAMERA, 1)
    assert (counts.shape, gain.shape, saturated.shape) == ((3, 64), (3,), (3,))
    alone = exposed(asarray(lines[1]), asarray(normals[1]), CAMERA, 1)
    assert_close(counts[1], alone[0], rel=0)
    assert_close(gain[1], alone[1], rel=1e-14)


def test_single_precision_stays_single(asarray: Convert, rng: np.random.Generator) -> None:
    signal, normals = (asarray(a.astype(np.float32)) for a in (frames(), rng.standard_normal(SHAPE)))
    assert all(detached(a).dtype == np.float32 for a in exposed(signal, normals, CAMERA, 2))


# --------------------------------------------------------------------------------------- yield meter


def test_a_yield_meter_adds_what_its_normals_say(asarray: Convert) -> None:
    normals = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [-2.0, 3.0]])
    reading = measured_yield(asarray(np.full(4, 0.4)), asarray(normals), YieldMeter())
    assert_close(reading, [0.4, 0.4 * 1.015, 0.402, 0.4 * 0.97 + 0.006], rel=1e-14)


def test_a_yield_meter_has_its_mean_and_its_variance(asarray: Convert, rng: np.random.Generator) -> None:
    reading = detached(
        measured_yield(asarray(np.full(20_000, 0.4)), asarray(rng.standard_normal((20_000, 2))), YieldMeter())
    )
    sigma = np.hypot(0.4 * 0.015, 0.002)
    assert abs(reading.mean() - 0.4) < 4 * sigma / np.sqrt(20_000)
    assert_close(reading.std(), sigma, rel=0.03)


# ------------------------------------------------------------------------------------- delay errors


def test_a_displaced_trace_is_the_trace_at_the_displaced_delays(asarray: Convert) -> None:
    """Against the same pulse on a grid with a hundred times finer delays; first order, so the error goes as δ²."""
    spectrum = dispersed(default_amplitude(FAST_GRID), FAST_GRID, gdd_ps2=2.0)
    dense, fine = finer(spectrum, FAST_GRID, 128)
    in_time = np.asarray(field(dense, fine))
    size, shown = FrogAxes(), slice(16, 48)
    trace = detached(mirrored_delays(half_frog(asarray(field(spectrum, FAST_GRID)), FAST_GRID, size), -2))
    step_ps = FAST_GRID.dt_ps / 128
    for steps in (1, 4):  # 4 and 16 fs, as three times the rms of a delay stage
        exact = exact_rows(in_time, fine, FAST_GRID, steps)[shown]
        moved = detached(displaced(asarray(trace), FAST_GRID.dt_ps, asarray(np.full(64, steps * step_ps))))[shown]
        error = np.abs(moved - exact).max() / trace.max()
        assert np.abs(trace[shown] - exact).max() / trace.max() > 8 * error


def exact_rows(in_time: Array, fine: Grid, grid: Grid, steps: int) -> Array:
    """Rows at k Δt + steps of the fine grid, the bins of the default axes."""
    ratio = round(grid.dt_ps / fine.dt_ps)
    rows = []
    for k in range(-32, 32):
        gated = in_time * np.roll(in_time, k * ratio + steps)
        amplitude = np.fft.fft(gated) * fine.dt_ps * fine.df_thz**0.5
        rows.append(binned_power(np.roll(amplitude, 32 * 6 + 3), 64, 6))
    return np.stack(rows)


def test_each_delay_has_its_own_error_and_ends_are_one_sided(asarray: Convert) -> None:
    trace = np.arange(6.0)[:, None] ** 2 * np.array([1.0, 2.0])
    error = np.array([0.1, 0.0, 0.0, -0.1, 0.0, 0.1])
    moved = detached(displaced(asarray(trace), 1.0, asarray(error)))
    slope = np.array([1.0, 2.0, 4.0, 6.0, 8.0, 9.0])  # differences of k², one-sided at the ends
    assert_close(moved, trace + (slope * error)[:, None] * np.array([1.0, 2.0]), rel=1e-13)


def test_no_error_is_no_change(asarray: Convert) -> None:
    trace = asarray(frames())
    assert_close(displaced(trace, 0.5, asarray(np.zeros((3, 64)))), trace, rel=0)


def test_gradients_pass_the_yield_meter() -> None:
    torch = pytest.importorskip("torch", reason="torch is not installed (extra: train)")
    y = torch.tensor([0.4], dtype=torch.float64, requires_grad=True)
    measured_yield(y, torch.ones((1, 2), dtype=torch.float64), YieldMeter()).sum().backward()
    assert_close(y.grad, 1.015, rel=1e-14)
