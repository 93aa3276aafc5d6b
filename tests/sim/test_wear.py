"""Laws of wear against their closed forms and against Meeker's lasers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.wear import FIELD_RATE_PER_H, GAMMA_SCALE, Mode, WearPlan, acceleration, critical_power_w
from sim.wear_draw import Chance, draw_failure
from tests.closeness import assert_close


def plan(n: int = 1, seed: int = 0) -> WearPlan:
    return WearPlan.healthy(np.random.default_rng(seed), n)


@pytest.mark.parametrize(
    ("energy_ev", "junction_c", "factor"),
    [(0.4, 25, 13.6), (0.5, 25, 26), (0.6, 25, 50), (0.7, 25, 96), (0.7, 40, 26), (0.7, 55, 8.0)],
)
def test_arrhenius_is_the_published_table(energy_ev: float, junction_c: float, factor: float) -> None:
    assert_close(acceleration(1.0, 85.0, 1.0, junction_c, energy_ev, 2.0), factor, rel=0.015)


def test_current_accelerates_by_its_power_and_the_dark_does_not_age() -> None:
    assert_close(acceleration(2.0, 80.0, 1.0, 80.0, 0.7, 1.5), 2**1.5, rel=1e-12)
    assert acceleration(0.0, 80.0, 1.0, 80.0, 0.7, 1.5) == 0


def test_the_critical_power_falls_to_nothing_and_stays_there() -> None:
    assert_close(critical_power_w(0.4, 100.0, 0.01, 0.5), 0.36, rel=1e-12)
    assert critical_power_w(0.4, 1e9, 0.01, 0.5) == 0


def test_a_night_of_ordinary_wear_is_what_the_papers_say() -> None:
    """0.020 % in ten hours at 80 C: the mean of many lasers."""
    assert_close(plan(20_000).smooth(10.0).mean(), 10 * FIELD_RATE_PER_H, rel=0.01)


def test_damage_is_the_share_of_light_that_is_lost() -> None:
    laser = plan()
    above = 3.0  # (I - Ith) / Ith
    for share in (0.0, 0.5, 1.0):
        laser.threshold_share[:] = share
        ageing = laser.ageing(1.0, np.array([0.01]), above)
        light = ageing.slope * (above + 1 - ageing.threshold) / above
        assert_close(1 - light, 0.01, rel=0.01)


def test_gamma_increments_have_meekers_mean_and_spread() -> None:
    mean = 0.0051  # of 250 h
    steps = GAMMA_SCALE * np.random.default_rng(1).standard_gamma(mean / GAMMA_SCALE, 200_000)
    assert_close(steps.mean(), mean, rel=0.01)
    assert_close(steps.std(), 0.00165, rel=0.02)


def test_both_shapes_of_dark_lines_begin_at_onset_and_end_at_their_size() -> None:
    lasers = plan(2)
    lasers.field_per_h[:] = 0
    lasers.onset_h[:], lasers.rapid_size[:], lasers.rapid_h[:], lasers.sigmoid[:] = 2.0, 0.3, 4.0, (0.0, 1.0)
    assert np.all(lasers.smooth(2.0) == 0)
    assert_close(lasers.smooth(6.0), 0.3, rel=1e-12)
    assert_close(lasers.smooth(100.0), 0.3, rel=1e-12)
    assert_close(lasers.smooth(4.0), [0.3 * np.expm1(1.5) / np.expm1(3.0), 0.15], rel=1e-12)


def test_reverse_ageing_gains_by_its_time_constant() -> None:
    laser = plan()
    laser.field_per_h[:], laser.gain[:], laser.gain_h[:] = 0, 0.004, 1.5
    assert_close(laser.smooth(1.5), -0.004 * (1 - np.exp(-1)), rel=1e-12)


def test_a_sudden_failure_leaves_its_share_of_the_slope_from_its_onset_on() -> None:
    laser = plan()
    laser.onset_h[:], laser.slope_step[:], laser.leak_a[:] = 3.0, 0.2, 1e-3
    before, after = (laser.ageing(h, np.zeros(1), 3.0) for h in (3.0 - 1e-9, 3.0))
    assert (before.slope[0], before.leakage_a[0]) == (1.0, 0.0)
    assert (after.slope[0], after.leakage_a[0]) == (0.2, 1e-3)


@given(st.sampled_from([mode for mode in Mode if mode.fails]), st.integers(0, 2**32 - 1))
def test_what_fails_only_gets_worse_after_its_onset(mode: Mode, seed: int) -> None:
    laser = plan()
    draw_failure(mode, laser, 0, Chance(np.random.default_rng(seed), 0.5, 12.0, 0.1, 4.0))
    assert 0 < laser.onset_h[0] <= 12.0
    hours = np.linspace(laser.onset_h[0], 12.0 + laser.onset_h[0], 200)[:, None]
    healed = laser.gain * -np.expm1(-hours / laser.gain_h)
    damage = laser.smooth(hours) + healed + laser.gradual(hours)
    ageing = laser.ageing(hours, damage, 3.0)
    assert np.all(np.diff(ageing.threshold, axis=0) >= 0)
    assert np.all(np.diff(ageing.slope, axis=0) <= 0)
    assert np.all(np.diff(ageing.leakage_a, axis=0) >= 0)
    worse = (ageing.threshold[-1] - 1) + (1 - ageing.slope[-1]) + ageing.leakage_a[-1]
    assert worse > 1e-4


@given(st.sampled_from(list(Mode)))
def test_only_what_costs_light_is_called_a_failure(mode: Mode) -> None:
    assert mode.fails == (mode not in {Mode.HEALTHY, Mode.REVERSE})


def test_a_healthy_laser_is_left_as_it_is() -> None:
    laser = plan()
    draw_failure(Mode.HEALTHY, laser, 0, Chance(np.random.default_rng(0), 0.5, 12.0, 0.1))
    assert np.isinf(laser.onset_h[0])
