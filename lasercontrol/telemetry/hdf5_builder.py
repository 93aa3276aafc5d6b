"""Makes HDF5 of a log's journals while they are written: a process of its own, which acquisition never waits for.

One segment for each journal. A segment with a seal is finished; any other was left behind by a crash, is renamed
`.crashed`, and is made again from its journal, since a crashed HDF5 file must never be opened for writing.
"""

import argparse
import logging
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from lasercontrol.errors import LaserControlError, LogError
from lasercontrol.telemetry.hdf5_file import LogFile
from lasercontrol.telemetry.journal import journal_number, journals
from lasercontrol.telemetry.log_lock import LogLock, holder
from lasercontrol.telemetry.log_reader import blocks_of
from lasercontrol.telemetry.log_walk import Order, begun, journal_frames
from lasercontrol.telemetry.retention import drop_old_journals
from lasercontrol.telemetry.row import Schema
from lasercontrol.telemetry.seal import Digest, holds, read_seal, sealed, segment_path
from lasercontrol.telemetry.space import space_of

__all__ = ["BUILDER_LOCK", "Builder", "build"]

log = logging.getLogger(__name__)

BUILDER_LOCK = "builder.lock"
POLL_S = 0.5
RESERVE_HOURS = 0.5


@dataclass(slots=True)
class Builder:
    """Builds the segments of a folder.

    ended: whether the log's writer has let go. taken_over: whether another writer goes on with the log; what comes then
    is for that one's builder. keep_s: see `drop_old_journals`.
    """

    folder: Path
    ended: Callable[[], bool]
    taken_over: Callable[[], bool] = lambda: False
    keep_s: float | None = None
    poll_s: float = POLL_S
    free: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free

    def run(self) -> None:
        """Build until the writer has ended and all of its journals are done. Raises OSError, LogError."""
        order = Order(0, self._tell)
        done = -1
        while True:
            over = self.ended()  # asked before looking, so that nothing that came before is missed
            found = [path for path in journals(self.folder) if journal_number(path) > done]
            if over and self.taken_over():  # asked after looking: none of those found are then another writer's
                return
            for path in found:
                self._segment(path, order)
                done = journal_number(path)
                if self.keep_s is not None:
                    drop_old_journals(self.folder, self.keep_s)
            if over:
                return
            time.sleep(self.poll_s)

    def _segment(self, path: Path, order: Order) -> None:
        segment = segment_path(self.folder, journal_number(path))
        if (seal := read_seal(segment)) is not None and segment.exists():
            order.seq = max(order.seq, seal.next_seq)
            return
        found = begun(path)
        if found is None:
            self._tell(f"{path}: its first frame is damaged; no HDF5 is made of it")
            return
        schema, first = found
        if segment.exists():
            segment.replace(segment.with_suffix(".crashed"))
        order.seq = first if order.seq == 0 else order.seq
        first, digest = order.seq, Digest()
        with LogFile(segment, schema) as file:
            frames = journal_frames(path, order, lambda: self._state(path, schema))
            for part in blocks_of(frames, schema, path):
                digest.add(part)
                file.add(part)
        if not holds(segment, digest):
            raise LogError(segment, "it does not hold what its journal holds; it is made again.")
        sealed(segment, first, order.seq)

    def _state(self, path: Path, schema: Schema) -> str:
        over = self.ended()
        if over or any(journal_number(each) > journal_number(path) for each in journals(self.folder)):
            return "final"
        time.sleep(self.poll_s)
        while not self.ended() and self.free(self.folder) < space_of(schema, RESERVE_HOURS).journal:
            time.sleep(self.poll_s)  # the journal goes first
        return "wait"

    def _tell(self, words: str) -> None:
        log.warning("%s: %s", self.folder, words)


def build(folder: Path, *, keep_s: float | None = None) -> None:
    """Make what is missing of the HDF5 of a log that nobody writes. LogError where somebody does, or builds already."""
    lock = LogLock(folder)
    building = LogLock(folder, BUILDER_LOCK)
    try:
        Builder(folder, lambda: True, keep_s=keep_s).run()
    finally:
        building.release()
        lock.release()


class _Writer:
    """The process that writes the log, as its child sees it: it is over when standard input ends."""

    def __init__(self, folder: Path, who: str) -> None:
        self._folder, self._who, self._over = folder, who, threading.Event()
        threading.Thread(target=self._listen, daemon=True).start()

    def ended(self) -> bool:
        """Whether it closed the log or died."""
        return self._over.is_set()

    def taken_over(self) -> bool:
        """Whether another writes now."""
        return holder(self._folder) != self._who

    def _listen(self) -> None:
        sys.stdin.buffer.read()
        self._over.set()


def _alone(folder: Path) -> LogLock:
    """Wait until the builder of the writer before has done its work."""
    while True:
        with suppress(LogError):
            return LogLock(folder, BUILDER_LOCK)
        time.sleep(POLL_S)


def _main() -> None:
    """Follow the log that the parent process writes, until it ends or dies."""
    options = argparse.ArgumentParser()
    options.add_argument("folder", type=Path)
    options.add_argument("writer", help="what stands in the writer's lock")
    options.add_argument("--keep-s", type=float)
    asked = options.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):  # meant for the writer, whose end is this one's
        signal.signal(number, signal.SIG_IGN)
    if sys.platform != "win32":
        os.nice(5)  # acquisition goes first
    writer = _Writer(asked.folder, asked.writer)
    try:
        building = _alone(asked.folder)
        Builder(asked.folder, writer.ended, writer.taken_over, asked.keep_s).run()
        building.release()
    except (OSError, RuntimeError, ValueError, LaserControlError) as error:
        sys.stderr.write(f"{error}\n")
        sys.stderr.flush()
        os._exit(1)  # HDF5 must not tidy up what it could not write


if __name__ == "__main__":
    _main()
