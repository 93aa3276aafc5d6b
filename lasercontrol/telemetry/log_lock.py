"""One process writes a log: a lock that the system itself lets go of when the process ends, however it ends."""

import os
import sys
import uuid
from contextlib import suppress
from pathlib import Path

from lasercontrol.errors import LogError

__all__ = ["LogLock", "holder"]

WRITER_LOCK = "writer.lock"


class LogLock:
    """Holds a file of a folder until `release`. Raises LogError where another holds it, OSError where it cannot be."""

    def __init__(self, folder: Path, name: str = WRITER_LOCK) -> None:
        self._fd = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o644)
        try:
            _lock(self._fd)
        except OSError:
            os.close(self._fd)
            raise LogError(folder, f"it is being written by another program ({holder(folder, name)}).") from None
        self.who = f"process {os.getpid()}, {uuid.uuid4()}"
        with suppress(OSError):  # who holds it is a courtesy, and the disk may be full
            os.ftruncate(self._fd, 0)
            os.write(self._fd, self.who.encode())

    def release(self) -> None:
        """Let go; the file stays, since another may be waiting on it."""
        if self._fd >= 0:
            os.close(self._fd)
        self._fd = -1


def holder(folder: Path, name: str = WRITER_LOCK) -> str:
    """Who holds the lock, or held it last; empty where that cannot be known."""
    with suppress(OSError):
        return (folder / name).read_text(encoding="utf-8", errors="replace")
    return ""


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
