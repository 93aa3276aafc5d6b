"""Reads a log, whole or while it is written: a folder, one of its journals, or an HDF5 file."""

from collections.abc import Callable, Iterator
from pathlib import Path

from lasercontrol.errors import InputFileError, LogError
from lasercontrol.telemetry.frame import Frame, FrameKind
from lasercontrol.telemetry.frame_codec import BadPayload, block_of_rows, item_of, row_bytes, shape_of
from lasercontrol.telemetry.journal import journals
from lasercontrol.telemetry.log_walk import Never, Order, Tell, begun, folder_frames, journal_frames, never
from lasercontrol.telemetry.row import Block, Event, Row, Schema, Sweep

__all__ = ["Part", "blocks_of", "read_log"]

Part = Block | Sweep | Event
BLOCK_BYTES = 16_000_000  # of values; a block of 100 lasers is then two hours, one of 10,000 lasers a minute
MOST_ROWS = 3600


def read_log(
    path: Path, *, from_seq: int = 0, on_problem: Tell | None = None, wait: Never = never
) -> tuple[Schema, Iterator[Part]]:
    """What a log is of, and all that it holds from from_seq on in the order of seq: rows on end, sweeps and events.

    path: a log's folder, one journal (.lcj) or one HDF5 file; HDF5 is opened in a child process. A last frame that is
    cut was never acknowledged and is left out. on_problem is told of everything acknowledged that is missing; without
    it, that is a LogError. wait: at the end of a folder that is being written, waits and says whether to go on.

    Raises InputFileError where the path is no log of this program.
    """
    if not path.exists():
        raise InputFileError(path, None, "there is no such log.")
    order = Order(from_seq, on_problem or _refuse(path))
    if path.is_dir():
        return _folder(path, order, wait)
    if path.suffix == ".lcj":
        return _journal(path, order)
    from lasercontrol.telemetry.foreign_file import read_hdf5

    return read_hdf5(path, from_seq)


def _refuse(path: Path) -> Tell:
    def refuse(words: str) -> None:
        raise LogError(path, f"{words}.")

    return refuse


def _journal(path: Path, order: Order) -> tuple[Schema, Iterator[Part]]:
    found = begun(path)
    if found is None:
        raise InputFileError(path, None, "no journal of this program, or its first frame is damaged.")
    schema, first = found
    order.seq = max(order.seq, first)
    return schema, blocks_of(journal_frames(path, order, lambda: "final"), schema, path)


def _folder(folder: Path, order: Order, wait: Never) -> tuple[Schema, Iterator[Part]]:
    from_seq = order.seq
    schema = _schema(folder, from_seq)

    def parts() -> Iterator[Part]:
        # Frames before from_seq are passed by, and their order is watched as well.
        order.seq = 0
        walk = (each for each in folder_frames(folder, order, wait) if _wanted(each, from_seq))
        yield from blocks_of(walk, schema, folder, lambda file: _segment(file, order, from_seq))

    return schema, parts()


def _wanted(each: Frame | Path | None, from_seq: int) -> bool:
    return not isinstance(each, Frame) or each.seq >= from_seq


def _schema(folder: Path, from_seq: int) -> Schema:
    for path in journals(folder):
        if (found := begun(path)) is not None:
            return found[0]
    from lasercontrol.telemetry.foreign_file import read_hdf5

    for seal in sorted(folder.glob("segment-*.seal")):
        return read_hdf5(seal.with_suffix(".h5"), from_seq)[0]
    raise InputFileError(folder, None, "no log: it holds no journal that can be read.")


def _segment(file: Path, order: Order, from_seq: int) -> Iterator[Part]:
    from lasercontrol.telemetry.foreign_file import read_hdf5

    for part in read_hdf5(file, max(order.seq, from_seq))[1]:
        first, last = (part.seq[0], part.seq[-1]) if isinstance(part, Block) else (part.seq, part.seq)
        if first > from_seq:
            order.missing(int(first))
        order.seq = int(last) + 1
        yield part


def blocks_of(
    frames: Iterator[Frame | Path | None],
    schema: Schema,
    source: Path,
    segment: Callable[[Path], Iterator[Part]] | None = None,
) -> Iterator[Part]:
    """Rows on end as blocks, sweeps and events between them. None among the frames: what is there is given now."""
    shape = shape_of(schema)
    most = max(1, min(MOST_ROWS, BLOCK_BYTES // row_bytes(shape)))
    rows: list[Frame] = []
    try:
        for frame in frames:
            if isinstance(frame, Frame) and frame.kind is FrameKind.ROW and len(rows) < most:
                rows.append(frame)
                continue
            if rows:
                yield block_of_rows(rows, shape)
                rows = []
            if isinstance(frame, Path) and segment:
                yield from segment(frame)
            elif isinstance(frame, Frame) and frame.kind is FrameKind.ROW:
                rows.append(frame)
            elif isinstance(frame, Frame):
                part = item_of(frame, shape)
                if not isinstance(part, Row):
                    yield part
        if rows:
            yield block_of_rows(rows, shape)
    except BadPayload as error:
        raise InputFileError(source, None, f"{error}.") from error
