"""A script plays its part strictly: in order, word for word, and what nobody read is not forgotten."""

import pytest

from drivers.errors import ReplyTimeout, WrongReply
from drivers.script import Script


def test_pairs_are_played_in_order_and_used_up() -> None:
    script = Script([(b"A?\n", b"1\n"), (b"B\n", b""), (b"C?\n", b"#13abc\n")])
    script.send(b"A?\n")
    assert script.receive_until(b"\n", 0.0) == b"1"
    script.send(b"B\n")
    script.send(b"C?\n")
    assert script.receive_exactly(3, 0.0) == b"#13"
    assert script.receive_exactly(3, 0.0) == b"abc"
    script.finish(b"\n", 0.0)
    assert not script.pairs


@pytest.mark.parametrize("sent", [b"B?\n", b"A?", b"a?\n"])
def test_another_message_is_an_error_of_the_test(sent: bytes) -> None:
    script = Script([(b"A?\n", b"1\n")])
    with pytest.raises(AssertionError, match=r"the script has b'A\?\\n'"):
        script.send(sent)


def test_more_than_the_script_has_is_an_error_of_the_test() -> None:
    with pytest.raises(AssertionError, match="the script is over"):
        Script([]).send(b"A?\n")


def test_an_answer_that_nobody_read_is_an_error_of_the_test() -> None:
    script = Script([(b"A?\n", b"1\n"), (b"B?\n", b"2\n")])
    script.send(b"A?\n")
    with pytest.raises(AssertionError, match="waits to be read"):
        script.send(b"B?\n")


def test_an_answer_without_its_end_is_a_time_out() -> None:
    script = Script([(b"A?\n", b"1.0")] * 2)
    script.send(b"A?\n")
    with pytest.raises(ReplyTimeout, match=r"got b'1\.0'"):
        script.receive_until(b"\n", 0.0)
    script.send(b"A?\n")
    with pytest.raises(ReplyTimeout, match=r"got b'1\.0'"):
        script.receive_exactly(4, 0.0)


def test_what_follows_a_block_is_a_wrong_reply() -> None:
    script = Script([(b"A?\n", b"abc\n")])
    script.send(b"A?\n")
    assert script.receive_exactly(1, 0.0) == b"a"
    with pytest.raises(WrongReply, match="follows a block"):
        script.finish(b"\n", 0.0)


def test_a_clear_forgets_what_waits() -> None:
    script = Script([(b"A?\n", b"1\n"), (b"B\n", b"")])
    script.send(b"A?\n")
    script.clear()
    script.send(b"B\n")
    script.close()
