"""What is in the frames of a log: schema, row, sweep, event, and many rows at once, to bytes and back.

Values go as they are, float32, bits and all, since noise cannot be squeezed; quality and phase, which hardly change,
go together through zlib. Events and the schema are JSON.
"""

import json
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasercontrol.telemetry.frame import Frame, FrameKind, framed
from lasercontrol.telemetry.row import Block, Channel, Event, LoggedLaser, Row, Schema, Sweep

__all__ = [
    "BadPayload",
    "Item",
    "block_bytes",
    "block_of",
    "block_of_rows",
    "event_json",
    "event_of",
    "item_bytes",
    "item_of",
    "row_bytes",
    "schema_bytes",
    "schema_json",
    "schema_of",
    "shape_of",
]

Item = Row | Sweep | Event
Shape = tuple[int, int, int]
"""Lasers n, channels c of each, rig channels r."""

FORMAT = "lasercontrol log"
FORMAT_VERSION = 1
MOMENT = struct.Struct("<ddI")  # monotonic_s, utc_s, bytes of quality and phase
SWEEP = struct.Struct("<ddidI")  # monotonic_s, utc_s, laser, mount_c, points
BLOCK = struct.Struct("<II")  # rows, bytes of quality and phase
SWEPT = ("current_a", "power_w", "photodiode_a", "voltage_v")


class BadPayload(ValueError):  # noqa: N818 — named by what it is
    """A whole frame whose payload is not what its kind says: written by another program or another version."""


def shape_of(schema: Schema) -> Shape:
    """Lasers, channels of each, rig channels."""
    return len(schema.lasers), len(schema.channels), len(schema.rig)


# -------------------------------------------------------------------------------------------------------- the schema


def schema_json(schema: Schema) -> bytes:
    """The schema as JSON."""
    words = {"format": FORMAT, "format_version": FORMAT_VERSION, "schema": asdict(schema)}
    return _json(words)


def schema_bytes(schema: Schema, next_seq: int) -> bytes:
    """The first frame of a journal, whose next frame has `next_seq`."""
    return framed(FrameKind.SCHEMA, next_seq, zlib.compress(schema_json(schema), 1))


def schema_of(payload: bytes, *, packed: bool = True) -> Schema:
    """The schema of its frame's payload, or of its JSON. Raises BadPayload."""
    try:
        words = json.loads(_unpacked(payload, 1 << 28) if packed else payload)
        if words["format"] != FORMAT or words["format_version"] != FORMAT_VERSION:
            raise BadPayload(f"format {words['format']!r} version {words['format_version']!r}, not of this program")
        kept = dict(words["schema"])
        for name, kind in (("lasers", LoggedLaser), ("rig", Channel), ("channels", Channel)):
            kept[name] = tuple(kind(**each) for each in kept[name])
        return Schema(**kept)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadPayload(f"no schema of a log: {error}") from error


# ------------------------------------------------------------------------------------------- rows, sweeps and events


def item_bytes(item: Item, shape: Shape) -> bytes:
    """The frame of a row, a sweep or an event. ValueError where arrays do not fit the schema or each other."""
    if isinstance(item, Row):
        return framed(FrameKind.ROW, item.seq, _row_payload(item, shape))
    if isinstance(item, Sweep):
        return framed(FrameKind.SWEEP, item.seq, _sweep_payload(item))
    return framed(FrameKind.EVENT, item.seq, event_json(item))


def item_of(frame: Frame, shape: Shape) -> Item:
    """What a frame of kind ROW, SWEEP or EVENT holds. Raises BadPayload."""
    if frame.kind is FrameKind.ROW:
        block = block_of_rows([frame], shape)
        first = (each[0] for each in (block.values, block.quality, block.phase, block.rig))
        return Row(frame.seq, float(block.monotonic_s[0]), float(block.utc_s[0]), *first)
    if frame.kind is FrameKind.SWEEP:
        return _sweep_of(frame)
    if frame.kind is FrameKind.EVENT:
        return event_of(frame.seq, frame.payload)
    raise BadPayload(f"frame {frame.seq}: a {frame.kind.name} holds no row, sweep or event")


def row_bytes(shape: Shape) -> int:
    """Bytes of values that a row has, before quality and phase."""
    n, c, r = shape
    return 4 * (n * c + r)


def _row_payload(row: Row, shape: Shape) -> bytes:
    n, c, r = shape
    values, rig = _floats(row.values, (n, c), "values"), _floats(row.rig, (r,), "rig")
    packed = zlib.compress(_octets(row.quality, (n, c), "quality") + _octets(row.phase, (n,), "phase"), 1)
    return b"".join((MOMENT.pack(row.monotonic_s, row.utc_s, len(packed)), values, rig, packed))


def block_of_rows(frames: list[Frame], shape: Shape) -> Block:
    """Frames of kind ROW, one or more, as one block. Raises BadPayload."""
    n, c, r = shape
    begin, rig_at, end = MOMENT.size, MOMENT.size + 4 * n * c, MOMENT.size + row_bytes(shape)
    moments = [_moment(frame, end) for frame in frames]
    states = _states([frame.payload[end:] for frame in frames], n * c + n)
    t = len(frames)
    return Block(
        np.array([frame.seq for frame in frames], dtype=np.int64),
        np.array([moment[0] for moment in moments]),
        np.array([moment[1] for moment in moments]),
        _array(b"".join(frame.payload[begin:rig_at] for frame in frames), (t, n, c)),
        states[:, : n * c].reshape(t, n, c),
        states[:, n * c :],
        _array(b"".join(frame.payload[rig_at:end] for frame in frames), (t, r)),
    )


def _moment(frame: Frame, end: int) -> tuple[float, float]:
    if len(frame.payload) < end:
        raise BadPayload(f"row {frame.seq}: {len(frame.payload)} bytes, the schema asks for {end} and more")
    monotonic_s, utc_s, packed = MOMENT.unpack_from(frame.payload)
    if len(frame.payload) != end + packed:
        raise BadPayload(f"row {frame.seq}: {len(frame.payload)} bytes, not {end + packed}")
    return monotonic_s, utc_s


def _states(packed: list[bytes], size: int) -> NDArray[np.uint8]:
    """Quality and phase of every row, (t, size); mostly those of the row before, which are unpacked once."""
    known: dict[bytes, NDArray[np.uint8]] = {}
    out = np.empty((len(packed), size), np.uint8)
    for at, words in enumerate(packed):
        if words not in known:
            known = {words: np.frombuffer(_sized(words, size), np.uint8)}
        out[at] = known[words]
    return out


def _sweep_payload(sweep: Sweep) -> bytes:
    points = np.size(sweep.current_a)
    head = SWEEP.pack(sweep.monotonic_s, sweep.utc_s, sweep.laser, sweep.mount_c, points)
    return head + b"".join(_floats(getattr(sweep, name), (points,), name) for name in SWEPT)


def _sweep_of(frame: Frame) -> Sweep:
    if len(frame.payload) < SWEEP.size:
        raise BadPayload(f"sweep {frame.seq}: {len(frame.payload)} bytes, fewer than {SWEEP.size}")
    monotonic_s, utc_s, laser, mount_c, points = SWEEP.unpack_from(frame.payload)
    if len(frame.payload) != SWEEP.size + 4 * len(SWEPT) * points:
        raise BadPayload(f"sweep {frame.seq}: {len(frame.payload)} bytes do not hold {points} points")
    curves = _array(frame.payload[SWEEP.size :], (len(SWEPT), points))
    return Sweep(frame.seq, monotonic_s, utc_s, laser, mount_c, *curves)


def event_json(event: Event) -> bytes:
    """An event but its seq as JSON; numbers in its detail that are not finite become null."""
    words = {name: getattr(event, name) for name in ("monotonic_s", "utc_s", "kind", "laser")}
    return _json(words | {"detail": _plain(event.detail)})


def event_of(seq: int, words: bytes) -> Event:
    """The event of its JSON. Raises BadPayload."""
    try:
        return Event(seq, **json.loads(words))
    except (TypeError, ValueError) as error:
        raise BadPayload(f"event {seq}: {error}") from error


# --------------------------------------------------------------------------------------------------- many rows at once


def block_bytes(block: Block) -> bytes:
    """A block as one frame, for a pipe."""
    packed = zlib.compress(block.quality.tobytes() + block.phase.tobytes(), 1)
    floats = (block.monotonic_s.astype("<f8"), block.utc_s.astype("<f8"), block.values.astype("<f4"))
    parts = [block.seq.astype("<i8"), *floats, block.rig.astype("<f4")]
    head = BLOCK.pack(len(block.seq), len(packed))
    return framed(FrameKind.BLOCK, int(block.seq[0]), b"".join((head, *(part.tobytes() for part in parts), packed)))


def block_of(frame: Frame, shape: Shape) -> Block:
    """The block of its frame. Raises BadPayload."""
    n, c, r = shape
    if len(frame.payload) < BLOCK.size:
        raise BadPayload(f"block {frame.seq}: {len(frame.payload)} bytes")
    t, packed = BLOCK.unpack_from(frame.payload)
    ends = np.cumsum([BLOCK.size, 8 * t, 8 * t, 8 * t, 4 * t * n * c, 4 * t * r, packed]).tolist()
    if len(frame.payload) != ends[-1]:
        raise BadPayload(f"block {frame.seq}: {len(frame.payload)} bytes, not {ends[-1]}")
    cuts = [frame.payload[begin:end] for begin, end in pairwise(ends)]
    states = np.frombuffer(_sized(cuts[5], t * n * (c + 1)), np.uint8)
    return Block(
        np.frombuffer(cuts[0], "<i8"),
        np.frombuffer(cuts[1], "<f8"),
        np.frombuffer(cuts[2], "<f8"),
        _array(cuts[3], (t, n, c)),
        states[: t * n * c].reshape(t, n, c),
        states[t * n * c :].reshape(t, n),
        _array(cuts[4], (t, r)),
    )


# ------------------------------------------------------------------------------------------------------ bytes, checked


def _floats(values: Any, shape: tuple[int, ...], name: str) -> bytes:
    return _fitting(values, "<f4", shape, name)


def _octets(values: Any, shape: tuple[int, ...], name: str) -> bytes:
    return _fitting(values, "u1", shape, name)


def _fitting(values: Any, dtype: str, shape: tuple[int, ...], name: str) -> bytes:
    array = np.asarray(values, dtype)
    if array.shape != shape:
        raise ValueError(f"{name} of shape {array.shape}; the log's schema asks for {shape}.")
    return array.tobytes()


def _array(words: bytes, shape: tuple[int, ...]) -> NDArray[np.float32]:
    return np.frombuffer(words, "<f4").reshape(shape)


def _sized(packed: bytes, size: int) -> bytes:
    words = _unpacked(packed, size)
    if len(words) != size:
        raise BadPayload(f"{len(words)} bytes of quality and phase, the schema asks for {size}")
    return words


def _unpacked(packed: bytes, most: int) -> bytes:
    """What zlib gives, at most so much of it: a few bytes can claim to be gigabytes."""
    unpacker = zlib.decompressobj()
    try:
        words = unpacker.decompress(packed, most)
    except zlib.error as error:
        raise BadPayload(str(error)) from error
    if not unpacker.eof:
        raise BadPayload(f"more than {most} bytes, or cut short")
    return words


def _json(words: Mapping[str, Any]) -> bytes:
    return json.dumps(_plain(words), ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _plain(value: Any) -> Any:
    """Plain JSON values: NumPy's numbers and arrays are taken as numbers and lists, what is not finite as null."""
    if isinstance(value, np.generic | np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
