"""Every laser in a row, the worst first."""

from collections.abc import Callable

from lasercontrol.report.figures import NOTHING, drift, left, percent, signed, state
from lasercontrol.report.markup import Markup, element
from lasercontrol.report.night import LaserLine, Night
from lasercontrol.report.table import anchor, moment, number, section, table
from lasercontrol.report.times import Clock

__all__ = ["all_lasers"]


def all_lasers(night: Night, clock: Clock) -> Markup:
    """Every laser in a row."""
    columns = _columns(night, clock)
    heads = [(name, unit, n) for name, unit, n, _ in columns]
    rows = [element("tr", *[cell(laser) for *_, cell in columns], id=anchor(laser)) for laser in night.ordered]
    said = "The worst first. Drift counts wear upwards, against the laser's own start; intervals are of 95 %."
    return section("All lasers", table(heads, rows, sortable=True), said=said)


Column = tuple[str, str, bool, Callable[[LaserLine], Markup]]


def _columns(night: Night, clock: Clock) -> list[Column]:
    """Name, unit, whether numbers stand in it, and a laser's cell; those with nothing in any row are left out."""
    lasers, names = night.lasers, night.criteria
    crossed = f"Crossed {names[0].percent:g} %" if len(names) == 1 else "Crossed"
    known: list[tuple[bool, Column]] = [
        (True, ("Laser", "", False, lambda a: element("td", a.laser_id, class_="who"))),
        (len({a.family for a in lasers}) > 1, ("Family", "", False, lambda a: element("td", a.family))),
        (True, ("State", "", False, lambda a: element("td", state(a.state, a.tone)))),
        (any(a.mode for a in lasers), ("Mode", "", False, lambda a: element("td", a.mode or NOTHING))),
        (True, ("Drift", "%, 95 %", True, lambda a: number(drift(a), a.drift_percent))),
        (
            any(a.rate_percent_per_kh is not None for a in lasers),
            ("Rate", "%/kh", True, lambda a: number(signed(a.rate_percent_per_kh), a.rate_percent_per_kh)),
        ),
        (
            any(a.first_alarm_utc_s is not None for a in lasers),
            ("First alarm", clock.zone if night.dated else "life", True, lambda a: moment(a.first_alarm_utc_s, clock)),
        ),
        (
            any(a.crossed_h is not None for a in lasers),
            (crossed, "h", True, lambda a: number(_hours(a.crossed_h), a.crossed_h)),
        ),
        (
            any(a.hours_to_eol is not None for a in lasers),
            ("To end of life", "95 %", True, lambda a: number(left(a), a.hours_to_eol)),
        ),
        (True, ("Confidence", "", True, lambda a: number(_share(a.confidence), a.confidence))),
        (True, ("On", "h", True, lambda a: number(_hours(a.on_h), a.on_h))),
        (
            any(a.invalid_share for a in lasers),
            ("Invalid", "%", True, lambda a: number(f"{100 * a.invalid_share:.3g}", a.invalid_share)),
        ),
        (any(a.stop for a in lasers), ("May be stopped", "", False, lambda a: element("td", a.stop or ""))),
    ]
    return [column for wanted, column in known if wanted]


def _hours(hours: float | None) -> str:
    if hours is None:
        return NOTHING
    return f"{hours:,.2f}" if hours < 100 else f"{hours:,.0f}"


def _share(share: float | None) -> str:
    return NOTHING if share is None else percent(share)
