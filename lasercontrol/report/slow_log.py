"""Logs of hours of life: one reading in hours or days, judged by criterion, trend and interval.

The rules of a second-by-second night need hundreds of samples; here there are a dozen. The forecast is the drift rule,
a straight line from the start through the last reading, which no other simple rule beats on the GaAs lasers of Meeker
and Escobar: change(t + h) = y + (y/t) h. Its interval comes from the readings themselves: increments of all lasers tell
the random path (variance per hour) from the noise of a reading, since noise makes neighbours anticorrelated.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["SLOW_S", "Scatter", "SlowVerdict", "crossing_h", "judged", "scatter_of"]

Floats = NDArray[np.float64]
SLOW_S = 600.0
"""A log with fewer readings than one in so many seconds is one of hours of life."""
Z95 = 1.959964
LEAST_READINGS = 3
WORN = 3.0
"""Standard deviations of its rate by which a laser must wear to be called so: one healthy one in 700 is, wrongly."""


@dataclass(frozen=True, slots=True)
class Scatter:
    """path: variance of the random path in (% points)² per hour; noise: standard deviation of one reading, % points."""

    path: float
    noise: float


@dataclass(frozen=True, slots=True, kw_only=True)
class SlowVerdict:
    """What the readings of one laser say. Percent count wear upwards; hours from the first reading; 95 % intervals."""

    state: str
    drift_percent: float
    drift_low_percent: float
    drift_high_percent: float
    rate_percent_per_kh: float
    first_past_h: float | None
    crossed_h: float | None
    hours_to_eol: float | None
    eol_low_h: float | None
    eol_high_h: float | None
    confidence: float


def scatter_of(hours: Floats, percent: Floats) -> Scatter:
    """Pooled over lasers; hours (t,), percent (t, n) with NaN where there is no reading."""
    squares, products, count, pairs, spacing_h = 0.0, 0.0, 0, 0, []
    for column in percent.T:
        good = np.isfinite(column)
        h, y = hours[good], column[good]
        if len(y) < LEAST_READINGS:
            continue
        steps_h = np.diff(h)
        rest = (np.diff(y) - (y[-1] - y[0]) / (h[-1] - h[0]) * steps_h) / np.sqrt(steps_h)
        squares += float(rest @ rest)
        count += len(rest) - 1
        products += float(rest[1:] @ rest[:-1])
        pairs += len(rest) - 1
        spacing_h.append(float(np.median(steps_h)))
    if not count:
        return Scatter(0.0, 0.0)
    step_h = float(np.median(spacing_h))
    variance, covariance = squares / count, products / pairs
    noise = max(0.0, min(-covariance, variance / 2)) * step_h
    return Scatter(max(0.0, variance - 2 * noise / step_h), math.sqrt(noise))


def crossing_h(hours: Floats, percent: Floats, criterion: float) -> tuple[float, float] | None:
    """The first reading at or past the criterion, and where the line from the one before crosses it; None: never."""
    past = np.flatnonzero(percent >= criterion)
    if not len(past):
        return None
    at = int(past[0])
    if at == 0:
        return float(hours[0]), float(hours[0])
    share = (criterion - percent[at - 1]) / (percent[at] - percent[at - 1])
    return float(hours[at]), float(hours[at - 1] + share * (hours[at] - hours[at - 1]))


def judged(hours: Floats, percent: Floats, criterion: float, scatter: Scatter) -> SlowVerdict | None:
    """One laser's verdict, None without a reading. hours, percent (t,): NaN where there is none."""
    good = np.isfinite(percent)
    if not good.any():
        return None
    h, y = hours[good], percent[good]
    level, elapsed_h = float(y[-1]), float(h[-1] - h[0])
    band = Z95 * math.sqrt(2) * scatter.noise  # both ends are readings
    rate = (level - float(y[0])) / elapsed_h if elapsed_h > 0 else 0.0
    rate_sd = math.sqrt(scatter.path * elapsed_h + 2 * scatter.noise**2) / elapsed_h if elapsed_h > 0 else math.inf
    crossed = crossing_h(h, y, criterion)
    ahead = (0.0, 0.0, 0.0) if crossed else _to_criterion(criterion - level, rate, rate_sd, scatter)
    sure = _chance(rate / rate_sd) if rate_sd > 0 else 1.0
    worn = rate > WORN * rate_sd and len(y) >= LEAST_READINGS
    state = "end-of-life" if crossed else "wear" if worn else "healthy" if len(y) >= LEAST_READINGS else "unknown"
    return SlowVerdict(
        state=state,
        drift_percent=level,
        drift_low_percent=level - band,
        drift_high_percent=level + band,
        rate_percent_per_kh=1000 * rate,
        first_past_h=crossed[0] if crossed else None,
        crossed_h=crossed[1] if crossed else None,
        hours_to_eol=ahead[0] if ahead else None,
        eol_low_h=ahead[1] if ahead else None,
        eol_high_h=ahead[2] if ahead else None,
        confidence=_sure_past(float(np.max(y)), criterion, scatter) if crossed else max(sure, 1 - sure),
    )


def _to_criterion(rest: float, rate: float, rate_sd: float, scatter: Scatter) -> tuple[float, float, float] | None:
    """Hours to go with their 95 % interval; None where the rate is not above its own uncertainty.

    The logarithm of the time is close to normal: its variance is that of the rate, of the path still to come, and of
    the last reading, each relative.
    """
    if not (rate > rate_sd > 0 or (rate > 0 and rate_sd == 0)):
        return None
    hours = rest / rate
    spread = math.sqrt((rate_sd / rate) ** 2 + scatter.path * hours / rest**2 + 2 * (scatter.noise / rest) ** 2)
    return hours, hours * math.exp(-Z95 * spread), hours * math.exp(Z95 * spread)


def _sure_past(level: float, criterion: float, scatter: Scatter) -> float:
    noise = math.sqrt(2) * scatter.noise
    return _chance((level - criterion) / noise) if noise > 0 else 1.0


def _chance(z: float) -> float:
    return 0.5 * (1 + math.erf(z / math.sqrt(2)))
