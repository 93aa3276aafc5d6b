"""Reads a log back from HDF5, trusting nothing that the file says of itself.

Runs where a malformed file does no harm: in the child process of `foreign_file`, or where a file was just written.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lasercontrol.telemetry.frame_codec import SWEPT, BadPayload, event_of, row_bytes, schema_of, shape_of
from lasercontrol.telemetry.hdf5_layout import ROWS_PER_CHUNK
from lasercontrol.telemetry.row import Block, Event, Schema, Sweep

if TYPE_CHECKING:
    import h5py

__all__ = ["opened", "parts_of", "schema_in"]

VERSION_AT, FLAGS_AT, FOLLOWED = 8, 11, 4
BLOCK_BYTES = 16_000_000
MOST_ROWS = 3600


def opened(path: Path) -> "h5py.File":
    """The file, closed in order or not, or still being written. Raises OSError where it is no HDF5."""
    import h5py

    if _followed(path):
        return h5py.File(path, "r", libver="latest", swmr=True)
    return h5py.File(path, "r")


def _followed(path: Path) -> bool:
    """Whether the superblock, of version 3, says that the file is being written for followers, or was at a crash.

    Any other file is opened plainly: HDF5 tries for minutes to follow one that was cut.
    """
    with path.open("rb") as file:
        head = file.read(FLAGS_AT + 1)
    return len(head) > FLAGS_AT and head[VERSION_AT] == 3 and bool(head[FLAGS_AT] & FOLLOWED)


def schema_in(file: "h5py.File") -> Schema:
    """What the log is of. Raises BadPayload."""
    schema = schema_of(_column(file, "log/schema", np.uint8, (), None).tobytes(), packed=False)
    if not schema.lasers or not schema.channels:
        raise BadPayload("no laser or no channel")
    return schema


def parts_of(file: "h5py.File", schema: Schema, from_seq: int = 0) -> Iterator[Block | Sweep | Event]:
    """Everything in the order of seq, from from_seq on. Raises BadPayload where columns do not fit each other."""
    last = int(_column(file, "log/high_water_seq", np.int64, (), 1)[0])
    seq = _increasing(file, "rows/seq", last)
    others: list[Sweep | Event] = [*_sweeps(file, last), *_events(file, last)]
    others.sort(key=lambda other: other.seq)
    at = int(np.searchsorted(seq, from_seq))
    for other in others:
        if other.seq < from_seq:
            continue
        until = int(np.searchsorted(seq, other.seq))
        yield from _blocks(file, schema, seq, at, until)
        at = until
        yield other
    yield from _blocks(file, schema, seq, at, len(seq))


def _blocks(file: "h5py.File", schema: Schema, seq: NDArray[np.int64], at: int, until: int) -> Iterator[Block]:
    n, c, r = shape_of(schema)
    chunks = max(1, min(MOST_ROWS, BLOCK_BYTES // row_bytes((n, c, r))) // ROWS_PER_CHUNK)
    while at < until:
        end = min(until, (at // ROWS_PER_CHUNK + chunks) * ROWS_PER_CHUNK)
        values = np.empty((end - at, n, c), np.float32)
        for each, channel in enumerate(schema.channels):
            values[:, :, each] = _column(file, f"channels/{channel.name}/value", np.float32, (n,), end, at)
        rig = np.empty((end - at, r), np.float32)
        for each, channel in enumerate(schema.rig):
            rig[:, each] = _column(file, f"rig/{channel.name}/value", np.float32, (), end, at)
        yield Block(
            seq[at:end],
            _column(file, "rows/monotonic", np.float64, (), end, at),
            _column(file, "rows/time", np.float64, (), end, at),
            values,
            _column(file, "state/quality", np.uint8, (n, c), end, at),
            _column(file, "state/phase", np.uint8, (n,), end, at),
            rig,
        )
        at = end


def _sweeps(file: "h5py.File", last: int) -> Iterator[Sweep]:
    seq = _increasing(file, "sweeps/seq", last)
    count = len(seq)
    time, monotonic, mount_c = (
        _column(file, f"sweeps/{name}", np.float64, (), count) for name in ("time", "monotonic", "mount_c")
    )
    laser = _column(file, "sweeps/laser", np.int32, (), count)
    first, points = (_column(file, f"sweeps/{name}", np.int64, (), count) for name in ("first_point", "points"))
    ends = _ends(first, points, "sweeps")
    curves = [_column(file, f"sweeps/curves/{name}/value", np.float32, (), ends) for name in SWEPT]
    for at in range(count):
        cut = slice(int(first[at]), int(first[at] + points[at]))
        moment = int(seq[at]), float(monotonic[at]), float(time[at])
        yield Sweep(*moment, int(laser[at]), float(mount_c[at]), *(curve[cut] for curve in curves))


def _events(file: "h5py.File", last: int) -> Iterator[Event]:
    seq = _increasing(file, "events/seq", last)
    first, size = (_column(file, f"events/{name}", np.int64, (), len(seq)) for name in ("first_byte", "bytes"))
    text = _column(file, "events/text", np.uint8, (), _ends(first, size, "events")).tobytes()
    for at in range(len(seq)):
        yield event_of(int(seq[at]), text[int(first[at]) : int(first[at] + size[at])])


def _ends(first: NDArray[np.int64], size: NDArray[np.int64], what: str) -> int:
    """Where pieces on end end."""
    if np.any(size < 0) or np.any(first != np.cumsum(size) - size):
        raise BadPayload(f"{what} do not lie on end")
    return int(size.sum())


def _increasing(file: "h5py.File", name: str, last: int) -> NDArray[np.int64]:
    """The seq of a table as far as the mark goes."""
    column = _column(file, name, np.int64, (), None)
    seq = column[: int(np.searchsorted(column, last, side="right"))]
    if np.any(np.diff(seq) <= 0) or np.any(seq < 0):
        raise BadPayload(f"{name} does not increase")
    return seq


def _column(
    file: "h5py.File", name: str, dtype: Any, shape: tuple[int, ...], end: int | None, begin: int = 0
) -> NDArray[Any]:
    """Rows of a column that must be in this very file, of this type and shape, and as long as asked for."""
    import h5py

    at: Any = file
    for word in name.split("/"):
        if not isinstance(at, h5py.Group) or not isinstance(at.get(word, getlink=True), h5py.HardLink):
            raise BadPayload(f"there is no {name}")
        at = at[word]
    if not isinstance(at, h5py.Dataset) or at.is_virtual or at.external:
        raise BadPayload(f"{name} is no dataset of this file")
    if at.ndim != 1 + len(shape) or at.shape[1:] != shape or at.dtype != np.dtype(dtype):
        raise BadPayload(f"{name} is {at.dtype} of shape {at.shape}")
    if end is not None and len(at) < end:
        raise BadPayload(f"{name} has {len(at)} rows, not {end}")
    return np.asarray(at[begin:end])
