"""Acknowledging, latching and silencing, over restarts; and what the engine does stays the same."""

from pathlib import Path

import pytest

from lasercontrol.alarm_settings import AlarmSettings
from lasercontrol.errors import CallerError
from lasercontrol.monitor.alarm_desk import AlarmDesk
from lasercontrol.monitor.annunciator import Annunciator
from lasercontrol.monitor.finding import Finding, Kind, Severity
from lasercontrol.monitor.outbox import Outbox
from tests.lasercontrol.monitor.alarm_stand_in import found, row, schema

SETTINGS = AlarmSettings(clear_after_s=0.0, for_s={"instrument": 0.0}, group_wait_s=0.0, group_pause_s=0.0)
FAR_S = 4e9


def night(folder: Path, *rows: tuple[int, list[Finding]]) -> None:
    """A program that takes these rows, and ends."""
    with Annunciator.opened(folder, schema(), SETTINGS) as made:
        for seq, findings in rows:
            made.rows(row(seq), findings)


def states(folder: Path) -> dict[str, str]:
    desk = AlarmDesk(folder)
    try:
        return {alarm["alarm"]: alarm["state"] for alarm in desk.alarms(over=True)}
    finally:
        desk.close()


def acknowledge(folder: Path, *names: str) -> list[str]:
    desk = AlarmDesk(folder)
    try:
        return desk.acknowledge(names, "Ada", "seen")
    finally:
        desk.close()


def told(folder: Path, now_utc_s: float = FAR_S, least: Severity = Severity.WARNING) -> list[list[str]]:
    """Alarms of each message that the way `mail` makes now."""
    outbox = Outbox(folder / "alarms.sqlite", "mail", least, SETTINGS)
    try:
        outbox.gather(now_utc_s)
        due = outbox.due(now_utc_s)
        for delivery in due:
            outbox.delivered(delivery.number, now_utc_s)
        return [[alarm["alarm"] for alarm in delivery.message.payload["alarms"]] for delivery in due]
    finally:
        outbox.close()


def test_a_latched_alarm_waits_for_somebody(tmp_path: Path) -> None:
    night(tmp_path, (0, [found(0)]))
    assert states(tmp_path) == {"A1": "firing"}
    night(tmp_path, (1, [found(1, active=False)]))
    assert states(tmp_path) == {"A1": "latched"}
    acknowledge(tmp_path, "A1")
    assert states(tmp_path) == {"A1": "cleared"}


def test_an_instrument_that_is_well_again_waits_for_nobody(tmp_path: Path) -> None:
    night(tmp_path, (0, [found(0, Kind.INSTRUMENT)]), (1, [found(1, Kind.INSTRUMENT, active=False)]))
    assert states(tmp_path) == {"A1": "cleared"}


def test_an_acknowledged_alarm_goes_by_itself(tmp_path: Path) -> None:
    night(tmp_path, (0, [found(0)]))
    acknowledge(tmp_path, "all")
    assert states(tmp_path) == {"A1": "acknowledged"}
    night(tmp_path, (1, [found(1, active=False)]))
    assert states(tmp_path) == {"A1": "cleared"}


def test_what_becomes_worse_must_be_acknowledged_again_and_is_told_again(tmp_path: Path) -> None:
    night(tmp_path, (0, [found(0)]))
    assert told(tmp_path) == [["A1"]]
    acknowledge(tmp_path, "A1")
    night(tmp_path, (1, [found(1, severity=Severity.CRITICAL)]))
    assert (states(tmp_path), told(tmp_path)) == ({"A1": "firing"}, [["A1"]])


def test_the_same_trouble_again_is_told_once_until_somebody_has_seen_it(tmp_path: Path) -> None:
    flaps = [(seq, [found(seq, active=seq % 2 == 0)]) for seq in range(6)]
    night(tmp_path, *flaps)
    assert (states(tmp_path), told(tmp_path)) == (dict.fromkeys(["A1", "A2", "A3"], "latched"), [["A1"]])
    acknowledge(tmp_path, "A1")
    night(tmp_path, (6, [found(6)]))
    assert told(tmp_path) == [["A4"]]


def test_people_do_not_change_the_lines(tmp_path: Path) -> None:
    rows = [(seq, [found(seq, active=seq % 2 == 0)]) for seq in range(6)]
    (tmp_path / "alone").mkdir()
    (tmp_path / "seen").mkdir()
    for at in rows:
        night(tmp_path / "alone", at)
        night(tmp_path / "seen", at)
        acknowledge(tmp_path / "seen", "all")
    kept = []
    for folder in ("alone", "seen"):
        desk = AlarmDesk(tmp_path / folder)
        kept.append(desk._store.lines())
        desk.close()
    assert kept[0] == kept[1]


def test_a_silence_ends_and_what_is_still_there_is_told(tmp_path: Path) -> None:
    night(tmp_path, (0, []))
    desk = AlarmDesk(tmp_path)
    desk.silence("L0", 2000.0, "Ada", "new fibre", now_utc_s=1000.0)
    desk.close()
    found_both = [found(0, laser=0), found(0, laser=1), found(0, Kind.COUPLING, 0)]
    night(tmp_path, (1, found_both), (2, [found(2, Kind.COUPLING, 0, active=False)]))
    _as_of(tmp_path, 1500.0)
    assert told(tmp_path, 1500.0) == [["A3"]]
    assert told(tmp_path, 1999.0) == []
    assert told(tmp_path, 2001.0) == [["A2"]]  # and not the coupling, which came and went meanwhile


def _as_of(folder: Path, utc_s: float) -> None:
    """As if what fired had fired then."""
    desk = AlarmDesk(folder)
    desk._link.execute("UPDATE notices SET made_utc_s = ?", (utc_s,))
    desk.close()


def test_a_silence_of_the_settings_is_kept_once(tmp_path: Path) -> None:
    silence = {"until": "2100-01-01T00:00:00+01:00", "why": "service", "kind": "wear"}
    settings = AlarmSettings.model_validate({"silences": [silence]})
    for _ in range(2):
        Annunciator.opened(tmp_path, schema(), settings).close()
    desk = AlarmDesk(tmp_path)
    (kept,) = desk.silences()
    assert (kept["kind"], kept["laser_id"], kept["who"]) == ("wear", None, "config")
    desk.end_silence(kept["id"])
    assert not desk.silences()
    with pytest.raises(CallerError, match="no silence 1 is in force"):
        desk.end_silence(kept["id"])
    desk.close()


def test_what_is_less_severe_than_the_way_wants_is_not_told(tmp_path: Path) -> None:
    night(tmp_path, (0, [found(0, severity=Severity.WARNING), found(0, laser=1, severity=Severity.INFO)]))
    assert told(tmp_path, least=Severity.ALARM) == []
    night(tmp_path, (1, [found(1, severity=Severity.CRITICAL)]))
    assert told(tmp_path, least=Severity.ALARM) == [["A1"]]


def test_a_wrong_name_acknowledges_nothing(tmp_path: Path) -> None:
    night(tmp_path, (0, [found(0)]))
    with pytest.raises(CallerError, match="holds no alarm 'A9'; nothing was acknowledged"):
        acknowledge(tmp_path, "A1", "A9")
    assert states(tmp_path) == {"A1": "firing"}


@pytest.mark.parametrize(("what", "until"), [("L7", FAR_S), ("all", 5.0)])
def test_a_silence_of_nothing_or_of_the_past_is_refused(tmp_path: Path, what: str, until: float) -> None:
    night(tmp_path, (0, []))
    desk = AlarmDesk(tmp_path)
    with pytest.raises(CallerError, match="nothing was silenced"):
        desk.silence(what, until, "Ada", "why", now_utc_s=10.0)
    assert not desk.silences(0.0)
    desk.close()
