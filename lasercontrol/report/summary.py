"""The top of a report: what an engineer must know before the first coffee, in one sentence and six numbers."""

from collections import Counter

from lasercontrol.report.figures import GLYPHS
from lasercontrol.report.markup import Markup, element
from lasercontrol.report.night import ORDER, LaserLine, Night, tone_of
from lasercontrol.report.times import Clock, duration

__all__ = ["heading", "headline"]

MOST_NAMED = 6


def headline(night: Night) -> str:
    """The night in a sentence or two."""
    count = len(night.lasers)
    past = [laser for laser in night.ordered if laser.state == "end-of-life"]
    words = [_who(f"past {night.criterion.percent:g} %", past, count)] if past else []
    for state, said in SAID:
        if those := [laser for laser in night.ordered if laser.state == state]:
            words.append(_who(said, those, count))
    if not words:
        words = [f"All {count} lasers are healthy"] if count > 1 else ["The laser is healthy"]
        if any(laser.state != "healthy" for laser in night.lasers):
            words = ["No laser needs anybody this morning"]
    ahead = [laser for laser in night.lasers if laser.hours_to_eol and laser.state in {"wear", "suspect", "rapid"}]
    if ahead:
        following = min(ahead, key=lambda laser: laser.hours_to_eol or 0.0)
        words.append(f"next to get there: {following.laser_id} in about {duration(following.hours_to_eol or 0.0)}")
    return "; ".join(words) + "."


SAID = (
    ("failed", "failed"),
    ("rapid", "degrading fast"),
    ("suspect", "suspect"),
    ("instrument", "without readings to trust"),
)


def _who(said: str, lasers: list[LaserLine], count: int) -> str:
    names = ", ".join(laser.laser_id for laser in lasers[:MOST_NAMED])
    more = f" and {len(lasers) - MOST_NAMED} more" if len(lasers) > MOST_NAMED else ""
    return f"{len(lasers)} of {count} {said}: {names}{more}"


def heading(night: Night, clock: Clock) -> Markup:
    """Title, headline, when and what, and how many lasers are in which state."""
    span = f"{clock.full(night.begin_utc_s)} to {clock.full(night.end_utc_s)}"
    when = span if night.dated else f"{duration(night.hours)} of life, without dates"
    facts = [
        ("", when),
        ("", f"{len(night.lasers)} lasers, {night.rows:,} rows, {duration(night.schema.period_s / 3600)} apart"),
        ("end of life ", f"{night.criterion.percent:g} % {night.criterion.quantity}"),
        ("log ", night.source),
    ]
    rows = [element("li", name, element("b", value)) for name, value in facts]
    return element(
        "header",
        element("h1", night.schema.run_id),
        element("p", headline(night), class_="lead"),
        element("ul", *rows, class_="facts"),
        element("ul", *_counts(night), class_="counts"),
    )


def _counts(night: Night) -> list[Markup]:
    counted = Counter(laser.state for laser in night.lasers)
    states = sorted(counted, key=lambda state: (ORDER.index(tone_of(state)), state))
    tiles = [_tile(counted[state], state, tone_of(state)) for state in states]
    unknown = night.gaps or night.faults
    if unknown:
        lost_h = sum(gap.end_utc_s - gap.begin_utc_s for gap in night.gaps) / 3600
        said = f"gaps, {duration(lost_h)}" if night.gaps else "faults"
        tiles.append(element("li", element("b", len(unknown)), element("span", said, class_="soft")))
    return tiles


def _tile(count: int, state: str, tone: str) -> Markup:
    sign = element("span", GLYPHS[tone], aria_hidden="true")
    return element("li", element("b", count), element("span", sign, " ", state, class_=f"s t-{tone}"))
