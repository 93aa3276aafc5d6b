"""Means over minutes of the log's own clock: what the slow detectors see, whatever blocks the rows come in."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lasercontrol.bench import Quality
from lasercontrol.monitor.finding import State
from lasercontrol.monitor.light_loss import measuring
from lasercontrol.telemetry.row import Block, Phase

__all__ = ["Minute", "Minutes"]

LEAST_SHARE = 0.5
"""Of the rows of a minute: with fewer valid ones there is no mean."""
CARRIED = ("total", "count", "dither", "rows", "at")


@dataclass(frozen=True, slots=True, eq=False)
class Minute:
    """log (n, 3): means of the logarithms of current, meter, photodiode; mount_c (n,); NaN where there is none.

    dither (n,): whether the mount was swung in it. monotonic_s, utc_s: of its last row. told_seq, told_monotonic_s,
    told_utc_s: of the row after it, with which it is known to be over; what is found in it is found then, live as in a
    replay.
    """

    log: NDArray[np.float64]
    mount_c: NDArray[np.float64]
    dither: NDArray[np.bool_]
    monotonic_s: float
    utc_s: float
    told_seq: int
    told_monotonic_s: float
    told_utc_s: float


class Minutes:
    """Sums of the minute that is running."""

    def __init__(self, n: int) -> None:
        self.total, self.count = np.zeros((n, 4)), np.zeros(n, dtype=np.int64)
        self.dither, self.rows = np.zeros(n, dtype=bool), np.array(0)
        self.at = np.full(3, np.nan)  # the minute's number; monotonic_s, utc_s of its last row

    def take(self, block: Block) -> Iterator[Minute]:
        """The minutes that end within a block."""
        values = block.values[:, :, [0, 1, 2, 4]].astype(np.float64)
        with np.errstate(divide="ignore", invalid="ignore"):
            values[:, :, :3] = np.log(values[:, :, :3])
        good = (block.quality[:, :, [0, 1, 2, 4]] == Quality.OK).all(axis=2) & measuring(block.phase)
        good &= np.isfinite(values).all(axis=2)
        values = np.where(good[:, :, None], values, 0.0)
        number = np.floor(block.monotonic_s / 60)
        for row in range(len(block.seq)):
            if number[row] != self.at[0]:
                if self.rows > 0:
                    yield self._ended(int(block.seq[row]), float(block.monotonic_s[row]), float(block.utc_s[row]))
                self.total, self.count = np.zeros_like(self.total), np.zeros_like(self.count)
                self.dither, self.rows = np.zeros_like(self.dither), np.array(0)
            self.total += values[row]
            self.count += good[row]
            self.dither |= block.phase[row] == Phase.DITHER
            self.rows = self.rows + 1
            self.at = np.array([number[row], block.monotonic_s[row], block.utc_s[row]])

    def state(self) -> State:
        """The sums."""
        return {name: getattr(self, name).copy() for name in CARRIED}

    def restored(self, state: State) -> None:
        """Takes them up again."""
        for name in CARRIED:
            setattr(self, name, state[name].copy())

    def _ended(self, seq: int, monotonic_s: float, utc_s: float) -> Minute:
        enough = self.count >= max(1.0, LEAST_SHARE * float(self.rows))
        mean = np.where(enough[:, None], self.total / np.maximum(self.count, 1)[:, None], np.nan)
        last = float(self.at[1]), float(self.at[2])
        return Minute(mean[:, :3], mean[:, 3], self.dither, *last, seq, monotonic_s, utc_s)
