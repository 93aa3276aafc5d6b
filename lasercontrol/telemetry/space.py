"""How much disk a night takes, and whether it is there, before anything is switched on."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from lasercontrol.errors import LogError
from lasercontrol.telemetry.frame import HEAD_BYTES
from lasercontrol.telemetry.frame_codec import MOMENT, SWEEP, SWEPT, row_bytes, shape_of
from lasercontrol.telemetry.row import Schema

__all__ = ["Space", "check_space", "space_of"]

MARGIN = 1.1
SPARE_BYTES = 200_000_000  # what HDF5 lays out, alarms, and a disk that should not run full to the last byte
PACKED_SHARE = 0.01  # quality and phase hardly change; zlib then makes a hundredth of them and less
PACKED_BYTES = 40
STATE_BYTES_PER_ROW = 24  # seq and two clocks
SWEEP_POINTS = 100


@dataclass(frozen=True, slots=True)
class Space:
    """Bytes of a night's journals and of the HDF5 made from them."""

    journal: int
    hdf5: int

    @property
    def total(self) -> int:
        """Both, with a margin and what should stay free."""
        return round(MARGIN * (self.journal + self.hdf5)) + SPARE_BYTES


def space_of(schema: Schema, hours: float, *, sweeps_per_laser: int = 0, sweep_points: int = SWEEP_POINTS) -> Space:
    """Bytes that a log takes in so many hours, with so many sweeps of every laser."""
    n, c, _ = shape = shape_of(schema)
    rows = hours * 3600.0 / schema.period_s
    values, states = row_bytes(shape), PACKED_SHARE * n * (c + 1)
    swept = n * sweeps_per_laser * (4 * len(SWEPT) * sweep_points + SWEEP.size + HEAD_BYTES)
    journal = rows * (HEAD_BYTES + MOMENT.size + values + PACKED_BYTES + states) + swept
    return Space(round(journal), round(rows * (STATE_BYTES_PER_ROW + values + states) + swept))


def check_space(
    folder: Path,
    schema: Schema,
    hours: float,
    *,
    sweeps_per_laser: int = 0,
    sweep_points: int = SWEEP_POINTS,
    free_bytes: int | None = None,
) -> Space:
    """The space that a night takes. LogError where the disk of the folder, which need not exist yet, has less.

    free_bytes: as the disk says, where None.
    """
    need = space_of(schema, hours, sweeps_per_laser=sweeps_per_laser, sweep_points=sweep_points)
    if free_bytes is None:
        there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
        free_bytes = shutil.disk_usage(there).free
    if free_bytes < need.total:
        n, c, _ = shape_of(schema)
        raise LogError(
            folder,
            f"{n} lasers × {c} channels every {schema.period_s:g} s for {hours:g} h take {need.total / 1e9:.2f} GB "
            f"(journal {need.journal / 1e9:.2f}, HDF5 {need.hdf5 / 1e9:.2f}, the rest to spare), "
            f"{free_bytes / 1e9:.2f} GB are free; nothing was switched on.",
        )
    return need
