"""When, as people read it: in the stated zone, or in hours of life."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

__all__ = ["Clock", "duration", "iso"]


def iso(utc_s: float | None) -> str | None:
    """UTC to the second, for programs."""
    return None if utc_s is None else datetime.fromtimestamp(utc_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration(hours: float) -> str:
    """About how long, in the unit that suits it: `40 s`, `12 min`, `13.9 h`, `1,810 h`, `21 years`."""
    seconds = abs(hours) * 3600
    if seconds < 100:
        return f"{hours * 3600:.0f} s"
    if seconds < 5400:
        return f"{hours * 60:.0f} min"
    if abs(hours) < 100:
        return f"{hours:.1f} h"
    return f"{hours:,.0f} h" if abs(hours) < 100_000 else f"{hours / 8766:,.0f} years"


class Clock:
    """Moments of one log. dated: whether its stamps are dates; else they are hours of life."""

    def __init__(self, zone: str, begin_utc_s: float, end_utc_s: float, *, dated: bool) -> None:
        self.zone, self.dated, self.begin_utc_s = zone, dated, begin_utc_s
        self._tz = ZoneInfo(zone)
        days = {self._local(moment).date() for moment in (begin_utc_s, end_utc_s)}
        self._several_days = len(days) > 2 or end_utc_s - begin_utc_s > 86_400

    def _local(self, utc_s: float) -> datetime:
        return datetime.fromtimestamp(utc_s, UTC).astimezone(self._tz)

    def at(self, utc_s: float | None) -> str:
        """To the second: `25 Nov 03:12:07`, or `3,750 h`."""
        if utc_s is None:
            return "–"
        if not self.dated:
            return f"{(utc_s - self.begin_utc_s) / 3600:,.0f} h"
        return f"{self._local(utc_s):%d %b %H:%M:%S}"

    def full(self, utc_s: float) -> str:
        """With year, weekday and the offset from UTC."""
        if not self.dated:
            return self.at(utc_s)
        return f"{self._local(utc_s):%a %d %b %Y %H:%M %Z (UTC%z)}"

    def tick(self, utc_s: float) -> str:
        """For an axis: `03:00`, or with the day in a log of several."""
        local = self._local(utc_s)
        return f"{local:%d %b}" if self._several_days and not local.hour else f"{local:%H:%M}"

    def ticks(self, begin_utc_s: float, end_utc_s: float, most: int) -> list[float]:
        """Whole local hours or days; of a log without dates, round hours of life."""
        span_s = end_utc_s - begin_utc_s
        if not self.dated or span_s <= 0:
            return []
        step_s = next((s for s in STEPS_S if span_s / s <= most), 7 * 86_400 * max(1, round(span_s / most / 604_800)))
        local = self._local(begin_utc_s)
        offset_s = local.utcoffset().total_seconds() if local.utcoffset() else 0.0  # type: ignore[union-attr]
        first = -(-(begin_utc_s + offset_s) // step_s) * step_s - offset_s
        return [first + k * step_s for k in range(int((end_utc_s - first) // step_s) + 1)]


STEPS_S = (10, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800)
