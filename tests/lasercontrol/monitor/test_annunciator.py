"""A disk that cannot be written: alarms are told from memory, kept later, and told once."""

import sqlite3
from pathlib import Path

import pytest

from lasercontrol.alarm_settings import AlarmSettings
from lasercontrol.monitor import annunciator
from lasercontrol.monitor.alarm_desk import AlarmDesk
from lasercontrol.monitor.alarm_store import AlarmStore
from lasercontrol.monitor.annunciator import Annunciator, ways_of
from lasercontrol.monitor.finding import Kind, Severity
from tests.lasercontrol.monitor.alarm_stand_in import found, row, schema, wait_until
from tests.lasercontrol.monitor.servers import Receiver, receiver
from tests.lasercontrol.monitor.test_delivery import by_webhook, undelivered


def full(*_: object) -> None:
    raise sqlite3.OperationalError("database or disk is full")


@pytest.fixture(autouse=True)
def _tries_again_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(annunciator, "RETRY_S", 0.0)


def test_a_full_disk_is_told_from_memory_and_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with receiver(Receiver()) as posts:
        settings = by_webhook(posts.port)
        with Annunciator.opened(tmp_path, schema(), settings, ways_of(settings)) as made:
            with monkeypatch.context() as patch:
                patch.setattr(AlarmStore, "commit", full)
                made.outside(found(0, Kind.STORAGE, None, severity=Severity.CRITICAL))
                made.rows(row(0), [found(0)])
                wait_until(lambda: sum(b'"alarm": ' in body for _, body in posts.posts) >= 1)
                wait_until(lambda: {b'"S1"' in _all(posts), b'"A1"' in _all(posts)} == {True})
                assert made.unsaved == 2
                assert not made.rows(row(1), [])
            made.rows(row(2), [])
            assert made.unsaved == 0
        told = _all(posts)
    assert (told.count(b'"alarm": "A1"'), told.count(b'"alarm": "S1"')) == (1, 1)
    assert "disk is full" in caplog.text
    desk = AlarmDesk(tmp_path)
    assert {alarm["alarm"] for alarm in desk.alarms()} == {"A1", "S1"}
    desk.close()
    assert not undelivered(tmp_path)


def _all(posts: Receiver) -> bytes:
    return b"\n".join(body for _, body in posts.posts)


def test_what_was_never_kept_comes_again_after_a_restart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Annunciator.opened(tmp_path, schema(), AlarmSettings()) as made:
        made.rows(row(0), [found(0)])
        with monkeypatch.context() as patch:
            patch.setattr(AlarmStore, "commit", full)
            made.rows(row(1), [found(1, laser=1)])
            made.close()
    with Annunciator.opened(tmp_path, schema(), AlarmSettings()) as again:
        assert again.seq == 0
        assert [step.alarm for step in again.rows(row(1), [found(1, laser=1)])] == ["A2"]


def test_alarms_of_the_program_itself_stay_out_of_the_logs(tmp_path: Path) -> None:
    with Annunciator.opened(tmp_path, schema(), AlarmSettings(clear_after_s=0.0)) as made:
        made.outside(found(0, Kind.STORAGE, None))
        made.rows(row(0), [found(0)])
        made.outside(found(5, Kind.STORAGE, None, active=False))
        assert [len(made._store.lines(prefix)) for prefix in ("A", "S")] == [1, 2]
        assert made.fired[Severity.ALARM] == 2


def test_time_passes_for_them_by_pulses(tmp_path: Path) -> None:
    with Annunciator.opened(tmp_path, schema(), AlarmSettings(clear_after_s=10.0)) as made:
        made.outside(found(0, Kind.STORAGE, None))
        made.outside(found(1, Kind.STORAGE, None, active=False))
        assert not made.pulse(10.0, 10.0)
        assert [step.step for step in made.pulse(11.0, 11.0)] == ["cleared"]


def test_what_an_earlier_program_said_of_itself_is_over_unless_it_is_said_again(tmp_path: Path) -> None:
    settings = AlarmSettings(clear_after_s=10.0)
    with Annunciator.opened(tmp_path, schema(), settings) as made:
        made.outside(found(0, Kind.STORAGE, None))
    with Annunciator.opened(tmp_path, schema(), settings) as again:
        assert not again.outside(found(5, Kind.STORAGE, None))
        assert not again.pulse(20.0, 20.0)
    with Annunciator.opened(tmp_path, schema(), settings) as well:
        assert not well.pulse(25.0, 25.0)
        assert [(step.alarm, step.step) for step in well.pulse(35.0, 35.0)] == [("S1", "cleared")]
