"""The few things that a journal asks of a disk, in one place where they can be made to fail."""

import os
from pathlib import Path

__all__ = ["Disk"]

_data_sync = getattr(os, "fdatasync", os.fsync)  # Linux alone has the shorter one


class Disk:
    """The file system. Every method raises OSError where the disk refuses."""

    def create(self, path: Path) -> int:
        """A new, empty file to append to; one that was there is another file from now on."""
        path.unlink(missing_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)

    def write(self, fd: int, content: bytes | memoryview) -> int:
        """Bytes that were taken, which may be fewer."""
        return os.write(fd, content)

    def sync(self, fd: int) -> None:
        """Return once the disk itself has the data."""
        _data_sync(fd)

    def close(self, fd: int) -> None:
        """Let go of a file."""
        os.close(fd)

    def rename(self, path: Path, final: Path) -> None:
        """Give a file its name, and have the disk itself take the name."""
        path.replace(final)
        if os.name == "posix":  # elsewhere a folder cannot be opened
            folder = os.open(final.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
