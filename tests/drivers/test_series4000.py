"""Pages of the Series 4000 manual: condition register, current source, cooler; and the controllers on a wire."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import Fault
from drivers.emulators.series4000 import Series4000Box
from drivers.errors import InterlockOpen, NotObeyed, NotReady, OutOfRange, OverRange, Refused, WrongIdentity, WrongReply
from drivers.series4000 import ITC4000, LDC4000, TED4000
from drivers.series4000_condition import Condition
from tests.closeness import assert_close
from tests.drivers.stand import FAST, Served, connected, scripted

IDN = "THORLABS,ITC4020,E12345678,1.4.0/2.0.3/1.6.0"
NO_ERROR = ("SYST:ERR?", '+0,"No error"')
LIMITS = (("SOUR:CURR? MIN", "0.0"), ("SOUR:CURR? MAX", "2.0E+01"), ("SOUR:CURR:LIM?", "5.0E-01"))
CLEAR = (("STAT:MEAS:COND?", "0"), ("SOUR:FUNC:MODE?", "CURR"), ("SOUR:FUNC:SHAP?", "DC"))


# ------------------------------------------------------------------------------------------ page by page


def test_the_manuals_own_identity_is_accepted() -> None:
    controller, script = scripted(ITC4000, ("MEAS:CURR1?", "1.00000000E-01"), idn=IDN)
    assert_close(controller.measured_current_a, 0.1, rel=1e-12)
    assert not script.pairs


@pytest.mark.parametrize("kind", [LDC4000, TED4000])
def test_a_sister_is_another_instrument(kind: type[LDC4000 | TED4000]) -> None:
    controller, script = scripted(kind, idn=IDN)
    with pytest.raises(WrongIdentity, match="ITC4020"):
        _ = controller.condition
    assert not script.pairs


@pytest.mark.parametrize(
    ("reply", "words"),
    [
        ("0", ()),
        ("+4", ("the interlock is open",)),
        ("16385", ("the key is turned off", "the controller is too hot")),
        ("64", ("bits 0x40 that the manual does not explain",)),
    ],
)
def test_the_condition_register_in_words(reply: str, words: tuple[str, ...]) -> None:
    controller, _ = scripted(ITC4000, ("STAT:MEAS:COND?", reply))
    assert controller.condition.words == words


@pytest.mark.parametrize("reply", ["-1", "65536", "1.5", "", "nan", "OPEN"])
def test_what_is_no_condition_is_raised(reply: str) -> None:
    controller, _ = scripted(ITC4000, ("STAT:MEAS:COND?", reply))
    with pytest.raises(WrongReply):
        _ = controller.interlock_closed


@pytest.mark.parametrize(("reply", "closed"), [("0", True), ("4", False), ("1", False), ("8", True), ("16384", False)])
def test_key_interlock_and_heat_keep_the_output_off_and_a_limit_does_not(reply: str, closed: bool) -> None:
    controller, _ = scripted(ITC4000, ("STAT:MEAS:COND?", reply))
    assert controller.interlock_closed is closed


def test_the_current_is_bounded_by_device_and_limit_then_set_checked_and_read_back() -> None:
    controller, script = scripted(
        ITC4000, *LIMITS, ("SOUR:CURR 0.065", None), NO_ERROR, ("SOUR:CURR?", "6.50000000E-02")
    )
    controller.current_a = 0.065
    assert not script.pairs


def test_a_current_over_the_limit_is_not_sent() -> None:
    controller, script = scripted(ITC4000, *LIMITS)
    with pytest.raises(OutOfRange, match=r"current_a=0.6 A is outside 0 to 0.5 A; nothing was sent"):
        controller.current_a = 0.6
    assert not script.pairs


def test_a_current_that_was_not_obeyed_is_raised() -> None:
    controller, script = scripted(ITC4000, *LIMITS, ("SOUR:CURR 0.2", None), NO_ERROR, ("SOUR:CURR?", "0.1"))
    with pytest.raises(NotObeyed, match=r"asked 0.2 A, the instrument reports 0.1 A"):
        controller.current_a = 0.2
    assert not script.pairs


def test_the_output_comes_on_after_the_condition_has_been_read() -> None:
    controller, script = scripted(ITC4000, *CLEAR, ("OUTP ON", None), NO_ERROR, ("OUTP?", "1"))
    controller.output = True
    assert not script.pairs


@pytest.mark.parametrize("condition", ["1", "4", "16", "256", "16384", "5"])
def test_the_output_is_not_even_asked_for_while_something_keeps_it_off(condition: str) -> None:
    controller, script = scripted(ITC4000, ("STAT:MEAS:COND?", condition))
    with pytest.raises(InterlockOpen, match="was not switched on"):
        controller.output = True
    assert not script.pairs


def test_constant_power_is_not_switched_on() -> None:
    controller, script = scripted(ITC4000, CLEAR[0], ("SOUR:FUNC:MODE?", "POW"), CLEAR[2])
    with pytest.raises(NotReady, match="mode 'current'"):
        controller.output = True
    assert not script.pairs


def test_an_interlock_that_opens_meanwhile_is_named() -> None:
    refused = ("SYST:ERR?", '-221,"Settings conflict"')
    controller, script = scripted(ITC4000, *CLEAR, ("OUTP ON", None), refused, NO_ERROR, ("STAT:MEAS:COND?", "4"))
    with pytest.raises(InterlockOpen, match="the interlock is open"):
        controller.output = True
    assert not script.pairs


def test_a_refusal_without_a_reason_stays_a_refusal() -> None:
    refused = ("SYST:ERR?", '-221,"Settings conflict"')
    controller, script = scripted(ITC4000, *CLEAR, ("OUTP ON", None), refused, NO_ERROR, *CLEAR)
    with pytest.raises(Refused, match="-221"):
        controller.output = True
    assert not script.pairs


def test_switching_off_asks_for_no_permission() -> None:
    controller, script = scripted(ITC4000, ("OUTP OFF", None), NO_ERROR, ("OUTP?", "0"))
    controller.output = False
    assert not script.pairs


def test_every_trip_is_asked_for() -> None:
    headers = ("INTL", "KEYL", "OTEM", "EXT", "INT", "VOLT")
    asked = [(f"OUTP:PROT:{header}:TRIP?", str(int(header in {"INTL", "VOLT"}))) for header in headers]
    controller, script = scripted(ITC4000, *asked, ("SOUR1:CURR:LIM:TRIP?", "0"))
    assert controller.trips == ("interlock", "compliance voltage")
    assert not script.pairs


def test_a_temperature_is_set_with_its_unit() -> None:
    celsius = ("UNIT:TEMP?", "C")
    controller, script = scripted(
        ITC4000,
        celsius,
        ("SOUR2:TEMP? MIN", "-5.5E+01"),
        ("SOUR2:TEMP? MAX", "1.5E+02"),
        ("SOUR2:TEMP 24.5C", None),
        NO_ERROR,
        celsius,
        ("SOUR2:TEMP?", "2.45E+01"),
    )
    controller.temperature_c = 24.5
    assert not script.pairs


@pytest.mark.parametrize("unit", ["K", "F"])
def test_kelvin_are_never_taken_for_celsius(unit: str) -> None:
    controller, script = scripted(ITC4000, ("UNIT:TEMP?", unit))
    with pytest.raises(WrongReply, match="set temperature_unit"):
        _ = controller.measured_temperature_c
    assert not script.pairs


@pytest.mark.parametrize("reply", ["9.90000000E+37", "9.91E37"])
def test_over_range_is_no_current(reply: str) -> None:
    controller, _ = scripted(ITC4000, ("MEAS:CURR2?", reply))
    with pytest.raises(OverRange):
        _ = controller.photodiode_current_a


@pytest.mark.parametrize("reply", ["", "nan", "1e3", "0,1", "1.0 A"])
def test_what_is_no_current_is_no_number(reply: str) -> None:
    controller, _ = scripted(ITC4000, ("MEAS:CURR1?", reply))
    with pytest.raises(WrongReply):
        _ = controller.measured_current_a


def test_a_current_that_does_not_follow_ends_the_ramp() -> None:
    controller, script = scripted(
        LDC4000,
        *LIMITS,
        ("OUTP?", "1"),
        ("SOUR:CURR?", "0"),
        *LIMITS,
        ("SOUR:CURR?", "0"),
        *LIMITS,
        ("SOUR:CURR 0.1", None),
        NO_ERROR,
        ("SOUR:CURR?", "0.1"),
        ("OUTP?", "1"),
        ("MEAS:CURR1?", "0.3"),
        ("SOUR:CURR? MAX", "2.0E+01"),
    )
    with pytest.raises(NotObeyed, match=r"the set point is 0.1 A and 0.3 A flow"):
        controller.ramp_to(0.4, step_a=0.1, pause_s=0.0)
    assert not script.pairs


@pytest.mark.parametrize(("step_a", "pause_s"), [(0.0, 0.1), (-0.1, 0.1), (float("nan"), 0.1), (0.1, -1.0)])
def test_a_ramp_without_steps_is_not_begun(step_a: float, pause_s: float) -> None:
    controller, script = scripted(LDC4000)
    with pytest.raises(OutOfRange, match="nothing was sent"):
        controller.ramp_to(0.4, step_a=step_a, pause_s=pause_s)
    assert not script.pairs


def test_a_ramp_beyond_the_limit_is_not_begun() -> None:
    controller, script = scripted(LDC4000, *LIMITS)
    with pytest.raises(OutOfRange, match="nothing was sent"):
        controller.ramp_to(0.6)
    assert not script.pairs


# --------------------------------------------------------------------------------------------- on the wire


@contextmanager
def controller_on_wire(**options: object) -> Iterator[tuple[ITC4000, Served, Series4000Box]]:
    clock = VirtualClock(FAST)
    box = Series4000Box("diode", clock, **options)  # type: ignore[arg-type]
    with connected(ITC4000, box, clock) as (controller, at):
        yield controller, at, box


def test_the_safe_order_brings_the_current_up_and_down() -> None:
    with controller_on_wire(model="ITC4005") as (controller, _, box):
        controller.temperature_c = 20.0
        controller.tec = True
        while not controller.temperature_stable(0.05, 0.05, pause_s=0.01):
            pass
        assert controller.interlock_closed
        controller.current_limit_a = 1.0
        controller.current_a = 0.0
        controller.output = True
        controller.ramp_to(0.8, pause_s=0.0)
        assert_close(controller.measured_current_a, 0.8, rel=1e-6)
        assert_close(controller.diode_voltage_v, 1.44, rel=1e-6)
        assert_close(controller.photodiode_current_a, 3.5e-4, rel=1e-6)
        assert_close(box.emission_current_a, 0.8, rel=1e-6)
        assert not controller.problems()
        controller.ramp_to(0.0, pause_s=0.0)
        controller.output = False
        assert controller.tec
        assert box.emission_current_a == 0


def test_the_set_point_is_not_what_flows() -> None:
    with controller_on_wire() as (controller, _, _box):
        controller.current_a = 0.2
        assert (controller.current_a, controller.measured_current_a) == (0.2, 0.0)


def test_a_tripped_interlock_is_latched_until_a_person_switches_on() -> None:
    with controller_on_wire() as (controller, at, box):
        controller.current_a = 0.2
        controller.output = True
        at.inject(Fault("interlock"))
        assert box.emission_current_a == 0
        assert not controller.interlock_closed
        with pytest.raises(InterlockOpen):
            controller.output = True
        box.close_interlock()
        assert (controller.interlock_closed, controller.output, controller.trips) == (True, False, ("interlock",))
        assert controller.problems() == ["tripped since the output was on: interlock"]
        controller.output = True
        assert controller.trips == ()


@pytest.mark.parametrize("why", ["turn_key", "overheat"])
def test_key_and_heat_switch_off(why: str) -> None:
    with controller_on_wire() as (controller, _, box):
        controller.output = True
        getattr(box, why)(why == "overheat")
        assert controller.output is False
        with pytest.raises(InterlockOpen):
            controller.output = True


def test_a_ramp_whose_output_goes_off_says_where() -> None:
    with controller_on_wire(voltage_v=lambda current_a: 1.0 if current_a < 0.3 else 15.0) as (controller, _, box):
        controller.output = True
        with pytest.raises(InterlockOpen, match=r"the output went off at 0.4 A"):
            controller.ramp_to(1.0, step_a=0.2, pause_s=0.0)
        assert box.emission_current_a == 0
        assert Condition.COMPLIANCE in controller.condition


def test_a_limit_lowered_below_the_current_does_not_stop_the_way_down() -> None:
    with controller_on_wire() as (controller, _, box):
        controller.output = True
        controller.ramp_to(0.5, pause_s=0.0)
        controller.current_limit_a = 0.3
        assert_close(box.emission_current_a, 0.3, rel=1e-9)
        assert controller.problems()[0] == "the current is at its limit"
        controller.ramp_to(0.0, step_a=0.1, pause_s=0.0)
        assert controller.current_a == 0


def test_a_temperature_far_from_its_set_point_is_not_stable_nor_one_without_the_tec() -> None:
    with controller_on_wire(thermal_s=1e6) as (controller, _, _box):
        controller.temperature_c = 30.0
        assert not controller.temperature_stable(0.5, 0.0)
        controller.tec = True
        assert not controller.temperature_stable(0.5, 0.0)
        controller.temperature_c = 25.0
        assert controller.temperature_stable(0.5, 0.0)


def test_the_unit_of_temperatures_is_a_problem_and_can_be_set() -> None:
    with controller_on_wire() as (controller, _, _box):
        controller.temperature_unit = "K"
        assert controller.problems() == ["temperatures are in K; this program needs C"]
        controller.temperature_unit = "C"
        assert_close(controller.measured_temperature_c, 25.0, rel=1e-9)


def test_every_harmless_parameter_is_reported() -> None:
    with controller_on_wire(model="ITC4001") as (controller, _, _box):
        state = controller.state()
        assert (state["current_limit_a"], state["mode"], state["tec"]) == (1.0, "current", False)


def test_the_sisters_answer_for_their_own_side_alone() -> None:
    clock = VirtualClock(FAST)
    with connected(LDC4000, Series4000Box("diode", clock, model="LDC4005"), clock) as (source, _):
        source.output = True
        source.ramp_to(0.5, pause_s=0.0)
        assert "tec" not in source.state()
        with pytest.raises(Refused, match="-114"):
            source.set("OUTP2 OFF")
    with connected(TED4000, Series4000Box("cooler", clock, model="TED4015"), clock) as (cooler, _):
        cooler.tec = True
        assert not cooler.problems()
        with pytest.raises(Refused, match=r"-11[34]"):
            cooler.set("OUTP OFF")
