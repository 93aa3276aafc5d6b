"""An aging test under way: rack, recipe, log and alarms together, from the first row to the last laser off."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lasercontrol.aging.acquisition import Acquisition
from lasercontrol.aging.lab_clock import LabClock
from lasercontrol.aging.rack import Rack
from lasercontrol.aging.recipe_memory import RecipeMemory
from lasercontrol.aging.recipe_run import RecipeRun
from lasercontrol.aging.resuming import found, taken_up
from lasercontrol.aging.scoring import Scoring
from lasercontrol.aging.telling import Monitored, told_of
from lasercontrol.aging_settings import AgingConfig
from lasercontrol.errors import SafetyError
from lasercontrol.lab.latch import Latch
from lasercontrol.monitor.annunciator import Annunciator
from lasercontrol.monitor.delivery import Way
from lasercontrol.monitor.finding import Detector
from lasercontrol.monitor.service import Service
from lasercontrol.signals import Attention, Wish
from lasercontrol.telemetry.row import Event, Schema
from lasercontrol.telemetry.store import Store, StoreSettings

__all__ = ["AgingTest"]

SCORING_ENDS_S = 60.0
EXIT_CODES = {Wish.GO_ON: 0, Wish.RETURN: 130, Wish.STAY: 130, Wish.MAKE_SAFE: 3}


class AgingTest:
    """Made when everything is checked and connected, and nothing is on yet. identities: of the instruments, by name."""

    def __init__(
        self,
        config: AgingConfig,
        schema: Schema,
        folder: Path,
        rack: Rack,
        clock: LabClock,
        attention: Attention,
        *,
        ways: Sequence[Way] = (),
        identities: dict[str, str] | None = None,
    ) -> None:
        self.config, self.schema, self.folder, self.rack, self.clock = config, schema, folder, rack, clock
        self.recipe, self.attention, self.service = RecipeRun(config), attention, Service()
        self.identities = identities or {}
        self.scoring = Scoring(
            _watch(schema),
            lambda: Annunciator.opened(folder, schema, config.alarms, ways, clock.utc_s),
            config.actions,
            clock,
        )

    def run(self, memory: RecipeMemory | None, hours: float | None) -> Monitored:
        """Until the recipe is over, or so many hours, or somebody wants an end. memory: of a log to go on with.

        SafetyError where a laser could not be switched off; LogWriteError where the end of the log is not kept.
        """
        standing = self.rack.standing()
        store = self._store(resumed=memory is not None)
        acquisition = Acquisition(
            self.rack, self.recipe, store, self.clock, self.attention, workers=self.config.recipe.at_once
        )
        try:
            if memory:
                self._take_up(memory, standing, store)
            else:
                found(self.recipe, standing)
                self._event(store, "start", {"identities": self.identities, **self._who()})
            self._begin(acquisition, store, resumed=memory is not None)
            acquisition.go(None if hours is None else self.clock.monotonic_s() + 3600.0 * hours)
        finally:
            left = self._end(acquisition, store)
        if left:
            raise SafetyError(f"LASERS MAY STILL BE ON: {'; '.join(left)}. The log is {self.folder}.")
        exit_code = EXIT_CODES[self.attention.wish]
        return told_of(self.folder, self.schema, self.recipe, acquisition, self.scoring, exit_code)

    def _begin(self, acquisition: Acquisition, store: Store, *, resumed: bool) -> None:
        self.scoring.act = acquisition.wanted
        if self.config.instruments:
            acquisition.on_trip(Latch(self.config.name).trip)
        self.scoring.begin(store, self.folder if resumed else None)
        live = [number for number, laser in enumerate(self.recipe.lasers) if laser.live]
        for number, why in self.rack.prepare(live).items():
            self.recipe.hold(number, f"cannot be prepared: {why}", by="recipe")
        acquisition.on_row = lambda: self._alive(store)

    def _end(self, acquisition: Acquisition, store: Store) -> list[str]:
        """Lasers off first, then the log; what could not be switched off, in words."""
        self.service.stopping("ramping down")
        hasty = self.attention.wish in {Wish.STAY, Wish.MAKE_SAFE}
        left = self.rack.make_safe() if hasty or not self.recipe.finished else []
        acquisition.log_events()
        why = acquisition.stopped_why or ("the recipe is over" if self.recipe.finished else "broken off")
        finished = self.recipe.finished and not acquisition.stopped_why and not hasty
        self._event(store, "stop", {"why": why, "left": left, "finished": finished})
        try:
            store.close()
        finally:
            self.scoring.end(SCORING_ENDS_S)
        return left

    def _store(self, *, resumed: bool) -> Store:
        keep_h = self.config.log.keep_journal_h
        keep_s = None if keep_h is None else 3600.0 * keep_h
        settings = StoreSettings(hdf5=self.config.log.hdf5, keep_journals_s=keep_s)
        listener = self.scoring.acknowledged
        if resumed:
            return Store.resume(self.folder, on_acknowledged=listener, settings=settings, now=self.clock.now)
        return Store(self.folder, self.schema, on_acknowledged=listener, settings=settings)

    def _take_up(self, memory: RecipeMemory, standing: Any, store: Store) -> None:
        utc_s = self.clock.utc_s()
        gap_s = 0.0 if memory.last_utc_s is None else max(0.0, utc_s - memory.last_utc_s)
        on = sum(each.on for each in standing.values())
        told = {"gap_s": gap_s, "from_utc_s": memory.last_utc_s, "to_utc_s": utc_s, "lasers_on": on, "why": "restart"}
        self._event(store, "gap", told)
        taken_up(self.recipe, memory, standing, gap_s)

    def _who(self) -> dict[str, str]:
        return {"operator": self.config.operator, "note": self.config.note}

    def _event(self, store: Store, kind: str, detail: dict[str, Any]) -> None:
        store.submit(Event(0, *self.clock.now(), kind, None, detail))

    def _alive(self, store: Store) -> None:
        """A sample is acknowledged: that is life. A disk that takes nothing is alarmed, and no reason to be killed."""
        if store.failure and self.scoring.storage_told:
            self.service.fed(f"NOTHING IS LOGGED: {store.failure}")
        elif not store.failure:
            waiting = store.next_seq - 1 - store.acknowledged_seq
            alarms = len(self.scoring.alarms)
            self.service.fed(f"logged to seq {store.acknowledged_seq}, {waiting} waiting, {alarms} alarms")


def _watch(schema: Schema) -> Detector:
    from lasercontrol.monitor.watch import watch_of

    return watch_of(schema)
