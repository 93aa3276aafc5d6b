"""A night of samples as few points as a picture can show, without knowing beforehand how long the night is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Thinned"]

Floats = NDArray[np.float64]
POINTS = 180
"""Fewest points of a long log; there are up to twice as many."""


class Thinned:
    """Mean, least and greatest of n series over stretches of time that are as long as they must be.

    A stretch without a value is NaN, and stays a hole in the picture. Memory does not grow: once there are 2 POINTS
    stretches, two and two become one.
    """

    def __init__(self, n: int, begin_s: float, period_s: float, points: int = POINTS) -> None:
        self.begin_s, self.width_s, self._points = begin_s, period_s, points
        shape = (2 * points, n)
        self._sum, self._count = np.zeros(shape), np.zeros(shape, np.int32)
        self._least, self._most = np.full(shape, np.inf, np.float32), np.full(shape, -np.inf, np.float32)
        self._used = 0

    def add(self, time_s: Floats, values: NDArray[np.floating]) -> None:
        """Values (t, n) at times (t,) that do not fall; NaN counts for nothing."""
        if not len(time_s):
            return
        while (time_s[-1] - self.begin_s) / self.width_s >= 2 * self._points:
            self._halve()
        at = np.clip(((time_s - self.begin_s) / self.width_s).astype(np.int64), 0, 2 * self._points - 1)
        at = np.maximum.accumulate(at)
        cuts = np.flatnonzero(np.diff(at, prepend=-1))
        rows = at[cuts]
        good = np.isfinite(values)
        self._sum[rows] += np.add.reduceat(np.where(good, values, 0.0), cuts, axis=0, dtype=np.float64)
        self._count[rows] += np.add.reduceat(good, cuts, axis=0, dtype=np.int32)
        least = np.minimum.reduceat(np.where(good, values, np.inf), cuts, axis=0)
        most = np.maximum.reduceat(np.where(good, values, -np.inf), cuts, axis=0)
        self._least[rows] = np.minimum(self._least[rows], least)
        self._most[rows] = np.maximum(self._most[rows], most)
        self._used = max(self._used, int(rows[-1]) + 1)

    @property
    def time_s(self) -> Floats:
        """Middle of each stretch, (p,)."""
        return np.asarray(self.begin_s + (np.arange(self._used) + 0.5) * self.width_s, dtype=np.float64)

    @property
    def mean(self) -> Floats:
        """(p, n)."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.divide(self._sum[: self._used], np.where(self.count, self.count, np.nan), dtype=np.float64)

    @property
    def least(self) -> Floats:
        """(p, n)."""
        return np.where(self.count, self._least[: self._used], np.nan)

    @property
    def most(self) -> Floats:
        """(p, n)."""
        return np.where(self.count, self._most[: self._used], np.nan)

    @property
    def count(self) -> NDArray[np.int32]:
        """Values in each stretch, (p, n)."""
        return self._count[: self._used]

    def _halve(self) -> None:
        half = self._points
        joins: list[tuple[NDArray[Any], np.ufunc, float]] = [
            (self._sum, np.add, 0.0),
            (self._count, np.add, 0),
            (self._least, np.minimum, np.inf),
            (self._most, np.maximum, -np.inf),
        ]
        for column, join, nothing in joins:
            column[:half] = join(column[0::2], column[1::2])
            column[half:] = nothing
        self._used = -(-self._used // 2)
        self.width_s *= 2
