"""How a log lies in HDF5: everything is there before the first row, since a followed file can get nothing new.

    rows/          seq, time, monotonic (t)
    channels/      current_a/ power_w/ ...: value (t, n) in its unit, time -> rows/time
    rig/           chamber_c/ ...: value (t), time -> rows/time
    state/         quality (t, n, c), phase (t, n)
    sweeps/        seq, time, monotonic, laser, mount_c, first_point, points (s); curves/current_a/value ... (p)
    events/        seq, time, monotonic, kind, laser, first_byte, bytes (e); text (b): JSON, as long as it must be
    lasers/        laser_id, family, drive, drive_target (n)
    log/           schema (JSON, bytes), high_water_seq, closed

Names are those of NeXus' NXlog: `time` counts from its @start in @units, beside `value`. Conformance is not claimed.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lasercontrol.telemetry.frame_codec import FORMAT, FORMAT_VERSION, SWEPT, schema_json, shape_of
from lasercontrol.telemetry.row import Phase, Schema

if TYPE_CHECKING:
    import h5py

__all__ = ["LIBVER", "ROWS_PER_CHUNK", "lay_out"]

LIBVER = ("v110", "v110")  # the oldest that can be followed; newer ones shut out older programs
ROWS_PER_CHUNK = 60
LASERS_PER_CHUNK = 100
POINTS_PER_CHUNK = 4096
ITEMS_PER_CHUNK = 256
EPOCH = "1970-01-01T00:00:00+00:00"
SWEPT_UNITS = ("A", "W", "A", "V")
SENSORS = {
    "current_a": "drive current, as the driver reads it back",
    "power_w": "light meter of the rack, through fibre or lens",
    "photodiode_a": "monitor photodiode in the laser's package",
    "voltage_v": "voltage at the laser",
    "mount_c": "temperature of the laser's mount",
    "chamber_c": "temperature of the chamber",
}


def lay_out(path: Path, schema: Schema) -> None:
    """Make the file of a log with no row in it. Raises OSError."""
    import h5py

    with h5py.File(path, "w", libver=LIBVER) as file:
        _describe(file, schema)
        n, c, _ = shape_of(schema)
        rows = file.create_group("rows")
        _moments(rows, ROWS_PER_CHUNK)
        for group, channels, shape in (("channels", schema.channels, (n,)), ("rig", schema.rig, ())):
            for channel in channels:
                log = file.create_group(f"{group}/{channel.name}")
                log.attrs.update({"NX_class": "NXlog", "sensor": SENSORS.get(channel.name, channel.name)})
                _column(log, "value", "<f4", shape, ROWS_PER_CHUNK, units=channel.unit)
                log["time"] = rows["time"]
        state = file.create_group("state")
        _column(state, "quality", "u1", (n, c), ROWS_PER_CHUNK, squeezed=True, meaning="0 OK, 1 SUSPECT, 2 INVALID")
        phases = ", ".join(f"{phase.value} {phase.name}" for phase in Phase)
        _column(state, "phase", "u1", (n,), ROWS_PER_CHUNK, squeezed=True, meaning=phases)
        _sweeps(file.create_group("sweeps"))
        _events(file.create_group("events"))
        log = file.create_group("log")
        log["schema"] = np.frombuffer(schema_json(schema), np.uint8)
        log["high_water_seq"], log["closed"] = np.full(1, -1, "<i8"), np.zeros(1, "u1")


def _describe(file: "h5py.File", schema: Schema) -> None:
    file.attrs.update({"NX_class": "NXroot", "format": FORMAT, "format_version": FORMAT_VERSION})
    file.attrs.update({"run_id": schema.run_id, "zone": schema.zone, "period_s": schema.period_s})
    file.attrs["started_utc_s"] = schema.started_utc_s
    file.attrs["start_time"] = datetime.fromtimestamp(schema.started_utc_s, UTC).isoformat()
    lasers = file.create_group("lasers")
    for name in ("laser_id", "family", "drive"):
        lasers[name] = np.array([getattr(laser, name).encode() for laser in schema.lasers], dtype="S")
    lasers["drive_target"] = np.array([laser.drive_target for laser in schema.lasers])
    lasers["drive_target"].attrs["units"] = "A where drive is current, W where it is power"


def _moments(group: "h5py.Group", chunk: int) -> None:
    _column(group, "seq", "<i8", (), chunk)
    _column(group, "time", "<f8", (), chunk, units="s", start=EPOCH)
    _column(group, "monotonic", "<f8", (), chunk, units="s")


def _sweeps(group: "h5py.Group") -> None:
    _moments(group, ITEMS_PER_CHUNK)
    _column(group, "laser", "<i4", (), ITEMS_PER_CHUNK, meaning="index in lasers")
    _column(group, "mount_c", "<f8", (), ITEMS_PER_CHUNK, units="degC")
    _column(group, "first_point", "<i8", (), ITEMS_PER_CHUNK, meaning="index in curves")
    _column(group, "points", "<i8", (), ITEMS_PER_CHUNK)
    for name, unit in zip(SWEPT, SWEPT_UNITS, strict=True):
        _column(group.create_group(f"curves/{name}"), "value", "<f4", (), POINTS_PER_CHUNK, units=unit)


def _events(group: "h5py.Group") -> None:
    _moments(group, ITEMS_PER_CHUNK)
    _column(group, "kind", "S32", (), ITEMS_PER_CHUNK)
    _column(group, "laser", "<i4", (), ITEMS_PER_CHUNK, meaning="index in lasers, -1 for the rack")
    _column(group, "first_byte", "<i8", (), ITEMS_PER_CHUNK, meaning="index in text")
    _column(group, "bytes", "<i8", (), ITEMS_PER_CHUNK)
    _column(group, "text", "u1", (), POINTS_PER_CHUNK, meaning="JSON of each event, UTF-8, on end")


def _column(
    group: "h5py.Group",
    name: str,
    dtype: str,
    shape: tuple[int, ...],
    chunk: int,
    *,
    squeezed: bool = False,
    **attributes: str,
) -> None:
    """A column that grows along its first axis. Only what is written in whole chunks, once, may be squeezed."""
    tiles = (min(shape[0], LASERS_PER_CHUNK), *shape[1:]) if shape else ()
    settings: dict[str, Any] = {"compression": "gzip", "compression_opts": 1} if squeezed else {}
    column = group.create_dataset(name, (0, *shape), dtype, maxshape=(None, *shape), chunks=(chunk, *tiles), **settings)
    column.attrs.update(attributes)
