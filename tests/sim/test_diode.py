"""The diode against closed forms, against itself, and against its own derivatives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.diode import REFERENCE_C, THERMAL_V_PER_K, Diode
from sim.diode_families import FAMILIES, Lot
from tests.closeness import assert_close

MOUNT_C = 60.0


def edge_emitter(**changes: float) -> Diode:
    figures = {
        "threshold_a": 0.02,
        "slope_w_per_a": 0.8,
        "rth_k_per_w": 50.0,
        "rs_ohm": 3.0,
        "turn_on_v": 1.5,
        "responsivity_a_per_w": 0.01,
        "t0_k": 140.0,
        "t1_k": 300.0,
    }
    return Diode(**(figures | changes))


def lots() -> st.SearchStrategy[Lot]:
    """Four lasers of any family and lot."""
    return st.builds(
        lambda name, seed: FAMILIES[name].draw(np.random.default_rng(seed), 4),
        st.sampled_from(sorted(FAMILIES)),
        st.integers(0, 2**32 - 1),
    )


def test_without_thermal_resistance_light_is_the_formula() -> None:
    current_a = np.array([0.03, 0.08, 0.12])
    above_k = MOUNT_C - REFERENCE_C
    expected_w = 0.8 * np.exp(-above_k / 300) * (current_a - 0.02 * np.exp(above_k / 140))
    point = edge_emitter(rth_k_per_w=0.0).at_current(current_a, MOUNT_C)
    assert_close(point.power_w, expected_w, rel=1e-12)
    assert_close(point.junction_c, MOUNT_C, rel=1e-12)


def test_without_thermal_resistance_voltage_is_the_formula() -> None:
    point = edge_emitter(rth_k_per_w=0.0).at_current(0.1, MOUNT_C)
    above_k = MOUNT_C - REFERENCE_C
    junction_v = 1.5 - 1.5e-3 * above_k + 2 * THERMAL_V_PER_K * (MOUNT_C + 273.15) * np.log(0.1 / 1e-3)
    assert_close(point.voltage_v, junction_v + 0.1 * 3.0, rel=1e-12)


def test_thresholds_of_two_temperatures_tell_t0() -> None:
    cold, hot = (edge_emitter().threshold(c)[0] for c in (15.0, 30.0))
    assert_close(15.0 / np.log(hot / cold), 140.0, rel=1e-12)


def test_a_vcsel_has_its_least_threshold_between() -> None:
    vcsel = edge_emitter(t0_k=np.inf, optimum_c=45.0, parabola_k=80.0)
    assert_close(vcsel.threshold(45.0)[0], 0.02, rel=1e-12)
    assert_close(vcsel.threshold(np.array([125.0, -35.0]))[0], 0.04, rel=1e-12)


def test_a_current_below_threshold_gives_no_light_and_the_heat_of_all_its_power() -> None:
    point = edge_emitter().at_current(0.01, MOUNT_C)
    assert point.power_w == 0
    assert_close(point.junction_c - MOUNT_C, 50.0 * 0.01 * point.voltage_v, rel=1e-9)


def test_nothing_flows_at_no_current() -> None:
    point = edge_emitter().at_current(0.0, MOUNT_C)
    assert [float(x) for x in (point.power_w, point.voltage_v, point.junction_c)] == [0.0, 0.0, MOUNT_C]


def test_light_rolls_over_where_its_slope_is_zero() -> None:
    current_a = np.linspace(0.05, 1.5, 1001)
    point = edge_emitter().at_current(current_a, MOUNT_C)
    top = int(np.argmax(point.power_w))
    assert 0 < top < len(current_a) - 1
    assert point.power_per_a[top - 1] > 0 > point.power_per_a[top + 1]


@given(lots(), st.floats(0.0, 2.0))
def test_the_junction_is_as_warm_as_its_heat_makes_it(lot: Lot, drive: float) -> None:
    point = lot.diode.at_current(drive * lot.rated_a, lot.mount_c)
    heat_w = point.current_a * point.voltage_v - point.power_w
    assert_close(point.junction_c, lot.mount_c + lot.diode.rth_k_per_w * heat_w, rel=1e-11)


@settings(max_examples=25)
@given(lots(), st.floats(0.1, 1.2))
def test_constant_power_is_the_inverse_of_constant_current(lot: Lot, share: float) -> None:
    target_w = share * lot.diode.at_current(lot.rated_a, lot.mount_c).power_w
    held = lot.diode.at_power(target_w, lot.mount_c, lot.limit_a)
    again = lot.diode.at_current(held.current_a, lot.mount_c)
    assert_close(again.power_w, held.power_w, rel=1e-9)
    assert_close(held.power_w[held.held], target_w[held.held], rel=1e-9)
    assert_close(held.current_a[~held.held], lot.limit_a[~held.held], rel=1e-12)


@settings(max_examples=25)
@given(lots())
def test_answers_are_derivatives(lot: Lot) -> None:
    def slope(values: tuple[np.ndarray, np.ndarray], step: float) -> np.ndarray:
        return np.asarray((values[1] - values[0]) / (2 * step))

    diode, at = lot.diode, lot.diode.at_current(lot.rated_a, lot.mount_c)
    warm = [diode.at_current(lot.rated_a, lot.mount_c + k) for k in (-1e-3, 1e-3)]
    assert_close(at.power_per_k, slope((warm[0].power_w, warm[1].power_w), 1e-3), rel=1e-4)
    assert_close(at.voltage_per_k, slope((warm[0].voltage_v, warm[1].voltage_v), 1e-3), rel=1e-3)
    step_a = 1e-4 * lot.rated_a[0]
    more = [diode.at_current(lot.rated_a + a, lot.mount_c) for a in (-step_a, step_a)]
    assert_close(at.power_per_a, slope((more[0].power_w, more[1].power_w), step_a), rel=1e-4)
    assert_close(at.voltage_per_a, slope((more[0].voltage_v, more[1].voltage_v), step_a), rel=1e-3)
    held = diode.at_power(at.power_w, lot.mount_c, lot.limit_a)
    warm = [diode.at_power(at.power_w, lot.mount_c + k, lot.limit_a) for k in (-1e-3, 1e-3)]
    assert_close(held.current_per_k, slope((warm[0].current_a, warm[1].current_a), 1e-3), rel=1e-3)


@settings(max_examples=25)
@given(lots(), st.integers(0, 3))
def test_a_lane_does_not_see_its_neighbours(lot: Lot, i: int) -> None:
    """One lane beyond its limit makes the others no different, to the last bit."""
    target_w = lot.diode.at_current(lot.rated_a, lot.mount_c).power_w
    target_w[(i + 1) % 4] *= 10
    together = lot.diode.at_power(target_w, lot.mount_c, lot.limit_a)
    alone = lot.diode.at([i]).at_power(target_w[[i]], lot.mount_c, lot.limit_a[[i]])
    assert not together.held[(i + 1) % 4]
    assert [values[i] for values in together] == [values[0] for values in alone]


def test_constant_power_runs_away_before_it_is_impossible() -> None:
    """With every per cent that the slope loses the current rises by more, until none below the limit is enough."""
    fresh = edge_emitter().at_current(0.1, 80.0)
    slopes = np.linspace(1.0, 0.25, 31)
    old = edge_emitter().aged(np.ones(31), slopes, np.zeros(31)).at_power(fresh.power_w, 80.0, 0.25)
    rises = np.diff(old.current_a[old.held])
    assert np.all(np.diff(rises) > 0)
    assert not old.held[-1]
    assert old.current_a[-1] == pytest.approx(0.25, abs=0)


@settings(max_examples=25)
@given(lots(), st.floats(1.0, 1.5), st.floats(0.5, 1.0), st.floats(0.0, 0.1))
def test_ageing_never_gives_light(lot: Lot, threshold: float, slope: float, leak: float) -> None:
    fresh = lot.diode.at_current(lot.rated_a, lot.mount_c)
    old = lot.diode.aged(threshold, slope, leak * lot.rated_a).at_current(lot.rated_a, lot.mount_c)
    assert np.all(old.power_w <= fresh.power_w)


def test_every_range_has_a_source_and_an_order() -> None:
    for family in FAMILIES.values():
        ranges = [*family.fields.values(), family.current_a, family.mount_c, family.energy_ev, family.current_exponent]
        assert all(0 < r.low < r.high and r.source for r in ranges), family.name


@given(lots())
def test_a_drawn_laser_lases_well_at_its_rated_point(lot: Lot) -> None:
    point = lot.diode.at_current(lot.rated_a, lot.mount_c)
    assert np.all(point.power_per_a > 0)
    assert np.all(lot.diode.threshold(point.junction_c)[0] < 0.8 * lot.rated_a)
    assert np.all(point.junction_c < lot.mount_c + 60)


@settings(max_examples=25)
@given(lots())
def test_a_night_may_be_straight_between_its_minutes(lot: Lot) -> None:
    """A dither moves a mount by 0.21 K a minute at most; its jitter is 0.05 K. A night's wear is 2e-4 of the light."""
    ends = [lot.diode.at_current(lot.rated_a, lot.mount_c + k) for k in (0.0, 0.105, 0.21)]
    assert_close((ends[0].power_w + ends[2].power_w) / 2, ends[1].power_w, rel=1e-5)
    jittered = lot.diode.at_current(lot.rated_a, lot.mount_c + 0.05)
    assert_close(ends[0].power_w + 0.05 * ends[0].power_per_k, jittered.power_w, rel=1e-5)
