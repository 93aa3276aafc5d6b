"""The report as one page: nothing is fetched, nothing runs but one small script that the page itself vouches for."""

import base64
import hashlib
from importlib.resources import files

from lasercontrol import __version__
from lasercontrol.report.laser_table import all_lasers
from lasercontrol.report.markup import Markup, element, joined
from lasercontrol.report.night import Night
from lasercontrol.report.reliability import UseConditions
from lasercontrol.report.reliability_section import reliability
from lasercontrol.report.sections import alarms, fleet, gaps, multiples, one_by_one, people
from lasercontrol.report.summary import heading
from lasercontrol.report.table import section
from lasercontrol.report.times import Clock

__all__ = ["page"]


def page(night: Night, use: UseConditions) -> str:
    """The whole HTML. Times are in the log's zone."""
    clock = Clock(night.schema.zone, night.begin_utc_s, night.end_utc_s, dated=night.dated)
    body = element(
        "body",
        heading(night, clock),
        element(
            "main",
            fleet(night, clock),
            one_by_one(night, clock),
            multiples(night),
            all_lasers(night, clock),
            alarms(night, clock),
            gaps(night, clock),
            people(night, clock),
            reliability(night, use),
            section("How it was judged", element("ul", *[element("li", s) for s in night.judged_by], class_="plain")),
        ),
        _foot(night, clock),
        element("script", Markup(_text("page.js"))),
    )
    title = f"Aging report: {night.schema.run_id}"
    return f"<!DOCTYPE html>\n{element('html', _head(title), body, lang='en')}\n"


def _head(title: str) -> Markup:
    style = _text("page.css")
    rules = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(_text('page.js'))}'; "
        "base-uri 'none'; form-action 'none'"
    )
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=rules),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="referrer", content="no-referrer"),
        element("title", title),
        element("style", Markup(style)),
    )


def _foot(night: Night, clock: Clock) -> Markup:
    zone = f"Times in {clock.zone}." if night.dated else "Times in hours of the test; the log has no dates."
    return element("footer", element("p", joined([zone, f" lasercontrol {__version__}."]), class_="note"))


def _text(name: str) -> str:
    return (files("lasercontrol.report") / name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
