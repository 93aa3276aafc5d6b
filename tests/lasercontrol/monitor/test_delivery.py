"""Telling people: over real sockets, again after a failure, once after a crash, and never in scoring's way."""

import email
import email.policy
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lasercontrol.alarm_settings import AlarmSettings
from lasercontrol.errors import CallerError
from lasercontrol.monitor.alarm_desk import AlarmDesk
from lasercontrol.monitor.annunciator import Annunciator, ways_of
from lasercontrol.monitor.finding import Kind, Severity
from lasercontrol.monitor.outbox import Delivery, pause_s
from lasercontrol.monitor.webhook import KEY, SIGNATURE, STAMP, signature
from tests.lasercontrol.monitor.alarm_stand_in import found, row, schema, wait_until
from tests.lasercontrol.monitor.servers import MailServer, Receiver, mail_server, receiver

SOON = {"group_wait_s": 0.0, "group_pause_s": 0.0, "retry_first_s": 0.02, "retry_most_s": 0.05}


def by_mail(port: int, **more: Any) -> AlarmSettings:
    mail = {"host": "127.0.0.1", "port": port, "security": "none", "sender": "rack@lab.invalid"}
    return AlarmSettings.model_validate({**SOON, "mails": [{**mail, "recipients": ["ada@lab.invalid"], **more}]})


def by_webhook(port: int, **more: Any) -> AlarmSettings:
    way = {"url": f"http://127.0.0.1:{port}/alarms"}
    return AlarmSettings.model_validate({**SOON, "webhooks": [{**way, **more}]})


def opened(folder: Path, settings: AlarmSettings, lasers: int = 3) -> Annunciator:
    return Annunciator.opened(folder, schema(lasers), settings, ways_of(settings))


@pytest.fixture
def mails() -> Iterator[MailServer]:
    with mail_server(MailServer()) as told:
        yield told


@pytest.fixture
def posts() -> Iterator[Receiver]:
    with receiver(Receiver()) as told:
        yield told


def undelivered(folder: Path) -> list[dict[str, Any]]:
    desk = AlarmDesk(folder)
    try:
        return desk.undelivered()
    finally:
        desk.close()


def test_a_mail_says_what_when_and_why_in_the_racks_zone(tmp_path: Path, mails: MailServer) -> None:
    mails.refusals = 2
    with opened(tmp_path, by_mail(mails.port)) as made:
        made.rows(row(0), [found(0, severity=Severity.CRITICAL)])
        wait_until(lambda: not undelivered(tmp_path) and bool(mails.letters))
        assert made.standings()["mail"].delivered == 1
        assert made.standings()["mail"].failures == 2
    letter = email.message_from_bytes(mails.letters[0], policy=email.policy.default)
    assert letter["Subject"] == "[lasercontrol] CRITICAL: L0: sudden loss of light (night-1)"
    assert letter["To"] == "ada@lab.invalid"
    text = letter.get_content()
    assert "first seen 2026-11-25 10:46:39, alarm 2026-11-25 10:46:40" in text
    assert "Times are Europe/Berlin." in text
    assert "-8.25 %, bound -5 %" in text
    assert "power fell and stayed (sudden)" in text
    assert len(mails.letters) == 1


def test_a_thousand_at_once_are_one_message(tmp_path: Path, mails: MailServer) -> None:
    with opened(tmp_path, by_mail(mails.port), lasers=1000) as made:
        made.rows(row(0), [found(0, laser=laser) for laser in range(1000)])
    (letter,) = mails.letters
    told = email.message_from_bytes(letter, policy=email.policy.default)
    assert told["Subject"] == "[lasercontrol] ALARM: 1,000 alarms: sudden loss of light 1,000 (night-1)"
    assert "and 980 more" in told.get_content()


def test_instruments_are_not_told_as_lasers(tmp_path: Path, posts: Receiver) -> None:
    with opened(tmp_path, by_webhook(posts.port)) as made:
        made.rows(row(0), [found(0, Kind.COUPLING), found(0, Kind.WEAR, 1)])
    (told,) = [json.loads(body) for _, body in posts.posts]
    assert {alarm["kind"]: alarm["of_the_laser"] for alarm in told["alarms"]} == {"coupling": False, "wear": True}


def test_a_webhook_that_fails_first_has_it_in_the_end_with_one_key_and_signed(
    tmp_path: Path, posts: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOOK_KEY", "s3cret")
    posts.refusals = 3
    with opened(tmp_path, by_webhook(posts.port, secret_from="env:HOOK_KEY")) as made:  # noqa: S106 — where it is
        made.rows(row(0), [found(0)])
        wait_until(lambda: not undelivered(tmp_path) and bool(posts.posts))
    assert len(posts.tries) == 4
    assert len({headers[KEY] for headers, _ in posts.tries}) == 1
    headers, body = posts.posts[0]
    assert headers[SIGNATURE] == signature("s3cret", headers[STAMP], body)
    told = json.loads(body)
    assert (told["count"], told["severity"], told["alarms"][0]["alarm"]) == (1, "alarm", "A1")
    assert b"s3cret" not in (tmp_path / "alarms.sqlite").read_bytes()


def test_fired_is_kept_although_nobody_is_told_and_says_why(tmp_path: Path) -> None:
    with opened(tmp_path, by_webhook(_closed_port())) as made:
        made.rows(row(0), [found(0)])
        wait_until(lambda: any(late["error"] for late in undelivered(tmp_path)))
        assert "refused" in made.standings()["webhook"].error
    (late,) = undelivered(tmp_path)
    assert late["attempts"] >= 1
    assert "refused" in late["error"]
    desk = AlarmDesk(tmp_path)
    assert [alarm["state"] for alarm in desk.alarms()] == ["firing"]
    desk.close()


def _closed_port() -> int:
    with receiver(Receiver()) as told:
        return told.port


FIRES = """
import sys, time
from pathlib import Path
from lasercontrol.monitor.annunciator import Annunciator, ways_of
from tests.lasercontrol.monitor.alarm_stand_in import found, row, schema
from tests.lasercontrol.monitor.test_delivery import by_webhook

settings = by_webhook(int(sys.argv[2]))
made = Annunciator.opened(Path(sys.argv[1]), schema(), settings, ways_of(settings))
made.rows(row(0), [found(0)])
print("fired", flush=True)
time.sleep(60)
"""


def test_killed_between_fired_and_delivered_it_is_delivered_once(tmp_path: Path, posts: Receiver) -> None:
    posts.refusals = 10**9
    command = [sys.executable, "-c", FIRES, str(tmp_path), str(posts.port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        assert program.stdout.readline() == "fired\n"
        wait_until(lambda: len(posts.tries) >= 2)
        program.kill()
    tried = {headers[KEY] for headers, _ in posts.tries}
    posts.refusals = 0
    for seq in (1, 2):
        with opened(tmp_path, by_webhook(posts.port)) as made:
            made.rows(row(seq), [found(seq)])  # still there: no second alarm
            wait_until(lambda: bool(posts.posts))
    ((headers, _),) = posts.posts
    assert {headers[KEY]} == tried
    assert not undelivered(tmp_path)


def test_another_address_is_not_followed(tmp_path: Path, posts: Receiver) -> None:
    posts.redirect = True
    with opened(tmp_path, by_webhook(posts.port)) as made:
        made.rows(row(0), [found(0)])
        wait_until(lambda: bool(made.standings()["webhook"].error))
        assert made.standings()["webhook"].error == "127.0.0.1 answers 307"
    assert not posts.posts


def test_without_encryption_no_password_is_said(
    tmp_path: Path, mails: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_KEY", "s3cret")
    key = "env:MAIL_KEY"
    settings = by_mail(mails.port, security="starttls", username="rack", password_from=key)
    with opened(tmp_path, settings) as made:
        made.rows(row(0), [found(0)])
        wait_until(lambda: bool(made.standings()["mail"].error))
        assert "STARTTLS" in made.standings()["mail"].error
    assert not any("AUTH" in line or "MAIL" in line for line in mails.lines)


def test_a_missing_secret_is_said_before_anything_begins(tmp_path: Path) -> None:
    settings = by_webhook(1, secret_from=f"file:{tmp_path / 'none'}")
    with pytest.raises(CallerError, match="cannot be read"):
        ways_of(settings)


class Stuck:
    """A server that takes the connection and never answers."""

    name, least = "stuck", Severity.WARNING

    def __init__(self) -> None:
        self.asked, self.freed = threading.Event(), threading.Event()

    def check(self) -> None: ...

    def send(self, _: Delivery) -> str:
        self.asked.set()
        self.freed.wait(60)
        return ""


def test_a_server_that_never_answers_holds_up_neither_scoring_nor_others(tmp_path: Path, posts: Receiver) -> None:
    settings, stuck = by_webhook(posts.port), Stuck()
    made = Annunciator.opened(tmp_path, schema(), settings, [stuck, *ways_of(settings)])
    made.rows(row(0), [found(0)])
    assert stuck.asked.wait(30)
    assert made.rows(row(1), [found(1, laser=1)])  # returns, although the first message is still being told
    wait_until(lambda: bool(posts.posts))
    stuck.freed.set()
    made.close()


def test_the_pause_between_tries_doubles_up_to_its_bound() -> None:
    settings = AlarmSettings(retry_first_s=5.0, retry_most_s=300.0)
    assert [pause_s(settings, tries) for tries in (1, 2, 3, 6, 7, 10_000)] == [5.0, 10.0, 20.0, 160.0, 300.0, 300.0]
