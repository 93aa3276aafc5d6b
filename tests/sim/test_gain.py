"""Amplifier laws: narrowing, saturation and the B-integral, against closed forms and the validation table."""

from collections.abc import Callable
from math import inf, log, pi, tau

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.array import Array, cis
from sim.gain import (
    amplitude_gain,
    b_integral_rad,
    frantz_nodvik_j_per_cm2,
    gaussian_line,
    gaussian_narrowed_fwhm_thz,
    lorentzian_line,
    lorentzian_narrowed_fwhm_thz,
    narrowed,
    quadratic_narrowed_fwhm_thz,
)
from tests.closeness import assert_close

GAINS_DB = [10.0, 30.0, 60.0]
LINES = [(lorentzian_line, lorentzian_narrowed_fwhm_thz), (gaussian_line, gaussian_narrowed_fwhm_thz)]
Line = Callable[[Array, float], Array]
Width = Callable[[float, float], float]


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (lorentzian_narrowed_fwhm_thz, [0.656, 0.334, 0.230]),
        (gaussian_narrowed_fwhm_thz, [0.719, 0.391, 0.273]),
        (lambda gain_db, line_thz: quadratic_narrowed_fwhm_thz(inf, gain_db, line_thz), [0.659, 0.380, 0.269]),
    ],
    ids=["lorentzian", "gaussian", "quadratic"],
)
def test_narrowing_agrees_with_the_table_to_every_digit(width: Width, expected: list[float]) -> None:
    assert [round(width(gain_db, 1.0), 3) for gain_db in GAINS_DB] == expected


@pytest.mark.parametrize("gain_db", GAINS_DB)
def test_the_3_db_formula_of_the_textbook_is_near(gain_db: float) -> None:
    assert_close(lorentzian_narrowed_fwhm_thz(gain_db, 1.0), (3 / (gain_db - 3)) ** 0.5, rel=3e-3)


@pytest.mark.parametrize("gain_db", GAINS_DB)
@pytest.mark.parametrize(("line", "width"), LINES, ids=["lorentzian", "gaussian"])
def test_the_width_is_where_the_gain_has_halved(
    line: Line, width: Width, gain_db: float, asarray: Callable[[Array], Array]
) -> None:
    edge_thz = asarray([0.0, width(gain_db, 1.7) / 2])
    gain = np.asarray(amplitude_gain(line(edge_thz, 1.7), 10 ** (gain_db / 10))) ** 2
    assert_close(gain, [10 ** (gain_db / 10), 10 ** (gain_db / 10) / 2], rel=1e-12)


@pytest.mark.parametrize("gain_db", [3.0, 0.0, float("nan")])
@pytest.mark.parametrize("width", [width for _, width in LINES], ids=["lorentzian", "gaussian"])
def test_a_gain_that_halves_nowhere_is_refused(width: Width, gain_db: float) -> None:
    with pytest.raises(ValueError, match=r"halves nowhere; it must be above 3\.01 dB"):
        width(gain_db, 1.0)


def test_a_gaussian_spectrum_narrows_by_the_quadratic_law(asarray: Callable[[Array], Array]) -> None:
    """Behind the parabola of the line a Gaussian stays Gaussian, with the width of the law."""
    f = np.linspace(-2.0, 2.0, 4001)
    parabola = 1 - 4 * log(2) * (f / 3.0) ** 2
    per_pass = asarray(np.exp(parabola * log(1e6) / 2 / 20))
    seed = asarray(np.exp(-2 * log(2) * (f / 0.6) ** 2))
    amplified = np.asarray(narrowed(seed, per_pass, 20)) ** 2
    expected_thz = quadratic_narrowed_fwhm_thz(0.6, 60.0, 3.0)
    variance = (amplified * f**2).sum() / amplified.sum()
    assert_close((8 * log(2) * variance) ** 0.5, expected_thz, rel=1e-9)
    assert_close(amplified.max(), 1e6, rel=1e-12)


def test_no_pass_changes_nothing_and_fewer_are_refused() -> None:
    amplitude = np.array([1.0, 2.0])
    assert_close(narrowed(amplitude, np.array([0.0, 3.0]), 0), amplitude, rel=0)
    with pytest.raises(ValueError, match="passes=-1"):
        narrowed(amplitude, amplitude, -1)


def test_frantz_nodvik_agrees_with_the_table(asarray: Callable[[Array], Array]) -> None:
    fluence = np.array([1e-6, 0.01, 0.1, 1.0, 10.0])
    gain = np.asarray(frantz_nodvik_j_per_cm2(asarray(fluence), asarray(2.0), 1.0)) / fluence
    assert [f"{value:.3f}" for value in gain] == ["7.389", "7.163", "5.750", "2.617", "1.200"]


@given(fluence=st.floats(1e-6, 30.0), stored=st.floats(1e-6, 5.0), saturation=st.floats(0.1, 10.0))
def test_frantz_nodvik_is_the_published_formula(fluence: float, stored: float, saturation: float) -> None:
    out = frantz_nodvik_j_per_cm2(np.array(fluence), np.array(stored), saturation)
    published = saturation * np.log(1 + np.exp(stored / saturation) * np.expm1(fluence / saturation))
    assert_close(out, published, rel=1e-9)


@given(fluence=st.floats(0.0, 1e6), stored=st.floats(0.0, 50.0))
def test_no_more_is_extracted_than_was_stored(fluence: float, stored: float) -> None:
    out = float(frantz_nodvik_j_per_cm2(np.array(fluence), np.array(stored), 9.5))
    assert fluence <= out <= (fluence + stored) * (1 + 1e-12)


def test_an_amplifier_cut_in_two_is_the_same_amplifier() -> None:
    """Frantz-Nodvik composes: what leaves the first slice enters the second."""
    fluence, stored = np.array([1e-3, 0.4, 5.0]), np.array(3.0)
    halved = frantz_nodvik_j_per_cm2(frantz_nodvik_j_per_cm2(fluence, stored / 2, 2.0), stored / 2, 2.0)
    assert_close(halved, frantz_nodvik_j_per_cm2(fluence, stored, 2.0), rel=1e-13)


def test_b_integral_of_a_window_and_of_an_amplifier(asarray: Callable[[Array], Array]) -> None:
    """Fused silica, n₂ = 2.7e-16 cm²/W: constant intensity, and growth by e over the same length."""
    z_mm = np.linspace(0.0, 50.0, 2001)
    profiles = 1e9 * np.stack([np.ones_like(z_mm), np.exp(z_mm / 50.0)])
    window_rad = tau / 1030e-7 * 2.7e-16 * 1e9 * 5.0
    found = b_integral_rad(1030.0, 2.7e-16, asarray(profiles), asarray(z_mm))
    assert_close(found, [window_rad, window_rad * (np.e - 1)], rel=1e-7)


def test_the_peak_of_the_pulse_is_delayed_in_phase_by_b(asarray: Callable[[Array], Array]) -> None:
    t = np.linspace(-3.0, 3.0, 201)
    intensity = asarray(np.exp(-(t**2)))
    B = b_integral_rad(1030.0, 2.7e-16, asarray(np.full((1, 2), 1e9)), asarray([0.0, 100.0]))
    phase_rad = np.angle(np.asarray(cis(-B * intensity)))
    assert_close(-phase_rad[100], np.asarray(B), rel=1e-12)
    assert pi / 20 < float(B[0]) < pi, "a B within one turn, so that the angle shows it"
