"""The pictures of the rack: all lasers over the test above the chamber's temperature, and a small one for each."""

import numpy as np
from numpy.typing import NDArray

from lasercontrol.report.axes import Axes, Span, picture
from lasercontrol.report.figures import signed
from lasercontrol.report.markup import Markup, joined
from lasercontrol.report.night import Criterion, Curve, LaserLine, Night
from lasercontrol.report.shading import said, shaded, time_ticks
from lasercontrol.report.times import Clock, duration

__all__ = ["fleet_picture", "multiple", "shared_span"]

Floats = NDArray[np.float64]
NAMED = 12
"""Lasers that are drawn one by one above the fleet."""
MOST_OF = 0.75
ROOM = 3.0
"""The shared scale holds this share of the lasers, and so many times as much, if any laser is there: one that died must
not flatten all others."""
LEAST_PERCENT = 0.1


def shared_span(night: Night) -> Span:
    """The scale in % that all small pictures share; what lies beyond runs along the edge."""
    curves = [curve.percent[np.isfinite(curve.percent)] for curve in (laser.curve for laser in night.lasers)]
    curves = [curve for curve in curves if len(curve)]
    high, low = (
        _reach(np.array([curve.max() for curve in curves])),
        _reach(np.array([-curve.min() for curve in curves])),
    )
    near = [criterion.percent for criterion in night.criteria if high > 0.5 * criterion.percent]
    high = max([high, *(1.1 * percent for percent in near)])
    room = 0.08 * (high + low)
    return -low - room, high + room


def _reach(ends: Floats) -> float:
    if not len(ends):
        return LEAST_PERCENT
    return float(max(LEAST_PERCENT, min(ends.max(), ROOM * np.quantile(ends, MOST_OF))))


def fleet_picture(night: Night, clock: Clock) -> Markup:
    """Every laser's drift as a fan, the notable ones by name, and below it the temperature of the chamber."""
    x = night.begin_utc_s, max(night.end_utc_s, night.begin_utc_s + 1)
    axes = Axes(56, 26, 810, 240, x, shared_span(night))
    named = [laser for laser in night.urgent if laser.tone != "doubt"][:NAMED]
    parts: list[object] = [*shaded(axes, night), axes.y_scale(5, "%"), _fan(axes, night, named)]
    parts += [_criterion(axes, criterion) for criterion in night.criteria]
    parts.append(_named(axes, named))
    foot = axes
    if night.chamber is not None:
        foot = _strip(night.chamber, x, axes.bottom + 34, 56)
        parts += [*shaded(foot, night), foot.y_scale(2, "°C"), _temperature(foot, night.chamber)]
        parts.append(foot.word(foot.left + 6, foot.top + 10, "chamber", "unit", "start"))
    ticks, unit = time_ticks(night, clock, 8)
    parts.append(foot.x_scale(ticks, unit))
    words = f"{len(night.lasers)} lasers over {duration(night.hours)}, change in per cent, wear upwards"
    gaps = f"; {len(night.gaps)} gaps are shaded" if night.gaps else ""
    height = foot.bottom + 34
    return picture(980, height, *parts, title="Drift of the whole rack", words=words + gaps, class_="wide")


def _criterion(axes: Axes, criterion: Criterion) -> Markup | None:
    line = axes.across(criterion.percent, "criterion")
    if line is None:
        return None
    at = float(axes.at_y(criterion.percent)) - 5
    return joined([line, axes.word(axes.left + 6, at, f"criterion {criterion.words}", "criterion-word", "start")])


def _fan(axes: Axes, night: Night, named: list[LaserLine]) -> Markup:
    """Median, half and nine tenths of the lasers that have no line of their own."""
    apart = {id(laser) for laser in named}
    rest = [laser.curve for laser in night.lasers if id(laser) not in apart]
    if not rest:
        return joined([])
    times, percent = _together(rest)
    empty = ~np.isfinite(percent).any(axis=1)
    percent[empty] = 0.0
    low, lower, middle, upper, high = np.nanquantile(percent, (0.05, 0.25, 0.5, 0.75, 0.95), axis=1)
    for each in (low, lower, middle, upper, high):
        each[empty] = np.nan
    bands = [axes.band(times, low, high, "fan"), axes.band(times, lower, upper, "fan")]
    return joined([*bands, axes.line(times, middle, "median")])


def _together(curves: list[Curve]) -> tuple[Floats, Floats]:
    """Times (t,) and percent (t, n) of all of them."""
    if all(curve.utc_s is curves[0].utc_s for curve in curves):
        return curves[0].utc_s, np.stack([curve.percent for curve in curves], axis=1)
    times = np.unique(np.concatenate([curve.utc_s for curve in curves]))
    percent = np.full((len(times), len(curves)), np.nan)
    for at, curve in enumerate(curves):
        percent[np.searchsorted(times, curve.utc_s), at] = curve.percent
    return times, percent


def _named(axes: Axes, lasers: list[LaserLine]) -> Markup:
    """A line each, ids and last values at the right, moved apart where they would overlap."""
    lines = [axes.line(laser.curve.utc_s, laser.curve.percent, f"named t-{laser.tone}") for laser in lasers]
    ends = [(_last(laser.curve), laser) for laser in lasers]
    places = sorted(
        ((float(axes.at_y(y)), -y, laser) for y, laser in ends if np.isfinite(y)), key=lambda each: each[:2]
    )
    words, used = [], axes.top - 12.0
    for at, y, laser in places:
        used = max(at + 3.5, used + 12)
        text = f"{_short(laser.laser_id)} {signed(-y, 1 if abs(y) < 100 else 0)}"
        words.append(axes.word(axes.right + 7, used, text, f"name t-{laser.tone}", "start"))
    return joined([*lines, *words])


def _short(laser_id: str) -> str:
    return laser_id if len(laser_id) <= 11 else laser_id[:10] + "…"


def _last(curve: Curve) -> float:
    good = curve.percent[np.isfinite(curve.percent)]
    return float(good[-1]) if len(good) else np.nan


def _strip(chamber: Curve, x: Span, top: float, height: float) -> Axes:
    low, high = np.nanmin(chamber.low), np.nanmax(chamber.high)
    room = max(0.1 * (high - low), 0.05)
    return Axes(56, top, 810, height, x, (float(low - room), float(high + room)))


def _temperature(axes: Axes, chamber: Curve) -> Markup:
    return joined(
        [
            axes.band(chamber.utc_s, chamber.low, chamber.high, "heat"),
            axes.line(chamber.utc_s, chamber.percent, "heat"),
        ]
    )


def multiple(laser: LaserLine, night: Night, span: Span) -> Markup:
    """One laser, small: the scales are the same for all."""
    axes = Axes(1, 3, 138, 56, (night.begin_utc_s, max(night.end_utc_s, night.begin_utc_s + 1)), span)
    curve = laser.curve
    parts: list[object] = [axes.shade(g.begin_utc_s, g.end_utc_s, "gap") for g in night.gaps]
    parts += [axes.across(0.0, "zero"), axes.across(laser.criterion.percent, "criterion")]
    if not curve.readings:
        parts.append(axes.band(curve.utc_s, curve.low, curve.high, f"t-{laser.tone}"))
    parts.append(axes.line(curve.utc_s, curve.percent, f"t-{laser.tone}"))
    if laser.mark_s is not None:
        parts.append(axes.upright(laser.mark_s, "alarm-mark"))
    return picture(140, 62, *parts, title=f"Laser {laser.laser_id}", words=said(laser))
