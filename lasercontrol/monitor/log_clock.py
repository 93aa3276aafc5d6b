"""How long a log has been watched, from its own monotonic clock: delays then pass in a replay as they passed live."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["LogClock", "Piece"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows on end without a pause. skipped_utc_s: how far UTC has moved in the pause before them, which counts not."""

    last_seq: int
    last_s: float
    skipped_utc_s: float


@dataclass(slots=True)
class LogClock:
    """Seconds watched: those of the monotonic clock, without pauses of more than `gap_s` and without its restarts.

    A computer that starts again starts this clock again, and while a program is down nobody looks; neither may count
    as time that a condition has lasted. Seconds watched are the clock less a constant, never a sum, so that they do
    not depend on how the rows are cut into blocks.
    """

    gap_s: float
    seq: int = -1
    monotonic_s: float = 0.0
    utc_s: float = 0.0
    offset_s: float | None = None

    @property
    def watched_s(self) -> float:
        """Now."""
        return 0.0 if self.offset_s is None else self.monotonic_s - self.offset_s

    def at_s(self, monotonic_s: float) -> float:
        """Seconds watched at a moment of the piece that was entered last; never before now."""
        return max(self.watched_s, monotonic_s - (self.offset_s or 0.0))

    def pieces(
        self, seq: NDArray[np.int64], monotonic_s: NDArray[np.float64], utc_s: NDArray[np.float64]
    ) -> Iterator[Piece]:
        """Rows (t,) that follow those before, piece by piece; `advance` to a piece's end before asking for the next."""
        if self.offset_s is None:
            self.monotonic_s = self.offset_s = float(monotonic_s[0])
            self.utc_s = float(utc_s[0])
        steps_s = np.diff(monotonic_s, prepend=self.monotonic_s)
        pauses = np.flatnonzero((steps_s < 0) | (steps_s > self.gap_s))
        starts = [0, *(int(i) for i in pauses if i > 0)]
        for start, end in zip(starts, [*starts[1:], len(seq)], strict=True):
            skipped_utc_s = 0.0
            if start in pauses:
                skipped_utc_s = float(utc_s[start]) - self.utc_s
                self.offset_s = float(monotonic_s[start]) - self.watched_s
                self.monotonic_s = float(monotonic_s[start])
            last = end - 1
            yield Piece(int(seq[last]), float(monotonic_s[last]) - self.offset_s, skipped_utc_s)
            self.seq, self.monotonic_s, self.utc_s = int(seq[last]), float(monotonic_s[last]), float(utc_s[last])

    def state(self) -> dict[str, float | int | None]:
        """All that is carried."""
        return {"seq": self.seq, "monotonic_s": self.monotonic_s, "utc_s": self.utc_s, "offset_s": self.offset_s}
