"""Acknowledged rows through the detectors, what they find to the alarms, and alarms to what they lead to.

A thread of its own: it may fall behind, and acquisition does not notice.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue

from lasercontrol.aging.acquisition import Wanted
from lasercontrol.aging.lab_clock import LabClock
from lasercontrol.aging_settings import Action, ActionSettings
from lasercontrol.monitor.alarm_desk import AlarmDesk
from lasercontrol.monitor.annunciator import Annunciator
from lasercontrol.monitor.finding import Detector, Finding, Kind, Severity
from lasercontrol.monitor.transition import Transition
from lasercontrol.telemetry.frame_codec import Item
from lasercontrol.telemetry.log_reader import Part, read_log
from lasercontrol.telemetry.row import Block, Row, Sweep
from lasercontrol.telemetry.store import Store

__all__ = ["Scoring"]

log = logging.getLogger(__name__)

LOOK_S = 0.5
CHECKPOINT_S = 60.0
MOST_ROWS = 600


class Scoring:
    """`acknowledged` is the store's listener; `act` is told what an alarm leads to; `end` waits until all is scored."""

    def __init__(
        self, watch: Detector, opened: Callable[[], Annunciator], actions: ActionSettings, clock: LabClock
    ) -> None:
        self.watch, self._opened, self._actions, self._clock = watch, opened, actions, clock
        self.act: Callable[[Wanted], None] = lambda _wanted: None
        self.store: Store | None = None
        self.alarms: list[Transition] = []
        self.failure = ""
        self.storage_told = False
        self._refused: BaseException | None = None
        self._items: SimpleQueue[Sequence[Item]] = SimpleQueue()
        self._ready, self._over = threading.Event(), threading.Event()
        self._live_from = 0
        self._past: Path | None = None
        self._checkpointed_s = time.monotonic()
        self._thread = threading.Thread(target=self._run, name="scoring", daemon=True)

    def acknowledged(self, items: Sequence[Item]) -> None:
        """Hand on and return."""
        self._items.put(items)

    def begin(self, store: Store, log_folder: Path | None = None) -> None:
        """Score what is acknowledged; of a log that is gone on with, first what no checkpoint holds.

        Returns when alarms can be kept; raises what opening their file raises.
        """
        self.store, self._live_from, self._past = store, store.next_seq, log_folder
        self._thread.start()
        self._ready.wait()
        if self._refused is not None:
            raise self._refused

    def end(self, limit_s: float) -> None:
        """All that is acknowledged is scored, unless that takes too long."""
        self._over.set()
        if self._thread.ident is not None:
            self._thread.join(limit_s)

    def _run(self) -> None:
        """SQLite belongs to the thread that opens it."""
        try:
            with self._opened() as self.annunciator:
                self._ready.set()
                self._score()
        except Exception as error:
            if not self._ready.is_set():
                self._refused = error
                self._ready.set()
                return
            self.failure = f"{type(error).__name__}: {error}"
            log.exception("scoring has failed; rows are logged and limits hold, but no alarm comes from detectors")

    def _score(self) -> None:
        if self._past is not None:
            self._act_again(self._past)
            self._catch_up(self._past)
        while True:
            over = self._over.is_set()
            batch = self._gathered()
            for part in _parts(batch):
                self._take(part)
            self._look_at_storage()
            self._checkpoint(now=over)
            if over and not batch and self._items.empty():
                return

    def _gathered(self) -> list[Item]:
        """What waits, or nothing after a while."""
        batch: list[Item] = []
        try:
            batch += self._items.get(timeout=0.05 if self._over.is_set() else LOOK_S)
            while len(batch) < MOST_ROWS:
                batch += self._items.get_nowait()
        except Empty:
            pass
        return batch if self._past is None else [item for item in batch if item.seq >= self._live_from]

    def _catch_up(self, folder: Path) -> None:
        """What was logged before this process: the detectors learn it again, alarms come of what is new to them."""
        assert self.store is not None  # noqa: S101 — set before the thread begins
        kept = self.annunciator.checkpointed(self.watch.name)
        if kept is not None:
            self.watch.restored(kept[1])
        last = self._live_from - 1
        if last < 0 or not self.store.wait(last, 60.0):
            return
        _, parts = read_log(folder, from_seq=0 if kept is None else kept[0] + 1, on_problem=log.warning)
        for part in parts:
            cut = _before(part, self._live_from)
            if cut is not None:
                self._take(cut)
            if _seq(part) >= last:
                return

    def _act_again(self, folder: Path) -> None:
        """What had fired before the end, but may not have been acted on; who is held already stays so."""
        desk = AlarmDesk(folder)
        try:
            standing = desk.alarms()
        finally:
            desk.close()
        ids = [laser.laser_id for laser in self.store.schema.lasers] if self.store else []
        for alarm in standing:
            laser = ids.index(alarm["laser_id"]) if alarm["laser_id"] in ids else None
            words = f"alarm {alarm['alarm']} ({alarm['kind']}): {alarm['evidence']}"
            self._want(Severity(alarm["severity"]), str(alarm["kind"]), laser, words)

    def _take(self, part: Part) -> None:
        if isinstance(part, Block):
            steps = self.annunciator.rows(part, self.watch.block(part))
        elif isinstance(part, Sweep):
            steps = self.annunciator.moment(part, self.watch.sweep(part))
        else:
            steps = self.annunciator.moment(part, self.watch.event(part))
        self._heed(steps)

    def _heed(self, steps: Sequence[Transition]) -> None:
        for step in steps:
            if step.step not in {"firing", "escalated"}:
                continue
            self.alarms.append(step)
            words = f"alarm {step.alarm} ({step.kind}): {step.evidence}"
            self._want(step.severity, step.kind.value, step.laser, words)

    def _want(self, severity: Severity, kind: str, laser: int | None, words: str) -> None:
        action: Action = getattr(self._actions, severity.name.lower(), "mark")
        if action != "mark" and kind not in self._actions.only_mark:
            self.act(Wanted(action, laser, words))

    def _look_at_storage(self) -> None:
        """A log that is not kept is an alarm at once; it can stand in no log, and is told all the same."""
        failure = self.store.failure if self.store else ""
        now_s, utc_s = self._clock.now()
        if bool(failure) != self.storage_told:
            self.storage_told = bool(failure)
            words = failure or "the disk takes the log again"
            found = _storage(words, now_s, utc_s, active=bool(failure))
            self._heed(self.annunciator.outside(found))
        else:
            self._heed(self.annunciator.pulse(now_s, utc_s))

    def _checkpoint(self, *, now: bool) -> None:
        due = now or time.monotonic() - self._checkpointed_s >= CHECKPOINT_S
        if due and self.annunciator.seq >= 0:
            self._checkpointed_s = time.monotonic()
            self.annunciator.checkpoint(self.watch.name, self.watch.state())


def _storage(words: str, monotonic_s: float, utc_s: float, *, active: bool) -> Finding:
    return Finding(
        kind=Kind.STORAGE,
        severity=Severity.CRITICAL,
        laser=None,
        detector="storage",
        seq=0,
        monotonic_s=monotonic_s,
        utc_s=utc_s,
        since_utc_s=utc_s,
        value=0.0,
        bound=0.0,
        unit="",
        evidence=words,
        active=active,
    )


def _parts(items: Sequence[Item]) -> list[Part]:
    """Rows on end as blocks."""
    parts: list[Part] = []
    rows: list[Row] = []
    for item in items:
        if isinstance(item, Row):
            rows.append(item)
            continue
        parts += [Block.of(rows)] if rows else []
        rows = []
        parts.append(item)
    return [*parts, *([Block.of(rows)] if rows else [])]


def _seq(part: Part) -> int:
    return int(part.seq[-1]) if isinstance(part, Block) else part.seq


def _before(part: Part, seq: int) -> Part | None:
    """The part as far as it lies before a seq."""
    if not isinstance(part, Block):
        return part if part.seq < seq else None
    keep = part.seq < seq
    if not keep.any():
        return None
    return Block(
        part.seq[keep],
        part.monotonic_s[keep],
        part.utc_s[keep],
        part.values[keep],
        part.quality[keep],
        part.phase[keep],
        part.rig[keep],
    )
