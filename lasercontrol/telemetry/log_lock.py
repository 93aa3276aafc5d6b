"""One process writes a log: a lock that the system itself lets go of when the process ends, however it ends."""

import os
import sys
from contextlib import suppress
from pathlib import Path

from lasercontrol.errors import LogError

__all__ = ["LogLock"]


class LogLock:
    """Holds a file of a folder until `release`. Raises LogError where another holds it, OSError where it cannot be."""

    def __init__(self, folder: Path, name: str = "writer.lock") -> None:
        self._fd = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(self._fd)
        except OSError:
            holder = os.pread(self._fd, 20, 0).decode(errors="replace") if hasattr(os, "pread") else ""
            os.close(self._fd)
            raise LogError(folder, f"it is being written by another process{holder and f' ({holder})'}.") from None
        with suppress(OSError):  # who holds it is a courtesy, and the disk may be full
            os.ftruncate(self._fd, 0)
            os.write(self._fd, f"process {os.getpid()}".encode())

    def release(self) -> None:
        """Let go; the file stays, since another may be waiting on it."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


if sys.platform == "win32":
    import msvcrt

    def _lock(fd: int) -> None:
        os.lseek(fd, 1 << 20, os.SEEK_SET)  # behind what is written, which others may read
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        os.lseek(fd, 0, os.SEEK_SET)

else:
    import fcntl

    def _lock(fd: int) -> None:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
