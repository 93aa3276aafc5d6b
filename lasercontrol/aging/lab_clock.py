"""The clock of an aging test: ours, or in a rehearsal one that runs faster and is the same in every process of it."""

import time

__all__ = ["LabClock"]


class LabClock:
    """speed: seconds of the test for one of ours. from_utc_s: when both read the same UTC.

    After a restart of the program, not of the computer, both go on from where they were.
    """

    def __init__(self, speed: float = 1.0, from_utc_s: float | None = None) -> None:
        self.speed = speed
        self.from_utc_s = time.time() if from_utc_s is None else from_utc_s

    def monotonic_s(self) -> float:
        """Seconds of a clock that never steps."""
        return time.monotonic() * self.speed

    def utc_s(self) -> float:
        """Seconds since 1970."""
        return self.from_utc_s + (time.time() - self.from_utc_s) * self.speed

    def now(self) -> tuple[float, float]:
        """(monotonic_s, utc_s)."""
        return self.monotonic_s(), self.utc_s()

    def ours_s(self, seconds: float) -> float:
        """Our seconds for so many of the test."""
        return seconds / self.speed
