"""A night of twelve lasers as somebody might find it in the morning: small, and everything in it is known."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from lasercontrol.telemetry.hdf5_file import write_log
from lasercontrol.telemetry.row import Block, Event, LoggedLaser, Phase, Schema, Sweep

__all__ = ["BEGIN_S", "GAP_H", "HOSTILE", "PERIOD_S", "parts_of_night", "schema_of_night", "write_night"]

BEGIN_S = 1_795_626_000.0  # 2026-11-25 18:00 in Berlin
PERIOD_S = 20.0
HOURS = 13.5
GAP_H = (7.0, 7.25)
HOSTILE = '<script>alert("x")</script>&amp;'
COD, RAPID, WORN, DEAF = 2, 5, 7, 9
CHANNELS = 5


def schema_of_night() -> Schema:
    """Constant current; one id is hostile."""
    names = [f"VX-{at:02d}" for at in range(12)]
    names[3] = HOSTILE
    lasers = tuple(LoggedLaser(laser_id=name, family="vcsel", drive="current", drive_target=0.008) for name in names)
    return Schema(
        run_id="night of 25 November", started_utc_s=BEGIN_S, period_s=PERIOD_S, lasers=lasers, zone="Europe/Berlin"
    )


def loss(hours: np.ndarray, laser: int) -> np.ndarray:
    """Share of light lost, (t,)."""
    lost = 2e-5 * hours
    if laser == COD:
        lost = np.where(hours > 4.2, 0.93, lost)
    if laser == RAPID:
        lost = lost + 0.12 / (1 + np.exp(-(hours - 9) / 0.9))
    if laser == WORN:
        lost = lost + 8e-4 * hours
    return lost


def parts_of_night() -> Iterator[Block | Sweep | Event]:
    """Start, a first sweep of each, rows with a gap and a restart, a last sweep."""
    rng = np.random.default_rng(5)
    hours = np.arange(0, HOURS, PERIOD_S / 3600)
    hours = hours[(hours < GAP_H[0]) | (hours > GAP_H[1])]
    seq = 0
    yield Event(seq, 0.0, BEGIN_S, "start")
    for laser in range(12):
        seq += 1
        yield _sweep(seq, laser, 0.0)
    for part in (hours < GAP_H[0], hours > GAP_H[1]):
        if seq > 100:
            seq += 1
            yield Event(seq, GAP_H[1] * 3600, BEGIN_S + GAP_H[1] * 3600, "restart", None, {"lost_s": 900})
        yield _block(seq + 1, hours[part], rng)
        seq += int(part.sum())
    for laser in range(12):
        seq += 1
        yield _sweep(seq, laser, HOURS)


def _block(seq: int, hours: np.ndarray, rng: np.random.Generator) -> Block:
    t = len(hours)
    chamber = 25 + 0.35 * np.sin(2 * np.pi * (hours - 2) / 24) + 0.6 * np.exp(-(((hours - 11) / 0.15) ** 2))
    values = np.empty((t, 12, CHANNELS), np.float32)
    for laser in range(12):
        light = 0.002 * (1 - loss(hours, laser)) * (1 - 0.004 * (chamber - 25) * 0.3) * (1 + 4e-4 * rng.normal(size=t))
        values[:, laser] = np.stack(
            [np.full(t, 0.008), light, light * 0.1, np.full(t, 2.1), 85 + 0.1 * (chamber - 25)], 1
        )
    values[rng.integers(0, t, 40), DEAF, 1:3] = np.nan
    quality = np.where(np.isnan(values), 2, 0).astype(np.uint8)
    phase = np.full((t, 12), Phase.STRESS, np.uint8)
    phase[hours < 0.5] = Phase.SETTLE
    seconds = hours * 3600
    rig = chamber[:, None].astype(np.float32)
    return Block(np.arange(seq, seq + t), seconds, BEGIN_S + seconds, values, quality, phase, rig)


def _sweep(seq: int, laser: int, hour: float) -> Sweep:
    current = np.linspace(0, 0.009, 31)
    kept = 1 - float(loss(np.array([hour]), laser)[0])
    light = np.maximum(0, 0.32 * kept * (current - 0.0009 / kept)) * (1 - 18 * current * current / 0.009)
    columns = [current, light, 0.1 * light, 1.45 + 90 * current]
    moment = hour * 3600
    return Sweep(seq, moment, BEGIN_S + moment, laser, 25.0, *(each.astype(np.float32) for each in columns))


def write_night(path: Path) -> Path:
    """The night as an HDF5 file."""
    write_log(path, schema_of_night(), parts_of_night())
    return path
