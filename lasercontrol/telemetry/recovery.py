"""Where a log stopped: what is whole in its journals, and from which seq on it goes on. Nothing is changed or cut.

A log is never appended to where it broke off: the next run begins a journal of its own, so that a torn tail stays what
it is and is passed by.
"""

import os
from dataclasses import dataclass
from pathlib import Path

from lasercontrol.errors import LogError, LogWriteError
from lasercontrol.telemetry.frame import Frame, FrameKind, FrameReader
from lasercontrol.telemetry.frame_codec import BadPayload, item_of, shape_of
from lasercontrol.telemetry.journal import journal_number, journals
from lasercontrol.telemetry.log_walk import begun
from lasercontrol.telemetry.row import Schema

__all__ = ["Stopped", "stopped"]


@dataclass(frozen=True, slots=True)
class Stopped:
    """How far a log goes. utc_s, monotonic_s: of its last frame, None where it holds none; closed: ended in order."""

    schema: Schema
    next_seq: int
    next_number: int
    utc_s: float | None
    monotonic_s: float | None
    closed: bool


def stopped(folder: Path) -> Stopped:
    """How far the log in a folder goes; only its last journals are read.

    What is whole there is first brought to the disk itself: a killed program may have left it in memory. Raises
    LogError where there is no log, LogWriteError where the disk does not take it.
    """
    files = journals(folder)
    next_number = 1 + max(map(journal_number, files), default=-1)
    for path in reversed(files):
        try:
            _to_disk(path)
            found = begun(path)
        except OSError as error:
            raise LogWriteError(path, f"cannot be brought to the disk: {error.strerror}") from error
        if found is not None:
            return _from(path, *found, next_number)
    raise LogError(folder, "no log to go on with: it holds no journal that can be read.")


def _from(path: Path, schema: Schema, next_seq: int, next_number: int) -> Stopped:
    last: Frame | None = None
    closed = False
    with path.open("rb", buffering=0) as file:
        reader = FrameReader(lambda size: file.read(size) or b"")
        while (frame := reader.next(final=True)) is not None:
            closed = frame.kind is FrameKind.END
            if frame.kind in {FrameKind.ROW, FrameKind.SWEEP, FrameKind.EVENT}:
                last = frame
                next_seq = max(next_seq, frame.seq + 1)
            elif closed:
                next_seq = max(next_seq, frame.seq)
    utc_s, monotonic_s = _moment(last, schema, path)
    return Stopped(schema, next_seq, next_number, utc_s, monotonic_s, closed)


def _moment(frame: Frame | None, schema: Schema, path: Path) -> tuple[float | None, float | None]:
    if frame is None:
        return None, None
    try:
        item = item_of(frame, shape_of(schema))
    except BadPayload as error:
        raise LogError(path, f"{error}.") from error
    return item.utc_s, item.monotonic_s


def _to_disk(path: Path) -> None:
    fd = os.open(path, os.O_RDWR)  # Windows syncs only what may be written
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
