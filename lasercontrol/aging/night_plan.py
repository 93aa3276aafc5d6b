"""What happens in a rehearsed night, when, and whether the log and its alarms tell of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from lasercontrol.aging_settings import AgingConfig
from lasercontrol.monitor.alarm import OF_THE_LASER

__all__ = ["Check", "Happening", "checks_of", "happenings"]

KILL, RESUME = "kill", "resume"


@dataclass(frozen=True, slots=True)
class Happening:
    """At at_h hours of the twin: a request to its control port, or a kill of the monitor. laser: whom it hits.

    wanted: kinds of alarm of which one must come, none where it must raise none of the laser itself.
    """

    what: str
    at_h: float
    request: Mapping[str, Any] | None = None
    laser: str | None = None
    wanted: frozenset[str] = frozenset()
    within_h: float = 12.0
    does: Literal["request", "kill"] = "request"


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that had to be so, whether it was, and what was seen."""

    what: str
    well: bool
    seen: str


def happenings(config: AgingConfig) -> tuple[Happening, ...]:
    """The night: optical damage at either drive, dark lines, a fibre, the chamber, silence, a kill."""
    steady = [laser.id for laser in config.lasers if laser.drive == "current"]
    kept = [laser.id for laser in config.lasers if laser.drive == "power"]
    rapid, sudden, fibre, silent = steady[13], steady[4], steady[21], steady[30]
    light = frozenset({"sudden"})
    slow = frozenset({"rapid", "wear", "end-of-life"})
    source = next(laser.place.source for laser in config.lasers if laser.id == silent and laser.place)
    return (
        Happening("dark lines, constant current", 3.0, _fail(rapid, "rapid", 0.3, 2.0), rapid, slow, within_h=2.0),
        Happening("optical damage, constant current", 4.0, _fail(sudden, "sudden", 0.7), sudden, light, within_h=0.1),
        Happening(
            "a step of a fibre",
            4.5,
            {"disturb": "fibre-step", "laser": fibre, "size": 0.85},
            fibre,
            frozenset({"coupling"}),
            within_h=0.5,
        ),
        Happening("the chamber 2 K warmer", 5.0, {"chamber_c": config.simulated.chamber_c + 2.0}),
        Happening(
            "the link of an instrument lost",
            5.5,
            {"inject": source, "kind": "drop", "count": 60},
            silent,
            frozenset({"instrument"}),
        ),
        Happening("the chamber as before", 6.0, {"chamber_c": config.simulated.chamber_c}),
        Happening("kill -9 of the monitor", 6.5, does="kill"),
        Happening("optical damage, constant power", 7.5, _fail(kept[2], "sudden", 0.7), kept[2], light, within_h=0.2),
        Happening("dark lines, constant power", 8.0, _fail(kept[9], "rapid", 0.3, 2.0), kept[9], slow, within_h=2.5),
    )  # fmt: skip — one happening after the other


def _fail(laser: str, mode: str, size: float, lasts_h: float | None = None) -> dict[str, Any]:
    return {"fail": laser, "mode": mode, "size": size, "lasts_h": lasts_h}


def checks_of(
    plan: Sequence[Happening], done_utc_s: Mapping[str, float], alarms: Sequence[Mapping[str, Any]]
) -> list[Check]:
    """What was found against what happened. done_utc_s: when, of the test's clock, by `what`."""
    checks = [_found(each, done_utc_s[each.what], alarms) for each in plan if each.wanted]
    failing = {each.laser for each in plan if each.request and "fail" in each.request}
    wrong = [alarm for alarm in alarms if alarm["kind"] in set(OF_THE_LASER) and alarm["laser_id"] not in failing]
    seen = "; ".join(f"{alarm['laser_id']}: {alarm['kind']} ({alarm['evidence']})" for alarm in wrong[:4])
    return [*checks, Check("no healthy laser is said to have degraded", not wrong, seen or "none was")]


def _found(each: Happening, utc_s: float, alarms: Sequence[Mapping[str, Any]]) -> Check:
    mine = [alarm for alarm in alarms if alarm["laser_id"] == each.laser and alarm["kind"] in each.wanted]
    after = [alarm["fired_utc_s"] - utc_s for alarm in mine if alarm["fired_utc_s"] >= utc_s - 60.0]
    if not after:
        others = {alarm["kind"] for alarm in alarms if alarm["laser_id"] == each.laser}
        return Check(f"{each.laser}: {each.what}", False, f"not found; {', '.join(sorted(others)) or 'no alarm'}")
    soonest_s = min(after)
    kind = next(a["kind"] for a in mine if a["fired_utc_s"] - utc_s == soonest_s)
    return Check(f"{each.laser}: {each.what}", soonest_s <= 3600 * each.within_h, f"{kind} after {soonest_s:.0f} s")
