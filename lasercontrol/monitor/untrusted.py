"""Readings that cannot be trusted: INVALID for a while, or a number that no longer moves. Never a word of wear."""

from collections.abc import Sequence

import numpy as np

from lasercontrol.bench import Quality
from lasercontrol.monitor.finding import Finding, Kind, Severity, State
from lasercontrol.monitor.light_loss import measuring
from lasercontrol.telemetry.row import LASER_CHANNELS, Block, Event, Schema, Sweep

__all__ = ["Untrusted"]

ROWS = 10
"""INVALID for so many rows running, and again good for as many."""
STILL_ROWS = 60
"""Readings have noise: one that repeats to the last bit for so long is stuck."""
LIGHT = [1, 2]
CARRIED = ("invalid", "good", "still", "last", "active", "stuck")


class Untrusted:
    """A `finding.Detector` of INSTRUMENT."""

    name = "untrusted"

    def begin(self, schema: Schema) -> None:
        """Nothing is known of any channel."""
        n = len(schema.lasers)
        self.invalid, self.good = np.zeros((n, 5), dtype=np.int64), np.zeros((n, 5), dtype=np.int64)
        self.still, self.last = np.zeros((n, 2), dtype=np.int64), np.full((n, 2), np.nan, dtype=np.float32)
        self.active, self.stuck = np.zeros((n, 5), dtype=bool), np.zeros((n, 2), dtype=bool)

    def block(self, block: Block) -> Sequence[Finding]:
        """Rows, one after the other."""
        found: list[Finding] = []
        lit = measuring(block.phase)
        for at in range(len(block.seq)):
            on, values = lit[at][:, None], block.values[at]
            bad = block.quality[at] == Quality.INVALID
            self.invalid = np.where(on & bad, self.invalid + 1, 0)
            self.good = np.where(on & ~bad, self.good + 1, 0)
            same = on & (values[:, LIGHT] == self.last)
            self.still = np.where(same, self.still + 1, 0)
            self.last = values[:, LIGHT]
            if (self.invalid == ROWS).any() or (self.active & (self.good == ROWS)).any():
                found += self._changed(block, at)
            if (self.still == STILL_ROWS).any() or (self.stuck & (self.still == 0)).any():
                found += self._stuck(block, at)
        return found

    def sweep(self, sweep: Sweep) -> Sequence[Finding]:  # noqa: ARG002 — the interface
        """Says nothing here."""
        return ()

    def event(self, event: Event) -> Sequence[Finding]:  # noqa: ARG002 — the interface
        """Says nothing here."""
        return ()

    def state(self) -> State:
        """Counts and last values."""
        return {name: getattr(self, name).copy() for name in CARRIED}

    def restored(self, state: State) -> None:
        """Takes them up again."""
        for name in CARRIED:
            setattr(self, name, state[name].copy())

    def _changed(self, block: Block, at: int) -> list[Finding]:
        begun = (self.invalid == ROWS) & ~self.active
        ended = (self.good == ROWS) & self.active
        self.active = (self.active | begun) & ~ended
        first = begun.any(axis=1) & (self.active.sum(axis=1) == begun.sum(axis=1))
        last = ended.any(axis=1) & ~self.active.any(axis=1)
        found = []
        for laser in np.flatnonzero(first):
            names = ", ".join(LASER_CHANNELS[channel].name for channel in np.flatnonzero(begun[laser]))
            found.append(self._finding(block, at, int(laser), float(ROWS), ROWS, f"{names}: no valid reading", True))
        return found + [
            self._finding(block, at, int(laser), 0.0, ROWS, "readings are valid again", False)
            for laser in np.flatnonzero(last)
        ]

    def _stuck(self, block: Block, at: int) -> list[Finding]:
        found = []
        for laser, which in np.argwhere((self.still == STILL_ROWS) & ~self.stuck):
            name, value = LASER_CHANNELS[LIGHT[which]].name, float(self.last[laser, which])
            told = f"{name} has stood at {value:g} to the last bit for {STILL_ROWS} rows"
            found.append(self._finding(block, at, int(laser), float(STILL_ROWS), STILL_ROWS, told, True))
        self.stuck |= self.still == STILL_ROWS
        ended = self.stuck & (self.still == 0)
        self.stuck &= ~ended
        return found + [
            self._finding(block, at, int(laser), 0.0, STILL_ROWS, "the reading moves again", False)
            for laser in np.flatnonzero(ended.any(axis=1))
        ]

    def _finding(
        self, block: Block, at: int, laser: int, value: float, bound: int, evidence: str, active: bool
    ) -> Finding:
        return Finding(
            kind=Kind.INSTRUMENT,
            severity=Severity.WARNING,
            laser=laser,
            detector=self.name,
            seq=int(block.seq[at]),
            monotonic_s=float(block.monotonic_s[at]),
            utc_s=float(block.utc_s[at]),
            since_utc_s=float(block.utc_s[at]),
            value=value,
            bound=float(bound),
            unit="rows",
            evidence=evidence,
            active=active,
        )
