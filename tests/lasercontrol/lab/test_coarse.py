"""Gratings and glass on a stage: the map of positions is that of the elements themselves."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lasercontrol.bench import Floats
from lasercontrol.lab.coarse import CoarseStage
from lasercontrol.lab_settings import StageActuatorSettings
from sim.elements import GlassBlock, TreacyPair
from sim.glass import MATERIALS
from tests.closeness import assert_close

CARRIER_NM = 1030.0
LIMITS_MM = (0.0, 50.0)
GRATINGS: dict[str, Any] = {"kind": "gratings", "lines_per_mm": 1740.0, "incidence_deg": 60.0}
GLASS: dict[str, Any] = {"kind": "glass", "material": "SF11"}


def stage(nominal_mm: float = 20.0, limits_mm: tuple[float, float] = LIMITS_MM, **given: Any) -> CoarseStage:
    settings = StageActuatorSettings(stage="stage", nominal_mm=nominal_mm, **given)
    return CoarseStage.from_settings(settings, limits_mm, CARRIER_NM)


def pair(separation_mm: float) -> Floats:
    gratings = TreacyPair(
        lines_per_mm=1740.0, incidence_deg=60.0, separation_m=separation_mm * 1e-3, carrier_nm=CARRIER_NM
    )
    return np.array(gratings.coefficients)


def block(length_mm: float) -> Floats:
    return np.array(GlassBlock(material=MATERIALS["SF11"], length_mm=length_mm, carrier_nm=CARRIER_NM).coefficients)


@given(position_mm=st.floats(*LIMITS_MM))
def test_gratings_add_what_the_change_of_their_distance_adds(position_mm: float) -> None:
    expected = pair(100.0 + position_mm) - pair(120.0)
    error = np.abs(stage(**GRATINGS).coefficients(position_mm) - expected)
    assert (error <= 1e-12 * np.abs(pair(120.0))).all()


@given(position_mm=st.floats(*LIMITS_MM))
def test_glass_adds_what_the_change_of_its_length_adds(position_mm: float) -> None:
    error = np.abs(stage(**GLASS).coefficients(position_mm) - (block(10.0 + position_mm) - block(30.0)))
    assert (error <= 1e-12 * np.abs(block(30.0))).all()


def test_farther_gratings_have_more_negative_gdd_and_more_glass_more_positive_gdd() -> None:
    assert stage(**GRATINGS).coefficients(21.0)[0] < 0 < stage(**GLASS).coefficients(21.0)[0]


def test_gratings_have_tod_and_fod_of_alternating_sign() -> None:
    gdd, tod, fod = stage(**GRATINGS).per_mm
    assert gdd < 0 < tod
    assert fod < 0


@given(nominal_mm=st.floats(*LIMITS_MM), away_mm=st.floats(-20.0, 20.0), share=st.floats(0.0, 1.0))
def test_the_map_is_linear_about_the_nominal_position(nominal_mm: float, away_mm: float, share: float) -> None:
    made = stage(nominal_mm, **GRATINGS)
    part = made.coefficients(nominal_mm + share * away_mm)
    assert not made.coefficients(nominal_mm).any()
    # The position rounds, not the map: 1e-14 mm of 50 mm.
    assert (np.abs(part - share * made.coefficients(nominal_mm + away_mm)) <= 1e-13 * np.abs(made.per_mm)).all()


@pytest.mark.parametrize("mm_per_mm", [-1.0, 2.0, 0.31])
def test_what_a_millimetre_of_the_stage_moves_is_a_signed_factor(mm_per_mm: float) -> None:
    assert_close(stage(mm_per_mm=mm_per_mm, **GLASS).per_mm, mm_per_mm * stage(**GLASS).per_mm, rel=1e-15)


@pytest.mark.parametrize("mm_per_mm", [1.0, -1.0])
@pytest.mark.parametrize("kind", [GRATINGS, GLASS])
def test_the_gdd_range_is_that_of_the_travel(kind: dict[str, Any], mm_per_mm: float) -> None:
    made = stage(mm_per_mm=mm_per_mm, **kind)
    low, high = made.gdd_range_ps2
    assert low < 0 < high
    assert_close(sorted([low, high]), sorted([-20.0 * made.per_mm[0], 30.0 * made.per_mm[0]]), rel=1e-14)


def test_it_knows_its_side_of_the_amplifier() -> None:
    assert stage(side="before", **GLASS).before_amplifier
    assert not stage(**GLASS).before_amplifier


@pytest.mark.parametrize("nominal_mm", [-0.1, 50.1])
def test_a_nominal_position_beyond_the_travel_is_refused(nominal_mm: float) -> None:
    with pytest.raises(ValueError, match=rf"stage: nominal_mm={nominal_mm:g} mm is outside the stage's 0 to 50 mm"):
        stage(nominal_mm, **GRATINGS)


def test_an_unknown_glass_is_refused_with_those_that_are_known() -> None:
    with pytest.raises(ValueError, match="there is no glass 'jelly'; there are fused silica"):
        stage(kind="glass", material="jelly")


def test_gratings_that_do_not_diffract_the_carrier_are_refused() -> None:
    with pytest.raises(ValueError, match="order"):
        stage(kind="gratings", lines_per_mm=1740.0, incidence_deg=10.0)
