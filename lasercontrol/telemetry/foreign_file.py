"""HDF5 from anywhere: opened in a child process with limits, since a malformed file can crash the library."""

from collections.abc import Iterator
from pathlib import Path

from lasercontrol.errors import InputFileError
from lasercontrol.telemetry.row import Block, Event, Schema, Sweep

__all__ = ["read_hdf5"]


def read_hdf5(path: Path, from_seq: int = 0) -> tuple[Schema, Iterator[Block | Sweep | Event]]:
    """What an HDF5 file of this program holds. Raises InputFileError."""
    raise InputFileError(path, None, f"HDF5 cannot be read yet, from seq {from_seq} on.")
