"""Pages of the LDC500 manual, and the controller on a wire."""

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.ldc500 import LDC500Box
from drivers.errors import InterlockOpen, NotObeyed, OutOfRange, Refused, WrongIdentity, WrongReply
from drivers.ldc500 import LDC500, unlock
from tests.closeness import assert_close
from tests.drivers.stand import FAST, connected, scripted, served

IDN = "Stanford Research Systems,LDC501,s/n098023,ver2.00"
NO_ERROR = (("LEXE?", "0"), ("LCME?", "0"))


def box(clock: VirtualClock) -> LDC500Box:
    return LDC500Box("diode", clock, lambda current_a: 1.5 + 2.0 * current_a, lambda current_a: 1e-3 * current_a)


def test_the_identity_is_proved_first() -> None:
    controller, script = scripted(LDC500, ("RILD?", "98.7654"), idn=IDN)
    assert_close(controller.measured_current_a, 0.0987654, rel=1e-12)
    assert not script.pairs


def test_another_instrument_is_told() -> None:
    controller, script = scripted(LDC500, idn="Stanford Research Systems,SR830,s/n12345,ver1.07")
    with pytest.raises(WrongIdentity, match="SR830"):
        _ = controller.measured_current_a
    assert not script.pairs


def test_on_ethernet_a_blank_line_and_an_unlock_come_first() -> None:
    controller, script = scripted(LDC500, ("", None), ("ULOC 1", None), ("*IDN?", IDN), ("RVLD?", "1.9"))
    controller.link._port = None
    controller.link.greet = unlock
    assert_close(controller.diode_voltage_v, 1.9, rel=1e-12)
    assert not script.pairs


@pytest.mark.parametrize(("resource", "greets"), [("TCPIP::10.0.0.9::8888::SOCKET", True), ("GPIB0::2::INSTR", False)])
def test_only_a_socket_is_unlocked(resource: str, greets: bool) -> None:
    assert (LDC500.at(resource).link.greet is not None) is greets


def test_a_current_is_bounded_by_the_limit_set_in_milliamperes_and_read_back() -> None:
    controller, script = scripted(LDC500, ("SILM?", "123.000"), ("SILD 65.25", None), *NO_ERROR, ("SILD?", "65.250"))
    controller.current_a = 0.06525
    assert not script.pairs


def test_a_current_above_the_limit_is_not_sent() -> None:
    controller, script = scripted(LDC500, ("SILM?", "123.000"))
    with pytest.raises(OutOfRange, match=r"current_a=0.2 A is outside 0 to 0.123 A; nothing was sent"):
        controller.current_a = 0.2
    assert not script.pairs


def test_both_error_codes_are_raised_and_the_command_error_is_named() -> None:
    controller, script = scripted(LDC500, ("SVLM 5.25", None), ("LEXE?", "1"), ("LCME?", "4"))
    with pytest.raises(Refused, match=r"execution error 1; command error 4 \(illegal set\)"):
        controller.compliance_v = 5.25
    assert not script.pairs


def test_a_set_that_was_not_obeyed_is_raised() -> None:
    controller, script = scripted(LDC500, ("SILM 300", None), *NO_ERROR, ("SILM?", "250.000"))
    with pytest.raises(NotObeyed, match=r"asked 0.3 A, the instrument reports 0.25 A"):
        controller.current_limit_a = 0.3
    assert not script.pairs


@pytest.mark.parametrize("reply", ["", "nan", "1 mA", "9000", "-200.0", "12,3"])
def test_what_is_no_current_is_no_number(reply: str) -> None:
    controller, _ = scripted(LDC500, ("RILD?", reply))
    with pytest.raises(WrongReply, match=r"measured_current_a|no number"):
        _ = controller.measured_current_a


@pytest.mark.parametrize("reply", ["1", "0", "CLOSE", "", "OPENED"])
def test_an_interlock_that_is_neither_open_nor_closed_is_no_answer(reply: str) -> None:
    controller, _ = scripted(LDC500, ("TOKN ON;ILOC?", reply))
    with pytest.raises(WrongReply, match="neither CLOSED nor OPEN"):
        _ = controller.interlock_closed


@pytest.mark.parametrize("reply", ["", "-1", "1.5", "²"])
def test_an_error_code_that_is_none_is_no_answer(reply: str) -> None:
    controller, _ = scripted(LDC500, ("TEON ON", None), ("LEXE?", reply.encode() + b"\n"))
    with pytest.raises(WrongReply, match=r"error code|no text"):
        controller.tec = True


def test_against_an_open_interlock_nothing_is_switched_on() -> None:
    controller, script = scripted(LDC500, ("TOKN ON;ILOC?", "OPEN"))
    with pytest.raises(InterlockOpen, match="was not switched on"):
        controller.output = True
    assert not script.pairs


def test_off_goes_whatever_the_interlock_says() -> None:
    controller, script = scripted(LDC500, ("LDON OFF", None), *NO_ERROR, ("LDON?", "OFF"))
    controller.output = False
    assert not script.pairs


def test_words_are_understood_in_both_token_modes() -> None:
    controller, script = scripted(LDC500, ("LDON?", "1"), ("LDON?", "ON"), ("TOKN ON;SMOD?", "CP"))
    assert controller.output
    assert controller.output
    assert controller.mode == "constant power"
    assert not script.pairs


def test_on_the_wire_it_is_set_up_switched_on_and_ramped() -> None:
    clock = VirtualClock(FAST)
    diode = box(clock)
    with connected(LDC500, diode, clock) as (controller, _):
        assert controller.connect() == IDN
        assert not controller.problems()
        controller.switch_on_s = 0.005
        controller.tec = True
        controller.temperature_c = 27.5
        controller.current_limit_a = 0.2
        controller.compliance_v = 3.0
        controller.responsivity_a_per_w = 0.05
        controller.output = True
        controller.ramp_to(0.15)
        assert_close(diode.emission_current_a, 0.15, rel=1e-6)
        assert_close(controller.measured_current_a, 0.15, rel=1e-6)
        assert_close(controller.diode_voltage_v, 1.8, rel=1e-4)
        assert_close(controller.photodiode_current_a, 1.5e-4, rel=1e-4)
        assert_close(controller.photodiode_power_w, 3e-3, rel=1e-4)
        assert controller.state()["current_limit_a"] == 0.2
        controller.ramp_to(0.0)
        controller.output = False
        assert diode.emission_current_a == 0.0


def test_on_the_wire_the_current_waits_three_seconds_after_the_command() -> None:
    clock = VirtualClock()
    diode = box(clock)
    with connected(LDC500, diode, clock) as (controller, _):
        controller.switch_on_s = 0.0
        controller.current_a = 0.05
        controller.output = True
        assert controller.output
        assert diode.emission_current_a == 0.0


def test_on_the_wire_an_error_that_comes_late_is_found() -> None:
    clock = VirtualClock()  # at our own speed the box has the error 15 ms after the command, as the instrument has
    with connected(LDC500, box(clock), clock) as (controller, _), pytest.raises(Refused, match="execution error"):
        controller.current_limit_a = 1.5


def test_on_the_wire_a_trip_takes_the_current_and_stays() -> None:
    clock = VirtualClock(FAST)
    diode = box(clock)
    with connected(LDC500, diode, clock) as (controller, at):
        controller.switch_on_s = 0.005
        controller.output = True
        controller.ramp_to(0.08)
        at.stand.call(diode.trip)
        assert diode.emission_current_a == 0.0
        assert not controller.interlock_closed
        assert controller.problems() == ["the interlock is open"]
        with pytest.raises(InterlockOpen):
            controller.output = True
        diode.interlock_closed = True
        assert not controller.output


def test_on_the_wire_a_voltage_above_its_limit_switches_off() -> None:
    clock = VirtualClock(FAST)
    diode = box(clock)
    with connected(LDC500, diode, clock) as (controller, _):
        controller.switch_on_s = 0.005
        controller.compliance_v = 1.6
        controller.output = True
        with pytest.raises(InterlockOpen, match="went off"):
            controller.ramp_to(0.1)
        assert diode.emission_current_a == 0.0


def test_on_the_wire_every_end_of_lines_is_understood() -> None:
    clock = VirtualClock(FAST)
    diode = box(clock)
    with served(diode, clock) as at:
        diode.answer(b"TERM CRLF;TOKN OFF")
        controller = LDC500.at(at.resource)
        assert_close(controller.current_limit_a, 0.1, rel=1e-9)
        assert controller.interlock_closed
        controller.disconnect()
