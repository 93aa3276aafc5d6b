"""How a bench of instruments moves: in steps, stages first, the seed blocked, confirmed once and read back."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.errors import LinkLost, NotObeyed, NotReady, OverRange, ReplyTimeout, WrongReply
from drivers.reach import GroupDelayReach
from lasercontrol.errors import BenchError, BenchLost, CallerError, ConfigError, LinkError
from lasercontrol.lab.instruments import Instruments
from lasercontrol.signals import StopAsked
from tests.closeness import assert_close
from tests.lasercontrol.lab.stand_in import Rig, rig

pytestmark = pytest.mark.usefixtures("state")
FEW = settings(max_examples=20)
BEFORE = {"side": "before"}
GEARED = {"mm_per_mm": 4.0}


def at(gdd: float, tod: float = 0.0, fod: float = 0.0) -> Any:
    return np.array([gdd, tod, fod])


def timeout() -> ReplyTimeout:
    return ReplyTimeout("shaper", "no whole answer in time.")


def hearing(made: Rig) -> None:
    """Log what the bench waits for, without waiting."""
    made.attention.wait = lambda seconds: made.log.append(f"wait {seconds:g}")  # type: ignore[method-assign]


# ------------------------------------------------------------------------------------------------------- the ramp


@FEW
@given(goal=st.tuples(st.floats(-30, 30), st.floats(-90, 90), st.floats(-350, 350)), step=st.floats(0.02, 1.0))
def test_no_step_is_longer_than_a_step_of_the_ramp_and_there_are_no_more_than_needed(
    tmp_path_factory: pytest.TempPathFactory, goal: tuple[float, float, float], step: float
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LASERCONTROL_STATE", str(tmp_path_factory.getbasetemp()))
        made = rig(motion={"ramp_step": step})
    ranges = np.array([knob.range for knob in made.bench.knobs])
    assert_close(made.bench.move(at(*goal)), goal, rel=1e-12)
    points = np.array([(0.0, 0.0, 0.0), *made.shaper.loaded]) / ranges
    steps = np.abs(np.diff(points, axis=0)).max(axis=1)
    assert (steps <= step * (1 + 1e-9)).all()
    assert len(steps) == max(1, np.ceil(np.abs(points[-1]).max() / step - 1e-9))
    assert np.ptp(steps) <= 1e-9  # a straight way in equal parts


def test_between_two_steps_there_is_a_pause_and_after_the_last_one_time_to_settle() -> None:
    made = rig(motion={"ramp_step": 0.1, "ramp_pause_s": 0.5, "settle_s": 2.0})
    hearing(made)
    made.bench.move(at(0.25 * made.bench.knobs[0].range))
    assert made.done == ["shaper load", "wait 0.5", "shaper load", "wait 0.5", "shaper load", "wait 2"]


def test_where_the_knobs_are_is_what_the_instruments_say() -> None:
    made = rig(coarse=(GEARED,))
    made.shaper.lie = (0.01, 0.0, 0.0)  # within tolerance
    there = made.bench.move(at(3.0))
    assert_close(there, at(3.01), rel=1e-12)
    assert_close(made.bench.setting, there, rel=0)
    there[:] = 99.0
    assert made.bench.setting[0] < 4  # a copy


def test_at_the_start_the_knobs_are_where_stages_and_shaper_have_them() -> None:
    made = rig(coarse=(GEARED,), at_mm=(30.0,))
    assert_close(made.bench.setting, made.bench.phase.coarse(np.array([30.0])), rel=1e-12)


def test_knobs_that_do_not_follow_are_told_with_where_they_were_sent_and_where_they_are() -> None:
    made = rig()
    made.shaper.lie = (0.1, 0.0, 0.0)  # of 64: tolerance is a thousandth
    with pytest.raises(BenchLost, match=r"gdd_ps2 was sent to 5 ps² and is read back as 5\.1 ps²; tolerance is 0\.001"):
        made.bench.move(at(5.0))
    assert_close(made.bench.setting[0], 5.1, rel=1e-12)


def test_a_read_back_that_is_no_number_is_no_arrival() -> None:
    made = rig()
    made.shaper.lie = (0.0, np.nan, 0.0)
    with pytest.raises(BenchLost, match="tod_ps3 was sent to 0 ps³ and is read back as nan ps³"):
        made.bench.move(at(5.0))


# ------------------------------------------------------------------------------------------- stages and shaper


def test_stages_move_before_the_shaper_and_only_where_they_must() -> None:
    made = rig(coarse=(GEARED,), reach_ps=40.0)
    made.bench.move(at(15.0))
    assert made.done == ["stage0 enable", "shaper load"]
    made.log.clear()
    made.bench.move(at(30.0))
    assert made.done == ["stage0 move", "shaper load"]
    assert made.stages[0].at_mm < 25.0  # less distance, less negative GDD
    assert_close(made.bench.setting[0], 30.0, rel=1e-12)


def test_the_shaper_makes_up_for_what_a_stage_misses() -> None:
    made = rig(coarse=(GEARED,), reach_ps=40.0)
    made.stages[0].miss_mm = 0.05
    made.bench.move(at(30.0))
    total = made.bench.phase.coarse(np.array([made.stages[0].at_mm])) + made.shaper.held
    assert np.abs(total - at(30.0)).max() < 1e-9
    assert made.stages[0].at_mm != 25.0


def test_coefficients_without_a_knob_are_held_at_zero_by_the_shaper() -> None:
    knobs = {"knobs": {"each": [{"name": "gdd_ps2", "low": -40.0, "high": 40.0}]}}
    made = rig(knobs, coarse=(GEARED,), reach_ps=40.0)
    made.bench.move(np.array([30.0]))
    stage = made.bench.phase.coarse(np.array([made.stages[0].at_mm]))
    assert stage[1] < -0.1
    assert_close(made.shaper.held[1:], -stage[1:], rel=1e-12)


def test_a_stage_alone_sets_one_knob() -> None:
    knobs = {"knobs": {"each": [{"name": "gdd_ps2", "low": -20.0, "high": 20.0}]}}
    made = rig(knobs, coarse=(GEARED,), fine={})
    assert_close(made.bench.move(np.array([5.0])), [5.0], rel=1e-12)
    assert made.done == ["stage0 enable", "stage0 move"]


@pytest.mark.parametrize("coarse", [(GEARED,), (GEARED, GEARED)])
def test_a_stage_alone_cannot_set_three_knobs_nor_two_stages_one(coarse: tuple[dict[str, float], ...]) -> None:
    knobs = {"knobs": {"each": [{"name": "gdd_ps2", "low": -20.0, "high": 20.0}]}} if len(coarse) == 2 else {}
    with pytest.raises(ConfigError, match=r"lab\.actuators: without a shaper, one stage sets one knob"):
        rig(knobs, coarse=coarse, fine={})


def test_a_shaper_that_makes_what_is_no_knob_is_not_changed_behind_anybody_s_back() -> None:
    made = rig({"knobs": {"each": [{"name": "gdd_ps2", "low": -40.0, "high": 40.0}]}})
    made.shaper.held = (3.0, 0.01, 0.0)  # nothing to speak of
    assert_close(made.composed().bench.setting, [3.0], rel=1e-12)
    made.shaper.held = (3.0, 20.0, 0.0)
    with pytest.raises(CallerError, match=r"shaper holds tod_ps3 20, ±19\.\d ps, which no knob of this run sets"):
        made.composed()


def test_a_shaper_that_does_not_span_the_pulse_is_refused_before_anything_moves() -> None:
    made = rig()
    made.shaper.reach = GroupDelayReach(450.0, low_thz=290.7, high_thz=300.0, resolution_thz=0.001)
    with pytest.raises(ConfigError, match=r"lab\.actuators\.fine: shaper: the pulse's band 290\.5\d* to 291\.\d+ THz"):
        made.composed()


def test_a_stage_whose_motor_is_off_counts_from_nowhere_and_is_refused() -> None:
    made = rig(coarse=(GEARED,))
    made.stages[0].enabled = False
    with pytest.raises(CallerError, match=r"stage0: its motor is off, .* Home it, .*; nothing was moved"):
        made.composed()
    assert made.done == []


def test_a_stage_whose_motion_is_broken_off_stands_still() -> None:
    made = rig(coarse=(GEARED,), reach_ps=40.0)
    made.stages[0].on_move = made.attention.terminate
    with pytest.raises(StopAsked):
        made.bench.move(at(30.0))
    assert made.done == ["stage0 enable", "stage0 move", "stage0 stop"]


# ----------------------------------------------------------------------------------------------- the operator


def test_the_first_move_is_confirmed_with_old_and_new_and_no_later_one() -> None:
    made = rig(at_mm=(26.0,), coarse=(GEARED,))
    old = np.array(made.bench.setting)
    made.bench.move(at(5.0))
    made.bench.move(at(6.0))
    ((was, will),) = made.asked
    assert_close(was, old, rel=0)
    assert_close(will, at(5.0), rel=0)


def test_it_is_asked_before_anything_is_done() -> None:
    made = rig(coarse=(GEARED,), fine=BEFORE, seed=True)
    made.refuses = RuntimeError("no")
    with pytest.raises(RuntimeError, match="no"):
        made.bench.move(at(5.0))
    assert made.done == []
    made.refuses = None
    made.bench.move(at(5.0))
    assert len(made.asked) == 2  # a no is no yes for the next one


# ------------------------------------------------------------------------------------------------------- the seed


def test_before_the_amplifier_the_seed_is_blocked_while_profiles_load() -> None:
    made = rig(fine=BEFORE, seed=True, motion={"ramp_step": 0.1})
    made.bench.move(at(0.2 * made.bench.knobs[0].range))
    assert made.done == ["seed close", "shaper load", "shaper load", "seed open"]


@pytest.mark.parametrize("fine", [{"side": "after"}, {"side": "before", "glitch_free": True}])
def test_it_is_not_where_a_profile_harms_nobody(fine: dict[str, Any]) -> None:
    made = rig(fine=fine, seed=True)
    made.bench.move(at(5.0))
    assert made.done == ["shaper load"]


def test_a_seed_that_was_blocked_stays_blocked() -> None:
    made = rig(fine=BEFORE, seed=True)
    made.seed.light = False
    made.bench.move(at(5.0))
    assert made.done == ["shaper load"]
    assert not made.seed.light


def test_after_an_error_the_seed_stays_blocked_until_a_later_profile_is_whole() -> None:
    made = rig(fine=BEFORE, seed=True)
    made.shaper.once["load"] = [NotObeyed("shaper", "dispersion: asked 5, has 7.")]
    with pytest.raises(BenchError, match="asked 5, has 7"):
        made.bench.move(at(5.0))
    assert made.done == ["seed close", "shaper load"]
    made.bench.move(at(5.0))
    assert made.seed.light


def test_whoever_asks_for_an_end_on_the_way_finds_whole_profiles_and_the_seed_open() -> None:
    made = rig(fine=BEFORE, seed=True, motion={"ramp_step": 0.1})
    made.shaper.on_load = lambda _: made.attention.interrupt()
    with pytest.raises(StopAsked):
        made.bench.move(at(0.25 * made.bench.knobs[0].range))
    assert made.done == ["seed close", "shaper load", "seed open"]
    assert_close(made.bench.setting, made.shaper.held, rel=1e-12)
    assert 0 < made.bench.setting[0] < 0.1 * made.bench.knobs[0].range


def test_a_load_that_a_terminate_breaks_off_leaves_the_seed_blocked() -> None:
    made = rig(fine=BEFORE, seed=True)
    made.shaper.on_load = lambda _: made.attention.terminate()
    with pytest.raises(StopAsked):
        made.bench.move(at(5.0))
    assert made.done == ["seed close", "shaper load"]


def test_after_a_step_that_was_broken_off_the_knobs_are_read_again_once_emission_is_off() -> None:
    made = rig(motion={"ramp_step": 0.05})
    made.shaper.on_load = lambda count: made.attention.terminate() if count == 2 else None
    with pytest.raises(StopAsked):
        made.bench.move(at(16.0))
    assert made.bench.setting[0] < made.shaper.held[0]
    made.shaper.broken = {"dispersion?"}  # which keeps nothing from going off
    made.bench.make_safe()
    assert made.done[-3:] == ["shutter close", "pump ramp 0", "pump output off"]


def test_where_it_can_be_read_it_is_what_was_loaded() -> None:
    made = rig(motion={"ramp_step": 0.05})
    made.shaper.on_load = lambda count: made.attention.terminate() if count == 2 else None
    with pytest.raises(StopAsked):
        made.bench.move(at(16.0))
    made.bench.make_safe()
    assert_close(made.bench.setting, made.shaper.held, rel=1e-12)


def test_one_answer_that_is_late_does_not_keep_the_seed_from_being_blocked() -> None:
    made = rig(fine=BEFORE, seed=True)
    made.seed.once = {"is open?": [timeout()], "close": [timeout()], "open": [timeout()]}
    made.bench.move(at(5.0))
    assert made.done == ["seed close", "seed close", "shaper load", "seed open", "seed open"]
    assert made.bench.fault_count == 3


# ------------------------------------------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    "error",
    [timeout(), LinkLost("shaper", "gone."), WrongReply("shaper", "?"), OverRange("x", "9"), NotReady("x", "not yet")],
)
@pytest.mark.parametrize("what", ["load", "dispersion?"])
def test_what_may_pass_is_tried_once_more_and_counted(what: str, error: Exception) -> None:
    made = rig()
    made.shaper.once[what] = [error]
    assert_close(made.bench.move(at(5.0)), at(5.0), rel=0)
    assert made.bench.fault_count == 1


def test_a_stage_s_motion_is_tried_once_more() -> None:
    made = rig(coarse=(GEARED,), reach_ps=40.0)
    made.stages[0].once = {"enable": [timeout()], "move": [timeout()], "position?": [timeout()]}
    made.bench.move(at(30.0))
    assert made.log.count("stage0 move") == 2
    assert made.bench.fault_count == 3


def test_what_fails_twice_ends_the_move() -> None:
    made = rig()
    made.shaper.once["load"] = [timeout(), timeout()]
    with pytest.raises(LinkError, match="shaper: no whole answer in time"):
        made.bench.move(at(5.0))


def test_what_is_here_to_stay_is_not_tried_again() -> None:
    made = rig()
    made.shaper.once["load"] = [NotObeyed("shaper", "it has its own mind.")]
    with pytest.raises(BenchError, match="its own mind"):
        made.bench.move(at(5.0))
    assert made.done == ["shaper load"]
    assert made.bench.fault_count == 0


def test_too_many_faults_and_the_bench_counts_as_lost() -> None:
    made = rig(motion={"max_faults": 3})
    for gdd in (1.0, 2.0):
        made.shaper.once["load"] = [timeout()]
        made.bench.move(at(gdd))
    made.shaper.once["load"] = [timeout()]
    with pytest.raises(BenchLost, match="3 time-outs and unusable answers in this run, the last: shaper: no whole"):
        made.bench.move(at(3.0))


# --------------------------------------------------------------------- a shaper that cannot tell what it holds


def unknown(**given: Any) -> Rig:
    return rig(fine={"load_at_start": True} | given, seed=True)


@pytest.mark.parametrize("act", [lambda bench: bench.measure(), lambda bench: bench.move(at(0.0))])
def test_a_shaper_that_cannot_tell_is_loaded_first_from_an_unknown_setting(act: Callable[[Any], object]) -> None:
    made = unknown()
    made.shaper.held = (20.0, 0.0, 0.0)
    assert made.bench.setting.tolist() == [0.0, 0.0, 0.0]
    act(made.bench)
    assert made.shaper.loaded[0] == (0.0, 0.0, 0.0)
    ((was, will),) = made.asked
    assert np.isnan(was).all()
    assert will.tolist() == [0.0, 0.0, 0.0]


def test_a_first_load_that_fails_is_tried_in_the_next_shot_and_the_seed_opened_after() -> None:
    made = unknown(side="before")
    made.shaper.once["load"] = [timeout(), timeout()]
    assert made.bench.measure().reasons == ("shaper: no whole answer in time.",)
    assert "seed open" not in made.done
    made.bench.measure()
    assert made.log.count("seed open") == 1
    assert made.shaper.loaded == [(0.0, 0.0, 0.0)]


def test_instruments_are_stand_ins_for_the_real_holder() -> None:
    """The bag of stand-ins has every way of asking that the holder of real instruments has."""
    asked = {name for name in vars(Instruments) if not name.startswith("_")} - {"connect", "disconnect", "sign_of_life"}
    assert all(hasattr(rig().bag, name) for name in asked)
