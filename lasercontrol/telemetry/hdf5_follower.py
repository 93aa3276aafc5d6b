"""Keeps the process that makes HDF5 of a log running, for as long as the log is written."""

import logging
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path

__all__ = ["Follower"]

log = logging.getLogger(__name__)

AGAIN_S, LONGEST_S = 5.0, 600.0
WORDS = 2000


class Follower:
    """A builder of the folder's HDF5, begun again when it dies, ever later.

    It ends by itself when this process dies, since its standard input is then closed. who: what stands in the lock of
    the writer.
    """

    def __init__(self, folder: Path, who: str, keep_s: float | None) -> None:
        self.failure = ""
        self._folder = folder
        keep = [] if keep_s is None else ["--keep-s", str(keep_s)]
        self._command = [sys.executable, "-P", "-m", "lasercontrol.telemetry.hdf5_builder", str(folder), who, *keep]
        self._ending, self._ended = threading.Event(), threading.Event()
        self._child: subprocess.Popen[bytes] | None = None
        threading.Thread(target=self._watch, name="hdf5", daemon=True).start()

    def end(self, timeout_s: float) -> None:
        """The log is complete: let the builder finish, and wait for it so long; it needs nobody to finish later."""
        self._ending.set()
        if self._child and self._child.stdin:
            with suppress(OSError):
                self._child.stdin.close()
        self._ended.wait(timeout_s)

    def _watch(self) -> None:
        pause_s, last = AGAIN_S, False
        while True:
            code, words = self._once()
            if code == 0:
                break
            self.failure = f"{self._folder}: HDF5 is not made: {words or f'its process ended with {code}'}"
            log.warning("%s", self.failure)
            if last:
                break
            last = self._ending.is_set()
            self._ending.wait(pause_s)
            pause_s = min(2 * pause_s, LONGEST_S)
        self._ended.set()

    def _once(self) -> tuple[int, str]:
        try:
            self._child = subprocess.Popen(self._command, stdin=subprocess.PIPE, stderr=subprocess.PIPE)  # noqa: S603
        except OSError as error:
            return -1, str(error)
        self.failure = ""
        if self._ending.is_set() and self._child.stdin:
            with suppress(OSError):
                self._child.stdin.close()
        stderr = self._child.stderr
        words = stderr.read() if stderr else b""
        code = self._child.wait()
        if stderr:
            stderr.close()
        if self._child.stdin:
            with suppress(OSError):
                self._child.stdin.close()
        return code, words.decode(errors="replace").strip()[-WORDS:]
