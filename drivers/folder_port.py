"""A watched folder as a port: a program on the other side takes a request file away, and says no more.

Messages: `READ name` gives a file of the folder. `REQUEST name`, or `REQUEST name awaited`, with the content after a
line feed, writes the file under another name, renames it in one step, and answers "TAKEN" when it has gone; `awaited`
is a file that the other side writes then, thrown away before and whole afterwards. A request that is not taken in time
is withdrawn. Only one program may ask: it holds `lasercontrol.lock` in the folder.
"""

import os
import socket
import time
from contextlib import suppress
from pathlib import Path

from drivers.errors import LinkLost, NotReachable, ReplyTimeout, WrongReply

__all__ = ["LOCK", "FolderPort"]

LOCK = "lasercontrol.lock"
POLL_S = 0.01


class FolderPort:
    """A port over a folder. NotReachable where it is not there, or another program asks already."""

    clears = True

    def __init__(self, folder: str, name: str) -> None:
        self._folder, self._name = Path(folder), name
        self._asked: list[str] = []
        if not self._folder.is_dir():
            raise NotReachable(name, f"the folder {folder} is not there.")
        self._lock: Path | None = None
        self._take_lock()

    def send(self, message: bytes) -> None:
        """Begin what a message says; NotReachable where the folder cannot be written."""
        head, _, content = message.decode("ascii").removesuffix("\n").partition("\n")
        self._asked = head.split(" ")
        if self._asked[0] != "REQUEST":
            return
        try:
            self._wait_for_turn()
            for awaited in self._asked[2:]:
                self._path(awaited).unlink(missing_ok=True)
            self._draft.write_bytes(content.replace("\n", "\r\n").encode("ascii"))
            self._draft.replace(self._path(self._asked[1]))
        except OSError as error:
            raise NotReachable(self._name, f"{self._folder} cannot be written ({error.strerror}).") from error

    def receive_until(self, end: bytes, timeout_s: float) -> bytes:  # noqa: ARG002 — files have their own ends
        """What a message gives; ReplyTimeout where a request is not taken, or the awaited file does not come."""
        if self._asked[0] == "READ":
            return self._read(self._path(" ".join(self._asked[1:])))
        limit_s = time.monotonic() + timeout_s
        while self._path(self._asked[1]).exists():
            if time.monotonic() > limit_s:
                self._withdraw(timeout_s)
            time.sleep(POLL_S)
        for awaited in self._asked[2:]:
            while not self._is_whole(self._path(awaited)):
                if time.monotonic() > limit_s:
                    raise ReplyTimeout(self._name, f"the request was taken, and {awaited} has not come whole.")
                time.sleep(POLL_S)
        return b"TAKEN"

    def receive_exactly(self, count: int, timeout_s: float) -> bytes:
        """No block comes from a folder."""
        raise WrongReply(self._name, f"{count} bytes were wanted within {timeout_s:g} s, and a folder has no blocks.")

    def finish(self, end: bytes, timeout_s: float) -> None:
        """Nothing is left: the file was whole."""

    def clear(self) -> None:
        """Withdraw a request that nobody has taken."""
        if self._asked[:1] == ["REQUEST"]:
            with suppress(OSError):
                self._path(self._asked[1]).replace(self._draft)
        self._asked = []

    def close(self) -> None:
        """As `clear`, and let another program ask."""
        self.clear()
        if self._lock:
            with suppress(OSError):
                self._lock.unlink()
            self._lock = None

    @property
    def _draft(self) -> Path:
        return self._path(self._asked[1]).with_suffix(".tmp")

    def _path(self, name: str) -> Path:
        return self._folder / name

    def _read(self, path: Path) -> bytes:
        """ASCII: whatever else an operator has written into a comment becomes a question mark."""
        try:
            return path.read_bytes().decode("latin-1").encode("ascii", "replace")
        except OSError as error:
            raise LinkLost(self._name, f"{path} cannot be read ({error.strerror}).") from error

    def _wait_for_turn(self) -> None:
        """A request that waits is not ours: it must not be overwritten."""
        if self._path(self._asked[1]).exists():
            raise WrongReply(self._name, f"another {self._asked[1]} waits in {self._folder}; nothing was sent.")

    def _is_whole(self, path: Path) -> bool:
        try:
            return path.read_bytes().endswith(b"\n")
        except OSError:
            return False

    def _withdraw(self, timeout_s: float) -> None:
        try:
            self._path(self._asked[1]).replace(self._draft)
        except FileNotFoundError:  # taken in this very moment
            return
        except OSError as error:
            raise LinkLost(self._name, f"the request cannot be withdrawn ({error.strerror}).") from error
        raise ReplyTimeout(
            self._name,
            f"the request was not taken in {timeout_s:g} s and is withdrawn: is remote control enabled, and does a "
            f"message wait on its screen?",
        )

    def _take_lock(self) -> None:
        path, me = self._folder / LOCK, f"{socket.gethostname()} {os.getpid()}"
        if path.exists() and not self._is_stale(path):
            raise NotReachable(
                self._name, f"another program asks already ({path} is there; delete it if there is none)."
            )
        with suppress(OSError):
            path.unlink(missing_ok=True)
        try:
            handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        except OSError as error:
            raise NotReachable(self._name, f"{path} cannot be written ({error.strerror}).") from error
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(me)
        self._lock = path

    def _is_stale(self, path: Path) -> bool:
        """Whether a program of this machine wrote it that no longer runs."""
        with suppress(OSError, ValueError):
            host, pid = path.read_text(encoding="ascii").rsplit(" ", 1)
            if host != socket.gethostname() or os.name != "posix":  # on Windows to ask a process is to end it
                return False
            try:
                os.kill(int(pid), 0)
            except ProcessLookupError:
                return True
        return False
