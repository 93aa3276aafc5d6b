"""Encrypted delivery, over real sockets with a certificate of our own; and refused where it is not trusted."""

import ssl
from pathlib import Path

import pytest

from tests.lasercontrol.monitor.alarm_stand_in import found, row, wait_until
from tests.lasercontrol.monitor.servers import MailServer, Receiver, certified, mail_server, receiver
from tests.lasercontrol.monitor.test_delivery import by_mail, by_webhook, opened


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, ssl.SSLContext]:
    return certified(tmp_path_factory.mktemp("certificate"))


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_mail_is_encrypted_before_the_password_is_said(
    tmp_path: Path, certificate: tuple[Path, ssl.SSLContext], security: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_KEY", "s3cret")
    file, trust = certificate
    secret = {"username": "rack", "password_from": "env:MAIL_KEY"}
    with mail_server(MailServer(security=security, trust=trust)) as mails:
        settings = by_mail(mails.port, security=security, ca_file=str(file), **secret)
        with opened(tmp_path, settings) as made:
            made.rows(row(0), [found(0)])
    assert mails.encrypted == [True]
    words = [line.split()[0].upper() for line in mails.lines]
    assert words.index("AUTH") > (words.index("STARTTLS") if security == "starttls" else 0)


def test_a_certificate_that_nobody_vouches_for_is_refused(
    tmp_path: Path, certificate: tuple[Path, ssl.SSLContext]
) -> None:
    with (
        mail_server(MailServer(security="tls", trust=certificate[1])) as mails,
        opened(tmp_path, by_mail(mails.port, security="tls")) as made,
    ):
        made.rows(row(0), [found(0)])
        wait_until(lambda: "CERTIFICATE_VERIFY_FAILED" in made.standings()["mail"].error)
    assert not mails.lines


def test_a_webhook_is_posted_encrypted(tmp_path: Path, certificate: tuple[Path, ssl.SSLContext]) -> None:
    file, trust = certificate
    with receiver(Receiver(trust=trust)) as posts:
        settings = by_webhook(posts.port, url=f"https://127.0.0.1:{posts.port}/alarms", ca_file=str(file))
        with opened(tmp_path, settings) as made:
            made.rows(row(0), [found(0)])
    assert len(posts.posts) == 1
