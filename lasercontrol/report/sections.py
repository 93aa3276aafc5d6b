"""The parts of a report below its top: pictures, lasers, alarms, gaps, reliability, and how all was judged."""

from lasercontrol.report.figures import NOTHING, percent, sentence, signed, state
from lasercontrol.report.fleet_plot import fleet_picture, multiple, shared_span
from lasercontrol.report.laser_plots import drift_picture, liv_picture
from lasercontrol.report.markup import Markup, element, joined
from lasercontrol.report.night import AlarmLine, Gap, LaserLine, Night
from lasercontrol.report.table import anchor, moment, section, table
from lasercontrol.report.times import Clock, duration

__all__ = ["alarms", "fleet", "gaps", "multiples", "one_by_one", "people"]

MOST_MULTIPLES = 320
MOST_DETAILED = 40


def fleet(night: Night, clock: Clock) -> Markup:
    """The whole rack over time."""
    said = "By name: who needs you, with the last value. Grey: median, half and nine tenths of the others."
    shaded = (" Shaded: gaps." if night.gaps else "") + " What lies beyond the scale runs along its edge."
    return section("The rack", element("figure", fleet_picture(night, clock), class_="scroll"), said=said + shaded)


def multiples(night: Night) -> Markup:
    """One small picture each, the worst first."""
    span = shared_span(night)
    shown = night.ordered[:MOST_MULTIPLES]
    tiles = [
        element(
            "a",
            element("span", element("b", laser.laser_id), element("i", f"{signed(laser.drift_percent)} %")),
            multiple(laser, night, span),
            href=f"#{anchor(laser)}",
            class_=f"t-{laser.tone}",
        )
        for laser in shown
    ]
    rest = len(night.lasers) - len(shown)
    said = (
        f"Change in per cent, the same scale for all ({signed(span[0], 1)} to {signed(span[1], 1)} %), the worst first."
    )
    more = f" {rest:,} more lasers are in the table below." if rest else ""
    return section("Every laser", element("div", *tiles, class_="multiples"), said=said + more)


def one_by_one(night: Night, clock: Clock) -> Markup | None:
    """Those that need a person, with their evidence."""
    urgent = night.urgent
    if not urgent:
        return None
    cards = [_card(laser, night, clock) for laser in urgent[:MOST_DETAILED]]
    rest = len(urgent) - len(cards)
    band = "95 % interval" if night.slow else "least and greatest of each stretch; black at its end: the 95 % interval"
    said = f"Band: {band}. Dashed: end of life. Upright: first alarm."
    said += f" The {MOST_DETAILED} worst; {rest:,} more are in the table below." if rest > 0 else ""
    return section("Who needs you", element("div", *cards, class_="cards"), said=said)


def _card(laser: LaserLine, night: Night, clock: Clock) -> Markup:
    liv = liv_picture(laser)
    facts = [f"drift {signed(laser.drift_percent)} %"]
    if (change := laser.change_percent) is not None and _apart(laser, change):
        facts.append(f"{signed(change)} % since switch-on")
    if laser.first_seen_utc_s is not None:
        facts.append(f"first sign {clock.at(laser.first_seen_utc_s)}")
    if laser.first_alarm_utc_s is not None:
        facts.append(f"alarm {clock.at(laser.first_alarm_utc_s)}")
    if laser.confidence is not None:
        facts.append(f"confidence {percent(laser.confidence)}")
    if laser.stop:
        facts.append(f"may be stopped: {laser.stop}")
    return element(
        "article",
        element(
            "div",
            element("h3", laser.laser_id),
            state(laser.state if laser.mode in {None, laser.state} else f"{laser.state}, {laser.mode}", laser.tone),
            element("span", " · ".join(facts), class_="soft"),
            class_="head",
        ),
        element("p", sentence(laser.why)),
        element("ul", *[element("li", sentence(words)) for words in laser.evidence], class_="plain")
        if laser.evidence
        else None,
        element(
            "div",
            element("figure", drift_picture(laser, night, clock)),
            liv,
            class_="pictures" if liv else None,
        ),
        class_=f"laser t-{laser.tone}" + (" both" if liv else ""),
    )


def _apart(laser: LaserLine, change: float) -> bool:
    """Whether the curve says something else than the drift: it begins before the monitor's reference is complete."""
    if laser.drift_percent is None or laser.drift_high_percent is None:
        return True
    return abs(change - laser.drift_percent) > max(1.0, 2 * (laser.drift_high_percent - laser.drift_percent))


def alarms(night: Night, clock: Clock) -> Markup:
    """Every alarm with its evidence."""
    if not night.alarms:
        return section("Alarms", element("p", "None.", class_="none"))
    columns = [
        ("First seen", clock.zone if night.dated else "life", True),
        ("Fired", "", True),
        ("Over", "", True),
        ("Severity", "", False),
        ("Kind", "", False),
        ("Laser", "", False),
        ("Evidence", "", False),
        ("By", "", False),
    ]
    listed = sorted(night.alarms, key=lambda alarm: (alarm.first_seen_utc_s, alarm.fired_utc_s))
    said = f"{len(listed)} in the order in which their first sign came."
    return section("Alarms", table(columns, [_alarm(each, clock) for each in listed], sortable=True), said=said)


def _alarm(alarm: AlarmLine, clock: Clock) -> Markup:
    tone = {"critical": "dead", "alarm": "bad", "warning": "watch"}.get(alarm.severity, "doubt")
    return element(
        "tr",
        moment(alarm.first_seen_utc_s, clock),
        moment(alarm.fired_utc_s, clock),
        element("td", "lasts" if alarm.cleared_utc_s is None else clock.at(alarm.cleared_utc_s), class_="n"),
        element("td", state(alarm.severity, tone)),
        element("td", alarm.kind),
        element("td", alarm.laser_id or "rack", class_="who"),
        element("td", sentence(alarm.evidence)),
        element("td", alarm.detector),
    )


def gaps(night: Night, clock: Clock) -> Markup:
    """When nothing was measured, and what else went wrong with the rig."""
    listed = sorted([*night.gaps, *night.faults], key=lambda gap: gap.begin_utc_s)
    if not listed:
        return section("Gaps and faults", element("p", "None: every row is there.", class_="none"))
    columns = [("From", clock.zone if night.dated else "life", False), ("To", "", False), ("Length", "", True)]
    rows = [_gap(each, clock) for each in listed]
    return section("Gaps and faults", table([*columns, ("What", "", False), ("Why", "", False)], rows))


def _gap(gap: Gap, clock: Clock) -> Markup:
    return element(
        "tr",
        element("td", clock.at(gap.begin_utc_s)),
        element("td", clock.at(gap.end_utc_s)),
        element("td", duration((gap.end_utc_s - gap.begin_utc_s) / 3600), class_="n"),
        element("td", gap.what),
        element("td", joined([gap.why or NOTHING])),
    )


def people(night: Night, clock: Clock) -> Markup | None:
    """Acknowledgements, notes, and messages that nobody got; nothing where there are none."""
    desk = night.desk
    if not desk.deeds and not desk.undelivered:
        return None
    columns = [("When", clock.zone, False), ("Who", "", False), ("Alarm", "", False), ("Words", "", False)]
    rows = [
        element("tr", *[element("td", text) for text in (clock.at(deed.utc_s), deed.who, deed.what, deed.words)])
        for deed in desk.deeds
    ]
    late = [element("li", "Not delivered: ", words) for words in desk.undelivered]
    return section(
        "People and messages",
        table(columns, rows) if rows else None,
        element("ul", *late, class_="plain") if late else None,
    )
