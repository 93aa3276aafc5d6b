"""Taking a recipe up where its log ends, from how the lasers are found: no step, no second dither half way, no revival.

A laser that is found on goes on from its set point. One that is found off rises again in its ramp and settles anew
before its hours go on to count. What was held or has tripped stays so.
"""

import math
from collections.abc import Mapping

from lasercontrol.aging.laser_run import Way
from lasercontrol.aging.mount_run import MountRun
from lasercontrol.aging.rack import LaserStanding
from lasercontrol.aging.recipe_memory import LaserMemory, RecipeMemory
from lasercontrol.aging.recipe_run import RecipeRun
from lasercontrol.telemetry.row import Phase

__all__ = ["found", "taken_up"]

SAME_K = 0.05

DRIVEN = ("settle", "burn_in", "stress", "dither")


def found(run: RecipeRun, standing: Mapping[int, LaserStanding]) -> None:
    """Begin from how the lasers are found: set points that stand already are left by a ramp, never by a jump."""
    for number, laser in enumerate(run.lasers):
        stands = standing.get(number)
        if stands is not None and stands.on:
            laser.set_a = stands.set_a
            if laser.way is Way.WAITING:
                laser.way = Way.RISING


def taken_up(run: RecipeRun, memory: RecipeMemory, standing: Mapping[int, LaserStanding], gap_s: float) -> None:
    """Put a fresh run where the log left off. standing: how lasers are found; gap_s: for which nothing was logged."""
    for number, laser in enumerate(run.lasers):
        told = memory.lasers[number]
        laser.latched, laser.reason = told.latched, told.reason
    found(run, standing)
    for number, laser in enumerate(run.lasers):
        if laser.latched is not None:
            stands = standing.get(number)
            on = stands is not None and stands.on
            laser.way = Way.FALLING if on and laser.latched is Phase.HELD else Way.OFF
    for mount in run.mounts:
        _take_up_mount(run, mount, memory, standing, gap_s)


def _take_up_mount(
    run: RecipeRun, mount: MountRun, memory: RecipeMemory, standing: Mapping[int, LaserStanding], gap_s: float
) -> None:
    live = [number for number in mount.lasers if run.lasers[number].latched is None]
    if not live:
        return
    told = max((memory.lasers[number] for number in live), key=lambda each: (each.stage, each.stage_s))
    kept_on = all((stands := standing.get(number)) is not None and stands.on for number in live)
    mount.enter(told.stage)
    if mount.done:
        for number in live:
            run.lasers[number].way = Way.FALLING if number in standing and standing[number].on else Way.OFF
        return
    for number in live:
        laser, settings = run.lasers[number], run.config.lasers[number]
        factor = mount.now.drive_factor
        laser.retarget(factor * settings.current_a, None if settings.power_w is None else factor * settings.power_w)
    for number in live:
        _go_on(run, number, memory.lasers[number], standing.get(number))
    if mount.now.phase in {Phase.DITHER, Phase.SWEEP}:
        _again_from_its_start(run, mount, kept_on=kept_on)
        return
    elapsed_s = told.stage_s + (gap_s if kept_on and told.settle_s <= 0 else 0.0)
    settle_s = _settle_s(run, mount, told, standing, live, kept_on=kept_on)
    mount.enter(told.stage, elapsed_s=min(elapsed_s, mount.now.seconds), settle_s=settle_s)


def _again_from_its_start(run: RecipeRun, mount: MountRun, *, kept_on: bool) -> None:
    """Half a dither or half a row of sweeps teaches nothing: the mount settles, and it begins anew."""
    own_s = mount.now.settle_s
    mount.enter(mount.stage, settle_s=own_s if kept_on else max(own_s, run.config.recipe.settle_s))


def _settle_s(
    run: RecipeRun,
    mount: MountRun,
    told: LaserMemory,
    standing: Mapping[int, LaserStanding],
    live: list[int],
    *,
    kept_on: bool,
) -> float:
    """What is left to settle: all of it where a laser was off or the mount elsewhere, or it had not ended."""
    mount_c = [standing[number].mount_c for number in live if number in standing]
    moved = any(found_c is not None and abs(found_c - mount.now.mount_c) > SAME_K for found_c in mount_c)
    if not kept_on or moved:
        return max(run.config.recipe.settle_s, mount.now.settle_s)
    return mount.now.settle_s if told.settle_s > 0 else 0.0


def _go_on(run: RecipeRun, number: int, told: LaserMemory, stands: LaserStanding | None) -> None:
    """A laser that never went off: at its target it stays there, and light that was kept is kept; else a ramp."""
    laser = run.lasers[number]
    if stands is None or not stands.on:
        return
    if laser.power_w is not None and told.phase in DRIVEN:
        laser.way = Way.ON
        run.keep_light(number)
    elif laser.power_w is None and math.isclose(stands.set_a, laser.target_a, rel_tol=1e-6):
        laser.way, laser.set_a = Way.ON, laser.target_a
