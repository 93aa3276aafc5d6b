"""One axis of time for a whole log: UTC of its first row, and from there the monotonic clock.

A clock that is set in the night must neither fold the picture nor make an interval negative. The monotonic clock begins
anew when the computer does; that one interval is then the UTC clock's.
"""

import numpy as np
from numpy.typing import NDArray

from lasercontrol.report.night import Gap
from lasercontrol.telemetry.row import Block, Schema

__all__ = ["TimeAxis"]

Floats = NDArray[np.float64]
LONG_PAUSE = 2.5
"""A pause of so many periods is a gap."""
CLOCK_SET_S = 2.0  # less is what NTP slews


class TimeAxis:
    """Takes blocks in their order and gives their times; remembers gaps, and when the clock was set."""

    def __init__(self, schema: Schema) -> None:
        self.begin_s = self.end_s = np.nan
        self.gaps: list[Gap] = []
        self.clock_set: list[Gap] = []
        self.lit_h: Floats = np.zeros(0)
        """Hours of the rows of the last block, no gap among them."""
        self._pause_s = LONG_PAUSE * schema.period_s
        self._period_s = schema.period_s
        self._last = (np.nan, np.nan)
        self._shifts: list[tuple[float, float]] = []

    def times(self, block: Block) -> Floats:
        """Of its rows, (t,), in UTC seconds as if the clock had never been set."""
        utc_s, ticks_s = (
            _before(last, new) for last, new in zip(self._last, (block.utc_s, block.monotonic_s), strict=True)
        )
        first = np.isnan(self.end_s)
        if first:
            self.begin_s = self.end_s = float(block.utc_s[0])
        steps_s, shown_s = np.diff(ticks_s), np.diff(utc_s)
        anew = steps_s < 0
        steps_s[anew] = np.where(shown_s[anew] > 0, shown_s[anew], self._period_s)
        time_s = self.end_s + np.cumsum(steps_s)
        self._set(shown_s - steps_s, time_s - steps_s, utc_s[1:])
        for at in np.flatnonzero(steps_s > self._pause_s):
            self.gaps.append(Gap(float(time_s[at] - steps_s[at]), float(time_s[at]), "no rows", ""))
        self.lit_h = np.minimum(steps_s, self._pause_s) / 3600
        self.end_s, self._last = float(time_s[-1]), (float(block.utc_s[-1]), float(block.monotonic_s[-1]))
        return np.asarray(time_s)

    def at(self, utc_s: float) -> float:
        """Place of a stamp on the axis."""
        return utc_s - next((shift for since, shift in reversed(self._shifts) if utc_s >= since), 0.0)

    def _set(self, jumps_s: Floats, before_s: Floats, utc_s: Floats) -> None:
        for at in np.flatnonzero(np.abs(jumps_s) > CLOCK_SET_S):
            jump_s, when = float(jumps_s[at]), float(before_s[at])
            total = (self._shifts[-1][1] if self._shifts else 0.0) + jump_s
            self._shifts.append((float(utc_s[at]), total))
            self.clock_set.append(Gap(when, when, "clock set", f"by {jump_s:+,.0f} s; the axis goes on without it."))


def _before(last: float, new: Floats) -> Floats:
    return np.concatenate(([new[0] if np.isnan(last) else last], new))
