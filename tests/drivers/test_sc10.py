"""Pages of the SC10 manual, and the shutter on a serial line and behind a terminal server."""

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import Fault
from drivers.emulators.pty_server import PtyServer
from drivers.emulators.sc10 import SC10Box
from drivers.emulators.server import BoxServer, Service
from drivers.errors import (
    InterlockOpen,
    LinkError,
    NotObeyed,
    NotReady,
    OutOfRange,
    Refused,
    ReplyTimeout,
    SetPointLost,
    WrongIdentity,
    WrongReply,
)
from drivers.sc10 import SC10
from drivers.script import Script
from tests.drivers.stand import FAST, connected, scripted

ID = "THORLABS SC10 VERSION 1.07"
CARRIED = pytest.mark.parametrize("carrier", [BoxServer, PtyServer], ids=["tcp", "serial"])


def said(question: str, *lines: str) -> tuple[str, str]:
    """A question, and what comes back but for the prompt: its echo, and the lines."""
    return question, "".join(f"{line}\r" for line in (question, *lines))


def on_script(*pairs: tuple[str, str | bytes | None]) -> tuple[SC10, Script]:
    """A shutter whose identity is not the test's subject."""
    return scripted(SC10, *pairs)


def test_the_identity_is_proved_and_told_without_its_echo() -> None:
    shutter, script = scripted(SC10, said("closed?", "1"), idn=said("id?", ID)[1])
    assert shutter.connect() == ID
    assert not shutter.is_open
    assert not script.pairs


def test_another_controller_is_told_and_asked_nothing_else() -> None:
    shutter, script = scripted(SC10, idn=said("id?", "THORLABS TC200 1.0")[1])
    with pytest.raises(WrongIdentity, match="TC200"):
        _ = shutter.is_open
    assert not script.pairs


def test_it_opens_by_a_toggle_after_looking_and_looks_again() -> None:
    shutter, script = on_script(
        said("mode?", "1"), said("interlock?", "0"), said("ens?", "0"), said("ens"), said("ens?", "1"),
        said("closed?", "1"), said("closed?", "0"),
    )  # fmt: skip
    shutter.open_shutter()
    assert not script.pairs


def test_what_is_closed_already_is_not_toggled() -> None:
    shutter, script = on_script(said("ens?", "0"), said("closed?", "1"))
    shutter.close_shutter()
    assert not script.pairs


def test_a_toggle_that_did_nothing_is_told_and_not_tried_again() -> None:
    shutter, script = on_script(said("ens?", "1"), said("ens"), said("ens?", "1"))
    with pytest.raises(NotObeyed, match="asked to be disabled"):
        shutter.close_shutter()
    assert not script.pairs


def test_after_a_lost_reply_the_state_is_read_before_anything_is_toggled() -> None:
    shutter, script = on_script(
        said("ens?", "1"), ("ens", None), said("id?", ID), said("ens?", "0"), said("closed?", "1"),
    )  # fmt: skip
    with pytest.raises(ReplyTimeout):
        shutter.close_shutter()
    shutter.close_shutter()
    assert not script.pairs


def test_an_open_interlock_is_told_before_anything_is_toggled() -> None:
    shutter, script = on_script(said("mode?", "1"), said("interlock?", "1"))
    with pytest.raises(InterlockOpen, match=r"tripped.*nothing was sent"):
        shutter.open_shutter()
    assert not script.pairs


def test_a_mode_in_which_enabling_starts_a_sequence_does_not_open() -> None:
    shutter, script = on_script(said("mode?", "4"))
    with pytest.raises(NotReady, match=r"mode is repeat.*nothing was sent"):
        shutter.open_shutter()
    assert not script.pairs


def test_a_shutter_that_does_not_move_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.sc10.TRAVEL_S", 0.0)
    shutter, script = on_script(said("ens?", "1"), said("ens"), said("ens?", "0"), said("closed?", "0"))
    with pytest.raises(NotReady, match="not closed"):
        shutter.close_shutter()
    assert not script.pairs


@pytest.mark.parametrize(
    "reply", ["closed?\r2\r", "closed?\r\r", "closed?\r", "ens?\r1\r", "1\r", "", "closed?\r1\r1\r", "closed?\r0x1\r"]
)
def test_what_is_no_state_is_no_state(reply: str) -> None:
    shutter, _ = on_script(("closed?", reply))
    with pytest.raises(WrongReply):
        _ = shutter.is_open


def test_an_error_is_raised_and_a_set_is_read_back() -> None:
    shutter, script = on_script(
        said("mode=2", "Command error CMD_ARG_INVALID"), said("open=250"), said("open?", "250"), said("shut=9"),
        said("shut?", "8"),
    )  # fmt: skip
    with pytest.raises(Refused, match="CMD_ARG_INVALID"):
        shutter.mode = "auto"
    shutter.open_ms = 250.0
    with pytest.raises(NotObeyed, match="asked 9 ms"):
        shutter.shut_ms = 9.0
    assert not script.pairs


def test_what_it_cannot_do_is_not_sent() -> None:
    shutter, script = on_script()
    for name, value in (("open_ms", 0.0), ("open_ms", 1e6), ("mode", "fast"), ("open_ms", float("nan"))):
        with pytest.raises(OutOfRange, match="nothing was sent"):
            setattr(shutter, name, value)
    with pytest.raises(OutOfRange, match="open_shutter"):
        shutter.enabled = True
    assert not script.pairs


@CARRIED
def test_on_the_wire_it_opens_and_closes(carrier: type[Service]) -> None:
    clock = VirtualClock(FAST)
    box = SC10Box("shutter", clock)
    with connected(SC10, box, clock, carrier) as (shutter, _):
        assert shutter.connect() == ID
        shutter.open_shutter()
        assert box.is_open
        assert shutter.state()["enabled"] is True
        shutter.mode = "auto"
        assert shutter.problems() == ["the mode is auto; this program needs manual"]
        shutter.close_shutter()
        assert not box.is_open


@CARRIED
def test_the_blade_is_waited_for(carrier: type[Service]) -> None:
    clock = VirtualClock()
    box = SC10Box("shutter", clock, travel_s=0.1)
    with connected(SC10, box, clock, carrier) as (shutter, _):
        shutter.open_shutter()
        assert box.is_open


@CARRIED
def test_a_tripped_interlock_closes_and_stays_until_a_person_has_closed_it(carrier: type[Service]) -> None:
    clock = VirtualClock(FAST)
    box = SC10Box("shutter", clock)
    with connected(SC10, box, clock, carrier) as (shutter, at):
        shutter.open_shutter()
        at.inject(Fault("interlock"))
        assert shutter.interlock_closed is False
        assert not shutter.is_open
        with pytest.raises(InterlockOpen):
            shutter.open_shutter()
        assert "interlock" in shutter.problems()[0]
        at.stand.call(box.close_interlock)
        assert not shutter.is_open
        shutter.open_shutter()
        assert box.is_open


@CARRIED
@pytest.mark.parametrize("fault", ["drop", "half", "garbage", "late", "deaf"])
def test_a_lost_reply_to_the_toggle_never_toggles_twice(carrier: type[Service], fault: str) -> None:
    """The trap of this instrument: the toggle was done, its reply was lost, and whoever sends it again opens."""
    clock = VirtualClock(FAST)
    box = SC10Box("shutter", clock)
    with connected(SC10, box, clock, carrier, timeout_s=0.6, reconnect_s=3.0) as (shutter, at):
        shutter.open_shutter()
        toggle = _spoiled_toggle(at.server, Fault(fault, seconds=0.9))  # type: ignore[arg-type]
        with pytest.raises(LinkError):
            shutter.close_shutter()
        closed_in_the_end(shutter)
        assert not box.is_open
        assert toggle == [b"ens"], "toggled again"


def closed_in_the_end(shutter: SC10) -> None:
    """Close until it is told that it is closed; a link that is still in disorder may need a second try."""
    for _ in range(4):
        try:
            shutter.close_shutter()
        except LinkError:
            continue
        return
    pytest.fail("never closed")


def _spoiled_toggle(server: Service, fault: Fault) -> list[bytes]:
    """The fault strikes the reply to `ens` and no other; gives the toggles that the box has heard."""
    heard: list[bytes] = []
    answer = server.box.answer

    def listening(message: bytes) -> object:
        reply = answer(message)
        if message == b"ens":
            heard.append(message)
            server.inject(fault)
        return reply

    server.box.answer = listening  # type: ignore[method-assign, assignment]
    return heard


def test_closing_comes_before_telling_that_set_points_are_lost() -> None:
    clock = VirtualClock(FAST)
    box = SC10Box("shutter", clock)
    with connected(SC10, box, clock) as (shutter, at):
        shutter.open_ms = 250.0
        shutter.open_shutter()
        at.stand.call(lambda: box.settings.update(open=1000))
        shutter.link.doubt("the test says so")
        with pytest.raises(SetPointLost, match="open_ms was 250 ms and is 1000 ms"):
            shutter.close_shutter()
        assert not box.is_open
