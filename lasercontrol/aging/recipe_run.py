"""A recipe under way, for a whole rack: told what time has passed and what was seen, it says what is to be done.

It knows neither instruments nor a clock, so that a night can be run through in a moment. What happened comes out as
events, and from the events of a log a run is taken up again (`lasercontrol.aging.recipe_memory`).
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasercontrol.aging.guard import Guard
from lasercontrol.aging.laser_run import LaserRun, Way
from lasercontrol.aging.mount_run import MountRun
from lasercontrol.aging.rack import Poll
from lasercontrol.aging.stages import stages_of
from lasercontrol.aging_settings import AgingConfig, LaserSettings
from lasercontrol.bench import Quality
from lasercontrol.telemetry.row import Phase

__all__ = ["Noted", "Orders", "RecipeRun"]

MOUNT = 4  # column of mount_c in a row
GIVE_UP = 20
"""Orders that failed on end: then the laser is held, so that it does not keep the others waiting."""


@dataclass(frozen=True, slots=True)
class Noted:
    """An event without its time: kind and detail as `telemetry.row.Event` has them."""

    kind: str
    laser: int | None
    detail: Mapping[str, Any]


@dataclass(slots=True)
class Orders:
    """What is to be done now: set points in A, light to be kept in W, outputs off, mounts in °C, sweeps in A."""

    drive: dict[int, float] = field(default_factory=dict)
    hold_power: dict[int, float] = field(default_factory=dict)
    off: list[int] = field(default_factory=list)
    mounts: dict[int, float] = field(default_factory=dict)
    sweeps: dict[int, tuple[float, ...]] = field(default_factory=dict)


class RecipeRun:
    """`advance` and `saw` in turn, `done` and `swept` with what became of the orders; `events` are drained."""

    def __init__(self, config: AgingConfig) -> None:
        self.config, self.stages = config, stages_of(config.recipe)
        self.lasers = [self._laser(laser) for laser in config.lasers]
        names: dict[str, list[int]] = {}
        for number, laser in enumerate(config.lasers):
            names.setdefault(config.mount_of(laser), []).append(number)
        self.mounts = [MountRun(tuple(lasers), self.stages) for lasers in names.values()]
        self.mount_of = {laser: mount for mount in self.mounts for laser in mount.lasers}
        self.guard = Guard(config)
        self._order = config.switching_order
        self._events: list[Noted] = []
        self._told: dict[int, tuple[Phase, int]] = {}
        self._mount_set: dict[int, float] = {}
        self._mount_seen = np.full(len(self.lasers), np.nan)
        self._hold_power: set[int] = set()
        self._at_once: int | None = config.recipe.at_once
        for mount in self.mounts:
            mount.enter(0)

    def _laser(self, laser: LaserSettings) -> LaserRun:
        factor = self.stages[0].drive_factor
        power_w = None if laser.power_w is None else factor * laser.power_w
        return LaserRun(laser.id, self.config.ramp_of(laser).rate_a_per_s, factor * laser.current_a, power_w)

    # ------------------------------------------------------------------------------------------------ how it stands

    @property
    def phases(self) -> NDArray[np.uint8]:
        """(n,) of `Phase`."""
        return np.array([self.phase(laser) for laser in range(len(self.lasers))], dtype=np.uint8)

    def phase(self, laser: int) -> Phase:
        """Of one laser."""
        return self.lasers[laser].phase(self.mount_of[laser].phase)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to be done: every laser is off for good."""
        return all(laser.way is Way.OFF for laser in self.lasers)

    def events(self) -> list[Noted]:
        """What has happened since this was asked last."""
        self._note_phases()
        events, self._events = self._events, []
        return events

    def _note_phases(self) -> None:
        for number in range(len(self.lasers)):
            mount, phase = self.mount_of[number], self.phase(number)
            if self._told.get(number) != (phase, mount.stage):
                self._told[number] = phase, mount.stage
                self.note("phase", number, self.standing(number))

    def standing(self, laser: int) -> dict[str, Any]:
        """Where a laser is in the recipe, as the detail of a `phase` event."""
        mount = self.mount_of[laser]
        name = "end" if mount.done else mount.now.name
        told = {"phase": self.phase(laser).name.lower(), "stage": mount.stage, "name": name, "stage_s": mount.elapsed_s}
        return told | {"settle_s": max(0.0, mount.settle_s)}

    def note(self, kind: str, laser: int | None, detail: Mapping[str, Any]) -> None:
        """Something happened."""
        self._events.append(Noted(kind, laser, detail))

    # --------------------------------------------------------------------------------------------------- what passes

    def advance(self, dt_s: float) -> Orders:
        """What is to be done after dt_s more seconds. A pause of the program is no reason for a steeper ramp."""
        orders = Orders()
        for mount in self.mounts:
            self._advance_mount(mount, dt_s)
        self._begin_next()
        for number, laser in enumerate(self.lasers):
            next_a = laser.next_a(min(dt_s, self.config.period_s))
            if next_a is not None:
                orders.drive[number] = next_a
            if number in self._hold_power and laser.way is Way.ON and laser.power_w is not None:
                orders.hold_power[number] = laser.power_w
        self._order_mounts(orders)
        return orders

    def _advance_mount(self, mount: MountRun, dt_s: float) -> None:
        live = [number for number in mount.lasers if self.lasers[number].live]
        if mount.done:
            return
        if not live:
            mount.to_sweep.clear()
            return
        if any(self.lasers[number].way is not Way.ON for number in live):
            return
        before, phase = mount.stage, mount.phase
        off_k = np.abs(self._mount_seen[live] - mount.set_c)
        worst_k = float(np.nanmax(off_k)) if np.isfinite(off_k).any() else None
        words = mount.advance(dt_s, off_k=worst_k, within_k=self.config.recipe.settled_within_k)
        if words:
            self.note("note", live[0], {"text": words})
        if mount.stage != before:
            self._enter(mount, live)
        if Phase.SETTLE in {phase, mount.phase}:
            for number in live:
                self.keep_light(number)  # anew: what the light does while the temperature moves is no jump

    def _enter(self, mount: MountRun, live: list[int]) -> None:
        """Another stage: another drive, or the end."""
        for number in live:
            laser, settings = self.lasers[number], self.config.lasers[number]
            if mount.done:
                laser.fall()
                continue
            factor = mount.now.drive_factor
            power_w = None if settings.power_w is None else factor * settings.power_w
            if laser.retarget(factor * settings.current_a, power_w):
                self.keep_light(number)

    def _begin_next(self) -> None:
        """Let as many rise as may at a time, in their order."""
        rising = sum(laser.way is Way.RISING for laser in self.lasers)
        for number in self._order:
            if rising >= self.config.recipe.at_once:
                return
            if self.lasers[number].way is Way.WAITING:
                self.lasers[number].begin()
                rising += 1

    def _order_mounts(self, orders: Orders) -> None:
        for mount in self.mounts:
            live = [number for number in mount.lasers if self.lasers[number].live]
            if not live:
                continue
            for number in live:
                if self._mount_set.get(number) != mount.set_c:
                    orders.mounts[number] = mount.set_c
            if mount.phase is Phase.SWEEP and mount.sweeping is None:
                self._order_sweep(mount, orders)

    def _order_sweep(self, mount: MountRun, orders: Orders) -> None:
        recipe = self.config.recipe.sweep
        while mount.to_sweep and recipe is not None:
            number = mount.to_sweep.popleft()
            if self.lasers[number].way is Way.ON:
                mount.sweeping = number
                stop_a = recipe.stop_factor * self.config.lasers[number].current_a
                orders.sweeps[number] = tuple(float(value) for value in np.linspace(0.0, stop_a, recipe.points))
                return

    # ------------------------------------------------------------------------------------------- what became of it

    def done(self, orders: Orders, failed: Mapping[int, str]) -> list[int]:
        """The orders were carried out, but for those that failed; gives the lasers whose output goes off now."""
        for number, mount_c in orders.mounts.items():
            if number not in failed:
                self._mount_set[number] = mount_c
        self._hold_power -= {number for number in orders.hold_power if number not in failed}
        off = []
        for number, set_a in orders.drive.items():
            laser = self.lasers[number]
            if number not in failed and laser.ramping and laser.arrived(set_a):
                if laser.is_off:
                    off.append(number)
                else:
                    self.keep_light(number)
        for number, why in failed.items():
            self._failed(number, why)
        return off

    def _failed(self, number: int, why: str) -> None:
        laser = self.lasers[number]
        laser.failures += 1
        if laser.failures == 1:
            self.note("note", number, {"text": f"could not be ordered: {why}"})
        if laser.failures == GIVE_UP and laser.latched is None:
            self.hold(number, f"{GIVE_UP} orders on end failed, the last: {why}", by="recipe")

    def swept(self, laser: int, problem: str = "") -> None:
        """The sweep of a laser is over."""
        mount = self.mount_of[laser]
        if mount.sweeping == laser:
            mount.sweeping = None
        if problem:
            self.note("note", laser, {"text": f"its sweep failed: {problem}"})
        self.keep_light(laser)

    def keep_light(self, laser: int) -> None:
        """Have the light of a laser at constant power kept from the next orders on."""
        if self.lasers[laser].power_w is not None:
            self._hold_power.add(laser)

    # ------------------------------------------------------------------------------------------------ what was seen

    def saw(self, poll: Poll) -> None:
        """A row: interlocks, limits, temperatures, and where a light's loop has brought the current."""
        ok = poll.quality[:, MOUNT] == Quality.OK
        self._mount_seen = np.where(ok, poll.values[:, MOUNT], np.nan).astype(np.float64)
        for number, why in poll.tripped.items():
            self.trip(number, why)
        for number, why in poll.rebooted.items():
            self._rise_again(number, why, float(poll.set_a[number]))
        for known in np.flatnonzero(np.isfinite(poll.set_a)):
            self._saw_set_point(int(known), float(poll.set_a[known]))
        for number, why in self.guard.broken(poll, self.phases):
            self.hold(number, why, by="limit")

    def _saw_set_point(self, laser: int, set_a: float) -> None:
        """Where a light's loop has brought it; or, at constant current, where a sweep that broke off has left it."""
        run = self.lasers[laser]
        if run.way is not Way.ON or self.mount_of[laser].sweeping == laser:
            return
        run.set_a = set_a
        if run.power_w is None and not math.isclose(set_a, run.target_a, rel_tol=1e-6):
            run.way = Way.RISING

    def _rise_again(self, laser: int, why: str, set_a: float) -> None:
        """Its source was off for a while, as after a cut of its mains: up in a ramp, and settled anew."""
        if not self.lasers[laser].live:
            return
        self.note("note", laser, {"text": f"its source has lost its settings ({why}); it is ramped up again"})
        self.lasers[laser].set_a = set_a if np.isfinite(set_a) else 0.0
        self.lasers[laser].way = Way.WAITING
        self._mount_set.pop(laser, None)
        mount = self.mount_of[laser]
        if not mount.done:
            again = mount.now.phase in {Phase.DITHER, Phase.SWEEP}
            settle_s = max(mount.now.settle_s, self.config.recipe.settle_s)
            mount.enter(mount.stage, elapsed_s=0.0 if again else mount.elapsed_s, settle_s=settle_s)

    def trip(self, laser: int, reason: str) -> None:
        """An interlock: off, and it stays off."""
        if self.lasers[laser].trip(reason):
            self.note("interlock", laser, {"reason": reason} | self.standing(laser))

    def hold(self, laser: int, reason: str, *, by: str) -> None:
        """Ramp a laser down for good. by: limit, alarm, operator or recipe."""
        if self.lasers[laser].hold(reason):
            self.note("held", laser, {"reason": reason, "by": by} | self.standing(laser))

    def fall(self, lasers: Iterable[int] | None = None) -> None:
        """Ramp lasers down, all of them where None, without a word of their being held: the log can be gone on with."""
        for number in range(len(self.lasers)) if lasers is None else lasers:
            self.lasers[number].fall()
