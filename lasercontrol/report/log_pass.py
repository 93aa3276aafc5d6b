"""One pass over a log: what pictures and tables need of it, in memory that does not grow with the night."""

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from lasercontrol.bench import Quality
from lasercontrol.report.night import Curve
from lasercontrol.report.slow_log import SLOW_S
from lasercontrol.report.thinning import POINTS, Thinned
from lasercontrol.report.time_axis import TimeAxis
from lasercontrol.telemetry.csv_columns import CHANGE
from lasercontrol.telemetry.row import LASER_CHANNELS, Block, Event, Phase, Schema, Sweep

__all__ = ["LogPass", "stress_of"]

Floats = NDArray[np.float64]
AGED = (Phase.BURN_IN, Phase.STRESS, Phase.DITHER)
LIT = (*AGED, Phase.RAMP, Phase.SETTLE, Phase.SWEEP)
REFERENCE_S = 600.0
"""The first ten minutes of ageing are what a change is against."""
MOST_READINGS = 20_000_000  # of a slow log, that are kept one by one
AGED_TABLE = np.isin(np.arange(256), AGED)
LIT_TABLE = np.isin(np.arange(256), LIT)


class LogPass:
    """Takes the parts of a log one after the other; others may look on."""

    def __init__(self, schema: Schema) -> None:
        n = len(schema.lasers)
        self.schema, self.slow = schema, schema.period_s >= SLOW_S
        self.axis = TimeAxis(schema)
        self.rows = 0
        self.last_phase = np.zeros(n, np.uint8)
        self.events: list[Event] = []
        self.sweeps: dict[int, tuple[Sweep, ...]] = {}
        self.on_h, self.aged_h, self.invalid, self.asked = (np.zeros(n) for _ in range(4))
        self.stress_c_sum, self.stress_c_count = 0.0, 0
        self._names = [channel.name for channel in schema.channels]
        self.lacks = [channel.name for channel in LASER_CHANNELS if channel not in schema.channels]
        """Channels without which the monitor's detectors cannot judge."""
        self._aged = _aged_channel(schema, self._names)
        self._reference, self._wanted = np.full((2, n), 0.0), max(1, round(REFERENCE_S / schema.period_s))
        self._level: Thinned | None = None
        self._chamber: Thinned | None = None
        self._readings: list[tuple[Floats, Floats]] = []

    def over(self, parts: Iterable[Block | Sweep | Event], look: Callable[[Block | Sweep | Event], None]) -> None:
        """Take everything; `look` is shown each part as well."""
        for part in parts:
            look(part)
            if isinstance(part, Block):
                self._block(part)
            elif isinstance(part, Sweep):
                self.sweeps[part.laser] = (*self.sweeps.get(part.laser, ())[:1], part)
            else:
                self.events.append(part)

    @property
    def curves(self) -> list[Curve]:
        """Change of each laser in % of its start, wear upwards."""
        if self._readings:
            return self._one_by_one()
        if self._level is None:
            return []
        time_s, three = self._level.time_s, (self._level.mean, self._level.least, self._level.most)
        curves = []
        for at in range(len(self.schema.lasers)):
            mean, least, most = (self._percent(each[:, at], at) for each in three)
            # A loss of light counts upwards, so that the least light is the greatest loss.
            curves.append(Curve(time_s, mean, np.minimum(least, most), np.maximum(least, most)))
        return curves

    @property
    def chamber(self) -> Curve | None:
        """Temperature that the rack shares: of the chamber, or else the mean of the mounts."""
        if self._chamber is None:
            return None
        seen = self._chamber
        return Curve(seen.time_s, seen.mean[:, 0], seen.least[:, 0], seen.most[:, 0])

    def _one_by_one(self) -> list[Curve]:
        utc_s = np.concatenate([each for each, _ in self._readings])
        values = np.concatenate([each for _, each in self._readings])
        kept = (np.isfinite(values[:, at]) for at in range(values.shape[1]))
        curves = []
        for at, good in enumerate(kept):
            percent = self._percent(values[good, at], at)
            curves.append(Curve(utc_s[good], percent, percent, percent, readings=True))
        return curves

    def _percent(self, values: Floats, at: int) -> Floats:
        if self._names[self._aged[at]] == CHANGE:
            return values
        total, count = self._reference[:, at]
        with np.errstate(invalid="ignore", divide="ignore"):
            change = 100 * (values / (total / count if count else np.nan) - 1)
        return np.asarray(-change if self.schema.lasers[at].drive == "current" else change)

    def _block(self, block: Block) -> None:
        time_s = self.axis.times(block)
        n = len(self.schema.lasers)
        at = np.arange(n)
        aged = AGED_TABLE[block.phase]
        bad = block.quality[:, at, self._aged] == Quality.INVALID
        self.asked += aged.sum(axis=0)
        self.invalid += (aged & bad).sum(axis=0)
        values = np.where(aged & ~bad, block.values[:, at, self._aged], np.nan).astype(np.float64)
        self._refer(values)
        self.rows += len(block.seq)
        if self.slow and self.rows * n <= MOST_READINGS:
            self._readings.append((time_s, values))
        else:
            self._thin(time_s, values)
        self.on_h += self.axis.lit_h @ LIT_TABLE[block.phase]
        self.aged_h += self.axis.lit_h @ aged
        self.last_phase = block.phase[-1]
        self._temperatures(block, time_s, aged)

    def _thin(self, utc_s: Floats, values: Floats) -> None:
        kept, self._readings = [*self._readings, (utc_s, values)], []
        for when, what in kept:
            if self._level is None:
                points = POINTS if values.shape[1] <= 2000 else POINTS // 3
                self._level = Thinned(values.shape[1], float(when[0]), self.schema.period_s, points)
            self._level.add(when, what)

    def _refer(self, values: Floats) -> None:
        """Sum and count of the first readings of each laser."""
        open_ = np.flatnonzero(self._reference[1] < self._wanted)
        for at in open_:
            good = values[np.isfinite(values[:, at]), at][: self._wanted - int(self._reference[1, at])]
            self._reference[:, at] += good.sum(), len(good)

    def _temperatures(self, block: Block, time_s: Floats, aged: NDArray[np.bool_]) -> None:
        rig = [channel.name for channel in self.schema.rig]
        mounts = block.values[:, :, self._names.index("mount_c")] if "mount_c" in self._names else None
        if mounts is not None:
            good = aged & np.isfinite(mounts)
            self.stress_c_sum += float(mounts[good].sum(dtype=np.float64))
            self.stress_c_count += int(good.sum())
        if "chamber_c" in rig:
            shown = block.rig[:, rig.index("chamber_c")].astype(np.float64)
        elif mounts is not None:
            count = np.isfinite(mounts).sum(axis=1)
            shown = np.nansum(mounts, axis=1, dtype=np.float64) / np.where(count, count, np.nan)
        else:
            return
        if self._chamber is None:
            self._chamber = Thinned(1, float(time_s[0]), self.schema.period_s, 2 * POINTS)
        self._chamber.add(time_s, shown[:, None])


def _aged_channel(schema: Schema, names: list[str]) -> NDArray[np.intp]:
    """Index of the channel that ageing shows in, of each laser: current where light is kept, light where current is."""
    if CHANGE in names:
        return np.full(len(schema.lasers), names.index(CHANGE))
    wanted = ["current_a" if laser.drive == "power" else "power_w" for laser in schema.lasers]
    return np.array([names.index(name) if name in names else 0 for name in wanted], dtype=np.intp)


def stress_of(seen: LogPass) -> float | None:
    """Temperature of the test in °C: as the import was told, else the mean of the mounts; None: the log has none."""
    imported = seen.schema.recipe.get("imported")
    told = imported.get("stress_c") if isinstance(imported, dict) else None
    if isinstance(told, int | float):
        return float(told)
    return seen.stress_c_sum / seen.stress_c_count if seen.stress_c_count else None
