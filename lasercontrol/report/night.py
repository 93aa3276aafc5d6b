"""What a report says of a log: plain values, without a word of how they are shown."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from lasercontrol.telemetry.row import Schema, Sweep

__all__ = ["AlarmLine", "Criterion", "Curve", "Deed", "Desk", "Gap", "LaserLine", "Night", "Tone", "tone_of"]

Floats = NDArray[np.float64]
Tone = str
TONES: Mapping[str, Tone] = {
    "healthy": "good",
    "unknown": "doubt",
    "instrument": "doubt",
    "suspect": "watch",
    "wear": "watch",
    "rapid": "bad",
    "failed": "dead",
    "end-of-life": "dead",
}
ORDER = ("dead", "bad", "watch", "doubt", "good")
"""Who needs a person first."""


def tone_of(state: str) -> Tone:
    """How urgent a state is: good, watch, bad, dead, or doubt where the readings cannot be trusted."""
    return TONES.get(state, "doubt")


@dataclass(frozen=True, slots=True)
class Criterion:
    """End of life: a change in %, wear counted upwards, infinite where none is heeded; said: whose it is, in words."""

    percent: float
    quantity: str
    said: str

    @property
    def words(self) -> str:
        """In short."""
        return f"{self.percent:.3g} % {self.quantity}" if math.isfinite(self.percent) else "none"


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Change of one laser in %, (p,) at UTC seconds; low and high: least and greatest of each stretch; NaN: nothing."""

    utc_s: Floats
    percent: Floats
    low: Floats
    high: Floats
    readings: bool = False
    """Whether every point is one reading, to be drawn as such."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LaserLine:
    """One laser. Hours: of the test, from its first row; low and high: 95 %."""

    number: int
    """Its place in the log, from 0."""
    laser_id: str
    family: str
    drive: str
    state: str
    mode: str | None
    why: str
    drift_percent: float | None
    drift_low_percent: float | None
    drift_high_percent: float | None
    first_alarm_utc_s: float | None
    mark_s: float | None = None
    """The same on the axis of time, which a clock that is set does not move."""
    hours_to_eol: float | None
    eol_low_h: float | None
    eol_high_h: float | None
    confidence: float | None
    criterion: Criterion
    curve: Curve
    on_h: float
    invalid_share: float
    first_past_h: float | None = None
    crossed_h: float | None = None
    rate_percent_per_kh: float | None = None
    sweeps: tuple[Sweep, ...] = ()
    """The first and the last, where there are any."""
    first_seen_utc_s: float | None = None
    """When the data first show what the alarm is about, at or before the alarm."""
    stop: str | None = None
    """Why its test may end now."""
    evidence: tuple[str, ...] = ()
    """What was found, one sentence each, beside `why`."""

    @property
    def tone(self) -> Tone:
        """How urgent it is."""
        return tone_of(self.state)

    @property
    def change_percent(self) -> float | None:
        """Of the last point of its curve: against its first minutes, temperature and all."""
        good = self.curve.percent[np.isfinite(self.curve.percent)]
        return float(good[-1]) if len(good) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class AlarmLine:
    """One alarm from its first sign to its end; None where it has not ended."""

    kind: str
    severity: str
    laser_id: str | None
    laser: int | None = None
    detector: str
    first_seen_utc_s: float
    fired_utc_s: float
    cleared_utc_s: float | None
    evidence: str


@dataclass(frozen=True, slots=True)
class Gap:
    """A stretch without rows, or a fault of the rig."""

    begin_utc_s: float
    end_utc_s: float
    what: str
    why: str


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that somebody did; what: the alarm it was about, or empty."""

    utc_s: float
    who: str
    what: str
    words: str


@dataclass(frozen=True, slots=True)
class Desk:
    """outside: alarms of what no log can hold, as that it cannot be written. undelivered: messages on their way."""

    deeds: tuple[Deed, ...] = ()
    outside: tuple[AlarmLine, ...] = ()
    undelivered: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, eq=False)
class Night:
    """A whole log, judged."""

    source: str
    schema: Schema
    begin_utc_s: float
    end_utc_s: float
    rows: int
    dated: bool
    slow: bool
    lasers: tuple[LaserLine, ...]
    alarms: tuple[AlarmLine, ...]
    gaps: tuple[Gap, ...]
    faults: tuple[Gap, ...]
    chamber: Curve | None
    """Of the shared temperature, in °C in place of %."""
    judged_by: tuple[str, ...]
    """One sentence for each thing that was assumed or decided."""
    failures: int
    device_hours: float
    stress_c: float | None
    desk: Desk = Desk()

    @cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        """Those that the lasers are held to, each once."""
        return tuple(dict.fromkeys(laser.criterion for laser in self.lasers))

    @property
    def hours(self) -> float:
        """From the first row to the last."""
        return (self.end_utc_s - self.begin_utc_s) / 3600

    @cached_property
    def urgent(self) -> tuple[LaserLine, ...]:
        """Those that need a person, the worst first: in a log of hours of life not who just wears, and has time."""
        return tuple(laser for laser in self.ordered if laser.tone != "good" and not self._has_time(laser))

    def _has_time(self, laser: LaserLine) -> bool:
        soon_h = 2 * self.schema.period_s / 3600  # the next two readings
        return self.slow and laser.state == "wear" and (laser.eol_low_h is None or laser.eol_low_h > soon_h)

    @cached_property
    def ordered(self) -> tuple[LaserLine, ...]:
        """All, the worst first: by state, then by what is left of their life, then by drift."""
        return tuple(sorted(self.lasers, key=_urgency))


def _urgency(laser: LaserLine) -> tuple[float, ...]:
    left = np.inf if laser.hours_to_eol is None else laser.hours_to_eol
    past = np.inf if laser.crossed_h is None else laser.crossed_h
    return ORDER.index(laser.tone), left, past, -(laser.drift_percent or 0.0)
