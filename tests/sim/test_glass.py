"""Glass against the table of 60-digit derivatives, to every printed digit."""

import pytest

from sim.glass import CALCIUM_FLUORIDE, FUSED_SILICA, MATERIALS, N_BK7, N_SF11, SAPPHIRE_O, SF11, YAG, Material
from tests.closeness import assert_close

FS2, FS3, FS4 = 1e-6, 1e-9, 1e-12  # ps², ps³, ps⁴

# n, GDD fs²/mm, TOD fs³/mm, FOD fs⁴/mm
TABLE = [
    (FUSED_SILICA, 800, 1.453317, 36.162, 27.497, -11.43),
    (FUSED_SILICA, 1030, 1.450044, 18.973, 41.147, -50.47),
    (N_BK7, 800, 1.510776, 44.652, 32.101, -10.60),
    (N_BK7, 1030, 1.507089, 25.122, 45.522, -50.54),
    (SAPPHIRE_O, 800, 1.760133, 58.039, 42.124, -15.56),
    (SAPPHIRE_O, 1030, 1.755111, 32.19447, 60.494, -67.01),
    (YAG, 800, 1.821432, 98.454, 56.514, -6.97),
    (YAG, 1030, 1.815334, 66.677, 67.391, -43.06),
    (N_SF11, 800, 1.764620, 187.499, 123.994, 38.30),
    (N_SF11, 1030, 1.754915, 125.349, 117.547, -22.22),
    (CALCIUM_FLUORIDE, 800, 1.430529, 27.873, 16.342, -3.10),
    (CALCIUM_FLUORIDE, 1030, 1.428688, 18.493, 20.328, -14.88),
]


@pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0].name}-{row[1]}")
def test_dispersion_agrees_with_the_table_to_every_digit(
    row: tuple[Material, float, float, float, float, float],
) -> None:
    material, wavelength_nm, n, gdd_fs2, tod_fs3, fod_fs4 = row
    gdd_ps2, tod_ps3, fod_ps4 = material.coefficients_per_mm(wavelength_nm)
    assert abs(material.refractive_index(wavelength_nm) - n) <= 0.5e-6
    assert abs(gdd_ps2 / FS2 - gdd_fs2) <= 0.5e-3
    assert abs(tod_ps3 / FS3 - tod_fs3) <= 0.5e-3
    assert abs(fod_ps4 / FS4 - fod_fs4) <= 0.5e-2


@pytest.mark.parametrize("material", MATERIALS.values(), ids=MATERIALS)
def test_the_index_is_the_sellmeier_equation_as_printed(material: Material) -> None:
    λ2_um2 = 0.9**2
    n2 = 1 + sum(b * λ2_um2 / (λ2_um2 - c_um2) for b, c_um2 in material.terms_um2)
    assert_close(material.refractive_index(900.0), n2**0.5, rel=1e-15)


@pytest.mark.parametrize("material", [SF11, N_SF11], ids=["SF11", "N-SF11"])
def test_lead_glass_and_its_successor_share_the_catalogue_index(material: Material) -> None:
    assert abs(material.refractive_index(587.5618) - 1.78472) <= 0.5e-5  # Schott: n_d of both


def test_lead_glass_disperses_more_than_its_successor() -> None:
    old, new = (material.coefficients_per_mm(1030.0).gdd_ps2 / FS2 for material in (SF11, N_SF11))
    assert_close([old, new], [129.095, 125.349], rel=1e-5)


@pytest.mark.parametrize("wavelength_nm", [209.0, 3711.0, float("nan"), -1030.0])
def test_a_wavelength_outside_the_measured_range_is_refused(wavelength_nm: float) -> None:
    with pytest.raises(ValueError, match=r"fused silica: wavelength .* nm is outside .* 210 to 3710 nm"):
        FUSED_SILICA.refractive_index(wavelength_nm)
