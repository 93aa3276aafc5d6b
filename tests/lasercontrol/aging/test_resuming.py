"""A run that is broken off anywhere goes on from its log: no step, nothing revived, no hour counted that was none."""

import pytest

from lasercontrol.aging.recipe_memory import remembered
from lasercontrol.aging.recipe_run import RecipeRun
from lasercontrol.aging.resuming import taken_up
from lasercontrol.telemetry.row import Event, Phase
from tests.lasercontrol.aging.recipes import RATE_A_PER_S, TARGET_A, Bench, config

GAP_S = 20.0
PLACES = ("sweep-start", "dither", "burn-in", "sweep-burnt-in", "dither-burnt-in", "stress-1", "sweep-1", "stress-2")


def broken_off(bench: Bench, *, off: bool = False) -> Bench:
    """The same lasers under a new run, after a gap; off: the mains were gone as well."""
    if off:
        bench.on[:] = False
        bench.set_a[:] = 0.0
    memory = remembered(bench.log, len(bench.run.lasers))
    run = RecipeRun(bench.run.config)
    anew = Bench(run, bench.t_s + GAP_S)
    anew.set_a, anew.on, anew.mount_c = bench.set_a.copy(), bench.on.copy(), bench.mount_c.copy()
    anew.log = [*bench.log, Event(len(bench.log), anew.t_s, anew.t_s, "restart", None, {})]
    taken_up(run, memory, anew.standing(), GAP_S)
    return anew


def at(place: str, passes: int) -> Bench:
    bench = Bench(RecipeRun(config()))
    bench.until(lambda: bench.run.mounts[0].now.name == place and bench.all_on())
    for _ in range(passes):
        bench.pass_()
    return bench


@pytest.mark.parametrize("passes", [0, 1, 17])
@pytest.mark.parametrize("place", PLACES)
def test_killed_at_any_place_the_lasers_go_on_without_a_step(place: str, passes: int) -> None:
    before = at(place, passes)
    stage = before.run.mounts[0].stage
    after = broken_off(before)
    for _ in range(5):
        after.pass_()
    assert after.most_step_a == 0.0
    assert after.set_a.tolist() == [TARGET_A, TARGET_A]
    assert after.run.mounts[0].stage in {stage, stage + 1}
    after.until(lambda: after.run.finished)
    assert after.most_step_a <= RATE_A_PER_S * (1 + 1e-9)


@pytest.mark.parametrize("place", PLACES)
def test_after_a_cut_of_the_mains_they_rise_in_a_ramp_and_settle_before_time_counts(place: str) -> None:
    before = at(place, 3)
    elapsed_s = before.run.mounts[0].elapsed_s
    after = broken_off(before, off=True)
    after.pass_()
    assert after.run.phase(0) is Phase.RAMP
    after.until(after.all_on)
    mount = after.run.mounts[0]
    assert mount.phase is Phase.SETTLE
    assert mount.settle_s >= after.run.config.recipe.settle_s - 2.0
    assert mount.elapsed_s <= elapsed_s + 1.0
    assert after.most_step_a <= RATE_A_PER_S * (1 + 1e-9)


def test_hours_go_on_to_count_while_lasers_stay_on_and_not_while_they_are_off() -> None:
    before = at("stress-1", 17)
    elapsed_s = before.run.mounts[0].elapsed_s
    assert broken_off(before).run.mounts[0].elapsed_s == pytest.approx(elapsed_s + GAP_S, rel=1e-3, abs=0)
    assert broken_off(before, off=True).run.mounts[0].elapsed_s == pytest.approx(elapsed_s, rel=1e-2, abs=0)


@pytest.mark.parametrize("passes", [0, 1, 5, 10])
def test_killed_in_a_ramp_it_goes_on_from_where_the_current_stands(passes: int) -> None:
    before = Bench(RecipeRun(config()))
    for _ in range(passes):
        before.pass_()
    after = broken_off(before)
    after.until(after.all_on)
    assert after.most_step_a <= RATE_A_PER_S * (1 + 1e-9)


def test_a_dither_is_begun_anew_for_half_of_one_teaches_nothing() -> None:
    before = at("dither", 90)
    assert before.run.mounts[0].phase is Phase.DITHER
    after = broken_off(before)
    assert after.run.mounts[0].now.name == "dither"
    assert after.run.mounts[0].elapsed_s == 0.0
    assert after.run.mounts[0].phase is Phase.SETTLE


@pytest.mark.parametrize("off", [False, True])
def test_what_was_held_is_not_revived(off: bool) -> None:
    before = at("stress-1", 3)
    before.run.hold(0, "it had failed", by="alarm")
    before.pass_()
    after = broken_off(before, off=off)
    assert after.run.phase(0) is Phase.HELD
    after.until(lambda: not after.on[0])
    for _ in range(30):
        after.pass_()
    assert (after.run.lasers[0].reason, after.on[0]) == ("it had failed", False)
    assert after.run.lasers[1].live


def test_what_has_tripped_is_not_revived() -> None:
    before = at("stress-1", 3)
    before.tripped = {0: "the door is open"}
    before.on[0] = False
    before.pass_()
    after = broken_off(before)
    for _ in range(30):
        after.pass_()
    assert after.run.phase(0) is Phase.TRIPPED
    assert not after.on[0]


def test_two_kills_on_end_are_as_one() -> None:
    after = broken_off(broken_off(at("stress-1", 17)))
    for _ in range(3):
        after.pass_()
    assert after.most_step_a == 0.0
    assert after.run.mounts[0].now.name == "stress-1"


def test_a_stop_by_a_person_can_be_gone_on_with() -> None:
    before = at("stress-1", 17)
    elapsed_s = before.run.mounts[0].elapsed_s
    before.run.fall()
    before.until(lambda: before.run.finished)
    after = broken_off(before)
    after.until(after.all_on)
    assert after.run.mounts[0].now.name == "stress-1"
    assert after.run.mounts[0].elapsed_s == pytest.approx(elapsed_s, rel=0.05, abs=0)
