"""What can go wrong on the way and in the box, on demand."""

from collections import deque
from dataclasses import dataclass
from typing import Literal, get_args

__all__ = ["KINDS", "Fault", "FaultKind", "Faults"]

FaultKind = Literal["drop", "late", "half", "garbage", "stuck", "over_range", "interlock", "deaf", "restart"]

KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
"""drop: the connection is closed instead of an answer. late: the answer comes `seconds` later than it should. half:
half of an answer, without its end. garbage: an answer that is none. stuck: every question is answered as it was the
first time. over_range: measured values become the code for over range. interlock: it trips. deaf: nothing is heard for
`seconds`, and answered then. restart: switched off, all settings as after power-on, back after `seconds`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. seconds: real ones, of our clock. count: how many answers it spoils, or 1 for what happens once."""

    kind: FaultKind
    seconds: float = 1.0
    count: int = 1

    def __post_init__(self) -> None:
        """ValueError for a kind that there is not, and for numbers below 0."""
        if self.kind not in KINDS or not self.seconds >= 0 or self.count < 1:
            raise ValueError(
                f"a fault is one of {', '.join(KINDS)} with seconds of 0 or more and a count of 1 or more; got {self}"
            )


class Faults:
    """What waits to go wrong with one instrument's answers, the oldest first."""

    def __init__(self) -> None:
        self._waiting: deque[Fault] = deque()
        self._spoiled = 0

    def add(self, fault: Fault) -> None:
        """From the next answer on."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """All is well again."""
        self._waiting.clear()
        self._spoiled = 0

    def next(self) -> Fault | None:
        """The fault of the answer that is due, if any; after its `count` it is used up."""
        if not self._waiting:
            return None
        fault = self._waiting[0]
        self._spoiled += 1
        if self._spoiled >= fault.count:
            self._waiting.popleft()
            self._spoiled = 0
        return fault
