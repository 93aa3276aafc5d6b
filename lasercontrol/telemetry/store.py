"""The log of a rack while it is written: nothing that was acknowledged is lost, and who submits never waits."""

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from lasercontrol.errors import LogError, LogWriteError
from lasercontrol.telemetry.disk import Disk
from lasercontrol.telemetry.frame_codec import Item, item_bytes, shape_of
from lasercontrol.telemetry.hdf5_follower import Follower
from lasercontrol.telemetry.journal import ROTATE_BYTES, ROTATE_S, Journal, journals
from lasercontrol.telemetry.log_lock import LogLock
from lasercontrol.telemetry.recovery import stopped
from lasercontrol.telemetry.row import Event, Schema

__all__ = ["Acknowledged", "Store", "StoreSettings"]

log = logging.getLogger(__name__)

Acknowledged = Callable[[Sequence[Item]], None]
"""Given what the disk has just taken, in order of seq, on the journal's thread: it must hand on and return."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSettings:
    """How a log is kept.

    queue_bytes: frames that wait for the disk at the most; what is submitted beyond is refused, and a `gap` event says
    how much. retry_s: between attempts after a failure. stall_s: a disk that has not answered for so long has failed.
    rotate_s, rotate_bytes: when the next journal is begun. hdf5: whether a process beside makes HDF5 of the journals.
    keep_journals_s: how long a journal stays after its HDF5 was checked, None for ever.
    """

    queue_bytes: int = 256_000_000
    retry_s: float = 1.0
    stall_s: float = 3.0
    rotate_s: float = ROTATE_S
    rotate_bytes: int = ROTATE_BYTES
    hdf5: bool = True
    keep_journals_s: float | None = None


@dataclass(frozen=True, slots=True)
class _Waiting:
    item: Item
    frame: bytes
    since_s: float


@dataclass(frozen=True, slots=True)
class _Refused:
    count: int
    first_utc_s: float
    last_utc_s: float
    monotonic_s: float


class Store:
    """A log that is being written. One process at a time; any thread may submit.

    Everything submitted gets the next seq, waits in a queue and is written by a thread of its own, many at once; when
    fdatasync has returned it is acknowledged. On a disk that is full, read-only or broken, acknowledgement stops,
    `failure` says so, what was acknowledged stays, and the thread tries again with a new journal until it succeeds.

    Raises LogError where there is a log already, LogWriteError where a new one cannot be begun.
    """

    def __init__(
        self,
        folder: Path,
        schema: Schema,
        *,
        on_acknowledged: Acknowledged | None = None,
        settings: StoreSettings | None = None,
        disk: Disk | None = None,
    ) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            lock = LogLock(folder)
        except OSError as error:
            raise LogWriteError(folder, f"no log can be begun: {_cause(error)}") from error
        if journals(folder) or any(folder.glob("segment-*.h5")):
            lock.release()
            raise LogError(folder, "there is a log already; go on with it or name another folder.")
        self._begin(folder, schema, lock, 0, 0, on_acknowledged, settings, disk)

    @classmethod
    def resume(
        cls,
        folder: Path,
        *,
        on_acknowledged: Acknowledged | None = None,
        settings: StoreSettings | None = None,
        disk: Disk | None = None,
        now: Callable[[], tuple[float, float]] = lambda: (time.monotonic(), time.time()),
    ) -> Self:
        """Go on with the log in a folder, after whatever ended it: a `restart` event comes next, with the time between.

        now: the log's own clock, (monotonic_s, utc_s), which runs faster in a rehearsal. Raises LogError where there
        is no log or another process writes it, LogWriteError where the disk refuses.
        """
        store = cls.__new__(cls)
        if not folder.is_dir():
            raise LogError(folder, "there is no log to go on with.")
        try:
            lock = LogLock(folder)
        except OSError as error:
            raise LogWriteError(folder, f"the log cannot be gone on with: {_cause(error)}") from error
        try:
            end = stopped(folder)
            store._begin(folder, end.schema, lock, end.next_seq, end.next_number, on_acknowledged, settings, disk)  # noqa: SLF001 — its own
        except (LogError, LogWriteError):
            lock.release()
            raise
        monotonic_s, utc_s = now()
        gap_s = None if end.utc_s is None else utc_s - end.utc_s
        detail = {"last_utc_s": end.utc_s, "gap_s": gap_s, "closed_in_order": end.closed}
        store.submit(Event(0, monotonic_s, utc_s, "restart", None, detail))
        return store

    def _begin(
        self,
        folder: Path,
        schema: Schema,
        lock: LogLock,
        next_seq: int,
        number: int,
        on_acknowledged: Acknowledged | None,
        settings: StoreSettings | None,
        disk: Disk | None,
    ) -> None:
        self.folder, self.schema = folder, schema
        self._settings = settings or StoreSettings()
        self._lock, self._shape, self._on_acknowledged = lock, shape_of(schema), on_acknowledged
        self._next_seq, self._acknowledged_seq = next_seq, next_seq - 1
        self._queue: deque[_Waiting] = deque()
        self._queued_bytes, self._failed, self._closing, self._give_up_s = 0, "", False, float("inf")
        self._refused: _Refused | None = None
        self._changed = threading.Condition()
        rotate_s, rotate_bytes = self._settings.rotate_s, self._settings.rotate_bytes
        self._journal = Journal(folder, schema, number=number, disk=disk, rotate_s=rotate_s, rotate_bytes=rotate_bytes)
        try:
            self._journal.append([], next_seq)
        except OSError as error:
            lock.release()
            raise LogWriteError(folder, f"no journal can be begun: {_cause(error)}") from error
        self._thread = threading.Thread(target=self._write, name="journal", daemon=True)
        self._thread.start()
        self._follower = Follower(folder, lock.who, self._settings.keep_journals_s) if self._settings.hdf5 else None

    # ------------------------------------------------------------------------------------------------ for who submits

    def submit(self, item: Item) -> int | None:
        """Queue a row, a sweep or an event under the next seq, whatever seq it carries, and return that seq.

        Returns at once. None: the queue is full, since the disk takes nothing; the item is refused, and a `gap` event
        will say how many were. ValueError where arrays do not fit the schema, LogError after `close`.
        """
        with self._changed:
            if self._closing:
                raise LogError(self.folder, "the log is closed; nothing more can be logged.")
            if self._refused and self._queued_bytes <= self._settings.queue_bytes // 2:
                self._end_gap(self._refused)
            return self._admit(item)

    @property
    def next_seq(self) -> int:
        """What the next submitted item gets."""
        return self._next_seq

    @property
    def acknowledged_seq(self) -> int:
        """The last seq that is on the disk, with all before it; -1 where there is none."""
        return self._acknowledged_seq

    @property
    def failure(self) -> str:
        """Why nothing is acknowledged at the moment, as a sentence; empty where all is well."""
        with self._changed:
            if self._failed or not self._queue:
                return self._failed
            waits_s = time.monotonic() - self._queue[0].since_s
        if waits_s < self._settings.stall_s:
            return ""
        return f"{self.folder}: the disk has not answered for {waits_s:.1f} s; nothing is acknowledged."

    @property
    def hdf5_failure(self) -> str:
        """Why no HDF5 is made at the moment, empty where all is well; nothing is lost: the journal has it."""
        return self._follower.failure if self._follower else ""

    def wait(self, seq: int, timeout_s: float) -> bool:
        """Wait until a seq is acknowledged; False where it is not within the time."""
        with self._changed:
            return self._changed.wait_for(lambda: self._acknowledged_seq >= seq, timeout_s)

    def close(self, timeout_s: float = 10.0) -> None:
        """Acknowledge what waits, end the journal and let go. LogWriteError where the disk does not take it in time."""
        with self._changed:
            if not self._closing:
                if self._refused:
                    self._end_gap(self._refused)
                self._closing, self._give_up_s = True, time.monotonic() + timeout_s
            self._changed.notify_all()
        self._thread.join(timeout_s + 1.0)
        if self._follower:
            self._follower.end(timeout_s)
        self._lock.release()
        with self._changed:
            left, why = len(self._queue), self._failed
        if left or why:
            raise LogWriteError(self.folder, f"{left} of what was submitted could not be logged: {why}")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    # -------------------------------------------------------------------------------------------------- under the lock

    def _admit(self, item: Item, *, always: bool = False) -> int | None:
        numbered = replace(item, seq=self._next_seq)
        frame = item_bytes(numbered, self._shape)  # here, so that the arrays are the caller's again on return
        full = self._refused or self._queued_bytes + len(frame) > self._settings.queue_bytes
        if full and not always:
            first_utc_s, count = (self._refused.first_utc_s, self._refused.count) if self._refused else (item.utc_s, 0)
            self._refused = _Refused(count + 1, first_utc_s, item.utc_s, item.monotonic_s)
            return None
        self._queue.append(_Waiting(numbered, frame, time.monotonic()))
        self._queued_bytes += len(frame)
        self._next_seq += 1
        self._changed.notify_all()
        return numbered.seq

    def _end_gap(self, refused: _Refused) -> None:
        span = {"from_utc_s": refused.first_utc_s, "to_utc_s": refused.last_utc_s}
        detail = {"refused": refused.count, **span, "why": "the disk took nothing"}
        self._refused = None
        self._admit(Event(0, refused.monotonic_s, refused.last_utc_s, "gap", None, detail), always=True)

    # ------------------------------------------------------------------------------------------- the journal's thread

    def _write(self) -> None:
        while batch := self._next_batch():
            try:
                self._journal.append([each.frame for each in batch], batch[0].item.seq)
            except OSError as error:
                if not self._wait_after(error):
                    return
            else:
                self._take(batch)
        try:
            self._journal.end(self._next_seq)
        except OSError as error:
            self._failed = f"{self.folder}: the end cannot be written: {_cause(error)}"

    def _next_batch(self) -> list[_Waiting]:
        """Everything that waits; nothing once the log is closing."""
        with self._changed:
            self._changed.wait_for(lambda: self._queue or self._closing)
            return list(self._queue)

    def _take(self, batch: list[_Waiting]) -> None:
        with self._changed:
            for each in batch:
                self._queue.popleft()
                self._queued_bytes -= len(each.frame)
            self._acknowledged_seq = batch[-1].item.seq
            if self._failed:
                log.warning("%s: the disk takes the log again, from seq %d on", self.folder, batch[0].item.seq)
            self._failed = ""
            self._changed.notify_all()
        if self._on_acknowledged:
            try:
                self._on_acknowledged([each.item for each in batch])
            except Exception:  # whoever listens must not end the log
                log.exception("%s: what listens to the log failed", self.folder)

    def _wait_after(self, error: OSError) -> bool:
        """Say what failed and wait for the next attempt; False when it is time to give up."""
        with self._changed:
            if not self._failed:
                log.error("%s: nothing is acknowledged: %s", self.folder, _cause(error))
            self._failed = (
                f"{self.folder}: {_cause(error)}; nothing after seq {self._acknowledged_seq} is acknowledged."
            )
            self._changed.notify_all()
            until_s = time.monotonic() + self._settings.retry_s
            self._changed.wait_for(lambda: time.monotonic() >= min(until_s, self._give_up_s), self._settings.retry_s)
            return time.monotonic() < self._give_up_s


def _cause(error: OSError) -> str:
    return error.strerror or (os.strerror(error.errno) if error.errno else str(error))
