"""What a log keeps in memory is bounded in messages and in bytes."""

import pytest

from drivers import message_log
from drivers.message_log import MessageLog


def test_long_messages_push_the_oldest_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_log, "KEPT_BYTES", 1000)
    log = MessageLog()
    for number in range(100):
        log.note("shaper", bytes([number]) * 150, sent=True)
    assert [message.data[0] for message in log.messages] == list(range(94, 100))


def test_the_last_message_is_kept_however_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_log, "KEPT_BYTES", 1000)
    log = MessageLog()
    log.note("shaper", b"short", sent=True)
    log.note("shaper", b"x" * 5000, sent=False)
    assert [len(message.data) for message in log.messages] == [5000]


def test_short_messages_are_bounded_by_their_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(message_log, "KEPT", 10)
    log = MessageLog()
    for number in range(25):
        log.note("meter", b"%d" % number, sent=True)
    assert [int(message.data) for message in log.messages] == list(range(15, 25))
