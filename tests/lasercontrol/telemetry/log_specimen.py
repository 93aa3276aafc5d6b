"""A small log whose every number follows from its seq, so that what comes back can be told from what should."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from lasercontrol.telemetry.frame_codec import Item, item_bytes, shape_of
from lasercontrol.telemetry.log_reader import read_log
from lasercontrol.telemetry.row import Block, Event, LoggedLaser, Row, Schema, Sweep

__all__ = ["SCHEMA", "flat", "frames_of", "held", "item", "items", "restamped", "same", "schema"]


def schema(lasers: int = 3) -> Schema:
    """A rack of so many lasers."""
    logged = tuple(
        LoggedLaser(laser_id=f"L{at}", family="vcsel", drive="current", drive_target=0.01) for at in range(lasers)
    )
    return Schema(run_id="night", started_utc_s=1.7e9, period_s=1.0, lasers=logged, recipe={"hours": 12, "é": [1, 2]})


SCHEMA = schema()


def item(seq: int, of: Schema = SCHEMA) -> Item:
    """Every tenth is a sweep, every seventh an event, the others rows."""
    n, c, r = shape_of(of)
    utc_s, monotonic_s = 1.7e9 + seq / 3, seq / 3
    rng = np.random.default_rng(seq)
    if seq % 10 == 9:
        return Sweep(seq, monotonic_s, utc_s, seq % n, 25.0, *rng.normal(size=(4, seq % 5)).astype(np.float32))
    if seq % 7 == 6:
        return Event(seq, monotonic_s, utc_s, "note", seq % n, {"text": "größer " * (seq % 3), "at_w": seq / 3})
    values = rng.normal(size=(n, c)).astype(np.float32)
    values[seq % n, seq % c] = np.nan
    quality = (np.isnan(values) * 2).astype(np.uint8)
    return Row(seq, monotonic_s, utc_s, values, quality, np.full(n, 4, np.uint8), values[0, :r])


def items(count: int, of: Schema = SCHEMA, begin: int = 0) -> list[Item]:
    """So many of them."""
    return [item(seq, of) for seq in range(begin, begin + count)]


def frames_of(count: int, begin: int = 0) -> list[bytes]:
    """The same as frames."""
    return [item_bytes(each, shape_of(SCHEMA)) for each in items(count, begin=begin)]


def flat(parts: Iterable[Block | Sweep | Event]) -> Iterator[Item]:
    """Rows instead of blocks."""
    for part in parts:
        if isinstance(part, Block):
            columns = (part.seq.tolist(), part.monotonic_s.tolist(), part.utc_s.tolist())
            arrays = (part.values, part.quality, part.phase, part.rig)
            yield from (Row(*row) for row in zip(*columns, *arrays, strict=True))
        else:
            yield part


def held(path: Path, from_seq: int = 0) -> list[Item]:
    """Everything that a log holds."""
    return list(flat(read_log(path, from_seq=from_seq)[1]))


def same(found: Iterable[Item], expected: Iterable[Item], of: Schema = SCHEMA) -> bool:
    """Whether all is the same, bit by bit."""
    shape = shape_of(of)
    return [item_bytes(each, shape) for each in found] == [item_bytes(each, shape) for each in expected]


def restamped(given: Item, seq: int) -> Item:
    """The same with another seq."""
    return replace(given, seq=seq)
