"""The page: self-contained, well-formed, safe against what a log may hold, and with everything of the night on it."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from lasercontrol.errors import CallerError
from lasercontrol.report.command import ReportCall, report
from lasercontrol.report.reliability import UseConditions
from tests.lasercontrol.monitor.watch_stand_in import StandIn
from tests.lasercontrol.report.night_specimen import HOSTILE, write_night


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_night(tmp_path_factory.mktemp("night") / "night.h5")


@pytest.fixture(scope="module")
def html(log: Path) -> str:
    out = log.with_suffix(".html")
    report(ReportCall(path=log, out=out), StandIn)
    return out.read_text("utf-8")


@pytest.fixture(scope="module")
def tree(html: str) -> ET.Element:
    assert html.startswith("<!DOCTYPE html>\n")
    return ET.fromstring(html.partition("\n")[2])  # noqa: S314 — our own page


def test_it_is_well_formed_and_every_link_ends_somewhere(tree: ET.Element) -> None:
    ids = [each.get("id") for each in tree.iter() if each.get("id")]
    links = [each.get("href", "") for each in tree.iter("a")]
    assert len(ids) == len(set(ids)) == 12
    assert {link.removeprefix("#") for link in links} == set(ids)


def test_nothing_is_fetched(html: str, tree: ET.Element) -> None:
    assert not re.findall(r"https?:|src=|@import|url\(|<link|<iframe|<object", html)
    assert {each.tag for each in tree.iter() if each.get("style") or each.get("onclick")} == set()


def test_only_its_own_style_and_script_may_run(html: str, tree: ET.Element) -> None:
    rules = next(each.get("content", "") for each in tree.iter("meta") if each.get("http-equiv"))
    for tag in ("style", "script"):
        (inside,) = re.findall(rf"<{tag}>(.*?)</{tag}>", html, re.DOTALL)
        digest = base64.b64encode(hashlib.sha256(inside.encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in rules
    assert "default-src 'none'" in rules
    assert "unsafe" not in rules


def test_a_hostile_id_is_text(html: str, tree: ET.Element) -> None:
    assert html.count("<script>") == 1
    assert any(each.text == HOSTILE for each in tree.iter("b"))
    assert any(each.text == HOSTILE for each in tree.iter("td"))


def test_pictures_say_in_words_what_they_show(tree: ET.Element) -> None:
    pictures = list(tree.iter("svg"))
    assert len(pictures) > 12
    for picture in pictures:
        assert picture.get("role") == "img"
        assert picture.get("aria-label")
        assert picture.find("title") is not None


def test_gaps_are_shaded_and_listed(tree: ET.Element, html: str) -> None:
    (wide,) = [each for each in tree.iter("svg") if each.get("class") == "wide"]
    gaps = [each for each in wide.iter("rect") if each.get("class") == "gap"]
    assert len(gaps) == 2, "over the drift and over the chamber"
    assert "no rows" in html
    assert "26 Nov 00:59:40" in html, "the last row before it, in the zone of the log: 18:00 and seven hours"


def test_times_are_in_the_stated_zone(html: str) -> None:
    assert "Wed 25 Nov 2026 18:00 CET (UTC+0100)" in html
    assert "Times in Europe/Berlin." in html


def test_tags_are_closed_as_html_wants_it(html: str) -> None:
    """XML would allow `<p/>`, which HTML reads as an open paragraph."""
    assert not re.findall(r"<(?!meta|br|input|path|circle|rect|line)\w+[^>]*/>", html)

    class Balanced(HTMLParser):
        depth = 0

        def handle_starttag(self, tag: str, attrs: object) -> None:
            self.depth += 1

        def handle_startendtag(self, tag: str, attrs: object) -> None:
            pass

        def handle_endtag(self, tag: str) -> None:
            self.depth -= 1

    parser = Balanced()
    parser.feed(html)
    assert parser.depth == 0


def test_only_a_report_is_replaced(log: Path, html: str, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(html)
    report(ReportCall(path=log, out=page), StandIn)
    page.write_text("my notes")
    with pytest.raises(CallerError, match="no report of this program"):
        report(ReportCall(path=log, out=page), StandIn)
    assert page.read_text() == "my notes"


def test_the_export_carries_units_and_harmless_ids(log: Path, tmp_path: Path) -> None:
    table = tmp_path / "lasers.csv"
    report(ReportCall(path=log, out=None, csv=table), StandIn)
    header, *rows = table.read_text("utf-8").splitlines()
    assert header.startswith("laser,state,mode,drift [%],")
    assert "first alarm [UTC]" in header
    assert len(rows) == 12
    with pytest.raises(CallerError, match="exists already"):
        report(ReportCall(path=log, out=None, csv=table), StandIn)


@pytest.mark.parametrize("use", [UseConditions(ea_ev=-1), UseConditions(use_c=float("nan"))])
def test_impossible_conditions_are_refused(log: Path, use: UseConditions) -> None:
    with pytest.raises(CallerError, match="allowed is"):
        report(ReportCall(path=log, out=None, use=use), StandIn)


def test_who_failed_is_named_first_with_evidence(html: str, tree: ET.Element) -> None:
    lead = next("".join(each.itertext()) for each in tree.iter("p") if each.get("class") == "lead")
    assert lead == "1 of 12 failed: VX-02; 1 of 12 degrading fast: VX-05; next past 36.9 %: VX-05 in about 30.0 h."
    assert "Light at 0.070 of its start" in html, "the worst finding is what the card says"
    assert "&lt;0.97" in html, "evidence is text as well"


def test_an_alarm_has_its_first_sign_and_its_moment(tree: ET.Element) -> None:
    rows = [[cell.text for cell in row.iter("td")] for row in tree.iter("tr")]
    sudden = [row for row in rows if len(row) > 4 and row[4] == "sudden"]
    assert [row[:3] for row in sudden] == [["25 Nov 22:11:20", "25 Nov 22:12:20", "lasts"]]


def test_a_failed_laser_has_no_hours_left(log: Path) -> None:
    lasers = {each["id"]: each for each in report(ReportCall(path=log, out=None), StandIn).summary["lasers"]}
    assert lasers["VX-02"]["hours_to_eol"] == 0
    assert lasers["VX-02"]["first_alarm_utc"] == "2026-11-25T21:12:20Z"
    assert lasers["VX-05"]["hours_to_eol"] == 30
