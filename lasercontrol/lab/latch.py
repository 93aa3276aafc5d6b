"""An interlock that has tripped stays tripped until a person has looked: no program arms a laser again.

The latch is a file; that it is gone is what armed means, and only `rearm` takes it away. A file that is torn, empty or
unreadable counts as tripped. Beside it lies a history, one JSON object a line, that is only ever added to.
"""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from lasercontrol.errors import BenchError, CallerError
from lasercontrol.lab.ownership import owned
from lasercontrol.lab.state_folder import open_state, state_folder

__all__ = ["Latch", "rearm"]

FILE, HISTORY = "latch.json", "latch-history.jsonl"


class Latch:
    """The latch of one bench, for the one who owns it. CallerError where its state has no folder."""

    def __init__(self, name: str) -> None:
        self.name, self._folder = name, state_folder(name)
        self._unwritten: str | None = None

    @property
    def tripped(self) -> str | None:
        """Why and when it tripped, None where it has not; read anew each time."""
        path = self._folder / FILE
        try:
            return _sentence(path.read_bytes())
        except FileNotFoundError:
            return self._unwritten
        except (OSError, ValueError, TypeError, LookupError) as error:
            return f"the latch {path} cannot be read ({error}), which counts as tripped"

    def trip(self, reason: str) -> None:
        """Latch; it is on the disk when this returns. The first reason stays, all of them are in the history.

        BenchError where the disk does not obey: it is latched all the same, in this program if nowhere else.
        """
        now = _now()
        try:
            if self.tripped is None:
                self._unwritten = f"{reason} ({now})"
                self._latch({"reason": reason, "utc": now})
                self._unwritten = None
            self._note({"utc": now, "event": "tripped", "reason": reason})
        except OSError as error:
            raise BenchError(
                f"the interlock of the bench {self.name} has tripped ({reason}), {_cause(error)}"
            ) from error

    def rearm(self, who: str, why: str) -> str:
        """Take the latch away, for a person who says why; gives what was done in a sentence.

        CallerError where nothing is latched, or nobody says why. BenchError where the disk does not obey: it stays.
        """
        if not (who.strip() and why.strip()):
            raise CallerError(
                f"the bench {self.name} is re-armed by a person who says why: --why is empty; nothing was changed."
            )
        if (tripped := self.tripped) is None:
            raise CallerError(f"the interlock of the bench {self.name} has not tripped; there is nothing to re-arm.")
        now = _now()
        try:  # the history first: cut off in between, the latch is still there
            self._note({"utc": now, "event": "re-armed", "who": who, "why": why, "was": tripped})
            (self._folder / FILE).unlink(missing_ok=True)
            _sync_folder(self._folder)
        except OSError as error:
            raise BenchError(f"the bench {self.name} was not re-armed, {_cause(error)}") from error
        self._unwritten = None
        return (
            f"The bench {self.name} was re-armed by {who} on {now}: {why}. It had tripped: {tripped}. Whether it is "
            f"closed now was not looked at: lasercontrol doctor does."
        )

    def _latch(self, content: dict[str, str]) -> None:
        """An empty file first, which counts as tripped and finds room on a full disk; then the words, at once."""
        path, new = self._folder / FILE, self._folder / f"{FILE}.new"
        os.close(open_state(path, os.O_WRONLY))
        _sync_folder(self._folder)
        _write(new, os.O_TRUNC, json.dumps(content) + "\n")
        new.replace(path)
        _sync_folder(self._folder)

    def _note(self, entry: dict[str, str]) -> None:
        path = self._folder / HISTORY
        torn = path.exists() and not path.read_bytes().endswith(b"\n")  # a line of somebody who was cut off
        _write(path, os.O_APPEND, "\n" * torn + json.dumps(entry) + "\n")


def rearm(name: str, who: str, why: str) -> str:
    """Re-arm a bench that nobody uses meanwhile: it is owned for the moment (`Latch.rearm`, `ownership.owned`)."""
    with owned(name):
        return Latch(name).rearm(who, why)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _sentence(content: bytes) -> str:
    told = json.loads(content)
    return f"{told['reason']} ({told['utc']})"


def _cause(error: OSError) -> str:
    return f"but the disk does not obey: {error}."


def _write(path: Path, flags: int, text: str) -> None:
    with open(open_state(path, os.O_WRONLY | flags), "w", encoding="utf-8") as file:  # noqa: PTH123 — a descriptor
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    """That a file came or went is a change of its folder; Windows keeps it by itself."""
    if sys.platform == "win32":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
