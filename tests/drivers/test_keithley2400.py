"""Pages of the 2400's manual, and the SourceMeter on a wire."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import Fault
from drivers.emulators.keithley2400 import Keithley2400Box
from drivers.emulators.sourcemeter import greatest_current
from drivers.errors import InterlockOpen, NotReady, OutOfRange, OverRange, Refused, WrongIdentity, WrongReply
from drivers.keithley2400 import Keithley2400
from tests.closeness import assert_close
from tests.drivers.stand import FAST, Served, connected, scripted

IDN = "KEITHLEY INSTRUMENTS INC.,MODEL 2400,1234567,C30   Mar 17 2006 09:29:29/A02  /K/J"
NO_ERROR = ("SYST:ERR?", '0,"No error"')
LIMITS = ((":SOUR:CURR? MIN", "-1.050000E+00"), (":SOUR:CURR? MAX", "+1.050000E+00"))
READY = ((":FORM:ELEM?", "VOLT,CURR"), (":SENS:FUNC?", '"VOLT:DC","CURR:DC"'))


def test_the_identity_is_proved_first() -> None:
    source, script = scripted(Keithley2400, (":OUTP:ENAB:TRIP?", "1"), idn=IDN)
    assert source.interlock_closed is True
    assert not script.pairs


def test_a_2450_is_another_instrument() -> None:
    source, script = scripted(Keithley2400, idn="KEITHLEY INSTRUMENTS INC.,MODEL 2450,01234567,1.0.0i")
    with pytest.raises(WrongIdentity, match="2450"):
        _ = source.current_a
    assert not script.pairs


def test_a_tripped_line_is_a_closed_interlock_and_one_that_is_not_keeps_the_output_off() -> None:
    source, script = scripted(Keithley2400, (":OUTP:ENAB?", "1"), (":OUTP:ENAB:TRIP?", "0"))
    with pytest.raises(InterlockOpen, match="the interlock is open"):
        source.output = True
    assert not script.pairs


def test_the_line_is_watched_and_the_current_source_selected_before_the_output_comes_on() -> None:
    source, script = scripted(
        Keithley2400,
        (":OUTP:ENAB?", "0"),
        (":OUTP:ENAB ON", None),
        NO_ERROR,
        (":OUTP:ENAB?", "1"),
        (":OUTP:ENAB:TRIP?", "1"),
        (":SOUR:FUNC?", "VOLT"),
        (":SOUR:FUNC CURR", None),
        NO_ERROR,
        (":SOUR:FUNC?", "CURR"),
        (":OUTP ON", None),
        NO_ERROR,
        (":OUTP?", "1"),
    )
    source.output = True
    assert not script.pairs


def test_a_bench_without_the_line_says_so() -> None:
    source, script = scripted(Keithley2400, (":SOUR:FUNC?", "CURR"), (":OUTP ON", None), NO_ERROR, (":OUTP?", "1"))
    source.interlock_required = False
    source.output = True
    assert not script.pairs


def test_switching_off_asks_for_no_permission() -> None:
    source, script = scripted(Keithley2400, (":OUTP OFF", None), NO_ERROR, (":OUTP?", "0"))
    source.output = False
    assert not script.pairs


@pytest.mark.parametrize("current_a", [-0.01, 1.06, float("nan")])
def test_a_reverse_or_greater_current_is_not_sent(current_a: float) -> None:
    source, script = scripted(Keithley2400, *LIMITS)
    with pytest.raises(OutOfRange, match=r"outside 0 to 1.05 A; nothing was sent"):
        source.current_a = current_a
    assert not script.pairs


def test_a_current_is_set_checked_and_read_back() -> None:
    source, script = scripted(
        Keithley2400, *LIMITS, (":SOUR:CURR 0.2", None), NO_ERROR, (":SOUR:CURR?", "+2.000000E-01")
    )
    source.current_a = 0.2
    assert not script.pairs


def test_nothing_is_measured_while_the_output_is_off() -> None:
    source, script = scripted(Keithley2400, (":OUTP?", "0"))
    with pytest.raises(NotReady, match="the output is off"):
        _ = source.measured_current_a
    assert not script.pairs


def test_both_meters_are_switched_on_before_a_set_point_can_pass_for_a_reading() -> None:
    source, script = scripted(
        Keithley2400,
        (":OUTP?", "1"),
        (":FORM:ELEM?", "VOLT,CURR,RES,TIME,STAT"),
        (":SENS:FUNC?", '"CURR:DC"'),
        (':SENS:FUNC:CONC ON;:SENS:FUNC "VOLT","CURR";:FORM:ELEM VOLT,CURR', None),
        NO_ERROR,
        *READY,
        (":READ?", "+1.410000E+00,+2.000100E-01"),
    )
    assert_close(source.measured_current_a, 0.20001, rel=1e-9)
    assert not script.pairs


def test_a_format_that_stays_another_is_raised() -> None:
    other = ((":FORM:ELEM?", "CURR"), READY[1])
    told = (':SENS:FUNC:CONC ON;:SENS:FUNC "VOLT","CURR";:FORM:ELEM VOLT,CURR', None)
    source, script = scripted(Keithley2400, (":OUTP?", "1"), *other, told, NO_ERROR, *other)
    with pytest.raises(WrongReply, match="the form"):
        _ = source.diode_voltage_v
    assert not script.pairs


@pytest.mark.parametrize("reply", ["+1.41E+00", "+1.4E+00,+2.0E-01,+0.0E+00", "+1.4E+00,nan", "+1.4E+00,+2.0E+01", ","])
def test_what_is_no_reading_is_no_number(reply: str) -> None:
    source, script = scripted(Keithley2400, (":OUTP?", "1"), *READY, (":READ?", reply))
    with pytest.raises(WrongReply):
        _ = source.measured_current_a
    assert not script.pairs


@pytest.mark.parametrize("reply", ["+9.900000E+37", "+9.910000E+37"])
def test_over_range_is_no_number(reply: str) -> None:
    source, _ = scripted(Keithley2400, (":OUTP?", "1"), *READY, (":READ?", f"{reply},{reply}"))
    with pytest.raises(OverRange):
        _ = source.measured_current_a


@pytest.mark.parametrize("reply", ["2", "", "OPEN", "0.5"])
def test_what_is_neither_open_nor_closed_is_raised(reply: str) -> None:
    source, _ = scripted(Keithley2400, (":OUTP:ENAB:TRIP?", reply))
    with pytest.raises(WrongReply):
        _ = source.interlock_closed


# --------------------------------------------------------------------------------------------- on the wire


@contextmanager
def source_on_wire() -> Iterator[tuple[Keithley2400, Served, Keithley2400Box]]:
    clock = VirtualClock(FAST)
    box = Keithley2400Box("source", clock)
    with connected(Keithley2400, box, clock) as (source, at):
        yield source, at, box


def test_a_diode_is_brought_up_measured_and_brought_down() -> None:
    with source_on_wire() as (source, _, box):
        source.compliance_v = 3.0
        source.current_a = 0.0
        source.output = True
        source.ramp_to(0.5, step_a=0.1, pause_s=0.0)
        assert_close(source.measured_current_a, 0.5, rel=1e-6)
        assert_close(source.diode_voltage_v, 1.425, rel=1e-6)
        assert_close(box.emission_current_a, 0.5, rel=1e-9)
        assert not source.problems()
        source.ramp_to(0.0, pause_s=0.0)
        source.output = False
        assert box.emission_current_a == 0
        assert source.state()["source"] == "current"


def test_an_open_line_switches_off_and_keeps_off_until_a_person_switches_on() -> None:
    with source_on_wire() as (source, at, box):
        source.current_a = 0.2
        source.output = True
        at.inject(Fault("interlock"))
        assert box.emission_current_a == 0
        assert source.problems() == ["the interlock is open"]
        with pytest.raises(InterlockOpen):
            source.output = True
        with pytest.raises(Refused, match=r"802.*OUTPUT blocked by output enable"):
            source.set(":OUTP ON")
        box.close_interlock()
        assert source.output is False
        source.output = True
        assert_close(box.emission_current_a, 0.2, rel=1e-9)


def test_a_line_that_is_not_watched_is_a_problem_and_stops_nothing() -> None:
    with source_on_wire() as (source, _, box):
        source.interlock_required = False
        source.current_a = 0.2
        source.output = True
        box.trip()
        assert_close(box.emission_current_a, 0.2, rel=1e-9)
        assert source.problems() == ["the interlock is open", "the output-enable line is not watched"]


def test_a_reached_compliance_is_a_problem_and_ends_a_ramp() -> None:
    with source_on_wire() as (source, _, box):
        source.compliance_v = 1.41
        source.output = True
        with pytest.raises(Exception, match=r"the set point is 0.3 A and 0.2 A flow"):
            source.ramp_to(0.5, step_a=0.1, pause_s=0.0)
        assert source.problems() == ["the diode needs more than the compliance voltage"]
        assert_close(box.emission_current_a, 0.2, rel=1e-9)


def test_the_box_measures_only_while_its_output_is_on() -> None:
    with source_on_wire() as (source, _, _box), pytest.raises(Refused, match=r"803.*Not permitted with OUTPUT off"):
        source.set(":READ?")


def test_over_range_on_the_wire_is_raised_and_heals() -> None:
    with source_on_wire() as (source, at, _):
        source.current_a = 0.2
        source.output = True
        at.inject(Fault("over_range"))
        with pytest.raises(OverRange):
            _ = source.measured_current_a
        at.heal()
        assert_close(source.measured_current_a, 0.2, rel=1e-6)


def test_the_load_decides_what_flows_at_a_voltage() -> None:
    assert_close(greatest_current(lambda current_a: 2.0 * current_a, 1.0, 1.05), 0.5, rel=1e-12)
    assert greatest_current(lambda _: 1.0, 2.0, 1.05) == 1.05
