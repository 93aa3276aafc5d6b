"""Faults of instruments in the bench's words, counted and capped: one time-out ends no run, too many do."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from drivers import errors as driver_errors
from lasercontrol.errors import (
    BenchError,
    BenchLost,
    LaserControlError,
    LinkError,
    MoveRefused,
    ReplyTimeout,
    SafetyError,
    WrongReply,
)

__all__ = ["FaultCount", "in_bench_words"]

T = TypeVar("T")

# The first that fits counts.
WORDS: tuple[tuple[type[Exception], type[BenchError]], ...] = (
    (driver_errors.ReplyTimeout, ReplyTimeout),
    (driver_errors.WrongReply, WrongReply),
    (driver_errors.LinkError, LinkError),
    (driver_errors.InterlockOpen, SafetyError),
    (driver_errors.InstrumentError, BenchError),
)

PASSING = (
    driver_errors.ReplyTimeout,
    driver_errors.LinkLost,
    driver_errors.WrongReply,
    driver_errors.OverRange,
    driver_errors.NotReady,
)
"""What may pass by itself: the exchange may be tried again. All else is here to stay, or must be looked at."""


@contextmanager
def in_bench_words() -> Iterator[None]:
    """Turn what a driver raises into this program's errors (`lasercontrol.errors`)."""
    try:
        yield
    except driver_errors.InstrumentError as error:
        ours = next(ours for theirs, ours in WORDS if isinstance(error, theirs))
        raise ours(str(error)) from error
    except driver_errors.OutOfRange as error:
        raise _refused(error) from error


def _refused(error: Exception) -> LaserControlError:
    return MoveRefused("an instrument's setting", str(error), "what it can do")


class FaultCount:
    """How many passing faults a run has seen; BenchLost when there are too many."""

    def __init__(self, most: int) -> None:
        self.most, self.seen = most, 0
        self.last = ""

    def patiently(self, act: Callable[[], T]) -> T:
        """Do it; once more where it failed in a way that may pass. What failed is counted."""
        try:
            return act()
        except PASSING as error:
            self.note(error)
            return act()

    def note(self, error: Exception) -> str:
        """Count one, and give it in words; BenchLost at the cap."""
        self.seen += 1
        self.last = str(error)
        if self.seen >= self.most:
            raise BenchLost(f"{self.seen} time-outs and unusable answers in this run, the last: {self.last}") from error
        return self.last
