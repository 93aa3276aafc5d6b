"""How fast a log is written and read on this machine: `python -m lasercontrol.telemetry.measure [FOLDER]`.

Prints one JSON object. What is appended is compared with the same bytes written and synced raw, in turns in one run, so
that the ratio depends on the disk as little as can be.
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from lasercontrol.telemetry.disk import Disk
from lasercontrol.telemetry.frame_codec import item_bytes, shape_of
from lasercontrol.telemetry.hdf5_builder import build
from lasercontrol.telemetry.journal import Journal
from lasercontrol.telemetry.log_reader import read_log
from lasercontrol.telemetry.row import Block, LoggedLaser, Row, Schema
from lasercontrol.telemetry.seal import segment_path
from lasercontrol.telemetry.space import space_of
from lasercontrol.telemetry.store import Store, StoreSettings

__all__ = ["measured"]

NIGHT_ROWS = 43_200
ROUNDS = 5


def rack(lasers: int) -> Schema:
    """A rack of so many lasers, logged every second."""
    logged = (LoggedLaser(laser_id=f"L{at}", family="any", drive="current", drive_target=0.1) for at in range(lasers))
    return Schema(run_id="measure", started_utc_s=0.0, period_s=1.0, lasers=tuple(logged))


def rows_of(schema: Schema, count: int) -> list[Row]:
    """Rows of noise, which no file format can squeeze."""
    n, c, r = shape_of(schema)
    rng = np.random.default_rng(1)
    noise = [rng.normal(size=(n, c)).astype(np.float32) for _ in range(4)]
    quality, phase, rig = np.zeros((n, c), np.uint8), np.full(n, 4, np.uint8), np.zeros(r, np.float32)
    return [Row(seq, float(seq), float(seq), noise[seq % 4], quality, phase, rig) for seq in range(count)]


def append_rates(folder: Path, lasers: int, rows: int) -> dict[str, float]:
    """Rows a second, each synced by itself: raw, as journal frames, and the whole way through encoding; the medians."""
    schema = rack(lasers)
    items = rows_of(schema, rows)
    frames = [item_bytes(row, shape_of(schema)) for row in items]
    rates: dict[str, list[float]] = {"raw": [], "journal": [], "encoded": []}
    for turn in range(ROUNDS):
        place = folder / f"{lasers}-{turn}"
        place.mkdir()
        rates["raw"].append(rows / _seconds(lambda place=place: _raw(place / "raw", frames)))  # type: ignore[misc]
        journal = Journal(place, schema)
        journal.append([], 0)
        rates["journal"].append(rows / _seconds(lambda journal=journal: _append(journal, frames)))  # type: ignore[misc]
        journal = Journal(place, schema, number=1)
        journal.append([], 0)
        rates["encoded"].append(rows / _seconds(lambda journal=journal: _encode(journal, items)))  # type: ignore[misc]
    medians = {name: float(np.median(values)) for name, values in rates.items()}
    ratios = {f"{name}_of_raw": medians[name] / medians["raw"] for name in ("journal", "encoded")}
    return {f"{name}_rows_per_s": value for name, value in medians.items()} | ratios


def store_rate(folder: Path, lasers: int, rows: int) -> dict[str, float]:
    """Rows a second that a store acknowledges, many at once, and the longest that `submit` took, in ms."""
    longest_s, items = 0.0, rows_of(rack(lasers), rows)
    store = Store(folder, rack(lasers), settings=StoreSettings(hdf5=False, queue_bytes=10**10))
    begin_s = time.perf_counter()
    for row in items:
        before_s = time.perf_counter()
        store.submit(row)
        longest_s = max(longest_s, time.perf_counter() - before_s)
    store.wait(rows - 1, 600.0)
    rate = rows / (time.perf_counter() - begin_s)
    store.close()
    return {"store_rows_per_s": rate, "longest_submit_ms": 1e3 * longest_s}


def night(folder: Path, lasers: int, rows: int) -> dict[str, float]:
    """Seconds to build and to read a night, from its journal and from its HDF5, and its size."""
    schema = rack(lasers)
    journal = Journal(folder, schema, rotate_bytes=10**12)
    shape = shape_of(schema)
    journal.append((item_bytes(row, shape) for row in rows_of(schema, rows)), 0)
    journal.end(rows)
    build_s = _seconds(lambda: build(folder))
    segment = segment_path(folder, 0)
    hours = rows / 3600.0
    return {
        "build_s": build_s,
        "read_journal_s": _seconds(lambda: _read(journal.path, rows)),
        "read_hdf5_s": _seconds(lambda: _read(segment, rows)),
        "journal_bytes": journal.path.stat().st_size,
        "hdf5_bytes": segment.stat().st_size,
        "expected_bytes": space_of(schema, hours).journal + space_of(schema, hours).hdf5,
    }


def measured(folder: Path) -> dict[str, dict[str, float]]:
    """Everything, in a folder on the disk that is asked about."""
    large = folder / "large"
    large.mkdir()
    ten_minutes = night(large, 10_000, 600)
    hours_12 = {"night_gb": (ten_minutes["journal_bytes"] + ten_minutes["hdf5_bytes"]) * 72 / 1e9}
    small = folder / "small"
    small.mkdir()
    return {
        "append_100_lasers": append_rates(folder, 100, 1000),
        "append_10000_lasers": append_rates(folder, 10_000, 200),
        "store_100_lasers": store_rate(folder / "store", 100, 10_000),
        "store_10000_lasers": store_rate(folder / "large-store", 10_000, 300),
        "night_100_lasers": night(small, 100, NIGHT_ROWS),
        "ten_minutes_of_10000_lasers": ten_minutes | hours_12,
    }


def _raw(path: Path, frames: list[bytes]) -> None:
    disk = Disk()
    fd = disk.create(path)
    for frame in frames:
        os.write(fd, frame)
        disk.sync(fd)
    os.close(fd)


def _append(journal: Journal, frames: list[bytes]) -> None:
    for seq, frame in enumerate(frames):
        journal.append((frame,), seq)


def _encode(journal: Journal, items: list[Row]) -> None:
    shape = shape_of(journal.schema)
    for row in items:
        journal.append((item_bytes(row, shape),), row.seq)


def _read(path: Path, rows: int) -> None:
    found = sum(len(part.seq) for part in read_log(path)[1] if isinstance(part, Block))
    if found != rows:
        raise RuntimeError(f"{path}: {found} rows of {rows} were read.")


def _seconds(work: Callable[[], object]) -> float:
    begin_s = time.perf_counter()
    work()
    return time.perf_counter() - begin_s


if __name__ == "__main__":
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if len(sys.argv) > 1 else None) as name:
        sys.stdout.write(json.dumps(measured(Path(name)), indent=1) + "\n")
