"""The bytes of a record on their way from HDF5 to the disk."""

import io
import os
from pathlib import Path

__all__ = ["Medium", "lookup3"]

SUPERBLOCK_BYTES = 48  # version 3, the one of files that can be followed: signature, version, sizes, flags, addresses
FLAGS_AT, CHECKSUM_AT = 11, 44
WRITTEN, FOLLOWED = 1, 4
MASK = 0xFFFFFFFF


class Medium:
    """An existing file as HDF5 sees it through h5py.

    HDF5 must never learn that a disk fails: it would keep the unwritten bytes, try again as the program ends, and
    crash it. So the first failure is kept in `fault`, and from then on the file goes on in memory alone. The disk holds
    what was written until then, in HDF5's order, and every such state can be read in single-writer, multiple-reader
    mode. Raises OSError where the file cannot be opened, and nothing afterwards.
    """

    def __init__(self, path: Path) -> None:
        self.fault: OSError | None = None
        self._file = path.open("r+b", buffering=0)
        self._memory: io.BytesIO | None = None

    @property
    def _now(self) -> io.FileIO | io.BytesIO:
        return self._memory or self._file

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """As a file's."""
        return self._now.seek(offset, whence)

    def tell(self) -> int:
        """As a file's."""
        return self._now.tell()

    def read(self, size: int = -1) -> bytes:
        """As a file's; h5py knows a file by it."""
        return self._now.read(size) or b""

    def readinto(self, buffer: memoryview) -> int:
        """As a file's."""
        return self._now.readinto(buffer) or 0

    def write(self, content: bytes | memoryview) -> int:
        """All of it."""
        start = self.tell()
        whole = bytes(content) if start else _flagged(bytes(content))
        try:
            written = 0
            while not self._memory and written < len(whole):
                written += self._file.write(whole[written:])
        except OSError as error:
            self._give_up(error)
        if self._memory:
            self._memory.seek(start)
            self._memory.write(whole)
        return len(whole)

    def truncate(self, size: int) -> int:
        """As a file's."""
        try:
            return self._now.truncate(size)
        except OSError as error:
            self._give_up(error)
            return self._now.truncate(size)

    def flush(self) -> None:
        """Nothing is held back."""

    def sync(self) -> None:
        """Have the disk itself take what was written; raises the fault, if there is one."""
        try:
            os.fsync(self._file.fileno())
        except OSError as error:
            self._give_up(error)
        if self.fault:
            raise self.fault

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def _give_up(self, fault: OSError) -> None:
        self.fault = self.fault or fault
        self._file.seek(0)
        self._memory = self._memory or io.BytesIO(self._file.read())


def _flagged(block: bytes) -> bytes:
    """A superblock that says it is followed must say that it is written as well: HDF5 omits that for such a medium."""
    if len(block) != SUPERBLOCK_BYTES or block[FLAGS_AT] != FOLLOWED:
        return block
    words = block[:FLAGS_AT] + bytes([FOLLOWED | WRITTEN]) + block[FLAGS_AT + 1 : CHECKSUM_AT]
    return words + lookup3(words).to_bytes(4, "little")


def lookup3(words: bytes) -> int:
    """Bob Jenkins's hash of at least one byte, 32 bits: HDF5's checksum of everything but data."""
    a = b = c = 0xDEADBEEF + len(words) & MASK
    while len(words) > 12:
        a, b, c = (x + y & MASK for x, y in zip((a, b, c), _three(words), strict=True))
        for turn in (4, 6, 8, 16, 19, 4):  # the three take turns: a, then b, then c
            a, c = (a - c & MASK) ^ _turned(c, turn), b + c & MASK
            a, b, c = b, c, a
        words = words[12:]
    a, b, c = (x + y & MASK for x, y in zip((a, b, c), _three(words), strict=True))
    for turn in (14, 11, 25, 16, 4, 14, 24):  # c, then a, then b
        c = (c ^ b) - _turned(b, turn) & MASK
        a, b, c = b, c, a
    return b


def _three(words: bytes) -> tuple[int, int, int]:
    first = words[:12].ljust(12, b"\0")
    return tuple(int.from_bytes(first[at : at + 4], "little") for at in (0, 4, 8))  # type: ignore[return-value]


def _turned(word: int, turn: int) -> int:
    return (word << turn | word >> 32 - turn) & MASK
