"""Through the files of a log folder in the order of seq, while it may still be written."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from lasercontrol.errors import InputFileError, LogError
from lasercontrol.telemetry.frame import Damage, Frame, FrameKind, FrameReader
from lasercontrol.telemetry.frame_codec import BadPayload, schema_of
from lasercontrol.telemetry.journal import journal_number, journals
from lasercontrol.telemetry.row import Schema

__all__ = ["Never", "Order", "Tell", "begun", "folder_frames", "journal_frames", "never"]

Tell = Callable[[str], None]
"""Told in a sentence of what a log should hold and does not."""
Never = Callable[[], bool]
"""Waits for more and says whether to go on; `never` for what is there now."""


def never() -> bool:
    """What is there now, and no more."""
    return False


@dataclass(slots=True)
class Order:
    """Lets every seq pass once, in order, and tells of those that never come."""

    seq: int
    tell: Tell

    def passes(self, frame: Frame) -> bool:
        """Whether the frame is new; one before it that is missing is told of."""
        if frame.seq > self.seq:
            self.missing(frame.seq)
        if frame.seq < self.seq:
            return False
        self.seq = frame.seq + 1
        return True

    def missing(self, until: int) -> None:
        """Tell that what comes next is `until`."""
        if until > self.seq:
            self.tell(f"seq {self.seq} to {until - 1} are missing: {until - self.seq} of what was acknowledged")
            self.seq = until


def begun(path: Path) -> tuple[Schema, int] | None:
    """Schema and first seq of a journal; None where its first frame is damaged. Raises InputFileError."""
    with path.open("rb", buffering=0) as file:
        frame = FrameReader(lambda size: file.read(size) or b"").next(final=True)
    if frame is None or frame.kind is not FrameKind.SCHEMA:
        return None
    try:
        return schema_of(frame.payload), frame.seq
    except BadPayload as error:
        raise InputFileError(path, None, f"{error}.") from error


def journal_frames(path: Path, order: Order, more: Callable[[], str]) -> Iterator[Frame | None]:
    """Rows, sweeps and events of one journal that `order` lets pass, and None whenever there are none for now.

    more: asked at the end for now: `wait`, `final` (nothing more will be written here) or `stop`.
    """
    spoilt: list[Damage] = []
    within: int | None = None
    with path.open("rb", buffering=0) as file:
        reader = FrameReader(lambda size: file.read(size) or b"", spoilt.append)
        answer = more()
        while True:
            while (frame := reader.next(final=answer == "final")) is not None:
                if within is not None and frame.seq != within and frame.kind is not FrameKind.SCHEMA:
                    _out_of_order(path, frame, within, spoilt, order)
                within = frame.seq + (frame.kind not in {FrameKind.SCHEMA, FrameKind.END})
                if frame.kind is FrameKind.END:
                    order.missing(frame.seq)
                elif frame.kind is not FrameKind.SCHEMA and order.passes(frame):
                    yield frame
            if answer != "wait":
                return
            yield None
            answer = more()


def _out_of_order(path: Path, frame: Frame, expected: int, spoilt: list[Damage], order: Order) -> None:
    if frame.seq > expected:
        where = "".join(f", {damage.size} bytes at {damage.offset} are no frame" for damage in spoilt)
        missing, order.tell = order.tell, lambda words: missing(f"{path}: {words}{where}")
        order.missing(frame.seq)
        order.tell = missing
        spoilt.clear()
    else:
        order.tell(f"{path}: seq {frame.seq} comes after {expected - 1}, twice or out of order")


def folder_frames(folder: Path, order: Order, wait: Never = never) -> Iterator[Frame | Path | None]:
    """What a folder's journals hold, in order, with None whenever there is nothing for now.

    A path stands for a finished HDF5 segment whose journal is gone; who reads it puts `order.seq` behind it.
    """
    done = -1
    while True:
        source = next((path for path in _sources(folder) if _number(path) > done), None)
        if source is None:
            if not wait():
                return
            yield None
        elif source.suffix == ".h5":
            yield source
            done = _number(source)
        else:
            yield from journal_frames(source, order, lambda source=source: _state(folder, source, wait))  # type: ignore[misc]
            done = _number(source)


def _state(folder: Path, source: Path, wait: Never) -> str:
    if _later(folder, source):
        return "final"
    if wait():
        return "wait"
    return "final" if _later(folder, source) else "stop"


def _later(folder: Path, source: Path) -> bool:
    return any(journal_number(path) > journal_number(source) for path in journals(folder))


def _sources(folder: Path) -> list[Path]:
    """Journals, and segments that were checked and whose journal is gone, by number."""
    found = {journal_number(path): path for path in journals(folder)}
    for seal in folder.glob("segment-*.seal"):
        found.setdefault(_number(seal), seal.with_suffix(".h5"))
    return [found[number] for number in sorted(found)]


def _number(path: Path) -> int:
    try:
        return int(path.stem.rpartition("-")[2])
    except ValueError:
        raise LogError(path, "no name that this program gives to a file of a log.") from None
