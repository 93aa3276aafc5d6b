"""The seal of an HDF5 segment: it was closed, opened again, and holds what its journal held, bit by bit."""

import hashlib
import json
import os
import time
import zlib
from dataclasses import asdict, dataclass
from pathlib import Path

from lasercontrol.telemetry.disk import Disk
from lasercontrol.telemetry.frame_codec import item_bytes
from lasercontrol.telemetry.row import Block, Event, Sweep

__all__ = ["Digest", "Seal", "holds", "intact", "read_seal", "seal_path", "sealed", "segment_path"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """first_seq to next_seq - 1 are in the file, whose size and SHA-256 these are; checked_utc_s: when it was read."""

    first_seq: int
    next_seq: int
    bytes: int
    sha256: str
    checked_utc_s: float


class Digest:
    """A checksum of parts that does not depend on how rows are cut into blocks."""

    def __init__(self) -> None:
        self._columns = dict.fromkeys((*Block.__slots__, "others"), 0)

    def add(self, part: Block | Sweep | Event) -> None:
        """What comes next."""
        if isinstance(part, Block):
            for name in Block.__slots__:
                self._columns[name] = zlib.crc32(getattr(part, name).tobytes(), self._columns[name])
        else:
            self._columns["others"] = zlib.crc32(item_bytes(part, (0, 0, 0)), self._columns["others"])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Digest) and self._columns == other._columns

    __hash__ = None  # type: ignore[assignment]  # it changes


def segment_path(folder: Path, number: int) -> Path:
    """Where the HDF5 of the journal of this number lies."""
    return folder / f"segment-{number:04d}.h5"


def seal_path(segment: Path) -> Path:
    """Where a segment's seal lies."""
    return segment.with_suffix(".seal")


def holds(segment: Path, digest: Digest) -> bool:
    """Open a closed segment again and compare all of it. Raises OSError or ValueError as reading does."""
    from lasercontrol.telemetry.hdf5_reading import opened, parts_of, schema_in

    found = Digest()
    with opened(segment) as file:
        for part in parts_of(file, schema_in(file)):
            found.add(part)
    return found == digest


def sealed(segment: Path, first_seq: int, next_seq: int) -> None:
    """Write the seal of a segment that `holds` what it should. Raises OSError."""
    size, sha256 = _sum(segment)
    seal = Seal(first_seq=first_seq, next_seq=next_seq, bytes=size, sha256=sha256, checked_utc_s=time.time())
    disk, part = Disk(), seal_path(segment).with_suffix(".part")
    fd = disk.create(part)
    try:
        disk.write(fd, json.dumps(asdict(seal), indent=1).encode())
        disk.sync(fd)
    finally:
        disk.close(fd)
    disk.rename(part, seal_path(segment))


def read_seal(segment: Path) -> Seal | None:
    """The seal of a segment, None where it has none or a broken one."""
    try:
        return Seal(**json.loads(seal_path(segment).read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def intact(segment: Path, seal: Seal) -> bool:
    """Whether the file is still, byte by byte, what was sealed."""
    try:
        return _sum(segment) == (seal.bytes, seal.sha256)
    except OSError:
        return False


def _sum(path: Path) -> tuple[int, str]:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
        return os.fstat(file.fileno()).st_size, sha256
