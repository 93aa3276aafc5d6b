"""The figures of the public RL peers' chain, from the two files that it is published with."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from lasercontrol.spectrum_file import read_spectrum
from sim.metrics import fwhm_ps, peak_intensity
from sim.peers import COMPRESSOR, GainAxis, PeerLaser, amplified_field, peer_laser, seed_field
from sim.pulse import field, finer, intensity_of, transform_limited_peak
from tests.closeness import assert_close
from tests.strategies import Complex, Floats

CANCELLING = -np.array(COMPRESSOR)


@pytest.fixture(scope="module")
def seed(shared_data: Path) -> tuple[Floats, Floats]:
    pump = read_spectrum(shared_data / "l1_pump_spectrum.csv")
    return seed_field(pump.wavelength_nm, pump.counts)


def laser(seed: tuple[Floats, Floats], shared_data: Path, axis: GainAxis) -> PeerLaser:
    gain = read_spectrum(shared_data / "yb_gain.txt")
    return peer_laser(*seed, amplified_field(*seed, gain.wavelength_nm, gain.counts, axis))


@pytest.fixture(scope="module")
def published(seed: tuple[Floats, Floats], shared_data: Path) -> PeerLaser:
    return laser(seed, shared_data, GainAxis.AS_PUBLISHED)


@pytest.fixture(scope="module")
def interpolated(seed: tuple[Floats, Floats], shared_data: Path) -> PeerLaser:
    return laser(seed, shared_data, GainAxis.AT_THE_FIELD)


def duration_ps(peer: PeerLaser, spectrum: Complex) -> Floats:
    dense, grid = finer(spectrum, peer.grid, 8)
    return np.asarray(fwhm_ps(intensity_of(field(dense, grid)), grid))


def share_of_limit(peer: PeerLaser, control: Floats, b_rad: Floats) -> Floats:
    peak = peak_intensity(peer.spectrum_after(control, b_rad), peer.grid)
    return np.asarray(peak / transform_limited_peak(peer.amplitude, peer.grid))


def best(peer: PeerLaser, b_rad: float, start: list[float]) -> tuple[Floats, float]:
    """Departure from the cancelling control of as many knobs as `start` has, and the share reached."""

    def lost(departure: Floats) -> float:
        return -float(share_of_limit(peer, CANCELLING + np.pad(departure, (0, 3 - len(start))), np.asarray(b_rad)))

    found = minimize(lost, start, method="Nelder-Mead", options={"xatol": 1e-3, "fatol": 1e-6})
    return np.pad(found.x, (0, 3 - len(start))), -found.fun


def test_the_field_spans_the_band_they_cut(seed: tuple[Floats, Floats]) -> None:
    frequency_thz, amplitude = seed
    assert_close(frequency_thz[[0, -1]], [289.95431, 291.89950], rel=2e-8)
    assert_close(np.diff(frequency_thz), 0.389115e-3, rel=3e-6)
    assert amplitude.shape == (5000,)


def test_the_carrier_is_theirs(published: PeerLaser, seed: tuple[Floats, Floats]) -> None:
    """290.847677 THz: the middle of the field's half maximum is ω = 0 of every phase."""
    offset_thz = published.omega_rad_per_ps / (2 * np.pi)
    assert_close(seed[0][2500] - offset_thz[0], 290.847677, rel=3e-9)
    assert_close(published.grid.window_ps, 2569.9, rel=1e-4)


def test_transform_limits(published: PeerLaser, interpolated: PeerLaser, seed: tuple[Floats, Floats]) -> None:
    """1.418 ps as they multiply the gain, 1.536 ps with the gain where the light is; 0.7353 ps without any gain."""
    unamplified = peer_laser(*seed, seed[1])
    for peer, expected_ps in ((published, 1.4182), (interpolated, 1.536), (unamplified, 0.7353)):
        assert_close(duration_ps(peer, peer.amplitude + 0j), expected_ps, rel=5e-4)


def test_the_control_that_cancels_the_compressor(published: PeerLaser) -> None:
    b_rad = np.array([0.0, 1.0, 2.0, 3.5])  # the figures are of samples 0.02 ps apart, good to 1e-4 of the peak
    assert_close(share_of_limit(published, CANCELLING, b_rad), [1.0, 0.9044, 0.6599, 0.3607], rel=2e-4)
    durations = duration_ps(published, published.spectrum_after(np.tile(CANCELLING, (4, 1)), b_rad))
    assert_close(durations, [1.418, 1.473, 1.767, 4.642], rel=5e-4)


@pytest.mark.parametrize(("b_rad", "expected"), [(0.5, 0.976), (1.5, 0.797), (2.0, 0.664), (3.0, 0.392), (5.0, 0.362)])
def test_the_cancelling_control_with_interpolated_gain(interpolated: PeerLaser, b_rad: float, expected: float) -> None:
    assert_close(share_of_limit(interpolated, CANCELLING, np.asarray(b_rad)), expected, rel=1.5e-3)


def test_the_best_at_b_of_two(published: PeerLaser) -> None:
    """0.869 to 0.870 of the limit with GDD and TOD, at +0.80 ps² and -0.56 ps³; the pulse is 1.55 ps long."""
    departure, reached = best(published, 2.0, [0.8, -0.6])
    assert_close(reached, 0.8695, rel=6e-4)
    assert_close(departure[:2], [0.80, -0.56], rel=0.01)
    spectrum = published.spectrum_after(CANCELLING + departure, np.asarray(2.0))
    assert_close(duration_ps(published, spectrum), 1.55, rel=7e-3)


@pytest.mark.parametrize(
    ("b_rad", "gdd", "gdd_tod", "three"),
    [(1.0, 0.935, 0.952, 0.963), (2.0, 0.805, 0.870, 0.909), (3.5, 0.657, 0.771, 0.835)],
)
def test_what_their_knobs_can_reach(
    published: PeerLaser, b_rad: float, gdd: float, gdd_tod: float, three: float
) -> None:
    starts = [[0.7 * b_rad], [0.5 * b_rad, -0.4 * b_rad], [0.8 * b_rad, -0.2 * b_rad, -b_rad]]
    for start, expected in zip(starts, (gdd, gdd_tod, three), strict=True):
        assert_close(best(published, b_rad, start)[1], expected, rel=2e-3)


def test_what_knobs_reach_with_interpolated_gain(interpolated: PeerLaser) -> None:
    for start, expected in (([0.9], 0.816), ([0.9, -0.7], 0.878), ([1.5, -0.2, -1.5], 0.917)):
        assert_close(best(interpolated, 2.0, start)[1], expected, rel=1.5e-3)


def test_their_fourth_order_does_nothing(published: PeerLaser) -> None:
    """Over its whole published range at their best setting: under 0.4 %."""
    fod_ps4 = np.linspace(0.04774465, 0.14323395, 5)
    control = np.column_stack([np.full(5, 268.222), np.full(5, -2.946), fod_ps4])
    peaks = share_of_limit(published, control, np.full(5, 2.0))
    assert np.ptp(peaks) < 0.004 * peaks.max()
