"""The loop of an aging test: ramps, rows, limits. It never waits for a disk, a mail server or a detector."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

import numpy as np

from lasercontrol.aging.lab_clock import LabClock
from lasercontrol.aging.rack import Rack, SweepReading
from lasercontrol.aging.recipe_run import Orders, RecipeRun
from lasercontrol.aging_settings import Action
from lasercontrol.errors import LaserControlError
from lasercontrol.signals import Attention, Wish
from lasercontrol.telemetry.row import Event, Phase, Row, Sweep
from lasercontrol.telemetry.store import Store

__all__ = ["Acquisition", "Wanted"]

CONTROL_S = 0.25
"""Of ours, between two looks at ramps and wishes while the next row is awaited."""

LATE = 3.0
"""Periods without a row that are a gap; of a clock that runs faster, at least so many of our control's."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an alarm leads to: an action for a laser, or for all where that is None."""

    action: Action
    laser: int | None
    why: str


class Acquisition:
    """Made for one run. `wanted` may be called from any thread; what is wanted happens in the next pass of the loop."""

    def __init__(
        self, rack: Rack, run: RecipeRun, store: Store, clock: LabClock, attention: Attention, *, workers: int = 4
    ) -> None:
        self.rack, self.run, self.store, self.clock, self.attention = rack, run, store, clock, attention
        self.rows = self.refused = 0
        self.stopped_why = ""
        self.on_row: Callable[[], None] = lambda: None
        self._wanted: SimpleQueue[Wanted] = SimpleQueue()
        self._pool = ThreadPoolExecutor(workers, thread_name_prefix="sweep")
        self._sweeps: dict[int, Future[SweepReading]] = {}
        self._lost: set[str] = set()
        self._last_row_s: float | None = None
        self._latched: Callable[[str], None] = lambda _reason: None

    def on_trip(self, latch: Callable[[str], None]) -> None:
        """Call this with every interlock that trips, so that it is remembered beyond the log."""
        self._latched = latch

    def wanted(self, wish: Wanted) -> None:
        """Have it done soon."""
        self._wanted.put(wish)

    def go(self, until_s: float | None = None) -> None:
        """Until the recipe is over and all is off, or until a time of the test's clock, or a wish from outside."""
        period_s = self.run.config.period_s
        last_s = next_row_s = self.clock.monotonic_s()
        while True:
            now_s = self.clock.monotonic_s()
            self._heed(over=until_s is not None and now_s >= until_s)
            if self.attention.wish is Wish.MAKE_SAFE or self.attention.wish is Wish.STAY:
                break
            self._order(self.run.advance(now_s - last_s))
            last_s = now_s
            if now_s >= next_row_s:
                self._row()
                next_row_s += period_s * max(1.0, np.floor((self.clock.monotonic_s() - next_row_s) / period_s))
            self.log_events()
            if self.run.finished and not self._sweeps:
                break
            wait_s = min(self.clock.ours_s(next_row_s - self.clock.monotonic_s()), CONTROL_S)
            self._wait(wait_s)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _wait(self, seconds: float) -> None:
        """A wish that is known already ends no wait; the loop heeds it in every pass."""
        self.attention.on_tick()
        if seconds > 0:
            time.sleep(seconds)

    # --------------------------------------------------------------------------------------------------------- wishes

    def _heed(self, *, over: bool) -> None:
        if over and not self.stopped_why:
            self.stop("its hours are over")
        if self.attention.wish is Wish.RETURN and not self.stopped_why:
            self.stop("Ctrl-C")
        while True:
            try:
                self._act(self._wanted.get_nowait())
            except Empty:
                return

    def stop(self, why: str) -> None:
        """Ramp everything down; the log can be gone on with."""
        self.stopped_why = self.stopped_why or why
        self.run.fall()

    def _act(self, wanted: Wanted) -> None:
        if wanted.action == "stop-all":
            for number in range(len(self.run.lasers)):
                self.run.hold(number, wanted.why, by="alarm")
            self.stopped_why = self.stopped_why or wanted.why
        elif wanted.action == "ramp-down" and wanted.laser is not None:
            self.run.hold(wanted.laser, wanted.why, by="alarm")

    # --------------------------------------------------------------------------------------------------------- orders

    def _order(self, orders: Orders) -> None:
        failed: dict[int, str] = {}
        if orders.mounts:
            failed |= self.rack.set_mounts(orders.mounts)
        if orders.drive:
            failed |= self.rack.drive(orders.drive)
        if orders.hold_power:
            failed |= self.rack.hold_power(orders.hold_power)
        off = self.run.done(orders, failed)
        if off:
            for number, why in self.rack.switch_off(off).items():
                self.run.note("note", number, {"text": f"its output does not go off: {why}"})
        for number, currents_a in orders.sweeps.items():
            self._sweeps[number] = self._pool.submit(self.rack.sweep, number, currents_a)
        self._gather()

    def _gather(self) -> None:
        """Sweeps that have ended since."""
        for number in [number for number, future in self._sweeps.items() if future.done()]:
            try:
                seen = self._sweeps.pop(number).result()
            except LaserControlError as error:
                self.run.swept(number, f"{error}")
                continue
            now_s, utc_s = self.clock.now()
            columns = (seen.current_a, seen.power_w, seen.photodiode_a, seen.voltage_v)
            self._submit(Sweep(0, now_s, utc_s, number, seen.mount_c, *columns))
            self.run.swept(number)

    # ----------------------------------------------------------------------------------------------------------- rows

    def _row(self) -> None:
        phases = self.run.phases
        now_s, utc_s = self.clock.now()
        poll = self.rack.poll()
        longest_s = LATE * max(self.run.config.period_s, self.clock.speed * CONTROL_S)
        late = self._last_row_s is not None and now_s - self._last_row_s > longest_s
        if late and self._last_row_s is not None:
            self._event("gap", None, {"gap_s": now_s - self._last_row_s, "why": "the program was held up"})
        self._last_row_s = now_s
        self._submit(Row(0, now_s, utc_s, poll.values, poll.quality, phases, poll.rig))
        self.rows += 1
        self._note_links(dict(poll.lost))
        for number, why in poll.tripped.items():
            if self.run.lasers[number].latched is not Phase.TRIPPED:
                self._latched(f"{self.run.lasers[number].laser_id}: {why}")
        self.run.saw(poll)
        self.on_row()

    def _note_links(self, lost: dict[str, str]) -> None:
        for name in sorted({*lost} - self._lost):
            self._event("link-lost", None, {"instrument": name, "why": lost[name]})
        for name in sorted(self._lost - {*lost}):
            self._event("link-back", None, {"instrument": name})
        self._lost = {*lost}

    def log_events(self) -> None:
        """What has happened in the recipe."""
        for noted in self.run.events():
            self._event(noted.kind, noted.laser, noted.detail)

    def _event(self, kind: str, laser: int | None, detail: Any) -> None:
        now_s, utc_s = self.clock.now()
        self._submit(Event(0, now_s, utc_s, kind, laser, detail))

    def _submit(self, item: Row | Sweep | Event) -> None:
        """A full queue refuses, and the store says later how much; the rack's safety does not hang on it."""
        if self.store.submit(item) is None:
            self.refused += 1
