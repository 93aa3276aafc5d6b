"""Pages of the ESP300 manual, and the stage on a serial line and behind a terminal server."""

import gc
import threading
import time
from contextlib import suppress

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.esp301 import ESP301Box
from drivers.emulators.faults import Fault
from drivers.emulators.pty_server import PtyServer
from drivers.emulators.server import BoxServer, Service
from drivers.errors import (
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
from drivers.esp301 import ESP301
from tests.closeness import assert_close
from tests.drivers.stand import FAST, connected, scripted, served

VERSION = "ESP301 Version 3.0.1 6/1/99"
MM = ("1SN?", "2")
NO_ERROR = ("TB?", "0, 451322, NO ERROR DETECTED")
CARRIED = pytest.mark.parametrize("carrier", [BoxServer, PtyServer], ids=["tcp", "serial"])
BEFORE_A_MOVE = (
    ("1SL?", "-12.5"), MM, ("1SR?", "12.5"), ("1TP?", "0.000000"), ("1VA?", "200"), ("1AC?", "4000"), ("1AG?", "4000"),
)  # fmt: skip


def test_the_identity_is_proved_first_and_the_unit_after_the_first_answer() -> None:
    stage, script = scripted(ESP301, ("1TP?", "3.25"), MM, ("1TP?", "-3.25"), idn=VERSION)
    assert_close(stage.position_mm, 3.25, rel=1e-12)
    assert_close(stage.position_mm, -3.25, rel=1e-12)
    assert not script.pairs


def test_another_instrument_is_told_and_asked_nothing_else() -> None:
    stage, script = scripted(ESP301, idn="SMC100CC")
    with pytest.raises(WrongIdentity, match="SMC100"):
        _ = stage.position_mm
    assert not script.pairs


def test_a_stage_that_counts_in_degrees_gives_no_millimetres() -> None:
    stage, script = scripted(ESP301, ("1TP?", "90.0"), ("1SN?", "7"), ("1TP?", "90.0"), ("1SN?", "7"))
    for _ in range(2):
        with pytest.raises(WrongReply, match=r"unit '7', where 2 \(millimetre\)"):
            _ = stage.position_mm
    assert not script.pairs


def test_a_move_is_checked_waited_for_and_read_back() -> None:
    stage, script = scripted(
        ESP301, *BEFORE_A_MOVE, ("1PA5.250000", None), NO_ERROR, ("1MD?", "0"), ("1MD?", "0"), ("1MD?", "1"),
        ("1TP?", "5.2491"),
    )  # fmt: skip
    stage.move_to(5.25)
    assert not script.pairs


def test_each_axis_speaks_of_itself() -> None:
    stage, script = scripted(ESP301, ("3TP?", "1"), ("3SN?", "2"), ("3MF", None), NO_ERROR, ("3MO?", "0"), axis=3)
    assert_close(stage.position_mm, 1.0, rel=1e-12)
    stage.motor_on = False
    assert stage.name == "ESP301 axis 3"
    assert not script.pairs
    with pytest.raises(OutOfRange, match="no axis 4"):
        scripted(ESP301, axis=4)


@pytest.mark.parametrize("target_mm", [12.6, -13.0, float("nan"), float("inf")])
def test_a_target_beyond_the_limits_is_not_sent(target_mm: float) -> None:
    stage, script = scripted(ESP301, *BEFORE_A_MOVE[:3])
    with pytest.raises(OutOfRange, match=r"outside -12\.5 to 12\.5 mm; nothing was sent"):
        stage.move_to(target_mm)
    assert not script.pairs


def test_every_error_in_the_queue_is_raised() -> None:
    stage, script = scripted(
        ESP301, *BEFORE_A_MOVE, ("1PA1.000000", None), ("TB?", "113, 451322, MOTOR NOT ENABLED"),
        ("TB?", "9, 451339, AXIS NUMBER NOT AVAILABLE"), NO_ERROR,
    )  # fmt: skip
    with pytest.raises(Refused, match=r"113 MOTOR NOT ENABLED; 9 AXIS NUMBER NOT AVAILABLE"):
        stage.move_to(1.0)
    assert not script.pairs


@pytest.mark.parametrize("reply", ["", "0", "nan, 1, X", "1.0, 2, X", "-1, 2, X", "NO ERROR DETECTED"])
def test_what_is_no_error_is_no_error(reply: str) -> None:
    stage, _ = scripted(ESP301, ("1MO", None), ("TB?", reply))
    with pytest.raises(WrongReply, match="no error"):
        stage.motor_on = True


def test_a_stage_that_rests_elsewhere_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.esp301.SETTLE_S", 0.0)
    stage, script = scripted(
        ESP301, *BEFORE_A_MOVE, ("1PA5.000000", None), NO_ERROR, ("1MD?", "1"), ("1TP?", "4.997"), NO_ERROR
    )
    with pytest.raises(NotReady, match=r"rests at 4\.997 mm, more than 0\.002 mm from 5 mm"):
        stage.move_to(5.0)
    assert not script.pairs


def test_a_stage_that_never_rests_is_stopped_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("drivers.esp301.HOME_S", 0.0)
    stage, script = scripted(
        ESP301, ("1OR4", None), NO_ERROR, ("1MD?", "0"), MM, ("1ST", None), NO_ERROR
    )  # fmt: skip
    with pytest.raises(NotReady, match="not come to rest"):
        stage.home(4, timeout_s=0.0)
    assert not script.pairs


def test_a_speed_is_bounded_by_the_axis_set_checked_and_read_back() -> None:
    stage, script = scripted(
        ESP301, ("1VU?", "5"), MM, ("1VA4.000000", None), NO_ERROR, ("1VA?", "4.00002"),
        ("1VU?", "5"), ("1VU?", "5"), ("1VA4.000000", None), NO_ERROR, ("1VA?", "2.5"),
    )  # fmt: skip
    stage.slew_mm_per_s = 4.0
    with pytest.raises(OutOfRange, match="slew_mm_per_s=6 mm/s is outside"):
        stage.slew_mm_per_s = 6.0
    with pytest.raises(NotObeyed, match="asked 4 mm/s"):
        stage.slew_mm_per_s = 4.0
    assert not script.pairs


@pytest.mark.parametrize("reply", ["", "nan", "inf", "1_0", "1.8 mm", "1,2", "9e20", "0x10"])
def test_what_is_no_position_is_no_position(reply: str) -> None:
    stage, _ = scripted(ESP301, ("1TP?", reply), MM)
    with pytest.raises(WrongReply, match=r"position_mm|no number"):
        _ = stage.position_mm


@pytest.mark.parametrize("question", ["motor_on", "moving", "limits_mm"])
def test_what_is_no_state_is_no_state(question: str) -> None:
    words = {"motor_on": ["1MO?"], "moving": ["1MD?"], "limits_mm": ["1SL?", "1SR?"]}[question]
    stage, _ = scripted(ESP301, (words[0], "2"), MM, *((word, "2") for word in words[1:]))
    with pytest.raises(WrongReply):
        getattr(stage, question)


def test_no_home_search_that_there_is_not() -> None:
    stage, script = scripted(ESP301)
    with pytest.raises(OutOfRange, match="no home search 7"):
        stage.home(7)
    assert not script.pairs


@CARRIED
def test_on_the_wire_it_moves_where_it_is_told(carrier: type[Service]) -> None:
    clock = VirtualClock(FAST)
    box = ESP301Box("delay", clock)
    with connected(ESP301, box, clock, carrier) as (stage, _):
        assert stage.connect() == VERSION
        with pytest.raises(Refused, match="113 MOTOR NOT ENABLED"):
            stage.move_to(1.0)
        stage.motor_on = True
        stage.slew_mm_per_s = 4.0
        stage.acceleration_mm_per_s2 = 20.0
        stage.deceleration_mm_per_s2 = 20.0
        stage.move_to(12.345678)
        assert_close(stage.position_mm, 12.345678, rel=1e-9)
        assert_close(box.position_mm(1), 12.345678, rel=1e-9)
        assert not stage.problems()
        assert stage.state()["slew_mm_per_s"] == 4.0
        stage.move_to(0.5)
        stage.home(1)
        assert stage.position_mm == 0.0


@CARRIED
def test_on_the_wire_axes_share_one_link(carrier: type[Service]) -> None:
    clock = VirtualClock(FAST)
    box = ESP301Box("delay", clock)
    with served(box, clock, carrier) as at:
        first, second = ESP301.at(at.resource), ESP301.at(at.resource, axis=2, name="pump delay")
        assert first.link is second.link
        first.motor_on = second.motor_on = True
        threads = [threading.Thread(target=stage.move_to, args=(to,)) for stage, to in ((first, 3.0), (second, 7.0))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert_close(first.position_mm, 3.0, rel=1e-9)
        assert_close(second.position_mm, 7.0, rel=1e-9)
        assert second.name == "pump delay"
        first.disconnect()
        assert_close(second.position_mm, 7.0, rel=1e-9)
        second.disconnect()


def test_a_link_that_nobody_holds_is_not_shared() -> None:
    where = "TCPIP::127.0.0.1::9::SOCKET"
    first = ESP301.at(where)
    link = id(first.link)
    second = ESP301.at(where, axis=2)
    assert id(second.link) == link
    second.disconnect()
    assert ESP301.at(where, axis=3).link is not first.link
    gc.disable()  # no cycle keeps a link: a new line of the same name is a new line
    try:
        del first, second
        third = ESP301.at(where)
        assert third.link.reopened == 0
    finally:
        gc.enable()


@CARRIED
def test_it_stops_on_the_way(carrier: type[Service]) -> None:
    clock = VirtualClock()
    box = ESP301Box("delay", clock)
    with connected(ESP301, box, clock, carrier) as (stage, _):
        stage.motor_on = True
        stage.set("PA20.0")
        assert stage.moving
        stage.stop()
        here_mm = stage.position_mm
        assert 0.0 <= here_mm < 20.0
        time.sleep(0.05)
        assert stage.position_mm == here_mm
        assert stage.motor_on
        stage.abort()
        assert not stage.motor_on


def test_after_a_power_cycle_no_position_is_taken_for_the_old_one() -> None:
    clock = VirtualClock(FAST)
    box = ESP301Box("delay", clock)
    with connected(ESP301, box, clock, timeout_s=0.6, reconnect_s=3.0) as (stage, at):
        stage.motor_on = True
        stage.move_to(8.0)
        at.inject(Fault("restart", seconds=0.1))
        with pytest.raises(SetPointLost, match=r"motor_on was on and is off; position_mm was 8 mm and is 0 mm"):
            _until_it_answers(stage)
        assert_close(box.position_mm(1), 8.0, rel=1e-9)
        stage.motor_on = True
        stage.home(1)
        assert box.position_mm(1) == 0.0


def test_a_stop_is_sent_also_where_set_points_are_lost() -> None:
    clock = VirtualClock(0.5)
    box = ESP301Box("delay", clock)
    with connected(ESP301, box, clock, timeout_s=0.5) as (stage, at):
        stage.slew_mm_per_s = 4.0
        stage.motor_on = True
        stage.set("PA20.0")
        at.stand.call(lambda: box.axes[0].values.update(VA=2.5))
        stage.link.doubt("the test says so")
        with pytest.raises(SetPointLost, match=r"slew_mm_per_s was 4 mm/s and is 2\.5 mm/s"):
            stage.stop()
        assert not stage.moving
        assert stage.position_mm < 20.0


def _until_it_answers(stage: ESP301) -> None:
    for _ in range(20):
        with suppress(LinkError):  # the box is off for a while
            _ = stage.position_mm
        time.sleep(0.05)


def test_a_tripped_interlock_stops_the_stage_and_keeps_it_off() -> None:
    clock = VirtualClock(FAST)
    box = ESP301Box("delay", clock)
    with connected(ESP301, box, clock) as (stage, at):
        stage.motor_on = True
        at.inject(Fault("interlock"))
        with pytest.raises(Refused, match="129 DIGITAL I/O INTERLOCK DETECTED"):
            stage.motor_on = True
        assert not stage.problems()
        at.stand.call(box.close_interlock)
        stage.motor_on = True
        stage.move_to(2.0)


def test_a_lost_answer_in_the_middle_of_a_move_is_told() -> None:
    clock = VirtualClock(FAST)
    with connected(ESP301, ESP301Box("delay", clock), clock, PtyServer, timeout_s=0.6) as (stage, at):
        stage.motor_on = True
        at.inject(Fault("drop"))
        with pytest.raises(ReplyTimeout):
            stage.move_to(2.0)
        stage.move_to(2.0)
        assert_close(stage.position_mm, 2.0, rel=1e-9)
