"""The polynomial phase: its sign, its reach, and that it is found again in its own samples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.spectral_phase import (
    fitted_phase,
    greatest_phase_rad,
    moved_to,
    offset_rad_per_ps,
    shaped_phase_rad,
)
from tests.closeness import assert_close

FREQUENCY_THZ = 288.5 + 0.001 * np.arange(5101)
CARRIER_THZ = 291.06
BAND = (-8.0, 7.0)


def test_positive_gdd_sends_red_first() -> None:
    """The project's sign, by the field itself: E(t) = IFFT[A exp(-iφ)], IFFT with exp(+iωt)."""
    ω = 2 * np.pi * np.fft.fftfreq(4096, 0.01)
    order = np.argsort(ω)
    phase = np.empty_like(ω)
    phase[order] = shaped_phase_rad(CARRIER_THZ + ω[order] / (2 * np.pi), (0.5, 0.0, 0.0), CARRIER_THZ, BAND, 50.0)
    red, blue = (np.fft.ifft(np.exp(-(((ω - at) / 0.5) ** 2) - 1j * phase)) for at in (-4.0, 4.0))
    t = np.fft.fftfreq(4096, 1 / 4096) * 0.01
    arrives_ps = [float((t * abs(E) ** 2).sum() / (abs(E) ** 2).sum()) for E in (red, blue)]
    assert_close(arrives_ps[1] - arrives_ps[0], 0.5 * 8.0, rel=0.01)


@given(
    st.floats(-2.0, 2.0),
    st.floats(-0.4, 0.4),
    st.floats(-0.1, 0.1),
)
def test_what_is_written_is_found_again_from_wrapped_samples(gdd_ps2: float, tod_ps3: float, fod_ps4: float) -> None:
    wanted = (gdd_ps2, tod_ps3, fod_ps4)
    phase = shaped_phase_rad(FREQUENCY_THZ, wanted, CARRIER_THZ, BAND, 200.0)
    rounded = np.round(np.mod(phase, 2 * np.pi), 4)
    found, left_rad = fitted_phase(FREQUENCY_THZ, rounded, CARRIER_THZ, BAND)
    difference = (found[0] - gdd_ps2, found[1] - tod_ps3, found[2] - fod_ps4)
    assert greatest_phase_rad(difference, BAND) < 1e-3
    assert left_rad < 1e-4


@pytest.mark.parametrize("wanted", [(2.0, 0.0, 0.0), (0.5, 0.4, 0.0), (-1.0, 0.3, 0.2), (0.0, 0.0, 0.0)])
def test_beyond_the_band_the_group_delay_never_leaves_the_reach(wanted: tuple[float, float, float]) -> None:
    phase = shaped_phase_rad(FREQUENCY_THZ, wanted, CARRIER_THZ, BAND, 25.0)
    delay_ps = np.gradient(phase, offset_rad_per_ps(FREQUENCY_THZ, CARRIER_THZ))
    assert abs(delay_ps).max() < 25.0 * 1.01


def test_the_delay_is_centred() -> None:
    phase = shaped_phase_rad(FREQUENCY_THZ, (0.0, 0.5, 0.0), CARRIER_THZ, BAND, 25.0)
    ω = offset_rad_per_ps(FREQUENCY_THZ, CARRIER_THZ)
    inside = (ω > BAND[0]) & (ω < BAND[1])
    delay_ps = np.gradient(phase, ω)[inside]
    assert abs(delay_ps.max() + delay_ps.min()) < 0.01 * np.ptp(delay_ps)


def test_the_polynomial_about_another_frequency_is_the_same_one() -> None:
    wanted, offset = (0.7, -0.2, 0.05), 3.0
    delay_ps, moved = moved_to(wanted, offset)
    ω = np.linspace(-2.0, 2.0, 9)
    direct = (ω + offset) * (0.7 + (ω + offset) * (-0.1 + (ω + offset) * 0.05 / 6))
    about = delay_ps + ω * (moved[0] + ω * (moved[1] / 2 + ω * moved[2] / 6))
    assert_close(about, direct, rel=1e-12)
    assert_close(np.array(moved_to(moved, -offset)[1]), np.array(wanted), rel=1e-12)


def test_a_band_between_two_points_has_no_polynomial() -> None:
    with pytest.raises(ValueError, match="make no polynomial"):
        fitted_phase(FREQUENCY_THZ, np.zeros(FREQUENCY_THZ.size), CARRIER_THZ, (-0.001, 0.001))
