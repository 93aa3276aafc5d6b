"""Blocks of bytes, `#<n><length><data>`: nothing in them is read as their end, and garbage is not waited for."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import ReplyTimeout, WrongReply
from drivers.link import GREATEST_BLOCK, Identity, Link, LinkSettings
from drivers.message_log import MessageLog
from drivers.script import Script


def asked(*answers: bytes, log: MessageLog | None = None, block_end_s: float | None = None) -> Link:
    """A link to an instrument that gives these answers, one to each `DATA?`."""
    script = Script([(b"DATA?\n", answer) for answer in answers])
    settings = LinkSettings(block_end_s=block_end_s)
    found = Link(lambda: script, name="it", identity=Identity(), settings=settings, log=log)
    found._port = script
    return found


@given(st.binary(max_size=300))
def test_any_bytes_come_as_they_are(data: bytes) -> None:
    length = str(len(data)).encode()
    found = asked(b"#" + str(len(length)).encode() + length + data + b"\n", b"#14\n#1#\n")
    assert found.query_block("DATA?") == data
    assert found.query_block("DATA?") == b"\n#1#"


def test_a_trace_with_line_feeds_and_hashes_in_it_comes_whole() -> None:
    trace = np.array([10, 35, 10, 35, 13, 10], "<u2").tobytes()
    found = asked(b"#212" + trace + b"\n")
    assert np.frombuffer(found.query_block("DATA?"), "<u2").tolist() == [10, 35, 10, 35, 13, 10]


@pytest.mark.parametrize(
    "answer",
    [
        b"1.0E-3\n",
        b"#0123\n",
        b"##212\n",
        b"#A12\n",
        b"#2+5hello\n",
        b"#2 5hello\n",
        b"#21_hello\n",
        b"#9999999999\n",
        b"#6\n\n\n\n\n\n\n",
        f"#9{GREATEST_BLOCK + 1:09d}".encode(),
        b"#15hello world\n",
    ],
)
def test_what_is_no_block_is_a_wrong_reply(answer: bytes) -> None:
    found = asked(answer)
    with pytest.raises(WrongReply):
        found.query_block("DATA?")
    assert found._doubt


@pytest.mark.parametrize("answer", [b"", b"#", b"#2", b"#21", b"#210", b"#210hello", b"#15hello"])
def test_a_block_that_does_not_come_whole_is_a_time_out(answer: bytes) -> None:
    found = asked(answer)
    with pytest.raises(ReplyTimeout):
        found.query_block("DATA?")
    assert found._doubt


def test_an_instrument_may_be_known_to_leave_the_end_of_a_block_out() -> None:
    found = asked(b"#15hello", block_end_s=0.1)
    assert found.query_block("DATA?") == b"hello"
    assert not found._doubt


def test_a_block_is_logged_whole() -> None:
    log = MessageLog()
    asked(b"#15hello\n", log=log).query_block("DATA?")
    assert [message.data for message in log.messages] == [b"DATA?\n", b"#15hello\n"]
