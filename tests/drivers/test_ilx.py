"""Pages of ILX manuals, and a controller of that dialect on a wire."""

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.ilx import ILXBox
from drivers.errors import InterlockOpen, NotObeyed, OutOfRange, Refused, WrongIdentity, WrongReply
from drivers.ilx import ILXController, ILXCurrentSource, LaserCondition
from tests.closeness import assert_close
from tests.drivers.stand import FAST, connected, scripted

IDN = "ILX Lightwave,LDC-3706,37061111,1.00-1.00"
NO_ERROR = ("ERR?", "0")


def box(clock: VirtualClock, *, cooler: bool = True) -> ILXBox:
    return ILXBox(
        "diode", clock, lambda current_a: 1.5 + 2.0 * current_a, lambda current_a: 1e-3 * current_a, cooler=cooler
    )


def test_the_identity_is_proved_first() -> None:
    controller, script = scripted(ILXController, ("LAS:LDI?", "149.6"), idn=IDN)
    assert_close(controller.measured_current_a, 0.1496, rel=1e-12)
    assert not script.pairs


@pytest.mark.parametrize("idn", ["ILX Lightwave,LDX-3232,32321111,2.1", "ILX Lightwave,LDT-5948,1,1", "THORLABS,LDC"])
def test_another_instrument_is_told(idn: str) -> None:
    controller, _ = scripted(ILXController, idn=idn)
    with pytest.raises(WrongIdentity):
        _ = controller.measured_current_a


@pytest.mark.parametrize("idn", [IDN, "ILX Lightwave,LDC-3724C,37240001,3.2", "Arroyo 6305 63050001 v1.0"])
def test_those_who_speak_it_are_known(idn: str) -> None:
    controller, _ = scripted(ILXController, ("TEC:T?", "25.1"), idn=idn)
    assert_close(controller.measured_temperature_c, 25.1, rel=1e-12)


def test_what_is_set_is_what_is_read_back_and_not_what_flows() -> None:
    controller, script = scripted(
        ILXController, ("LAS:LIM:I?", "150.00"), ("LAS:LDI 100", None), NO_ERROR, ("LAS:SET:LDI?", "100.00")
    )
    controller.current_a = 0.1
    assert not script.pairs


def test_a_current_above_the_limit_is_not_sent() -> None:
    controller, script = scripted(ILXController, ("LAS:LIM:I?", "150.00"))
    with pytest.raises(OutOfRange, match=r"current_a=0.2 A is outside 0 to 0.15 A; nothing was sent"):
        controller.current_a = 0.2
    assert not script.pairs


def test_every_error_of_the_list_is_raised() -> None:
    controller, script = scripted(ILXController, ("TEC:T 35.5", None), ("ERR?", "201, 124"))
    with pytest.raises(Refused, match="errors 201, 124"):
        controller.temperature_c = 35.5
    assert not script.pairs


@pytest.mark.parametrize("reply", ["", "no", "201;124", "201,", "-1"])
def test_what_is_no_list_of_errors_is_no_answer(reply: str) -> None:
    controller, _ = scripted(ILXController, ("TEC:OUT 1", None), ("ERR?", reply))
    with pytest.raises(WrongReply, match="no list of errors"):
        controller.tec = True


def test_a_set_that_was_not_obeyed_is_raised() -> None:
    controller, _ = scripted(ILXController, ("TEC:T 35.5", None), NO_ERROR, ("TEC:SET:T?", "25.0"))
    with pytest.raises(NotObeyed, match=r"asked 35\.5 °C"):
        controller.temperature_c = 35.5


@pytest.mark.parametrize("reply", ["", "inf", "149.6 mA", "9.9e37", "1e9"])
def test_what_is_no_current_is_no_number(reply: str) -> None:
    controller, _ = scripted(ILXController, ("LAS:LDI?", reply))
    with pytest.raises(Exception, match=r"measured_current_a|no number"):
        _ = controller.measured_current_a


@pytest.mark.parametrize(
    ("reply", "flags"),
    [
        ("1027", LaserCondition.ON | LaserCondition.VOLTAGE_LIMIT | LaserCondition.CURRENT_LIMIT),
        ("#H108", LaserCondition.SHORTED | LaserCondition.POWER_LIMIT),
        ("0", LaserCondition(0)),
    ],
)  # fmt: skip — examples of the LDC-3926339 and LDC-3700 manuals
def test_the_condition_is_decoded(reply: str, flags: LaserCondition) -> None:
    controller, _ = scripted(ILXController, ("LAS:COND?", reply))
    assert controller.condition == flags


@pytest.mark.parametrize("reply", ["", "65536", "-1", "16.0", "#B10", "#HG", "0x10"])
def test_what_is_no_register_is_no_condition(reply: str) -> None:
    controller, _ = scripted(ILXController, ("LAS:COND?", reply))
    with pytest.raises(WrongReply, match="no register"):
        _ = controller.interlock_closed


def test_bit_16_is_the_open_interlock_against_which_nothing_is_switched_on() -> None:
    controller, script = scripted(ILXController, ("LAS:COND?", "16"))
    with pytest.raises(InterlockOpen, match="was not switched on"):
        controller.output = True
    assert not script.pairs


def test_a_mode_is_a_node_of_the_header() -> None:
    controller, script = scripted(ILXController, ("LAS:MODE:ILBW", None), NO_ERROR, ("LAS:MODE?", "ILBW"))
    controller.mode = "constant current"
    assert not script.pairs


def test_a_model_that_reports_the_set_point_as_measured_is_told() -> None:
    controller, _ = scripted(
        ILXCurrentSource, ("LAS:COND?", "8192"), ("LAS:MODE?", "IHBW"), ("LAS:OUT?", "0"), ("LAS:LDI?", "100.0")
    )
    bits, current = controller.problems()
    assert "0x2000" in bits
    assert "set point" in current


def test_on_the_wire_it_is_set_up_switched_on_and_ramped() -> None:
    clock = VirtualClock(FAST)
    diode = box(clock)
    with connected(ILXController, diode, clock) as (controller, _):
        assert controller.connect() == IDN
        assert not controller.problems()
        controller.switch_on_s = controller.ramp_pause_s = 0.005
        controller.tec = True
        controller.temperature_c = 27.5
        controller.high_limit_c = 45.0
        controller.current_limit_a = 0.2
        controller.compliance_v = 4.0
        controller.mode = "constant current, fast"
        controller.output = True
        controller.ramp_to(0.15, step_a=0.05)
        assert_close(diode.emission_current_a, 0.15, rel=1e-9)
        assert_close(controller.measured_current_a, 0.15, rel=1e-9)
        assert_close(controller.diode_voltage_v, 1.8, rel=1e-9)
        assert_close(controller.photodiode_current_a, 1.5e-4, rel=1e-9)
        assert controller.state()["current_a"] == 0.15
        assert controller.condition & LaserCondition.ON
        controller.ramp_to(0.0)
        controller.output = False
        assert diode.emission_current_a == 0.0


def test_on_the_wire_the_current_waits_after_the_command() -> None:
    clock = VirtualClock()
    diode = box(clock, cooler=False)
    with connected(ILXCurrentSource, diode, clock) as (source, _):
        source.switch_on_s = 0.0
        source.current_a = 0.05
        source.output = True
        assert source.output
        assert diode.emission_current_a == 0.0
        assert source.condition & LaserCondition.OUT_OF_TOLERANCE


def test_on_the_wire_a_trip_takes_the_current_and_stays() -> None:
    clock = VirtualClock(FAST)
    diode = box(clock)
    with connected(ILXController, diode, clock) as (controller, at):
        controller.switch_on_s = controller.ramp_pause_s = 0.005
        controller.output = True
        controller.ramp_to(0.08)
        at.stand.call(diode.trip)
        assert diode.emission_current_a == 0.0
        assert controller.problems() == ["condition: interlock"]
        with pytest.raises(InterlockOpen):
            controller.output = True
        diode.interlock_closed = True
        assert not controller.output


def test_on_the_wire_a_register_in_hexadecimal_is_understood() -> None:
    clock = VirtualClock(FAST)
    diode = box(clock)
    with connected(ILXController, diode, clock) as (controller, _):
        controller.link.write("RADIX HEX")
        diode.interlock_closed = False
        assert not controller.interlock_closed


def test_the_box_follows_paths_and_roots_as_the_manual_does() -> None:
    diode = box(VirtualClock(FAST))
    assert diode.answer(b"LAS:LDI 33;SET:LDI?").data == b"33.00"
    assert diode.answer(b"laser:limit:i 40; las:set:ldi?;Err?").data == b"33.00,0"
    assert diode.answer(b"LAS:NONSENSE 1; ERR?").data == b"123"
