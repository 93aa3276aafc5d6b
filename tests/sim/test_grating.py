"""The grating pair against the table, the closed forms of Treacy's derivatives, and the geometry."""

from math import cos, pi, radians, sin

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sim.array import Array
from sim.constants import C_NM_PER_PS
from sim.elements import TreacyPair
from sim.grating import diffraction_deg, littrow_deg, longest_diffracted_nm
from tests.closeness import assert_close

FS2, FS3, FS4 = 1e-6, 1e-9, 1e-12  # ps², ps³, ps⁴

# λ nm, lines/mm, L m, incidence °, GDD fs², TOD fs³, FOD fs⁴
TABLE = [
    (1030, 1740, 0.1, 60.0, -2.18508e7, 4.54255e8, -1.57047e10),
    (800, 1200, 0.1, 40.0, -3.06146e5, 5.22142e5, -1.37612e6),
    (800, 1480, 0.3, 52.0, -1.53898e6, 3.05116e6, -9.70763e6),
    (800, 600, 0.1, littrow_deg(600, 800), -7.13556e4, 1.02029e5, -2.04535e5),
]


def closed_form(pair: TreacyPair) -> tuple[float, float]:
    """GDD in ps² and TOD in ps³ as printed in every catalogue, for the perpendicular distance."""
    λ_nm, L_nm, d_nm = pair.carrier_nm, pair.separation_m * 1e9, 1e6 / pair.lines_per_mm
    c, sine = C_NM_PER_PS, sin(radians(pair.incidence_deg))
    cosine2 = 1 - (λ_nm / d_nm - sine) ** 2
    gdd_ps2 = -(λ_nm**3) * L_nm / (pi * c**2 * d_nm**2) * cosine2**-1.5
    return gdd_ps2, -3 * λ_nm / (2 * pi * c) * gdd_ps2 * (1 + λ_nm / d_nm * sine - sine**2) / cosine2


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[1]}-lines")
def test_dispersion_agrees_with_the_table_to_every_digit(row: tuple[float, ...]) -> None:
    carrier_nm, lines, separation_m, incidence, *expected = row
    pair = TreacyPair(lines_per_mm=lines, incidence_deg=incidence, separation_m=separation_m, carrier_nm=carrier_nm)
    found = [value / unit for value, unit in zip(pair.coefficients, (FS2, FS3, FS4), strict=True)]
    assert [f"{value:.5e}" for value in found] == [f"{value:.5e}" for value in expected]


@given(carrier_nm=st.floats(500.0, 2100.0), lines=st.floats(300.0, 1900.0), incidence=st.floats(0.0, 85.0))
def test_gdd_and_tod_are_treacys(carrier_nm: float, lines: float, incidence: float) -> None:
    assume(carrier_nm < 0.99 * longest_diffracted_nm(lines, incidence))
    pair = TreacyPair(lines_per_mm=lines, incidence_deg=incidence, separation_m=0.7, carrier_nm=carrier_nm)
    assert_close(pair.coefficients[:2], closed_form(pair), rel=1e-12)


@pytest.mark.parametrize(("lines", "separation_m"), [(1740, 1.996), (1700, 2.698), (1600, 4.91)])
def test_separation_of_the_published_compressor_in_littrow(lines: float, separation_m: float) -> None:
    pair = TreacyPair.with_gdd(
        -267.422, lines_per_mm=lines, incidence_deg=littrow_deg(lines, 1030.0), carrier_nm=1030.0
    )
    assert_close(pair.separation_m, separation_m, rel=6e-4)  # the figures are rounded to 3 or 4 digits
    assert_close(pair.coefficients.gdd_ps2, -267.422, rel=1e-14)


def test_no_littrow_pair_has_both_ratios_of_the_published_compressor() -> None:
    """TOD/GDD = -8.91 fs and FOD/GDD = +357 fs² do not belong to one line density: 1740/mm has -15.0 fs and 375 fs²."""
    pair = TreacyPair(lines_per_mm=1738, incidence_deg=littrow_deg(1738, 1030.0), separation_m=1.0, carrier_nm=1030.0)
    gdd_ps2, tod_ps3, fod_ps4 = pair.coefficients
    assert_close(tod_ps3 / gdd_ps2 * 1e3, -15.0, rel=0.01)
    assert_close(fod_ps4 / gdd_ps2 * 1e6, 357, rel=0.06)


def test_littrow_returns_the_light_on_itself() -> None:
    angle_deg = littrow_deg(600, 800.0)
    assert_close(angle_deg, 13.8865, rel=4e-6)  # printed to four decimals
    assert_close(diffraction_deg(600, angle_deg, 800.0), angle_deg, rel=1e-13)


def test_phase_is_the_optical_path_less_delay() -> None:
    """Against the textbook phase in float64, where the subtraction leaves about nine digits."""
    pair = TreacyPair(lines_per_mm=1740, incidence_deg=60.0, separation_m=2.0, carrier_nm=1030.0)
    carrier = 2 * pi * C_NM_PER_PS / 1030.0
    ω = np.array([-25.0, -3.0, 3.0, 25.0])

    def path_rad(offset: Array) -> Array:
        total = carrier + offset
        exit_sine = 2 * pi * C_NM_PER_PS / total * 1740e-6 - sin(radians(60.0))
        return 2 * total * 2.0e9 / C_NM_PER_PS * np.sqrt(1 - exit_sine**2)

    h = 1e-3
    delay_ps = (8 * (path_rad(h) - path_rad(-h)) - (path_rad(2 * h) - path_rad(-2 * h))) / (12 * h)
    expected = path_rad(ω) - path_rad(0.0) - delay_ps * ω
    assert_close(pair.phase_rad(ω), expected, rel=1e-4)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"carrier_nm": 1100.0}, r"diffract no order at wavelength 1100 nm.* = 1072\.4\d nm"),
        ({"separation_m": -1.0}, "separation_m=-1 m is not a length"),
        ({"separation_m": float("nan")}, "separation_m=nan m is not a length"),
        ({"lines_per_mm": 0.0}, "positive line density, got lines_per_mm=0"),
        ({"incidence_deg": 90.0}, "incidence_deg=90° does not meet the grating"),
        ({"incidence_deg": float("nan")}, "incidence_deg=nan"),
    ],
)
def test_an_impossible_pair_is_refused(changed: dict[str, float], message: str) -> None:
    possible = {"lines_per_mm": 1740.0, "incidence_deg": 60.0, "separation_m": 1.0, "carrier_nm": 1030.0}
    with pytest.raises(ValueError, match=message):
        TreacyPair(**possible | changed)


def test_a_frequency_without_order_is_refused() -> None:
    pair = TreacyPair(lines_per_mm=1740, incidence_deg=60.0, separation_m=1.0, carrier_nm=1030.0)
    with pytest.raises(ValueError, match="diffract no order at wavelength"):
        pair.phase_rad(np.array([-100.0, 0.0]))
    with pytest.raises(ValueError, match="diffract no order at wavelength inf nm"):
        pair.phase_rad(np.array([-2000.0, 0.0]))


def test_a_pair_has_no_positive_gdd_and_a_fine_grating_no_littrow_angle() -> None:
    with pytest.raises(ValueError, match=r"asked gdd_ps2=1 ps², allowed up to 0"):
        TreacyPair.with_gdd(1.0, lines_per_mm=1740, incidence_deg=60.0, carrier_nm=1030.0)
    with pytest.raises(ValueError, match=r"2d = 1000 nm"):
        littrow_deg(2000, 1030.0)


def test_the_slant_distance_is_longer_by_the_exit_cosine() -> None:
    """The other form in print: slant distance with cos² θ_d, in place of perpendicular distance with cos³ θ_d."""
    pair = TreacyPair(lines_per_mm=1200, incidence_deg=40.0, separation_m=0.1, carrier_nm=800.0)
    exit_cos = cos(radians(diffraction_deg(1200, 40.0, 800.0)))
    slant_nm, d_nm = 0.1e9 / exit_cos, 1e6 / 1200
    slant_form_ps2 = -(800.0**3) * slant_nm / (pi * C_NM_PER_PS**2 * d_nm**2 * exit_cos**2)
    assert_close(pair.coefficients.gdd_ps2, slant_form_ps2, rel=1e-13)
