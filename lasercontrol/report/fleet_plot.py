"""The pictures of the rack: all lasers over the test above the chamber's temperature, and a small one for each."""

import numpy as np
from numpy.typing import NDArray

from lasercontrol.report.axes import Axes, Span, picture
from lasercontrol.report.markup import Markup, joined
from lasercontrol.report.night import Curve, LaserLine, Night
from lasercontrol.report.shading import said, shaded, time_ticks
from lasercontrol.report.times import Clock, duration

__all__ = ["fleet_picture", "multiple", "shared_span"]

Floats = NDArray[np.float64]
NAMED = 12
"""Lasers that are drawn one by one above the fleet."""
SETTLED = 0.02
"""Share of the fleet's points on each side that may lie outside a shared scale: one laser that died must not flatten
all others."""


def shared_span(night: Night) -> Span:
    """The scale in % that all small pictures share."""
    shown = [curve.percent[np.isfinite(curve.percent)] for curve in (laser.curve for laser in night.lasers)]
    points = np.concatenate(shown) if shown else np.zeros(0)
    if not len(points):
        return -1.0, 1.0
    low, high = np.quantile(points, (SETTLED, 1 - SETTLED))
    seen = (np.quantile(np.concatenate([s[-1:] for s in shown if len(s)]), (0.02, 0.98))) if night.slow else (low, high)
    low, high = min(low, seen[0], 0.0), max(high, seen[1], 0.0)
    if night.slow or high > 0.5 * night.criterion.percent:
        high = max(high, 1.1 * night.criterion.percent)
    room = max(0.08 * (high - low), 0.05)
    return float(low - room), float(high + room)


def fleet_picture(night: Night, clock: Clock) -> Markup:
    """Every laser's drift as a fan, the notable ones by name, and below it the temperature of the chamber."""
    x = night.begin_utc_s, max(night.end_utc_s, night.begin_utc_s + 1)
    strip = 74 if night.chamber is not None else 0
    axes = Axes(56, 26, 830, 240, x, shared_span(night))
    parts: list[object] = [*shaded(axes, night), axes.y_scale(5, "%"), _fan(axes, night)]
    parts.append(axes.across(night.criterion.percent, "criterion"))
    if axes.y[0] <= night.criterion.percent <= axes.y[1]:
        at = float(axes.at_y(night.criterion.percent)) - 5
        parts.append(
            axes.word(axes.left + 6, at, f"criterion {night.criterion.percent:g} %", "criterion-word", "start")
        )
    parts.append(_named(axes, night))
    foot = axes
    if night.chamber is not None:
        foot = _strip(night.chamber, x, axes.bottom + 34, strip - 20)
        parts += [*shaded(foot, night), foot.y_scale(2, "°C"), _temperature(foot, night.chamber)]
        parts.append(foot.word(foot.left + 6, foot.top + 10, "chamber", "unit", "start"))
    ticks, unit = time_ticks(night, clock, 8)
    parts.append(foot.x_scale(ticks, unit))
    words = f"{len(night.lasers)} lasers over {duration(night.hours)}, change in per cent, wear upwards"
    gaps = f"; {len(night.gaps)} gaps are shaded" if night.gaps else ""
    height = foot.bottom + 34
    return picture(980, height, *parts, title="Drift of the whole rack", words=words + gaps, class_="wide")


def _grid(night: Night) -> tuple[Floats, Floats]:
    """Times (t,) and percent (t, n) of all curves."""
    times = np.unique(np.concatenate([laser.curve.utc_s for laser in night.lasers]))
    percent = np.full((len(times), len(night.lasers)), np.nan)
    for at, laser in enumerate(night.lasers):
        percent[np.searchsorted(times, laser.curve.utc_s), at] = laser.curve.percent
    return times, percent


def _fan(axes: Axes, night: Night) -> Markup:
    times, percent = _grid(night)
    empty = ~np.isfinite(percent).any(axis=1)
    percent[empty] = 0.0
    low, lower, middle, upper, high = np.nanquantile(percent, (0.05, 0.25, 0.5, 0.75, 0.95), axis=1)
    for each in (low, lower, middle, upper, high):
        each[empty] = np.nan
    return joined(
        [axes.band(times, low, high, "fan"), axes.band(times, lower, upper, "fan"), axes.line(times, middle, "median")]
    )


def _named(axes: Axes, night: Night) -> Markup:
    """Lines of the lasers that need a person, their ids at the right, moved apart where they would overlap."""
    lasers = [laser for laser in night.urgent if laser.tone != "watch" or night.slow][:NAMED]
    lines = [axes.line(laser.curve.utc_s, laser.curve.percent, f"named t-{laser.tone}") for laser in lasers]
    ends = [(_last(laser.curve), laser) for laser in lasers]
    places = sorted(((float(axes.at_y(y)), laser) for y, laser in ends if np.isfinite(y)), key=lambda each: each[0])
    words, used = [], axes.top - 12.0
    for at, laser in places:
        used = max(at + 3.5, used + 12)
        words.append(axes.word(axes.right + 7, used, _short(laser.laser_id), f"name t-{laser.tone}", "start"))
    return joined([*lines, *words])


def _short(laser_id: str) -> str:
    return laser_id if len(laser_id) <= 11 else laser_id[:10] + "…"


def _last(curve: Curve) -> float:
    good = curve.percent[np.isfinite(curve.percent)]
    return float(good[-1]) if len(good) else np.nan


def _strip(chamber: Curve, x: Span, top: float, height: float) -> Axes:
    low, high = np.nanmin(chamber.low), np.nanmax(chamber.high)
    room = max(0.1 * (high - low), 0.05)
    return Axes(56, top, 830, height, x, (float(low - room), float(high + room)))


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
    parts += [axes.across(0.0, "zero"), axes.across(night.criterion.percent, "criterion")]
    if not curve.readings:
        parts.append(axes.band(curve.utc_s, curve.low, curve.high, f"t-{laser.tone}"))
    parts.append(axes.line(curve.utc_s, curve.percent, f"t-{laser.tone}"))
    if laser.first_alarm_utc_s is not None:
        parts.append(axes.upright(laser.first_alarm_utc_s, "alarm-mark"))
    return picture(140, 62, *parts, title=f"Laser {laser.laser_id}", words=said(laser))
