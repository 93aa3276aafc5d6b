"""What the pictures of a report share: shading of gaps, ticks of time, and a laser in words."""

from lasercontrol.report.axes import Axes, nice_ticks
from lasercontrol.report.markup import Markup
from lasercontrol.report.night import Gap, LaserLine, Night
from lasercontrol.report.times import Clock, duration

__all__ = ["said", "shaded", "time_ticks"]


def shaded(axes: Axes, night: Night) -> list[Markup | None]:
    """Stretches without rows, and faults."""
    gaps = [axes.shade(g.begin_utc_s, g.end_utc_s, "gap", _words(g)) for g in night.gaps]
    return gaps + [axes.shade(f.begin_utc_s, f.end_utc_s, "fault", _words(f)) for f in night.faults]


def _words(gap: Gap) -> str:
    return f"{gap.what}, {duration((gap.end_utc_s - gap.begin_utc_s) / 3600)}. {gap.why}".strip()


def time_ticks(
    night: Night, clock: Clock, most: int, until_s: float | None = None
) -> tuple[list[tuple[float, str]], str]:
    """Places in UTC seconds with their words, and what these are: a zone, or hours."""
    end_s = night.end_utc_s if until_s is None else until_s
    if night.dated and not night.slow:
        return [(at, clock.tick(at)) for at in clock.ticks(night.begin_utc_s, end_s, most)], clock.zone
    hours = nice_ticks((0.0, (end_s - night.begin_utc_s) / 3600), most)
    return [(night.begin_utc_s + hour * 3600, f"{hour:,.10g}") for hour in hours], "hours of the test"


def said(laser: LaserLine) -> str:
    """State and drift."""
    drift = "no reading" if laser.drift_percent is None else f"drift {laser.drift_percent:+.2f} %"
    return f"{laser.state}, {drift}"
