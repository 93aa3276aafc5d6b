"""Slow loss of light, minute by minute: temperature taken out, the rack's common change reported and taken out, judged.

A laser's loss is the lesser of what two channels say, so that fibre, lens and photodiode coupling are no wear: at
constant current of meter and photodiode, at constant power of the current alone and of the current against the meter.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lasercontrol.monitor.finding import Finding, Kind, Severity, State
from lasercontrol.monitor.minute_means import Minute, Minutes
from lasercontrol.monitor.temperature_swing import Temperature
from lasercontrol.telemetry.row import Block, Event, Schema, Sweep

__all__ = ["Drift", "criterion_of"]

Mask = NDArray[np.bool_]

REFERENCE = 15
"""Minutes after the first swing whose mean is the start of all drift."""
NO_SWING = 45
"""Minutes after which drift begins where no swing has come."""
SMOOTH = 0.1
"""Weight of a minute in the smoothed loss."""
BACK = 60  # minutes: over these a rate is told
RAPID, RAPID_PER_H = 0.015, 0.004
WEAR, WEAR_MINUTES = 0.012, 30
FLEET, FLEET_LEAST = 0.01, 8
CURRENT_RISE, POWER_DROP_DB = 20.0, 2.0
"""[M] customary ends of life, where the log brings no recipe: %, and dB."""
KINDS = (Kind.RAPID, Kind.WEAR, Kind.END_OF_LIFE)
CARRIED = ("minutes_on", "sums", "swung", "smooth", "ring", "ripe", "over", "active", "fleet_on", "begun_utc_s", "fit")


def criterion_of(schema: Schema) -> NDArray[np.float64]:
    """Loss at which each laser's life ends, (n,), as a share: of light at constant current, of current at power."""
    told = schema.recipe.get("end_of_life") or {}
    rise = told.get("current_rise_percent", CURRENT_RISE)
    drop_db = told.get("power_drop_db", POWER_DROP_DB)
    rise_share = np.inf if rise is None else rise / 100
    drop_share = np.inf if drop_db is None else 1 - 10 ** (-drop_db / 10)
    return np.array([rise_share if laser.drive == "power" else drop_share for laser in schema.lasers])


class Drift:
    """A `finding.Detector` of RAPID, WEAR, END_OF_LIFE and FLEET."""

    name = "drift"

    def begin(self, schema: Schema) -> None:
        """Nothing is known of any laser."""
        n = len(schema.lasers)
        self.criterion = criterion_of(schema)
        self.holds_power = np.array([laser.drive == "power" for laser in schema.lasers])
        self.minutes, self.temperature = Minutes(n), Temperature(n)
        self.minutes_on = np.zeros(n)
        self.sums = np.zeros((n, 5))  # count, logs (3) and mount of the reference
        self.swung = np.zeros(n, dtype=bool)
        self.smooth, self.ring = np.full(n, np.nan), np.full((BACK, n), np.nan)
        self.ripe = np.zeros(n, dtype=np.int64)
        self.over = np.zeros(n, dtype=np.int64)
        self.active, self.fleet_on = np.zeros((n, len(KINDS)), dtype=bool), np.array(False)
        self.begun_utc_s = np.full(n, np.nan)  # since when the loss is not small
        self.fit = np.zeros((n, 6))  # count, h, h², loss, h·loss, loss², of every minute judged

    def block(self, block: Block) -> Sequence[Finding]:
        """Rows."""
        return [finding for minute in self.minutes.take(block) for finding in self._minute(minute)]

    def sweep(self, sweep: Sweep) -> Sequence[Finding]:  # noqa: ARG002 — the interface
        """Says nothing here."""
        return ()

    def event(self, event: Event) -> Sequence[Finding]:  # noqa: ARG002 — the interface
        """Says nothing here."""
        return ()

    def state(self) -> State:
        """All sums."""
        own = {name: getattr(self, name).copy() for name in CARRIED}
        minutes = {f"minutes.{name}": value for name, value in self.minutes.state().items()}
        return own | minutes | {f"temperature.{name}": value for name, value in self.temperature.state().items()}

    def restored(self, state: State) -> None:
        """Takes them up again."""
        for name in CARRIED:
            setattr(self, name, state[name].copy())
        for part, prefix in ((self.minutes, "minutes."), (self.temperature, "temperature.")):
            part.restored({name.removeprefix(prefix): v for name, v in state.items() if name.startswith(prefix)})

    @property
    def loss_error(self) -> NDArray[np.float64]:
        """Standard error of the smoothed loss, (n,): scatter of the minutes about their line, and the temperature's."""
        count = np.maximum(self.fit[:, 0], 1.0)
        spread = self._residual / np.maximum(count - 2, 1.0)
        reference_k = 0.1  # K: how far a mount's mean wanders from the one of the reference
        heat = self.temperature.error_per_k[:, 1:].max(axis=1) * reference_k
        return np.asarray(np.sqrt(spread * SMOOTH / (2 - SMOOTH) + heat**2))

    def rate_per_h(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Slope of the loss over the whole judged time and its standard error, per hour, (n,); NaN before an hour.

        Minutes next to one another are not independent: an effective one in ten counts.
        """
        count, h, hh, y, hy, _ = self.fit.T
        squares = np.where(count > BACK, hh - h**2 / np.maximum(count, 1), np.nan)
        slope = (hy - h * y / np.maximum(count, 1)) / squares
        return slope, np.sqrt(10 * self._residual / np.maximum(count - 2, 1) / squares)

    @property
    def _residual(self) -> NDArray[np.float64]:
        count, h, hh, y, hy, yy = self.fit.T
        count = np.maximum(count, 1.0)
        squares, products = hh - h**2 / count, hy - h * y / count
        return np.maximum(yy - y**2 / count - np.where(squares > 0, products**2 / np.maximum(squares, 1e-12), 0), 0.0)

    def _minute(self, minute: Minute) -> Iterator[Finding]:
        self.swung |= self.temperature.take(minute)
        known = np.isfinite(minute.mount_c) & ~minute.dither
        self.minutes_on += np.isfinite(minute.mount_c)
        opened = known & (self.sums[:, 0] < REFERENCE) & (self.swung | (self.minutes_on > NO_SWING))
        start = np.column_stack([opened, minute.log, minute.mount_c])
        self.sums += np.where(opened[:, None], start, 0.0)
        judged = known & (self.sums[:, 0] >= REFERENCE) & ~opened
        if not judged.any():
            return
        self._followed(minute, judged)
        yield from self._judged(minute, judged)
        self.ring = np.concatenate([self.ring[1:], np.where(judged, self.smooth, self.ring[-1])[None]])

    def _followed(self, minute: Minute, judged: Mask) -> None:
        """The smoothed loss, and the sums of its line over hours."""
        loss = np.where(judged, self._loss(minute), 0.0)
        moved = np.where(self.ripe == 0, loss, self.smooth + SMOOTH * (loss - self.smooth))
        self.smooth = np.where(judged, moved, self.smooth)
        self.ripe += judged
        h = minute.monotonic_s / 3600
        row = np.column_stack([judged, judged * h, judged * h**2, loss, h * loss, loss**2])
        self.fit += np.where(judged[:, None], row, 0.0)

    def _loss(self, minute: Minute) -> NDArray[np.float64]:
        count = np.maximum(self.sums[:, 0], 1.0)
        away_k = minute.mount_c - self.sums[:, 4] / count
        change = minute.log - self.sums[:, 1:4] / count[:, None] - self.temperature.per_k * away_k[:, None]
        current, meter, photodiode = change.T
        at_current = 1 - np.exp(np.maximum(meter, photodiode))
        at_power = np.exp(current - np.maximum(meter, 0.0)) - 1
        return np.asarray(np.where(self.holds_power, at_power, at_current))

    def _judged(self, minute: Minute, judged: Mask) -> Iterator[Finding]:
        fleet = float(np.median(self.smooth[judged])) if judged.sum() >= FLEET_LEAST else 0.0
        yield from self._fleet(minute, fleet)
        net, band = self.smooth - fleet, 1.96 * self.loss_error
        self.begun_utc_s = np.where(judged & (net < 0.2 * RAPID), minute.utc_s, self.begun_utc_s)
        rate = net - (self.ring[0] - fleet)
        fast = np.where(np.isfinite(rate), rate > RAPID_PER_H, net > RAPID)
        self.over = np.where(judged & (net - band > WEAR), self.over + 1, np.where(judged, 0, self.over))
        rapid = judged & (net - band > RAPID) & fast
        worn = judged & (self.over >= WEAR_MINUTES) & ~self.active[:, 0] & ~rapid
        ended = judged & (self.smooth - band > self.criterion)
        for column, now in enumerate((rapid, worn, ended)):
            for laser in np.flatnonzero(now & ~self.active[:, column]):
                self.active[laser, column] = True
                yield self._of_laser(minute, int(laser), KINDS[column], float(net[laser]), float(band[laser]), fleet)

    def _fleet(self, minute: Minute, fleet: float) -> Iterator[Finding]:
        """The whole rack's change begins, or ends below 0.7 of its bound."""
        on = abs(fleet) > (0.7 * FLEET if self.fleet_on else FLEET)
        if on == bool(self.fleet_on):
            return
        self.fleet_on = np.array(on)
        told = (
            f"the rack as a whole has lost {100 * fleet:+.2f} %, temperature taken out: driver, meter, or every laser"
        )
        yield self._finding(minute, None, Kind.FLEET, fleet, FLEET, told, on, minute.utc_s)

    def _of_laser(self, minute: Minute, laser: int, kind: Kind, net: float, band: float, fleet: float) -> Finding:
        what = "more current" if self.holds_power[laser] else "less light"
        told = f"{100 * self.smooth[laser]:.2f} ± {100 * band:.2f} % {what}, the rack {100 * fleet:+.2f} %"
        bound = {Kind.RAPID: RAPID, Kind.WEAR: WEAR}.get(kind, float(self.criterion[laser]))
        begun = float(self.begun_utc_s[laser])
        return self._finding(minute, laser, kind, net, bound, told, True, minute.utc_s if np.isnan(begun) else begun)

    def _finding(
        self,
        minute: Minute,
        laser: int | None,
        kind: Kind,
        value: float,
        bound: float,
        evidence: str,
        active: bool,
        since_utc_s: float,
    ) -> Finding:
        return Finding(
            kind=kind,
            severity=Severity.WARNING if kind in {Kind.FLEET, Kind.WEAR} else Severity.ALARM,
            laser=laser,
            detector=self.name,
            seq=minute.told_seq,
            monotonic_s=minute.told_monotonic_s,
            utc_s=minute.told_utc_s,
            since_utc_s=since_utc_s,
            value=value,
            bound=bound,
            unit="1",
            evidence=evidence,
            active=active,
        )
