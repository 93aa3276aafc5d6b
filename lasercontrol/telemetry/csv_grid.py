"""Readings of a foreign log on the grid of this program's: what the log is of, and rows of all lasers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasercontrol.bench import Quality
from lasercontrol.errors import InputFileError
from lasercontrol.telemetry.csv_columns import CHANGE
from lasercontrol.telemetry.csv_rows import Readings
from lasercontrol.telemetry.import_call import ImportCall
from lasercontrol.telemetry.row import LASER_CHANNELS, Block, Channel, Drive, LoggedLaser, Phase, Schema

__all__ = ["blocks_of", "schema_of"]

MOST_CELLS = 400_000_000  # lasers x moments x quantities: 1.6 GB; a night of 1,000 lasers at 1 Hz is half of it
BLOCK_CELLS = 4_000_000
CHANGE_CHANNEL = Channel(CHANGE, "%")


def schema_of(readings: Readings, call: ImportCall) -> Schema:
    """What the log is of."""
    moments = np.unique(np.frombuffer(readings.time_s))
    drive = call.drive or _steady(readings)
    kept = "current_a" if drive == "current" else "power_w"
    targets = _medians(readings, kept)
    # A log of hours of life without a date begins, as far as stamps go, in 1970; `dated` says that they mean nothing.
    started_utc_s = (call.started_utc_s or 0.0) if not readings.dated else float(moments[0])
    return Schema(
        run_id=call.path.stem,
        started_utc_s=started_utc_s,
        period_s=float(np.median(np.diff(moments))) if len(moments) > 1 else 1.0,
        lasers=tuple(
            LoggedLaser(laser_id=laser, family=call.family, drive=drive, drive_target=targets[at])
            for at, laser in enumerate(readings.lasers)
        ),
        rig=(Channel("chamber_c", "degC"),) if readings.rig else (),
        channels=tuple(c for c in (*LASER_CHANNELS, CHANGE_CHANNEL) if c.name in readings.quantities),
        recipe={"imported": _origin(readings, call)},
        zone=call.zone,
    )


def _origin(readings: Readings, call: ImportCall) -> dict[str, Any]:
    origin: dict[str, Any] = {"from": call.path.name, "dated": readings.dated or call.started_utc_s is not None}
    if call.mapping:
        origin["mapping"] = dict(call.mapping)
    if call.stress_c is not None:
        origin["stress_c"] = call.stress_c
    origin["drive"] = "as told" if call.drive else "as found"
    return origin


def _steady(readings: Readings) -> Drive:
    """What is kept constant: of current and power that which moves less; where there is but one, the other."""
    spread = {name: _spread(readings, name) for name in ("current_a", "power_w") if name in readings.quantities}
    if len(spread) == 2:
        return "current" if spread["current_a"] < spread["power_w"] else "power"
    return "current" if "power_w" in spread else "power"


def _spread(readings: Readings, name: str) -> float:
    """Median over lasers of the relative standard deviation."""
    values, laser = np.frombuffer(readings.values[name]), np.frombuffer(readings.laser, np.int32)
    good = np.isfinite(values)
    count = np.bincount(laser[good], minlength=len(readings.lasers))
    mean = np.bincount(laser[good], values[good], len(readings.lasers)) / np.maximum(count, 1)
    square = np.bincount(laser[good], (values[good] - mean[laser[good]]) ** 2, len(readings.lasers))
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.nanmedian(np.sqrt(square / np.maximum(count, 1)) / np.abs(mean)))


def _medians(readings: Readings, name: str) -> list[float]:
    """Of each laser; 0 where the log does not say."""
    if name not in readings.quantities:
        return [0.0] * len(readings.lasers)
    values, laser = np.frombuffer(readings.values[name]), np.frombuffer(readings.laser, np.int32)
    good = np.isfinite(values)
    order = np.argsort(laser[good], kind="stable")
    cuts = np.searchsorted(laser[good][order], np.arange(1, len(readings.lasers)))
    return [float(np.median(each)) if len(each) else 0.0 for each in np.split(values[good][order], cuts)]


def blocks_of(readings: Readings, schema: Schema, path: Path) -> Iterator[Block]:
    """The readings as rows of all lasers, in the order of time; a laser that a row lacks is OFF and INVALID in it.

    Raises InputFileError where a laser has two readings at one moment, or there are too many moments.
    """
    moments, row = np.unique(np.frombuffer(readings.time_s), return_inverse=True)
    laser, line = np.frombuffer(readings.laser, np.int32), np.frombuffer(readings.line, np.int32)
    n, c = len(schema.lasers), len(schema.channels)
    if len(moments) * n * c > MOST_CELLS:
        words = f"{len(moments)} different times x {n} lasers x {c} quantities; round the times to a common grid"
        raise InputFileError(path, None, f"{words}, or import a part.")
    order = np.lexsort((line, laser, row))
    row, laser, line = row[order], laser[order], line[order]
    same = np.flatnonzero((np.diff(row) == 0) & (np.diff(laser) == 0))
    if len(same):
        at, first = int(line[same[0] + 1]), int(line[same[0]])
        words = f"laser {schema.lasers[laser[same[0]]].laser_id!r} has a reading at this time on line {first} already"
        raise InputFileError(path, at, f"{words}.")
    columns = [np.frombuffer(readings.values[channel.name])[order] for channel in schema.channels]
    rows = max(1, BLOCK_CELLS // (n * c))
    for begin in range(0, len(moments), rows):
        end = min(len(moments), begin + rows)
        part = slice(*np.searchsorted(row, (begin, end)))
        yield _block(readings, schema, moments[begin:end], begin, (row[part] - begin, laser[part]), columns, part)


def _block(
    readings: Readings,
    schema: Schema,
    moments: NDArray[np.float64],
    begin: int,
    cells: tuple[NDArray[Any], NDArray[Any]],
    columns: list[NDArray[np.float64]],
    part: slice,
) -> Block:
    values = np.full((len(moments), len(schema.lasers), len(schema.channels)), np.nan, np.float32)
    phase = np.full(values.shape[:2], Phase.OFF, np.uint8)
    phase[cells] = Phase.STRESS
    with np.errstate(over="ignore"):  # beyond float32 is beyond any reading: infinite, and INVALID below
        for at, column in enumerate(columns):
            values[(*cells, at)] = column[part]
    quality = np.where(np.isfinite(values), Quality.OK, Quality.INVALID).astype(np.uint8)
    rig = np.array([[readings.rig.get(float(each), np.nan)] for each in moments], np.float32)
    elapsed_s = moments - schema.started_utc_s if readings.dated else moments
    seq = np.arange(begin, begin + len(moments), dtype=np.int64)
    return Block(seq, elapsed_s, schema.started_utc_s + elapsed_s, values, quality, phase, rig[:, : len(schema.rig)])
