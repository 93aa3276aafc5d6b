"""The journal of a log: files that only ever grow at their end, and what is taken as kept.

A journal file appears under its name with its schema, and with the first frames, once the disk has them all. After
any failure the file is left as it is and the next frames begin another: what a failed fdatasync left in memory is
never trusted. A frame whose seq is not below the first of the next file was written again there, and counts there.
"""

import re
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from lasercontrol.telemetry.disk import Disk
from lasercontrol.telemetry.frame import FrameKind, framed
from lasercontrol.telemetry.frame_codec import schema_bytes
from lasercontrol.telemetry.row import Schema

__all__ = ["ROTATE_BYTES", "ROTATE_S", "Journal", "journal_number", "journal_path", "journals"]

ROTATE_S = 3600.0
ROTATE_BYTES = 512_000_000
NAME = re.compile(r"journal-(\d{4,})\.lcj")


def journals(folder: Path) -> list[Path]:
    """The journal files of a log, oldest first."""
    found = [path for path in folder.glob("journal-*.lcj") if NAME.fullmatch(path.name)]
    return sorted(found, key=journal_number)


def journal_number(path: Path) -> int:
    """Which of a log's journals this is."""
    match = NAME.fullmatch(path.name)
    if match is None:
        raise ValueError(f"{path.name} is no name of a journal.")
    return int(match[1])


def journal_path(folder: Path, number: int) -> Path:
    """Where a journal lies."""
    return folder / f"journal-{number:04d}.lcj"


class Journal:
    """Appends frames; what `append` has returned from is on the disk.

    numbers: of the files to begin, each used once. rotate_s, rotate_bytes: age in seconds and size at which the next
    file is begun.
    """

    def __init__(
        self,
        folder: Path,
        schema: Schema,
        *,
        number: int = 0,
        disk: Disk | None = None,
        rotate_s: float = ROTATE_S,
        rotate_bytes: int = ROTATE_BYTES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self.schema = folder, schema
        self._disk, self._clock = disk or Disk(), clock
        self._rotate_s, self._rotate_bytes = rotate_s, rotate_bytes
        self._number = number
        self._fd: int | None = None
        self._bytes, self._begun_s = 0, 0.0

    @property
    def path(self) -> Path:
        """The file that is written now, or was last."""
        return journal_path(self.folder, self._number - 1)

    def append(self, frames: Iterable[bytes], first_seq: int) -> None:
        """Frames on end, the first with first_seq. Raises OSError: then none of them may be taken as kept."""
        content = b"".join(frames)
        if self._fd is None or self._due(len(content)):
            self._begin(content, first_seq)
            return
        try:
            self._put(self._fd, content)
        except OSError:
            self._leave()
            raise

    def end(self, next_seq: int) -> None:
        """Say that nothing will follow: the last frame was that before next_seq. Raises OSError."""
        self.append([framed(FrameKind.END, next_seq, b"")], next_seq)
        self._leave()

    def _due(self, more: int) -> bool:
        old = self._clock() - self._begun_s >= self._rotate_s
        return old or self._bytes + more > self._rotate_bytes

    def _begin(self, content: bytes, first_seq: int) -> None:
        self._leave()
        final, number = journal_path(self.folder, self._number), self._number
        part = final.with_suffix(".part")
        fd = self._disk.create(part)
        try:
            self._bytes, self._begun_s = 0, self._clock()
            self._put(fd, schema_bytes(self.schema, first_seq) + content)
            self._number = number + 1  # from here on the name may be taken, whatever the disk says
            self._disk.rename(part, final)
        except OSError:
            with suppress(OSError):
                self._disk.close(fd)
            with suppress(OSError):
                part.unlink(missing_ok=True)
            raise
        self._fd = fd

    def _put(self, fd: int, content: bytes) -> None:
        left = memoryview(content)
        while left:
            left = left[self._disk.write(fd, left) :]
        self._disk.sync(fd)
        self._bytes += len(content)

    def _leave(self) -> None:
        """Let go of the file as it is; what matters of it is on the disk already."""
        if self._fd is not None:
            with suppress(OSError):
                self._disk.close(self._fd)
        self._fd = None
