"""The top of a report: what an engineer must know before the first coffee, in one sentence and six numbers."""

import math
from collections import Counter

from lasercontrol.report.figures import GLYPHS
from lasercontrol.report.markup import Markup, element
from lasercontrol.report.night import ORDER, LaserLine, Night, tone_of
from lasercontrol.report.times import Clock, duration

__all__ = ["heading", "headline"]

MOST_NAMED = 3


class Id(str):
    """A laser's id, which a line must not break."""

    __slots__ = ()


Words = list[str | Id]


def headline(night: Night) -> str:
    """The night in a sentence or two."""
    return "".join(_headline(night))


def _headline(night: Night) -> Words:
    count, only = len(night.lasers), night.criteria[0] if len(night.criteria) == 1 else None
    criterion = f"past {only.percent:.3g} %" if only and math.isfinite(only.percent) else "past end of life"
    told: list[Words] = []
    for state, said in (("end-of-life", criterion), *SAID):
        if those := [laser for laser in night.ordered if laser.state == state]:
            told.append(_who(said, those, count))
    if not told:
        quiet = all(laser.state == "healthy" for laser in night.lasers)
        told.append([f"All {count:,} lasers are healthy" if quiet else "No laser needs anybody this morning"])
    ahead = [laser for laser in night.lasers if laser.hours_to_eol and laser.tone in {"watch", "bad"}]
    if ahead:
        following = min(ahead, key=lambda laser: laser.hours_to_eol or 0.0)
        soon = f" in about {duration(following.hours_to_eol or 0.0)}"
        told.append([f"next {criterion}: ", Id(following.laser_id), soon])
    return [word for at, words in enumerate(told) for word in (["; "] if at else []) + words] + ["."]


SAID = (
    ("failed", "failed"),
    ("rapid", "degrading fast"),
    ("suspect", "suspect"),
    ("instrument", "without readings to trust"),
)


def _who(said: str, lasers: list[LaserLine], count: int) -> Words:
    words: Words = [f"{len(lasers):,} of {count:,} {said}: "]
    for at, laser in enumerate(lasers[:MOST_NAMED]):
        words += [", "] if at else []
        words.append(Id(laser.laser_id))
    return [*words, f" and {len(lasers) - MOST_NAMED} more"] if len(lasers) > MOST_NAMED else words


def heading(night: Night, clock: Clock) -> Markup:
    """Title, headline, when and what, and how many lasers are in which state."""
    span = f"{clock.full(night.begin_utc_s)} to {clock.full(night.end_utc_s)}"
    when = span if night.dated else f"{duration(night.hours)} of life, without dates"
    facts = [
        ("", when),
        ("", f"{len(night.lasers):,} lasers, {night.rows:,} rows, {duration(night.schema.period_s / 3600)} apart"),
        ("end of life ", " or ".join(criterion.words for criterion in night.criteria)),
        ("log ", night.source),
    ]
    rows = [element("li", name, element("b", value)) for name, value in facts]
    return element(
        "header",
        element("h1", night.schema.run_id),
        element("p", *[_kept(word) for word in _headline(night)], class_="lead"),
        element("ul", *rows, class_="facts"),
        element("ul", *_counts(night), class_="counts"),
    )


def _kept(word: str) -> str:
    return element("span", str(word), class_="id") if isinstance(word, Id) else word


def _counts(night: Night) -> list[Markup]:
    counted = Counter(laser.state for laser in night.lasers)
    states = sorted(counted, key=lambda state: (ORDER.index(tone_of(state)), state))
    tiles = [_tile(counted[state], state, tone_of(state)) for state in states]
    if night.gaps:
        lost_h = sum(gap.end_utc_s - gap.begin_utc_s for gap in night.gaps) / 3600
        tiles.append(_plain(len(night.gaps), f"{'gap' if len(night.gaps) == 1 else 'gaps'}, {duration(lost_h)}"))
    if night.faults:
        tiles.append(_plain(len(night.faults), "fault of the rig" if len(night.faults) == 1 else "faults of the rig"))
    return tiles


def _plain(count: int, said: str) -> Markup:
    return element("li", element("b", count), element("span", said, class_="soft"))


def _tile(count: int, state: str, tone: str) -> Markup:
    sign = element("span", GLYPHS[tone], aria_hidden="true")
    return element("li", element("b", f"{count:,}"), element("span", sign, " ", state, class_=f"s t-{tone}"))
