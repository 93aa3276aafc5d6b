"""Who makes which part of the dispersion: closed forms of what is reachable, and laws of every allotment."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.reach import GroupDelayReach, group_delay_span_ps
from lasercontrol.bench import Floats
from lasercontrol.errors import MoveRefused
from lasercontrol.lab.coarse import CoarseStage
from lasercontrol.lab.phase import BAND_POINTS, COMFORT, SPARE, PhaseMap, band_of
from sim.grid import FULL_GRID
from tests.closeness import assert_close
from tests.gaussian import LN2, gaussian_amplitude
from tests.strategies import WIDE_GRID, amplitudes

BAND = (-1.2, 1.4)  # rad/ps, lopsided
WIDTH = BAND[1] - BAND[0]
REACH = GroupDelayReach(20.0, low_thz=290.0, high_thz=292.0, resolution_thz=0.001)
CARRIER_THZ = 290.85
GRATINGS = CoarseStage("gratings", False, 25.0, 0.0, 50.0, np.array([-2.185, 0.04543, -1.57e-3]))
GLASS = CoarseStage("glass", False, 10.0, 0.0, 40.0, np.array([0.129, 1.13e-3, -1.2e-5]))
NO_TRAVEL = np.empty(0)
QUARTER = settings(max_examples=25)  # linear programmes take milliseconds

wishes = st.tuples(st.floats(-60, 60), st.floats(-60, 60), st.floats(-150, 150)).map(np.array)
positions = st.tuples(st.floats(0, 50), st.floats(0, 40)).map(np.array)


@pytest.fixture(scope="module")
def alone() -> PhaseMap:
    return PhaseMap([], REACH, BAND)


@pytest.fixture(scope="module")
def staged() -> PhaseMap:
    return PhaseMap([GRATINGS, GLASS], REACH, BAND)


def one_stage() -> PhaseMap:
    return PhaseMap([GRATINGS], None, BAND)


def span_ps(coefficients: Floats) -> float:
    gdd, tod, fod = coefficients
    return group_delay_span_ps(gdd, tod, fod, *BAND)


# ---------------------------------------------------------------------------------------------------- the band


@given(amplitude=amplitudes(), share=st.floats(0.5, 0.999))
def test_the_band_holds_its_share_of_the_energy_and_half_of_the_rest_lies_on_either_side(
    amplitude: Floats, share: float
) -> None:
    low, high = band_of(amplitude, WIDE_GRID.omega_rad_per_ps, share)
    energy = amplitude**2 / (amplitude**2).sum()
    for edge, below in ((low, (1 - share) / 2), (high, (1 + share) / 2)):
        bins_off = (edge - WIDE_GRID.omega_rad_per_ps) / WIDE_GRID.domega_rad_per_ps
        # A bin's energy lies about its frequency, half a bin to either side: what the edge cuts counts in part.
        part = np.clip(bins_off + 0.5, 0, 1)
        assert abs(part @ energy - below) <= 0.15 * energy[np.abs(bins_off) < 1.5].max()


@pytest.mark.parametrize("fwhm_ps", [1.2, 1.5, 4.0])
def test_the_band_of_a_gaussian_is_that_of_the_normal_distribution(fwhm_ps: float) -> None:
    sigma = math.sqrt(2 * LN2) / fwhm_ps  # of |A|², rad/ps
    low, high = band_of(gaussian_amplitude(FULL_GRID, fwhm_ps), FULL_GRID.omega_rad_per_ps)
    assert_close([-low, high], [2.575829 * sigma] * 2, rel=3e-5)


# ------------------------------------------------------------------------------------------- the shaper alone


@given(gdd=st.floats(-100, 100))
def test_gdd_asks_for_half_its_delay_over_the_band(alone: PhaseMap, gdd: float) -> None:
    assert_close(alone.ratio(np.array([gdd, 0.0, 0.0])), abs(gdd) * WIDTH / 2 / 20.0, rel=1e-7)


def test_tod_asks_for_the_delay_of_the_edge_that_lies_farther_off(alone: PhaseMap) -> None:
    assert_close(alone.ratio(np.array([0.0, 30.0, 0.0])), 30.0 * BAND[1] ** 2 / 2 / 2 / 20.0, rel=1e-4)


def test_a_shaper_of_coarse_resolution_reaches_no_farther_than_its_limit() -> None:
    coarse = GroupDelayReach(20.0, 290.0, 292.0, resolution_thz=0.1)  # π of phase from step to step: 5 ps
    assert_close(PhaseMap([], coarse, BAND).ratio(np.array([4.0, 0.0, 0.0])), 4.0 * WIDTH / 2 / 5.0, rel=1e-7)


@given(wish=wishes)
def test_what_is_within_reach_is_taken_by_the_shaper_and_what_is_not_is_refused(alone: PhaseMap, wish: Floats) -> None:
    if not (ratio := alone.ratio(wish)) > 1e-3:
        return
    edge = wish / ratio
    fine = alone.allocated(edge, NO_TRAVEL).fine
    REACH.require("shaper", (fine[0], fine[1], fine[2]), CARRIER_THZ, BAND)
    with pytest.raises(MoveRefused, match=r"group delay of the shaper: asked ±20.0\d ps .* allowed up to ±20 ps; noth"):
        alone.allocated(edge * 1.001, NO_TRAVEL)


def test_the_gdd_range_of_a_shaper_is_its_reach_over_half_the_band(alone: PhaseMap) -> None:
    assert_close(alone.gdd_range_ps2(), [-40.0 / WIDTH, 40.0 / WIDTH], rel=1e-7)


# ------------------------------------------------------------------------------------------------- one stage alone


@given(gdd=st.floats(-54.6, 54.6))
def test_without_a_shaper_the_stage_goes_where_its_gdd_is_the_wish(gdd: float) -> None:
    made = one_stage().allocated(np.array([gdd, 0.0, 0.0]), np.array([25.0]))
    assert abs(GRATINGS.coefficients(float(made.positions_mm[0]))[0] - gdd) < 1e-12 * 54.6
    assert not made.fine.any()


def test_without_a_shaper_the_ratio_is_the_share_of_the_travel() -> None:
    lopsided = PhaseMap([CoarseStage("g", False, 10.0, 0.0, 50.0, GRATINGS.per_mm)], None, BAND)
    assert_close(lopsided.ratio(np.array([2.185 * 5, 0.0, 0.0])), 0.5, rel=1e-12)  # to 5 mm, of 10 mm below
    assert_close(lopsided.ratio(np.array([-2.185 * 5, 0.0, 0.0])), 0.125, rel=1e-12)  # to 15 mm, of 40 mm above


def test_beyond_the_travel_of_the_only_stage_is_refused() -> None:
    with pytest.raises(MoveRefused, match=r"position of the stage: asked 1\.1 of its travel, allowed up to 1; nothing"):
        one_stage().allocated(np.array([-2.185 * 27.5, 0.0, 0.0]), np.array([25.0]))


def test_a_stage_whose_nominal_position_is_its_end_reaches_to_one_side_alone() -> None:
    at_end = PhaseMap([CoarseStage("g", False, 0.0, 0.0, 50.0, GRATINGS.per_mm)], None, BAND)
    assert at_end.ratio(np.zeros(3)) == 0.0
    assert at_end.ratio(np.array([1e-6, 0.0, 0.0])) == math.inf
    assert_close(at_end.gdd_range_ps2()[0], -2.185 * 50, rel=1e-9)


# ------------------------------------------------------------------------------------------------ stages and shaper


@QUARTER
@given(wish=wishes, here_mm=positions)
def test_stages_and_shaper_together_make_the_wish_within_their_bounds(
    staged: PhaseMap, wish: Floats, here_mm: Floats
) -> None:
    if staged.ratio(wish) > 1:
        with pytest.raises(MoveRefused, match="group delay of the shaper"):
            staged.allocated(wish, here_mm)
        return
    made = staged.allocated(wish, here_mm)
    total = staged.coarse(made.positions_mm) + made.fine
    assert (np.abs(total - wish) <= 1e-12 * (np.abs(wish) + np.abs(staged.coarse(made.positions_mm)))).all()
    assert (made.positions_mm >= [0.0, 0.0]).all()
    assert (made.positions_mm <= [50.0, 40.0]).all()
    assert span_ps(made.fine) <= 2 * 20.0


@QUARTER
@given(here_mm=positions, direction=wishes, share=st.floats(0.8, 1.0))
def test_stages_stay_where_the_shaper_reaches(
    staged: PhaseMap, here_mm: Floats, direction: Floats, share: float
) -> None:
    if not span_ps(direction) > 1e-3:
        return
    fine = direction * (share * 2 * staged.usable_ps / span_ps(direction))
    made = staged.allocated(staged.coarse(here_mm) + fine, here_mm)
    assert made.positions_mm.tolist() == here_mm.tolist()


@QUARTER
@given(here_mm=st.floats(0, 50), wish=wishes)
def test_one_stage_moves_the_least_that_leaves_the_shaper_at_ease(here_mm: float, wish: Floats) -> None:
    made_by = PhaseMap([GRATINGS], REACH, BAND)
    ease_ps = 2 * COMFORT * made_by.usable_ps
    grid_mm = np.linspace(0, 50, 2001)
    spans = np.array([span_ps(wish - GRATINGS.coefficients(at)) for at in grid_mm])
    if not (spans <= ease_ps).any() or span_ps(wish - GRATINGS.coefficients(here_mm)) <= 2 * made_by.usable_ps:
        return
    made = made_by.allocated(wish, np.array([here_mm]))
    least_mm = np.abs(grid_mm[spans <= ease_ps] - here_mm).min()
    assert abs(made.positions_mm[0] - here_mm) <= least_mm + 1e-3
    assert span_ps(made.fine) <= ease_ps * (1 + 1e-3)


def test_of_two_stages_only_one_moves_where_that_is_enough(staged: PhaseMap) -> None:
    made = staged.allocated(np.array([-40.0, 0.0, 0.0]), np.array([25.0, 10.0]))
    assert made.positions_mm[0] > 25.0
    assert made.positions_mm[1] == 10.0  # not even by rounding


@QUARTER
@given(one=wishes, other=wishes, share=st.floats(0, 1))
def test_the_ratio_is_convex_so_that_a_ramp_between_reachable_settings_is_reachable(
    staged: PhaseMap, one: Floats, other: Floats, share: float
) -> None:
    on_the_way = staged.ratio(share * one + (1 - share) * other)
    assert on_the_way <= share * staged.ratio(one) + (1 - share) * staged.ratio(other) + 1e-6


@QUARTER
@given(wish=wishes)
def test_stages_never_reach_less_than_the_shaper_alone(alone: PhaseMap, staged: PhaseMap, wish: Floats) -> None:
    assert staged.ratio(wish) <= alone.ratio(wish) / (1 - SPARE) * (1 + 1e-6)


def test_the_linear_programme_finds_the_least_span(staged: PhaseMap) -> None:
    wish = np.array([50.0, 30.0, -60.0])
    grid = [np.array([x, y]) for x in np.linspace(0, 50, 201) for y in np.linspace(0, 40, 41)]
    rows = np.linspace(*BAND, BAND_POINTS) ** np.array([[1], [2], [3]]) / np.array([[1], [2], [6]])
    spans = [np.ptp((wish - staged.coarse(at)) @ rows) for at in grid]
    least_ps = staged.ratio(wish) * 2 * staged.usable_ps
    assert least_ps <= min(spans) * (1 + 1e-9)
    assert least_ps > 0.98 * min(spans)


@QUARTER
@given(wish=wishes, miss_mm=st.tuples(st.floats(-0.02, 0.02), st.floats(-0.02, 0.02)).map(np.array))
def test_at_the_edge_of_what_can_be_had_a_stage_may_miss_its_goal_a_little(
    staged: PhaseMap, wish: Floats, miss_mm: Floats
) -> None:
    if not (ratio := staged.ratio(wish)) > 1:
        return
    edge = wish / ratio
    if staged.ratio(edge) > 1:  # the stages' bounds do not scale with the wish
        return
    made = staged.allocated(edge, np.array([25.0, 10.0]))
    left = edge - staged.coarse(made.positions_mm + miss_mm)
    REACH.require("shaper", (left[0], left[1], left[2]), CARRIER_THZ, BAND)


def test_the_gdd_range_ends_where_the_ratio_is_one(staged: PhaseMap, alone: PhaseMap) -> None:
    low, high = staged.gdd_range_ps2()
    assert_close([staged.ratio(np.array([end, 0.0, 0.0])) for end in (low, high)], [1.0, 1.0], rel=1e-9)
    stages = np.array(GRATINGS.gdd_range_ps2) + np.array(GLASS.gdd_range_ps2)
    shaper = np.array(alone.gdd_range_ps2())
    assert stages[0] + shaper[0] < low < stages[0] < stages[1] < high < stages[1] + shaper[1]
