"""The reach of an actuator, against closed forms of the group delay."""

import numpy as np
import pytest

from drivers.errors import OutOfRange
from drivers.reach import GroupDelayReach, group_delay_ends_ps, group_delay_span_ps
from tests.closeness import assert_close

REACH = GroupDelayReach(reach_ps=25.0, low_thz=191.25, high_thz=196.275, resolution_thz=0.001)
BAND = (-6.0, 6.0)


def test_pure_gdd_spans_it_times_the_width_of_the_band() -> None:
    assert_close(group_delay_span_ps(2.5, 0.0, 0.0, -4.0, 6.0), 25.0, rel=1e-12)
    assert_close(group_delay_span_ps(-2.5, 0.0, 0.0, -4.0, 6.0), 25.0, rel=1e-12)


def test_pure_tod_spans_from_the_carrier_to_the_farther_edge() -> None:
    assert_close(group_delay_span_ps(0.0, 0.5, 0.0, -4.0, 6.0), 0.5 * 6.0**2 / 2, rel=1e-4)


def test_pure_fod_spans_from_edge_to_edge() -> None:
    assert_close(group_delay_span_ps(0.0, 0.0, 0.3, -4.0, 6.0), 0.3 * (6.0**3 + 4.0**3) / 6, rel=1e-12)


def test_an_extreme_inside_the_band_counts() -> None:
    """GDD + FOD ω²/2 = 0 at ω = ±√(-2 GDD/FOD); the delay there is GDD ω 2/3, beyond what the edges have."""
    gdd_ps2, fod_ps4 = 1.0, -0.125
    turn = np.sqrt(-2 * gdd_ps2 / fod_ps4)
    least, greatest = group_delay_ends_ps(gdd_ps2, 0.0, fod_ps4, *BAND)
    assert turn < BAND[1]
    assert_close(greatest, 2 / 3 * gdd_ps2 * turn, rel=1e-3)
    assert_close(least, -2 / 3 * gdd_ps2 * turn, rel=1e-3)


def test_only_the_span_counts_since_a_linear_phase_is_free() -> None:
    """TOD alone delays both edges: 0 to +50 ps is ±25 ps about its middle."""
    tod_ps3 = 0.999 * 2 * 50.0 / 6.0**2
    REACH.require("shaper", (0.0, tod_ps3, 0.0), 193.5, BAND)
    with pytest.raises(OutOfRange, match=r"±25\.0\d* ps .* beyond the actuator's ±25 ps; nothing was sent"):
        REACH.require("shaper", (0.0, 1.002 * 2 * 50.0 / 6.0**2, 0.0), 193.5, BAND)


@pytest.mark.parametrize("carrier_thz", [191.5, 196.0, float("nan")])
def test_a_band_beyond_the_actuator_is_refused(carrier_thz: float) -> None:
    with pytest.raises(OutOfRange, match="is not within the actuator's"):
        REACH.require("shaper", (0.0, 0.0, 0.0), carrier_thz, BAND)


@pytest.mark.parametrize("coefficients", [(float("nan"), 0.0, 0.0), (0.0, float("inf"), 0.0)])
@pytest.mark.filterwarnings("ignore:invalid value encountered:RuntimeWarning")  # 0 times infinity is what is refused
def test_what_is_no_number_is_beyond_every_reach(coefficients: tuple[float, float, float]) -> None:
    with pytest.raises(OutOfRange, match="nothing was sent"):
        REACH.require("shaper", coefficients, 193.5, BAND)


def test_a_coarse_grid_allows_less_than_the_reach() -> None:
    """A delay τ turns the phase by 2π τ δf from step to step; beyond π it is another phase."""
    coarse = GroupDelayReach(reach_ps=25.0, low_thz=191.25, high_thz=196.275, resolution_thz=0.05)
    assert_close(coarse.limit_ps, 10.0, rel=1e-12)
    assert_close(REACH.limit_ps, 25.0, rel=1e-12)
    with pytest.raises(OutOfRange, match="±10 ps"):
        coarse.require("shaper", (2.0, 0.0, 0.0), 193.5, BAND)
