"""When a night does what, with and without a cut of the mains."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from sim.night_schedule import DITHER, DITHER_K, RAMP, SETTLE, STRESS, Schedule
from tests.closeness import assert_close

NIGHT_S = np.arange(720 * 60)


def schedules() -> st.SearchStrategy[Schedule]:
    cut = st.tuples(st.integers(60, 700 * 60), st.integers(1, 40))
    return cut.map(lambda at: Schedule(720, float(at[0]), float(60 * (at[0] // 60 + 1 + at[1]))))


def changes(schedule: Schedule) -> list[tuple[int, int]]:
    phase = schedule.phase(NIGHT_S)
    return [(int(at), int(phase[at])) for at in (0, *(np.nonzero(np.diff(phase))[0] + 1))]


def test_phases_follow_each_other() -> None:
    assert changes(Schedule(720)) == [
        (0, RAMP),
        (60, SETTLE),
        (1800, DITHER),
        (4500, STRESS),
        (21600, DITHER),
        (24300, STRESS),
    ]


def test_a_dither_that_the_mains_interrupt_is_not_taken_up_again() -> None:
    assert changes(Schedule(720, 22000.0, 22200.0))[4:] == [
        (21600, DITHER),
        (22000, STRESS),
        (22200, RAMP),
        (22260, SETTLE),
        (24000, STRESS),
    ]


def test_a_dither_swings_from_rest_to_rest() -> None:
    swing_k = Schedule(720).dither_k(NIGHT_S)
    assert_close(np.ptp(swing_k), 2 * DITHER_K, rel=1e-9)
    assert np.abs(np.diff(swing_k)).max() < 1.1 * DITHER_K * 2 * np.pi / 900


@given(schedules())
def test_stress_stands_still_in_the_dark_and_runs_otherwise(schedule: Schedule) -> None:
    gained_s = np.diff(schedule.stress_h(NIGHT_S)) * 3600
    assert_close(gained_s[schedule.lit(NIGHT_S)[1:] & schedule.lit(NIGHT_S)[:-1]], 1.0, rel=1e-6)
    assert np.abs(gained_s[~schedule.lit(NIGHT_S)[:-1]][1:]).max(initial=0.0) < 1e-6


@given(schedules(), st.floats(0.0, 11.0))
def test_a_clock_shows_the_hours_of_stress(schedule: Schedule, stress_h: float) -> None:
    at_s = schedule.clock_s(stress_h)
    assert schedule.lit(at_s)
    assert 0 <= schedule.stress_h(at_s) - stress_h <= 1.001 / 3600


@given(schedules())
def test_after_a_cut_the_lasers_are_ramped_and_settle(schedule: Schedule) -> None:
    phase = schedule.phase(schedule.back_s + np.array([0, 59, 60, 1799]))
    assert phase.tolist() == [RAMP, RAMP, SETTLE, SETTLE]
    assert np.all(schedule.dither_k(schedule.back_s + np.arange(1800)) == 0)
