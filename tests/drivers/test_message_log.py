"""What was said is written down, read again, and played again."""

import errno
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.emulators.clock import VirtualClock
from drivers.emulators.pm100 import PM100Box
from drivers.link import Link
from drivers.message_log import Message, MessageLog, exchanges, read_log
from drivers.pm100 import PM100
from drivers.script import Script
from tests.drivers.stand import FAST, connected


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=20)), max_size=10))
def test_any_bytes_come_back_from_the_file(said: list[tuple[bool, bytes]]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "messages.jsonl"
        log = MessageLog(path)
        for sent, data in said:
            log.note("meter", data, sent=sent)
        log.close()
        assert list(read_log(path)) == list(log.messages)


def test_a_message_is_on_disk_before_the_log_is_closed(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    log = MessageLog(path)
    log.note("meter", b"*IDN?\n", sent=True)
    assert [message.data for message in read_log(path)] == [b"*IDN?\n"]
    log.close()


def test_a_line_that_is_no_message_is_named(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    path.write_text('{"utc_s": 1.0, "link": "meter", "sent": "A"}\n{"utc_s": 1.0, "link"', encoding="utf-8")
    lines = read_log(path)
    assert next(lines) == Message(1.0, "meter", True, b"A")
    with pytest.raises(ValueError, match=r"messages\.jsonl:2: no message of a log"):
        next(lines)


def test_a_full_disk_ends_the_file_and_not_the_exchange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = MessageLog(tmp_path / "messages.jsonl")
    assert log._file is not None

    class Full:
        def write(self, _: str) -> int:
            raise OSError(errno.ENOSPC, "no space left on device")

    log.close()
    monkeypatch.setattr(log, "_file", Full())
    log.note("meter", b"A", sent=True)
    log.note("meter", b"B", sent=False)
    assert [message.data for message in log.messages] == [b"A", b"B"]


def test_a_closed_log_still_remembers(tmp_path: Path) -> None:
    log = MessageLog(tmp_path / "messages.jsonl")
    log.close()
    log.note("meter", b"A", sent=True)
    assert len(log.messages) == 1


def test_threads_do_not_mix_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    log = MessageLog(path)

    def say(name: str) -> None:
        for number in range(300):
            log.note(name, str(number).encode() * 20, sent=True)

    threads = [threading.Thread(target=say, args=(name,)) for name in "abcd"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    log.close()
    for name in "abcd":
        assert [pair[0] for pair in exchanges(read_log(path), name)] == [str(n).encode() * 20 for n in range(300)]


def test_exchanges_are_those_of_one_link() -> None:
    messages = [
        Message(0.0, "meter", False, b"a greeting"),
        Message(1.0, "meter", True, b"A?"),
        Message(2.0, "other", True, b"B?"),
        Message(3.0, "meter", False, b"1"),
        Message(4.0, "meter", True, b"C"),
    ]
    assert exchanges(messages, "meter") == [(b"A?", b"1"), (b"C", b"")]


def session_of(meter: PM100) -> list[object]:
    """What somebody did at the meter."""
    meter.averages = 5
    meter.wavelength_nm = 515.0
    return [meter.connect(), meter.power_w, meter.sensor, meter.unit, meter.auto_range]


def test_a_session_is_played_again_from_its_log(tmp_path: Path) -> None:
    path = tmp_path / "messages.jsonl"
    log, clock = MessageLog(path), VirtualClock(FAST)
    with connected(PM100, PM100Box("meter", clock, lambda: 0.184), clock, name="meter", log=log) as (meter, _):
        seen = session_of(meter)
    log.close()
    script = Script(exchanges(read_log(path), "meter"))
    replayed = PM100(Link(lambda: script, name="meter", identity=PM100.identity, settings=PM100.talks))
    assert session_of(replayed) == seen
    assert not script.pairs
