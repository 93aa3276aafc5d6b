"""Writes a log as HDF5 that others can follow: rows in whole chunks, and a mark up to which everything is there."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Self

import numpy as np

from lasercontrol.telemetry.frame_codec import SWEPT, event_json
from lasercontrol.telemetry.hdf5_layout import LIBVER, ROWS_PER_CHUNK, lay_out
from lasercontrol.telemetry.row import Block, Event, Schema, Sweep

__all__ = ["LogFile", "Part", "joined", "rows_of", "write_log"]

Part = Block | Sweep | Event
KIND_BYTES = 32


def joined(blocks: list[Block]) -> Block:
    """Blocks on end as one; at least one."""
    if len(blocks) == 1:
        return blocks[0]
    return Block(*(np.concatenate(columns) for columns in zip(*map(_columns, blocks), strict=True)))


def rows_of(block: Block, begin: int, end: int) -> Block:
    """Some rows of a block."""
    return Block(*(column[begin:end] for column in _columns(block)))


def _columns(block: Block) -> tuple[Any, ...]:
    return tuple(getattr(block, name) for name in Block.__slots__)


class LogFile:
    """A new HDF5 file that is filled part by part, in the order of seq.

    It appears under its name once it can be followed (h5py: `swmr=True`).
    Rows wait until they fill chunks. Raises OSError or RuntimeError, as HDF5 does; the file can then be read with
    `swmr=True` and must not be written again.
    """

    def __init__(self, path: Path, schema: Schema) -> None:
        import h5py

        part = path.with_name(f"{path.name}.part")
        lay_out(part, schema)
        _to_disk(part)
        movable = os.name == "posix"  # elsewhere an open file cannot get its name
        if not movable:
            part.replace(path)
        self._file = h5py.File(part if movable else path, "r+", libver=LIBVER)
        self._file.swmr_mode = True
        if movable:  # only now: a crash between the two lines above leaves a file that nothing can open
            part.replace(path)
        self._rows: list[Block] = []
        self._others: list[Sweep | Event] = []
        self._last = -1
        self._names = [channel.name for channel in schema.channels], [channel.name for channel in schema.rig]

    def add(self, part: Part) -> None:
        """What comes next."""
        if isinstance(part, Block):
            self._rows.append(part)
            self._last = int(part.seq[-1])
        else:
            self._others.append(part)
            self._last = part.seq
        waiting = sum(len(block.seq) for block in self._rows)
        if waiting >= ROWS_PER_CHUNK:
            self._write(waiting - waiting % ROWS_PER_CHUNK)

    def close(self) -> None:
        """Write what waits, and close the file; a file that was closed needs no care of any kind."""
        self._write(sum(len(block.seq) for block in self._rows))
        self._file["log/closed"][0] = 1
        self._file.flush()
        self._sync()
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, *rest: object) -> None:
        if kind is None:
            self.close()

    def _write(self, count: int) -> None:
        """The first so many rows, and everything else that comes before the next; then the mark."""
        high_water_seq = self._last
        if self._rows:
            rows = joined(self._rows)
            self._rows = [rows_of(rows, count, len(rows.seq))] if count < len(rows.seq) else []
            high_water_seq = int(rows.seq[count]) - 1 if self._rows else self._last
            if count:
                self._put_rows(rows_of(rows, 0, count))
        ready = [other for other in self._others if other.seq <= high_water_seq]
        self._others = [other for other in self._others if other.seq > high_water_seq]
        self._put_sweeps([other for other in ready if isinstance(other, Sweep)])
        self._put_events([other for other in ready if isinstance(other, Event)])
        self._file.flush()  # who sees the mark must find the rest
        self._file["log/high_water_seq"][0] = high_water_seq
        self._file.flush()
        self._sync()

    def _sync(self) -> None:
        os.fsync(self._file.id.get_vfd_handle())  # HDF5's flush does not

    def _put_rows(self, rows: Block) -> None:
        self._append("state", {"quality": rows.quality, "phase": rows.phase})
        for at, name in enumerate(self._names[0]):
            self._append(f"channels/{name}", {"value": rows.values[:, :, at]})
        for at, name in enumerate(self._names[1]):
            self._append(f"rig/{name}", {"value": rows.rig[:, at]})
        self._append("rows", {"time": rows.utc_s, "monotonic": rows.monotonic_s, "seq": rows.seq})

    def _put_sweeps(self, sweeps: list[Sweep]) -> None:
        if not sweeps:
            return
        for name in SWEPT:
            self._append(f"sweeps/curves/{name}", {"value": np.concatenate([getattr(each, name) for each in sweeps])})
        points = [len(each.current_a) for each in sweeps]
        end = len(self._file["sweeps/curves/current_a/value"])
        columns = {"laser": [each.laser for each in sweeps], "mount_c": [each.mount_c for each in sweeps]}
        self._append("sweeps", columns | _pieces(points, end, "first_point", "points") | _moments(sweeps))

    def _put_events(self, events: list[Event]) -> None:
        if not events:
            return
        texts = [event_json(each) for each in events]
        self._append("events", {"text": np.frombuffer(b"".join(texts), np.uint8)})
        kinds = [each.kind.encode()[:KIND_BYTES] for each in events]
        lasers = [-1 if each.laser is None else each.laser for each in events]
        pieces = _pieces([len(text) for text in texts], len(self._file["events/text"]), "first_byte", "bytes")
        self._append("events", {"kind": np.array(kinds, "S32"), "laser": lasers} | pieces | _moments(events))

    def _append(self, group: str, columns: dict[str, Any]) -> None:
        for name, values in columns.items():
            column = self._file[group][name]
            before = len(column)
            column.resize(before + len(values), axis=0)
            column[before:] = values


def _pieces(sizes: list[int], end: int, first: str, size: str) -> dict[str, Any]:
    """Where pieces that were just put on end begin, and how long they are."""
    return {first: end - sum(sizes) + np.cumsum([0, *sizes[:-1]]), size: sizes}


def _moments(items: Iterable[Sweep | Event]) -> dict[str, Any]:
    """When; seq last, for who follows counts by it."""
    rows = [(item.utc_s, item.monotonic_s, item.seq) for item in items]
    return dict(zip(("time", "monotonic", "seq"), zip(*rows, strict=True), strict=True))


def write_log(path: Path, schema: Schema, parts: Iterable[Part]) -> None:
    """Write a whole log into one new HDF5 file, part by part in the order of seq, without gaps. Raises OSError."""
    with LogFile(path, schema) as file:
        for part in parts:
            file.add(part)


def _to_disk(path: Path) -> None:
    fd = os.open(path, os.O_RDWR)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
