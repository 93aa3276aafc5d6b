"""Light lost from one row to the next: two rows in a row say so, and which of the two light channels tells the cause.

Each laser's meter and photodiode are compared with their own slow mean. Both down together is the laser (catastrophic
optical damage); the meter alone is fibre or lens; the photodiode alone is its own coupling; most of a rack at one row
is the rig, and so is light that the current took with it. A loop that keeps the power answers damage with current:
that, with the voltage beside it and no more light on the meter, counts as light lost.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lasercontrol.bench import Quality
from lasercontrol.monitor.finding import Finding, Kind, Severity, State
from lasercontrol.telemetry.row import Block, Event, Phase, Schema, Sweep

__all__ = ["LightLoss", "measuring"]

FALL = 0.03
"""Share of the light that is lost at least."""
CURRENT_RISE, VOLTAGE_RISE = 0.05, 0.003
"""Of a loop that makes up for lost light: both at once, so that a wrong reading of one is none."""
ROWS = 2
SLOW = 1 / 30
"""Weight of a row in the slow mean."""
BELONGS = 0.02
"""A row further off than this does not enter the mean."""
RESEAT = 60
"""Rows off the mean for good after which it begins anew there."""
RIG_SHARE, RIG_LEAST = 0.5, 4
"""Share of the lasers that measure, and how many, that fall at one row when it is the rig."""
READ = [0, 1, 2, 3]  # current, meter, photodiode, voltage
CURRENT_FALL = 0.01
"""Of the current: light that goes with it is the driver's doing; the ammeters of racks are right to a tenth of it."""
KINDS = (Kind.SUDDEN, Kind.COUPLING, Kind.RIG)
CARRIED = ("mean", "down", "off", "active", "before_utc_s", "before_s")
GAP_S = 60.0
"""Without rows for longer, the means begin anew: what was lost meanwhile was not lost from one row to the next."""


def measuring(phase: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Whether lasers are in a phase in which wear is judged."""
    return np.isin(phase, (Phase.STRESS, Phase.DITHER, Phase.BURN_IN))


class LightLoss:
    """A `finding.Detector` of SUDDEN, COUPLING and RIG."""

    name = "light-loss"

    def begin(self, schema: Schema) -> None:
        """Nothing is known of any laser."""
        n = len(schema.lasers)
        self.mean = np.full((n, 4), np.nan)
        self.down = np.zeros((n, 4), dtype=np.int64)  # rows running: meter, photodiode, loop, current
        self.off = np.zeros(n, dtype=np.int64)
        self.active = np.zeros((n, len(KINDS)), dtype=bool)
        self.before_utc_s, self.before_s = np.array(np.nan), np.array(np.nan)  # of the row before, UTC and monotonic

    def block(self, block: Block) -> Sequence[Finding]:
        """Rows, one after the other."""
        found: list[Finding] = []
        with np.errstate(divide="ignore", invalid="ignore"):
            log = np.log(block.values[:, :, READ].astype(np.float64))
        log[~np.isfinite(log)] = np.nan
        good = (block.quality[:, :, READ] == Quality.OK).all(axis=2) & np.isfinite(log).all(axis=2)
        good &= measuring(block.phase)
        for at in range(len(block.seq)):
            if block.monotonic_s[at] - self.before_s > GAP_S:
                self._anew()
            found += self._row(block, at, log[at], good[at])
            self.before_utc_s, self.before_s = block.utc_s[at].copy(), block.monotonic_s[at].copy()
        return found

    def sweep(self, sweep: Sweep) -> Sequence[Finding]:  # noqa: ARG002 — the interface
        """Says nothing here."""
        return ()

    def event(self, event: Event) -> Sequence[Finding]:
        """After a gap the means begin anew; what was found stays."""
        if event.kind in {"restart", "gap"}:
            self._anew()
        return ()

    def state(self) -> State:
        """Means and counts."""
        return {name: getattr(self, name).copy() for name in CARRIED}

    def restored(self, state: State) -> None:
        """Takes them up again."""
        for name in CARRIED:
            setattr(self, name, state[name].copy())

    def _anew(self) -> None:
        self.mean[:], self.down[:], self.off[:] = np.nan, 0, 0

    def _row(self, block: Block, at: int, log: NDArray[np.float64], good: NDArray[np.bool_]) -> Iterator[Finding]:
        away = log - self.mean
        light = away[:, 1:3] < -FALL
        loop = (away[:, 0] > CURRENT_RISE) & (away[:, 3] > VOLTAGE_RISE) & (away[:, 1] < FALL)
        low = np.column_stack([light, loop, away[:, 0] < -CURRENT_FALL])
        self.down = np.where(good[:, None], np.where(low, self.down + 1, 0), self.down)
        near = good & (np.abs(away[:, :3]) < BELONGS).all(axis=1)
        self.off = np.where(good, np.where(near, 0, self.off + 1), self.off)
        begun = good & (np.isnan(self.mean[:, 0]) | (self.off >= RESEAT))
        step = np.where(near, SLOW, 0.0)[:, None]
        self.mean = np.where(begun[:, None], log, self.mean + step * np.where(near[:, None], away, 0.0))
        self.off[begun] = 0
        if self.down.any() or self.active.any():
            yield from self._judged(block, at, away, good)

    def _judged(self, block: Block, at: int, away: NDArray[np.float64], good: NDArray[np.bool_]) -> Iterator[Finding]:
        meter, photodiode, loop, _ = (self.down >= ROWS).T
        driver = self.down[:, 3] > 0  # one row of it is enough to doubt that it was the laser
        sudden = good & ((meter & photodiode & ~driver) | loop)
        coupling = good & (meter ^ photodiode) & ~loop & ~driver
        driven = good & meter & photodiode & driver
        fell = good & (self.down[:, :2] == ROWS).any(axis=1)
        if fell.sum() >= max(RIG_LEAST, RIG_SHARE * good.sum()):
            told = f"{fell.sum()} lasers lost light at one row: the rig, not the lasers"
            yield self._finding(block, at, None, Kind.RIG, Severity.WARNING, float(fell.mean()), told, True)
            sudden, coupling, driven = sudden & ~fell, coupling & ~fell, driven & ~fell
            self.mean[fell], self.down[fell] = np.nan, 0  # what they show now is where they begin anew
        for column, (kind, now) in enumerate(zip(KINDS, (sudden, coupling, driven), strict=True)):
            for laser in np.flatnonzero(now & ~self.active[:, column]):
                self.active[laser, column] = True
                severity = Severity.CRITICAL if kind is Kind.SUDDEN else Severity.WARNING
                yield self._finding(block, at, int(laser), kind, severity, *_words(kind, away[laser]), True)
            ended = self.active[:, column] & good & (self.down == 0).all(axis=1) & (self.off == 0)
            for laser in np.flatnonzero(ended) if kind is not Kind.SUDDEN else ():  # damage does not heal
                self.active[laser, column] = False
                yield self._finding(block, at, int(laser), kind, Severity.WARNING, 0.0, "steady again", False)

    def _finding(
        self,
        block: Block,
        at: int,
        laser: int | None,
        kind: Kind,
        severity: Severity,
        value: float,
        evidence: str,
        active: bool,
    ) -> Finding:
        return Finding(
            kind=kind,
            severity=severity,
            laser=laser,
            detector=self.name,
            seq=int(block.seq[at]),
            monotonic_s=float(block.monotonic_s[at]),
            utc_s=float(block.utc_s[at]),
            since_utc_s=float(self.before_utc_s) if active else float(block.utc_s[at]),
            value=value,
            bound=FALL,
            unit="1",
            evidence=evidence,
            active=active,
        )


def _words(kind: Kind, away: NDArray[np.float64]) -> tuple[float, str]:
    current, meter, photodiode = (100 * (np.exp(value) - 1) for value in away[:3])
    told = f"meter {meter:+.1f} %, photodiode {photodiode:+.1f} %, current {current:+.1f} % within two rows"
    if kind is Kind.SUDDEN:
        return -min(meter, -abs(current)) / 100, f"{told}: the laser itself"
    if kind is Kind.RIG:
        return -current / 100, f"{told}: its driver"
    return -min(meter, photodiode) / 100, f"{told}: {'fibre or lens' if meter < photodiode else 'its photodiode'}"
