"""The recipe under way: ramps and their order, stages, limits, interlocks, what is held."""

import numpy as np
import pytest

from lasercontrol.aging.guard import CONFIRM
from lasercontrol.aging.laser_run import Way
from lasercontrol.aging.recipe_run import GIVE_UP, RecipeRun
from lasercontrol.aging.stages import stages_of, sweeps_in
from lasercontrol.bench import Quality
from lasercontrol.telemetry.row import Event, Phase
from tests.lasercontrol.aging.recipes import RATE_A_PER_S, TARGET_A, Bench, config


def bench(lasers: int = 2, **recipe: object) -> Bench:
    return Bench(RecipeRun(config(lasers, **recipe)))


def test_the_stages_of_a_recipe() -> None:
    stages = stages_of(config().recipe)
    assert [stage.name for stage in stages] == [
        "sweep-start", "dither", "burn-in", "sweep-burnt-in", "dither-burnt-in", "stress-1", "sweep-1", "stress-2",
        "sweep-end",
    ]  # fmt: skip
    assert sweeps_in(stages) == 4
    assert [stage.settle_s for stage in stages] == [30, 60, 0, 30, 60, 0, 30, 30, 30]
    assert stages[1].mount_at(10.0) == pytest.approx(60.5, rel=1e-9, abs=0)


def test_a_night_runs_to_its_end_and_everything_is_off() -> None:
    night = bench()
    night.until(lambda: night.run.finished)
    assert sorted(night.switched_off) == [0, 1]
    assert not night.on.any()
    assert sorted(night.sweeps) == [0, 0, 0, 0, 1, 1, 1, 1]
    phases = [part.detail["phase"] for part in night.log if isinstance(part, Event) and part.laser == 0]
    assert phases[:6] == ["ramp", "settle", "sweep", "settle", "dither", "burn_in"]
    assert phases[-2:] == ["ramp", "off"]


def test_no_set_point_moves_faster_than_the_ramp() -> None:
    night = bench()
    night.until(lambda: night.run.finished)
    assert night.most_step_a <= RATE_A_PER_S * 1.0 * (1 + 1e-9)


def test_a_pause_of_the_program_makes_no_steeper_ramp() -> None:
    night = bench()
    night.pass_()
    night.pass_(dt_s=3600.0)
    assert night.most_step_a <= RATE_A_PER_S * night.run.config.period_s * (1 + 1e-9)


def test_lasers_come_on_in_their_order_so_many_at_a_time() -> None:
    night = bench(4, order=["L2", "L0"], at_once=1)
    seen: list[int] = []
    while len(seen) < 4:
        night.pass_()
        rising = [n for n, laser in enumerate(night.run.lasers) if laser.way is Way.RISING]
        assert len(rising) <= 1
        seen += [n for n in np.flatnonzero(night.set_a > 0).tolist() if n not in seen]
    assert seen == [2, 0, 1, 3]


def test_time_counts_only_while_every_laser_of_the_mount_is_on() -> None:
    night = bench()
    night.pass_()
    mount = night.run.mounts[0]
    assert mount.settle_s == mount.now.settle_s
    night.until(night.all_on)
    night.pass_()
    assert mount.settle_s < mount.now.settle_s


def test_a_limit_is_heeded_after_rows_on_end_and_that_laser_alone_goes_down() -> None:
    night = bench()
    night.until(lambda: night.run.phase(0) is Phase.BURN_IN)
    night.values[0, 3] = 3.0
    for _ in range(CONFIRM - 1):
        night.pass_()
    assert night.run.lasers[0].live
    night.pass_()
    assert night.run.phase(0) is Phase.HELD
    assert "voltage_v was 3 V, above its limit of 2.5 V" in night.run.lasers[0].reason
    night.until(lambda: night.switched_off == [0])
    assert night.run.phase(1) is Phase.BURN_IN
    assert night.most_step_a <= RATE_A_PER_S * (1 + 1e-9)
    (held,) = [part for part in night.log if isinstance(part, Event) and part.kind == "held"]
    assert (held.laser, held.detail["by"]) == (0, "limit")


def test_what_cannot_be_trusted_breaks_no_limit() -> None:
    night = bench()
    night.until(lambda: night.run.phase(0) is Phase.BURN_IN)
    night.values[0, 3], night.quality[0, 3] = np.nan, Quality.INVALID
    for _ in range(3 * CONFIRM):
        night.pass_()
    assert night.run.phase(0) is Phase.BURN_IN


def test_an_interlock_latches() -> None:
    night = bench()
    night.until(night.all_on)
    night.tripped = {1: "the door is open"}
    night.pass_()
    night.tripped = {}
    for _ in range(20):
        night.pass_()
    assert night.run.phase(1) is Phase.TRIPPED
    assert night.set_a[1] == TARGET_A  # nothing was sent to it any more
    assert len([part for part in night.log if isinstance(part, Event) and part.kind == "interlock"]) == 1


def test_a_source_that_lost_its_mains_is_ramped_up_again_and_settles() -> None:
    night = bench()
    night.until(lambda: night.run.phase(0) is Phase.BURN_IN)
    gone_s = night.run.mounts[0].elapsed_s
    night.set_a[0], night.on[0], night.rebooted = 0.0, False, {0: "set points lost"}
    night.pass_()
    night.pass_()
    assert night.run.phase(0) is Phase.RAMP
    night.until(lambda: night.run.phase(0) is Phase.BURN_IN)
    assert night.run.mounts[0].elapsed_s < gone_s + 5.0
    assert night.most_step_a <= RATE_A_PER_S * (1 + 1e-9)


def test_a_laser_left_at_another_current_is_brought_back_in_a_ramp() -> None:
    night = bench()
    night.until(lambda: night.run.phase(0) is Phase.BURN_IN)
    night.set_a[0] = 0.04  # a sweep that broke off
    night.until(lambda: night.set_a[0] == TARGET_A, limit=20)
    assert night.most_step_a <= RATE_A_PER_S * (1 + 1e-9)


def test_one_that_cannot_be_ordered_is_held_and_keeps_nobody_waiting() -> None:
    night = bench(at_once=1)
    night.refuses = {0: "no whole answer in time"}
    for _ in range(GIVE_UP + 1):
        night.pass_()
    assert night.run.phase(0) is Phase.HELD
    night.until(lambda: night.run.lasers[1].way is Way.ON)


def test_a_mount_that_is_not_there_prolongs_the_settling_and_then_says_so() -> None:
    night = bench()
    night.off_k = 5.0
    night.until(night.all_on)
    began_s = night.t_s
    night.until(lambda: night.run.mounts[0].phase is Phase.SWEEP)
    assert night.t_s - began_s == pytest.approx(3 * 30.0, rel=0.1, abs=0)
    notes = [part.detail["text"] for part in night.log if isinstance(part, Event) and part.kind == "note"]
    assert notes == ["sweep-start begins although the mount is 5.00 K from 40 °C"] * 2


def test_constant_light_is_taken_over_at_the_end_of_the_ramp() -> None:
    told = config().model_dump(mode="json")
    told["lasers"][0] |= {"drive": "power", "power_w": 0.01}
    night = Bench(RecipeRun(type(config()).model_validate(told)))
    night.until(night.all_on)
    night.pass_()
    assert night.light == {0: 0.01}
