"""The limits of a recipe, held against every row: apart from all detectors, from alarms and from the disk."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from lasercontrol.aging.rack import Poll
from lasercontrol.aging_settings import AgingConfig
from lasercontrol.bench import Quality
from lasercontrol.telemetry.row import LASER_CHANNELS, Phase

__all__ = ["CONFIRM", "Guard"]

CONFIRM = 3
"""Rows on end, each trusted, before a laser is ramped down: glitches last one or two."""

DRIVEN = (Phase.SETTLE, Phase.BURN_IN, Phase.STRESS, Phase.DITHER)
"""Phases with the recipe's current, where lower bounds hold too; upper ones hold while a ramp lasts as well."""


class Guard:
    """Counts, for every laser and channel, rows on end beyond the limits; readings that are not OK say nothing."""

    def __init__(self, config: AgingConfig) -> None:
        n, c = len(config.lasers), len(LASER_CHANNELS)
        self.low, self.high = np.full((n, c), -np.inf), np.full((n, c), np.inf)
        for number, laser in enumerate(config.lasers):
            limits = config.limits_of(laser)
            for column, channel in enumerate(LASER_CHANNELS):
                bounds = limits.get(channel.name)
                if bounds is not None:
                    self.low[number, column] = -np.inf if bounds.low is None else bounds.low
                    self.high[number, column] = np.inf if bounds.high is None else bounds.high
        self._above = np.zeros((n, c), dtype=np.int64)
        self._below = np.zeros((n, c), dtype=np.int64)

    def broken(self, poll: Poll, phases: NDArray[np.uint8]) -> Iterator[tuple[int, str]]:
        """(laser, why) of every laser that has now been beyond a limit for `CONFIRM` rows on end."""
        known = poll.quality == Quality.OK
        driven = np.isin(phases, DRIVEN)[:, None]
        rising = driven | (phases == Phase.RAMP)[:, None]
        self._above = self._count(self._above, known, rising & (poll.values > self.high))
        self._below = self._count(self._below, known, driven & (poll.values < self.low))
        for counts, bounds, word in ((self._above, self.high, "above"), (self._below, self.low, "below")):
            for laser, column in zip(*np.nonzero(counts == CONFIRM), strict=True):
                channel = LASER_CHANNELS[column]
                seen, bound = poll.values[laser, column], bounds[laser, column]
                limit = f"{word} its limit of {bound:.6g} {channel.unit}"
                yield int(laser), f"{channel.name} was {seen:.6g} {channel.unit}, {limit}, {CONFIRM} times on end"

    @staticmethod
    def _count(counts: NDArray[np.int64], known: NDArray[np.bool_], beyond: NDArray[np.bool_]) -> NDArray[np.int64]:
        """One more where it is beyond, none where it is not, and as before where nobody knows."""
        return np.where(known, np.where(beyond, counts + 1, 0), counts)
