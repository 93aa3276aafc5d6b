"""Pages of the 2450's manual, and the SourceMeter on a wire."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import Fault
from drivers.emulators.keithley2450 import Keithley2450Box
from drivers.errors import InterlockOpen, NotObeyed, NotReady, OutOfRange, OverRange, Refused, WrongReply
from drivers.keithley2450 import Keithley2450
from tests.closeness import assert_close
from tests.drivers.stand import FAST, Served, connected, scripted

IDN = "KEITHLEY INSTRUMENTS INC.,MODEL 2450,01234567,1.0.0i"
NO_ERROR = ("SYST:ERR?", '0,"No error;0;0 0"')
LIMITS = ((":SOUR:CURR? MIN", "-1.05"), (":SOUR:CURR? MAX", "1.05"))


def test_the_manuals_own_identity_is_accepted_and_1_is_a_closed_interlock() -> None:
    source, script = scripted(Keithley2450, (":OUTP:INT:TRIP?", "1"), idn=IDN)
    assert source.interlock_closed is True
    assert not script.pairs


def test_0_is_an_open_interlock_and_the_output_is_not_asked_for() -> None:
    source, script = scripted(Keithley2450, (":OUTP:INT:TRIP?", "0"))
    with pytest.raises(InterlockOpen, match="the interlock is open"):
        source.output = True
    assert not script.pairs


def test_the_output_comes_on_as_a_current_source() -> None:
    source, script = scripted(
        Keithley2450,
        (":OUTP:INT:TRIP?", "1"),
        (":SOUR:FUNC?", "CURR"),
        (":OUTP ON", None),
        NO_ERROR,
        (":OUTP?", "1"),
    )
    source.output = True
    assert not script.pairs


def test_an_event_of_the_log_is_raised() -> None:
    event = ("SYST:ERR?", '-222,"Parameter data out of range;1;2026/01/01 12:00:00.000"')
    source, script = scripted(Keithley2450, *LIMITS, (":SOUR:CURR 0.2", None), event, NO_ERROR)
    with pytest.raises(Refused, match="-222"):
        source.current_a = 0.2
    assert not script.pairs


def test_a_current_that_was_not_obeyed_is_raised() -> None:
    source, script = scripted(Keithley2450, *LIMITS, (":SOUR:CURR 0.2", None), NO_ERROR, (":SOUR:CURR?", "0.0"))
    with pytest.raises(NotObeyed, match=r"asked 0.2 A"):
        source.current_a = 0.2
    assert not script.pairs


def test_a_reverse_current_is_not_sent() -> None:
    source, script = scripted(Keithley2450, *LIMITS)
    with pytest.raises(OutOfRange, match="nothing was sent"):
        source.current_a = -0.1
    assert not script.pairs


def test_the_one_meter_is_turned_to_what_is_asked_for() -> None:
    source, script = scripted(
        Keithley2450,
        (":OUTP?", "1"),
        (":SENS:FUNC?", '"CURR:DC"'),
        (':SENS:FUNC "VOLT"', None),
        NO_ERROR,
        (":READ?", "1.4251234E+00"),
        (":OUTP?", "1"),
        (":SENS:FUNC?", '"VOLT:DC"'),
        (':SENS:FUNC "CURR"', None),
        NO_ERROR,
        (":READ?", "2.0000E-01"),
    )
    assert_close(source.diode_voltage_v, 1.4251234, rel=1e-9)
    assert_close(source.measured_current_a, 0.2, rel=1e-9)
    assert not script.pairs


def test_nothing_is_measured_while_the_output_is_off() -> None:
    source, script = scripted(Keithley2450, (":OUTP?", "0"))
    with pytest.raises(NotReady, match="the output is off"):
        _ = source.measured_current_a
    assert not script.pairs


@pytest.mark.parametrize(("reply", "error"), [("9.9E+37", OverRange), ("nan", WrongReply), ("20", WrongReply)])
def test_what_is_no_current_is_no_number(reply: str, error: type[Exception]) -> None:
    source, script = scripted(Keithley2450, (":OUTP?", "1"), (":SENS:FUNC?", '"CURR:DC"'), (":READ?", reply))
    with pytest.raises(error):
        _ = source.measured_current_a
    assert not script.pairs


def test_another_command_set_is_told_and_nothing_else_asked() -> None:
    source, script = scripted(Keithley2450, ("*LANG?", "TSP"))
    assert source.problems() == ["its command set is TSP; this driver needs SCPI (menu: System, Settings)"]
    assert not script.pairs


@contextmanager
def source_on_wire() -> Iterator[tuple[Keithley2450, Served, Keithley2450Box]]:
    clock = VirtualClock(FAST)
    box = Keithley2450Box("source", clock)
    with connected(Keithley2450, box, clock) as (source, at):
        yield source, at, box


def test_a_diode_is_brought_up_measured_and_brought_down() -> None:
    with source_on_wire() as (source, _, box):
        source.compliance_v = 3.0
        source.current_a = 0.0
        source.output = True
        source.ramp_to(0.5, step_a=0.1, pause_s=0.0)
        assert_close(source.measured_current_a, 0.5, rel=1e-6)
        assert_close(source.diode_voltage_v, 1.425, rel=1e-6)
        assert not source.problems()
        source.ramp_to(0.0, pause_s=0.0)
        source.output = False
        assert box.emission_current_a == 0


def test_its_interlock_stops_a_high_voltage_alone_but_the_driver_does_not_switch_on() -> None:
    with source_on_wire() as (source, at, box):
        source.current_a = 0.2
        source.compliance_v = 3.0
        source.output = True
        at.inject(Fault("interlock"))
        assert_close(box.emission_current_a, 0.2, rel=1e-9)
        assert source.problems() == ["the interlock is open"]
        source.output = False
        with pytest.raises(InterlockOpen):
            source.output = True


def test_with_a_high_voltage_limit_the_box_itself_goes_off() -> None:
    with source_on_wire() as (source, at, box):
        source.current_a = 0.2
        source.compliance_v = 100.0
        source.output = True
        at.inject(Fault("interlock"))
        assert box.emission_current_a == 0
        with pytest.raises(Refused, match="Interlock open"):
            source.set(":OUTP ON")
        box.close_interlock()
        assert source.output is False


def test_a_reached_compliance_is_a_problem() -> None:
    with source_on_wire() as (source, _, _box):
        source.compliance_v = 1.41
        source.output = True
        source.current_a = 0.5
        assert source.in_compliance
        assert source.problems() == ["the diode needs more than the compliance voltage"]
