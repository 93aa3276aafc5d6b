"""The pictures of one laser: its drift with band, criterion and projection; light and voltage over current."""

import numpy as np
from numpy.typing import NDArray

from lasercontrol.report.axes import Axes, Span, nice_ticks, picture
from lasercontrol.report.liv import compared
from lasercontrol.report.markup import Markup, element, joined
from lasercontrol.report.night import LaserLine, Night
from lasercontrol.report.shading import said, shaded, time_ticks
from lasercontrol.report.times import Clock

__all__ = ["drift_picture", "liv_picture"]

Floats = NDArray[np.float64]


def drift_picture(laser: LaserLine, night: Night, clock: Clock) -> Markup:
    """Drift with its 95 % band, the criterion, and where the projection meets it."""
    curve, criterion = laser.curve, laser.criterion.percent
    until_s = _until(laser, night)
    axes = Axes(50, 20, 500, 176, (night.begin_utc_s, until_s), _span(laser, criterion))
    parts: list[object] = [*shaded(axes, night), axes.y_scale(4, "%"), axes.across(criterion, "criterion")]
    parts.append(axes.band(curve.utc_s, curve.low, curve.high, f"t-{laser.tone}"))
    parts += [_projection(axes, laser), axes.line(curve.utc_s, curve.percent, f"t-{laser.tone}")]
    if curve.readings:
        parts.append(axes.dots(curve.utc_s, curve.percent, f"t-{laser.tone}"))
    if not curve.readings:
        parts.append(_end_bar(axes, laser))
    if laser.mark_s is not None:
        parts.append(axes.upright(laser.mark_s, "alarm-mark"))
    if laser.crossed_h is not None:
        at = night.begin_utc_s + laser.crossed_h * 3600
        parts.append(axes.dots(np.array([at]), np.array([criterion]), "cross", 4))
    ticks, unit = time_ticks(night, clock, 6, until_s)
    parts.append(axes.x_scale(ticks, unit))
    return picture(566, 230, *parts, title=f"Drift of laser {laser.laser_id}", words=f"{said(laser)}. {laser.why}")


def _end_bar(axes: Axes, laser: LaserLine) -> Markup | None:
    """The 95 % interval of the drift, at the last reading."""
    last = np.flatnonzero(np.isfinite(laser.curve.percent))
    if laser.drift_low_percent is None or laser.drift_high_percent is None or not len(last):
        return None
    at = np.full(2, laser.curve.utc_s[last[-1]])
    return axes.line(at, np.array([laser.drift_low_percent, laser.drift_high_percent]), "interval")


def _until(laser: LaserLine, night: Night) -> float:
    """Far enough for the projection, where that is not far."""
    end_s = max(night.end_utc_s, night.begin_utc_s + 1)
    if not laser.eol_high_h or laser.hours_to_eol is None:
        return end_s
    reach_s = end_s + 1.05 * 3600 * laser.eol_high_h
    return reach_s if reach_s - end_s < 1.2 * (end_s - night.begin_utc_s) else end_s


def _span(laser: LaserLine, criterion: float) -> Span:
    interval = [np.nan if each is None else each for each in (laser.drift_low_percent, laser.drift_high_percent)]
    shown = np.concatenate([laser.curve.low, laser.curve.high, [0.0], interval])
    shown = shown[np.isfinite(shown)]
    low, high = float(shown.min()), float(shown.max())
    if high > 0.3 * criterion:
        high = max(high, criterion)
    room = max(0.1 * (high - low), 0.02)
    return low - room, high + room


def _projection(axes: Axes, laser: LaserLine) -> Markup | None:
    """From the last reading to the criterion, with the interval as a bar on it."""
    last = np.flatnonzero(np.isfinite(laser.curve.percent))
    if not laser.hours_to_eol or laser.eol_low_h is None or laser.eol_high_h is None or not len(last):
        return None
    begin_s, level = float(laser.curve.utc_s[last[-1]]), float(laser.curve.percent[last[-1]])
    meets = begin_s + 3600 * np.array([laser.hours_to_eol, laser.eol_low_h, laser.eol_high_h])
    if meets[0] > axes.x[1]:
        return None
    rest = np.array([level, laser.criterion.percent])
    lines = [
        axes.band(
            np.array([begin_s, meets[1], meets[2]]), *_wedge(level, laser.criterion.percent, begin_s, meets), "ahead"
        ),
        axes.line(np.array([begin_s, meets[0]]), rest, "ahead"),
        axes.line(meets[1:], np.full(2, laser.criterion.percent), "interval"),
    ]
    return joined(lines)


def _wedge(level: float, criterion: float, begin_s: float, meets: Floats) -> tuple[Floats, Floats]:
    """Lower and upper edge of what may come, at the start and at both ends of the interval."""
    share = (meets[1] - begin_s) / (meets[2] - begin_s)
    return (
        np.array([level, level + share * (criterion - level), criterion]),
        np.array([level, criterion, criterion]),
    )


def liv_picture(laser: LaserLine) -> Markup | None:
    """Light and voltage over current, the first sweep against the last."""
    if not laser.sweeps:
        return None
    first, last = laser.sweeps[0], laser.sweeps[-1]
    pairs = [("first", first)] + ([("last", last)] if last is not first else [])
    top_ma = 1e3 * max(float(np.nanmax(sweep.current_a)) for _, sweep in pairs)
    top_mw = 1e3 * max(float(np.nanmax(sweep.power_w)) for _, sweep in pairs)
    top_v = max(float(np.nanmax(sweep.voltage_v)) for _, sweep in pairs)
    light = Axes(46, 20, 250, 176, (0.0, top_ma or 1.0), (0.0, 1.05 * top_mw or 1.0))
    volts = Axes(46, 20, 250, 176, (0.0, top_ma or 1.0), (0.0, 1.05 * top_v or 1.0))
    parts: list[object] = [light.y_scale(4, "mW")]
    for name, sweep in pairs:
        current_ma = 1e3 * sweep.current_a.astype(np.float64)
        parts.append(volts.line(current_ma, sweep.voltage_v.astype(np.float64), f"volts {name}"))
        parts.append(light.line(current_ma, 1e3 * sweep.power_w.astype(np.float64), f"light {name}"))
    right = [
        light.word(light.right + 6, float(volts.at_y(v)) + 3.5, f"{v:g}", anchor="start")
        for v in nice_ticks(volts.y, 4)
    ]
    parts += [*right, light.word(light.right + 6, light.top - 7, "V", "unit", "start")]
    parts.append(light.x_scale([(x, f"{x:g}") for x in nice_ticks(light.x, 5)], "mA"))
    words = f"Light and voltage over current: first sweep at {first.mount_c:.1f} °C, last at {last.mount_c:.1f} °C"
    return element(
        "figure",
        picture(336, 230, *parts, title=f"LIV of laser {laser.laser_id}", words=words),
        element(
            "figcaption",
            element("span", "first", class_="key first"),
            element("span", "last", class_="key last") if len(pairs) > 1 else None,
            "light; dotted: voltage. ",
            element("span", said_of_liv) if (said_of_liv := compared(laser.sweeps)) else None,
        ),
    )
