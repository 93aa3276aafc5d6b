"""A FROG made of a stage and a spectrometer shows what the model computes from the same field."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lasercontrol.bench import Floats
from lasercontrol.lab.frog_scan import FrogScan, Scan, on_bins
from sim.grid import FULL_GRID
from tests.closeness import assert_close
from tests.lasercontrol.lab.frog_fakes import C_NM_THZ, CARRIER_THZ, MM_PER_PS, ZERO_MM, Arms, Complex, pulse, trace_of

PULSES = {
    "transform limit": pulse(),
    "near": pulse(3.0, 4.0, 10.0),
    "chirped": pulse(12.0),
    "far": pulse(20.0, -30.0, 60.0),
}


def scanned(arms: Arms, **settings: Any) -> Scan:
    scan = arms.scan(**settings)
    scan.prepare()
    return scan.scan()


def off(trace: Floats, model: Floats) -> float:
    """Greatest difference of a bin as a share of the brightest one."""
    return float(np.abs(trace - model).max() / model.max())


def oddness(trace: Floats) -> float:
    """How far the trace is from even in the delay; the first delay has no partner."""
    return off(trace[1:], trace[:0:-1])


# ---------------------------------------------------------------------------------------------------- the bins


@given(
    densities=st.lists(st.floats(0, 1), min_size=20, max_size=200),
    span_nm=st.floats(0.5, 3.0),
    shift_nm=st.floats(-0.2, 0.2),
)
def test_no_power_is_lost_between_wavelength_and_frequency(
    densities: list[float], span_nm: float, shift_nm: float
) -> None:
    w_per_nm = np.array([0.0, *densities, 0.0]) + 1e-3
    wavelength_nm = 515.0 + shift_nm + np.linspace(-span_nm / 2, span_nm / 2, len(w_per_nm))
    bins_thz = 582.1 + np.arange(-400, 400) * 0.0234  # wider than any spectrum here
    binned = on_bins(wavelength_nm, w_per_nm, bins_thz, 0.0234)
    # The chords of both integrals differ by a share step/λ of what the density changes.
    assert_close(binned.sum(), np.trapezoid(w_per_nm, wavelength_nm), rel=span_nm / 515.0 / 20)


def test_a_flat_density_over_wavelength_fills_each_bin_with_its_own_width_in_wavelength() -> None:
    bins_thz = np.arange(560.0, 600.0, 2.0)
    wavelength_nm = np.linspace(480.0, 550.0, 70_001)
    edges_nm = C_NM_THZ / (np.append(bins_thz, 600.0) - 1.0)
    binned = on_bins(wavelength_nm, np.full_like(wavelength_nm, 3.0), bins_thz, 2.0)
    assert_close(binned, -3.0 * np.diff(edges_nm), rel=1e-6)
    assert binned[0] / binned[-1] > 1.1  # the Jacobian: a terahertz of red is more nanometres


def test_beyond_the_spectrum_there_is_nothing() -> None:
    binned = on_bins(np.linspace(514.0, 515.0, 101), np.ones(101), np.array([560.0, 580.0, 600.0]), 20.0)
    assert binned[0] == binned[2] == 0.0 < binned[1]


# --------------------------------------------------------------------------------------------------- the trace


@pytest.mark.parametrize("name", PULSES)
def test_the_trace_is_the_model_s_bin_by_bin(name: str) -> None:
    found = scanned(Arms(PULSES[name])).channel
    model = trace_of(PULSES[name])
    assert off(found.values, model) < 1e-3
    assert_close(found.values.sum(), model.sum(), rel=2e-4)
    assert found.unit == "W"


def test_with_the_wavelengths_of_an_ordinary_spectrum_it_is_so_too() -> None:
    assert off(scanned(Arms(PULSES["near"]), points=151).channel.values, trace_of(PULSES["near"])) < 3e-3


def test_without_the_jacobian_it_would_not_be() -> None:
    arms = Arms(PULSES["near"])
    honest = arms.w_per_nm
    arms.spectrometer.density = lambda wavelength_nm: honest(wavelength_nm) * wavelength_nm**2 / C_NM_THZ  # per THz
    assert off(scanned(arms).channel.values, trace_of(PULSES["near"])) > 0.05


def test_the_axes_are_those_of_the_model() -> None:
    axes = scanned(Arms(pulse())).channel.axes
    assert list(axes) == ["delay_ps", "frequency_thz"]
    assert_close(axes["delay_ps"][[0, 33, -1]], [-16.0, 0.5, 15.5], rel=1e-12)
    assert_close(axes["frequency_thz"][[0, 33]], [-0.75, 6 / 256], rel=1e-12)


def test_red_light_stands_in_the_bins_below_the_middle() -> None:
    lower = np.where(FULL_GRID.frequency_thz < 0, pulse(), 0.0)
    trace = scanned(Arms(lower)).channel.values
    assert trace[:, :32].sum() > 0.95 * trace.sum()


def test_sixteen_delays_are_enough_for_a_short_pulse() -> None:
    found = scanned(Arms(pulse()), delays=16).channel
    assert found.values.shape == (16, 64)
    assert off(found.values, trace_of(pulse(), delays=16)) < 1e-3


def test_one_side_alone_is_mirrored_at_half_the_way() -> None:
    arms = Arms(PULSES["near"])
    found = scanned(arms, both_sides=False, background=False)
    assert arms.log.count("stage move") == 33
    assert min(arms.scan(both_sides=False).delays_ps) == 0.0
    assert off(found.channel.values, trace_of(PULSES["near"])) < 1e-3
    assert found.zero_error_ps == 0.0


def test_every_delay_is_a_move_and_a_spectrum_after_it_and_a_sign_of_life() -> None:
    arms = Arms(pulse())
    scan = arms.scan(delays=16)
    scan.prepare()
    arms.log.clear()
    scan.scan()
    assert arms.log == ["stage move", "osa spectrum?"] * 16
    assert arms.alive == 16


def test_the_stage_is_made_ready_and_the_spectrometer_set_before_anything_is_seen() -> None:
    arms = Arms(pulse())
    arms.scan(background=False, span_nm=2.0, resolution_nm=0.05, points=301).prepare()
    assert arms.log == ["stage enable", "osa configure"]
    assert_close(arms.spectrometer.setup, (C_NM_THZ / (2 * CARRIER_THZ), 2.0, 0.05, 301), rel=1e-12)


def test_a_shot_takes_its_spectra_and_the_way_of_the_stage() -> None:
    scan = Arms(pulse()).scan()
    assert_close(scan.seconds_per_shot, 64 * 2.0 + 31.5 * MM_PER_PS / 5.0, rel=1e-9)
    one_sided = Arms(pulse()).scan(both_sides=False)
    assert_close(one_sided.seconds_per_shot, 33 * 2.0 + 16.0 * MM_PER_PS / 5.0, rel=1e-9)


# --------------------------------------------------------------------------------- stray light, doubtful spectra


def test_stray_light_is_taken_off() -> None:
    arms = Arms(PULSES["near"], background=0.02)
    assert off(scanned(arms).channel.values, trace_of(PULSES["near"])) < 1e-3
    assert arms.log.count("osa spectrum?") == 4 + 64


def test_without_a_dark_spectrum_it_stays() -> None:
    arms = Arms(PULSES["near"], background=0.02)
    more = scanned(arms, background=False).channel.values - trace_of(PULSES["near"])
    assert_close(more.mean(), 0.02 * (6 / 256) * C_NM_THZ / (2 * CARRIER_THZ) ** 2, rel=1e-3)


def test_a_saturated_spectrum_makes_the_trace_doubtful() -> None:
    arms = Arms(pulse())
    scan = arms.scan()
    scan.prepare()
    assert scan.scan().reasons == ()
    arms.spectrometer.saturated = True
    assert scan.scan().reasons == ("64 of 64 spectra of the FROG are saturated",)


@pytest.mark.parametrize("axis_error_nm", [-0.4, 0.4])
def test_a_wrong_wavelength_axis_is_noticed(axis_error_nm: float) -> None:
    arms = Arms(pulse())
    arms.spectrometer.axis_error_nm = axis_error_nm
    (reason,) = scanned(arms).reasons
    assert "from twice the carrier: wavelength axis?" in reason
    assert ("+0.4" in reason) == (axis_error_nm < 0)  # to the blue is up in frequency


def test_a_known_error_of_the_wavelength_axis_is_taken_off() -> None:
    arms = Arms(PULSES["near"])
    arms.spectrometer.axis_error_nm = 0.4
    found = scanned(arms, wavelength_offset_nm=-0.4)
    assert found.reasons == ()
    assert off(found.channel.values, trace_of(PULSES["near"])) < 1e-3


# ---------------------------------------------------------------------------------------------------- delay zero


@pytest.mark.parametrize("error_ps", [0.07, -0.3, 0.9, -1.6])
def test_an_error_of_delay_zero_is_found_with_its_sign_and_the_trace_is_even_after(error_ps: float) -> None:
    arms = Arms(PULSES["near"], error_mm=error_ps * MM_PER_PS)
    scan = arms.scan()
    scan.prepare()
    first, second = scan.scan(), scan.scan()
    assert_close(first.zero_error_ps, error_ps, rel=0.02)
    assert_close((scan.zero_mm - ZERO_MM) / MM_PER_PS, error_ps, rel=0.02)
    assert abs(second.zero_error_ps) < 0.02 * abs(error_ps)
    for found in (first, second):
        assert oddness(found.channel.values) < 0.02
        assert off(found.channel.values, trace_of(PULSES["near"])) < 0.02


def test_uncorrected_it_would_be_seen() -> None:
    uneven = np.roll(trace_of(PULSES["near"]), 1, axis=0)
    assert oddness(uneven) > 0.2


def test_an_error_too_great_to_be_the_meant_trace_is_told_and_nothing_is_shifted() -> None:
    arms = Arms(PULSES["near"], error_mm=3.0 * MM_PER_PS)
    scan = arms.scan()
    scan.prepare()
    found = scan.scan()
    assert found.reasons == (f"the trace's middle lies {found.zero_error_ps:+.2f} ps from delay zero: delay_zero_mm?",)
    assert_close(found.zero_error_ps, 3.0, rel=0.02)
    assert scan.zero_mm == ZERO_MM


def test_a_trace_as_wide_as_the_scan_does_not_make_delay_zero_walk_away() -> None:
    arms = Arms(pulse(60.0))
    scan = arms.scan()
    scan.prepare()
    for _ in range(3):
        scan.scan()
    assert abs(scan.zero_mm - ZERO_MM) < 1e-3 * MM_PER_PS


def noisy(arms: Arms, light: float, rng: np.random.Generator) -> FrogScan:
    """A scan of a dim pulse by a spectrometer with noise of one unit."""
    honest = arms.w_per_nm
    arms.spectrometer.density = lambda nm: light * honest(nm) + rng.standard_normal(len(nm))
    scan = arms.scan(points=151)
    scan.prepare()
    return scan


def test_noise_tells_nothing_of_delay_zero(rng: np.random.Generator) -> None:
    scan = noisy(Arms(pulse()), 0.0, rng)
    for _ in range(5):
        assert scan.scan().zero_error_ps == 0.0
    assert scan.zero_mm == ZERO_MM


def test_among_noise_delay_zero_is_found_all_the_same(rng: np.random.Generator) -> None:
    dim: Complex = PULSES["near"]
    scan = noisy(Arms(dim, error_mm=0.5 * MM_PER_PS), 40.0, rng)
    assert_close(scan.scan().zero_error_ps, 0.5, rel=0.2)
