"""Everything that can go wrong, and with which exit status the program then ends:

* LaserControlError
  x CallerError            2   the call or its files are wrong; nothing was moved, nothing was overwritten
    - InputFileError           a data file cannot be read as what it should be
    - ConfigError              a config has an unknown key or a value out of bounds
    - MoveRefused              a setting is outside the limits
    - RecordError              a record is cut short, or none of this program
        RecordExists
    - LogError                 a log is damaged, in use, there already, or has no room
  x BenchError             3   the world failed, not the caller
    - LinkError                the instrument cannot be reached or answers nonsense
        ReplyTimeout
        WrongReply
    - SafetyError              a limit was hit; emission is off when this is raised
    - BenchLost                the bench went away in the middle of a run
    - RecordWriteError         the disk is full or broken: a record cannot be kept
    - LogWriteError            the same of a log; what was acknowledged is kept

A message is one sentence or two with quantity, value, bound and what happened to the hardware.
"""

from os import PathLike
from typing import ClassVar

__all__ = [
    "BenchError",
    "BenchLost",
    "CallerError",
    "ConfigError",
    "InputFileError",
    "LaserControlError",
    "LinkError",
    "LogError",
    "LogWriteError",
    "MoveRefused",
    "RecordError",
    "RecordExists",
    "RecordWriteError",
    "ReplyTimeout",
    "SafetyError",
    "WrongReply",
]

File = str | PathLike[str]


class LaserControlError(Exception):
    """The root: what the command line turns into one sentence and an exit status."""

    exit_code: ClassVar[int] = 1


class CallerError(LaserControlError):
    """The call or its files are wrong; nothing was moved, nothing was overwritten."""

    exit_code = 2


class InputFileError(CallerError):
    """A data file cannot be read as what it should be; `line` counts from 1, or is None for the file as a whole."""

    def __init__(self, path: File, line: int | None, message: str) -> None:
        super().__init__(f"{_place(path, line)}: {message}")
        self.path, self.line, self.message = path, line, message


class ConfigError(CallerError):
    """A config has an unknown key or a value out of bounds; `key` is dotted, `line` counts from 1."""

    def __init__(self, path: File, line: int | None, key: str, message: str) -> None:
        super().__init__(f"{_place(path, line)}: {key}: {message}")
        self.path, self.line, self.key, self.message = path, line, key, message


class MoveRefused(CallerError):  # noqa: N818 — named by what happened
    """A setting is outside the limits: the quantity with its unit, what was asked, what is allowed."""

    def __init__(self, quantity: str, asked: str, allowed: str) -> None:
        super().__init__(f"{quantity}: asked {asked}, allowed {allowed}; nothing was moved.")
        self.quantity, self.asked, self.allowed = quantity, asked, allowed


class RecordError(CallerError):
    """A record is cut short, is none of this program, or cannot be made."""

    def __init__(self, path: File, message: str) -> None:
        super().__init__(f"{_place(path, None)}: {message}")
        self.path, self.message = path, message


class RecordExists(RecordError):  # noqa: N818 — named by what happened
    """There is a file where a new record would go; it stays as it is."""


class LogError(CallerError):
    """A log is damaged, written by another program, there already, or has no room for the night."""

    def __init__(self, path: File, message: str) -> None:
        super().__init__(f"{_place(path, None)}: {message}")
        self.path, self.message = path, message


class BenchError(LaserControlError):
    """The world failed, not the caller."""

    exit_code = 3


class LinkError(BenchError):
    """The instrument cannot be reached or answers nonsense."""


class ReplyTimeout(LinkError):  # noqa: N818 — named by what happened
    """No answer in time."""


class WrongReply(LinkError):  # noqa: N818 — named by what happened
    """An answer that cannot be true."""


class SafetyError(BenchError):
    """A limit was hit; emission is off when this is raised."""


class BenchLost(BenchError):  # noqa: N818 — named by what happened
    """The bench went away in the middle of a run."""


class RecordWriteError(BenchError):
    """A record cannot be kept; `shots` finished ones are in the file and stay readable."""

    def __init__(self, path: File, shots: int, message: str) -> None:
        super().__init__(f"{_place(path, None)}: {message}; the first {shots} shots are kept.")
        self.path, self.shots, self.message = path, shots, message


class LogWriteError(BenchError):
    """A log cannot be written; what was acknowledged is in it and stays readable."""

    def __init__(self, path: File, message: str) -> None:
        super().__init__(f"{_place(path, None)}: {message}; what was acknowledged is kept.")
        self.path, self.message = path, message


def _place(path: File, line: int | None) -> str:
    return str(path) if line is None else f"{path}:{line}"
