"""Settings of alarms: what is refused, and with which words."""

from typing import Any

import pytest
import yaml

from lasercontrol.alarm_settings import AlarmSettings

MAIL = {"host": "mail.lab.invalid", "sender": "rack@lab.invalid", "recipients": ["ada@lab.invalid"]}


def test_nothing_needs_to_be_said() -> None:
    assert AlarmSettings().for_s == {}


def test_a_section_as_it_is_written() -> None:
    made = AlarmSettings.model_validate(
        yaml.safe_load(
            "for_s: {wear: 600, instrument: 10.5}\n"
            "mails: [{host: mail.lab.invalid, sender: rack@lab.invalid, recipients: [ada@lab.invalid]}]\n"
            "silences: [{until: 2026-11-26T08:00:00+01:00, why: service, laser: L3}]\n"
        )
    )
    assert made.for_s == {"wear": 600.0, "instrument": 10.5}
    assert made.silences[0].until.timestamp() == 1795676400.0
    assert AlarmSettings.model_validate(made.model_dump(mode="json")) == made


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"for_s": {"wera": 1.0}}, "should be"),
        ({"silences": [{"until": "2026-11-26T08:00:00", "why": "service"}]}, "timezone"),
        ({"mails": [{**MAIL, "username": "rack"}]}, "belong together"),
        (
            {"mails": [{**MAIL, "username": "rack", "password_from": "env:KEY", "security": "none"}]},
            "in the clear",
        ),
        ({"mails": [{**MAIL, "username": "rack", "password_from": "s3cret"}]}, "pattern"),
        ({"mails": [MAIL, MAIL]}, "two ways of delivery are called mail"),
        ({"webhooks": [{"url": "ftp://lab.invalid/x"}]}, "no http:// or https:// address"),
        ({"webhooks": [{"url": "https://ada:s3cret@lab.invalid/x"}]}, "holds a password"),
        ({"retry_first_s": 10.0, "retry_most_s": 5.0}, "below retry_first_s"),
        ({"latching": ["wear", "sudenly"]}, "should be"),
        ({"group_wait_s": True}, "valid number"),
    ],
)
def test_what_is_wrong_is_refused(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        AlarmSettings.model_validate(wrong)
