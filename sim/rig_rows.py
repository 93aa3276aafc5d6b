"""What the rig does to readings that are already there: sample by sample, for as long as each event lasts."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim.night_light import Base
from sim.rig import RACK_SIZE, RigEvent, RigKind

__all__ = ["RigHands"]

Singles = NDArray[np.float32]

INVALID = 2  # number of the log's quality

CURRENT, METER, PHOTODIODE, VOLTAGE = 0, 1, 2, 3


class Rows(NamedTuple):
    """Rows of one laser that an event touches: values (s, 5), and what the laser would show without the rig."""

    values: Singles
    base: Base
    holds_power: bool


def _transient(rows: Rows, event: RigEvent) -> None:
    """Less current, and what follows from it."""
    missing_a = rows.base.current * event.size
    rows.values[:, CURRENT] *= 1 + event.size
    for channel, per_a in ((METER, rows.base.meter_per_a), (PHOTODIODE, rows.base.photodiode_per_a)):
        rows.values[:, channel] = np.maximum(rows.values[:, channel] + per_a * missing_a, 0)
    rows.values[:, VOLTAGE] += rows.base.voltage_per_a * missing_a


def _fibre_step(rows: Rows, event: RigEvent) -> None:
    rows.values[:, METER] *= event.size


def _photodiode_step(rows: Rows, event: RigEvent) -> None:
    """At constant power the loop makes up for it: more light, more current, the same reading."""
    if not rows.holds_power:
        rows.values[:, PHOTODIODE] *= event.size
        return
    more = 1 / event.size - 1
    more_a = rows.base.meter * more / rows.base.meter_per_a
    rows.values[:, METER] *= 1 + more
    rows.values[:, CURRENT] += more_a
    rows.values[:, VOLTAGE] += more_a * rows.base.voltage_per_a


def _glitch(rows: Rows, event: RigEvent) -> None:
    rows.values[:, event.channel] *= 1 + event.size


STEPS: dict[RigKind, Callable[[Rows, RigEvent], None]] = {
    RigKind.TRANSIENT: _transient,
    RigKind.FIBRE_STEP: _fibre_step,
    RigKind.PHOTODIODE_STEP: _photodiode_step,
    RigKind.GLITCH: _glitch,
}

ORDER = (*STEPS, RigKind.STUCK, RigKind.DROPOUT)
"""From the laser to the log: what comes later hides what came before."""


class RigHands:
    """Applies a night's events to its rows, minute by minute in their order."""

    def __init__(self, events: tuple[RigEvent, ...], holds_power: NDArray[np.bool_]) -> None:
        self.holds_power = holds_power
        self.waiting = [event for event in events if event.kind in ORDER][::-1]
        self.active: list[RigEvent] = []
        self.stuck: dict[int, float] = {}
        self.last: Singles | None = None

    def touch(self, first_s: float, values: Singles, quality: NDArray[np.uint8], base: Base) -> None:
        """Change rows (t, n, 5) in place that begin at first_s; base (n,): without noise at their beginning."""
        end_s = first_s + len(values)
        while self.waiting and self.waiting[-1].start_s < end_s:
            self.active.append(self.waiting.pop())
        self.active = [event for event in self.active if event.end_s > first_s]
        for event in sorted(self.active, key=lambda event: ORDER.index(event.kind)):
            rows = slice(int(max(event.start_s - first_s, 0)), int(min(event.end_s - first_s, len(values))))
            self._apply(event, rows, values, quality, base)
        self.last = values[-1].copy()

    def _apply(self, event: RigEvent, rows: slice, values: Singles, quality: NDArray[np.uint8], base: Base) -> None:
        if event.kind is RigKind.DROPOUT:
            lanes = _lanes(event)
            values[rows, lanes] = np.nan
            quality[rows, lanes] = INVALID
        elif event.kind is RigKind.STUCK:
            self._stick(event, rows, values)
        else:
            lane = _lanes(event).start
            mine = Rows(values[rows, lane], base.at(lane), bool(self.holds_power[lane]))
            STEPS[event.kind](mine, event)

    def _stick(self, event: RigEvent, rows: slice, values: Singles) -> None:
        column = values[:, _lanes(event).start, event.channel]
        if id(event) not in self.stuck:
            before = column[rows.start - 1] if rows.start else self._before(event, column)
            self.stuck[id(event)] = float(column[rows.start] if np.isnan(before) else before)
        column[rows] = self.stuck[id(event)]

    def _before(self, event: RigEvent, column: Singles) -> np.float32:
        """The last value of the minute before; at the night's beginning the first one of all."""
        return np.float32(column[0] if self.last is None else self.last[event.laser, event.channel])


def _lanes(event: RigEvent) -> slice:
    if event.laser is not None:
        return slice(event.laser, event.laser + 1)
    return slice(None) if event.rack is None else slice(RACK_SIZE * event.rack, RACK_SIZE * (event.rack + 1))
