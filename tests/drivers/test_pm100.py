"""Pages of the PM100 manual, and the meter on a wire."""

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import Fault
from drivers.emulators.pm100 import PM100Box
from drivers.errors import NotObeyed, NotReady, OutOfRange, OverRange, Refused, WrongIdentity, WrongReply
from drivers.pm100 import PM100
from tests.closeness import assert_close
from tests.drivers.stand import FAST, connected, scripted

IDN = "THORLABS,PM100USB,P2000000,1.7.0"
WATTS = ("SENS:POW:UNIT?", "W")
NO_ERROR = ("SYST:ERR?", '+0,"No error"')


def test_the_identity_is_proved_first() -> None:
    meter, script = scripted(PM100, WATTS, ("MEAS:POW?", "1.84000000E-01"), idn=IDN)
    assert_close(meter.power_w, 0.184, rel=1e-12)
    assert not script.pairs


def test_another_instrument_is_told_and_asked_nothing_else() -> None:
    meter, script = scripted(PM100, idn="YOKOGAWA,AQ6370D,91T000000,01.02")
    with pytest.raises(WrongIdentity, match="AQ6370D"):
        _ = meter.power_w
    assert not script.pairs


def test_wavelength_is_bounded_by_the_head_set_checked_and_read_back() -> None:
    meter, script = scripted(
        PM100,
        ("SENS:CORR:WAV? MIN", "1.850000E+02"),
        ("SENS:CORR:WAV? MAX", "2.500000E+04"),
        ("SENS:CORR:WAV 1030", None),
        NO_ERROR,
        ("SENS:CORR:WAV?", "1.030000E+03"),
    )
    meter.wavelength_nm = 1030.0
    assert not script.pairs


def test_a_wavelength_beyond_the_head_is_not_sent() -> None:
    meter, script = scripted(PM100, ("SENS:CORR:WAV? MIN", "400"), ("SENS:CORR:WAV? MAX", "1100"))
    with pytest.raises(OutOfRange, match=r"wavelength_nm=1550 nm is outside 400 to 1100 nm; nothing was sent"):
        meter.wavelength_nm = 1550.0
    assert not script.pairs


def test_the_error_queue_is_raised() -> None:
    meter, script = scripted(
        PM100,
        ("SENS:AVER:COUN 20", None),
        ("SYST:ERR?", '-113,"Undefined header"'),
        ("SYST:ERR?", '-222,"Data out of range"'),
        NO_ERROR,
    )
    with pytest.raises(Refused, match=r"-113.*-222"):
        meter.averages = 20
    assert not script.pairs


def test_a_set_that_was_not_obeyed_is_raised() -> None:
    meter, script = scripted(PM100, ("SENS:AVER:COUN 20", None), NO_ERROR, ("SENS:AVER:COUN?", "1"))
    with pytest.raises(NotObeyed, match="asked 20"):
        meter.averages = 20
    assert not script.pairs


@pytest.mark.parametrize("reply", ["9.90000000E+37", "9.91E37", "-9.9E+37"])
def test_over_range_is_no_number(reply: str) -> None:
    meter, _ = scripted(PM100, WATTS, ("MEAS:POW?", reply))
    with pytest.raises(OverRange, match="over range"):
        _ = meter.power_w


@pytest.mark.parametrize("reply", ["", "nan", "inf", "1_0", "1.84E", "0x10", "1.8 W", "1,2", "9e20"])
def test_what_is_no_power_is_no_number(reply: str) -> None:
    meter, _ = scripted(PM100, WATTS, ("MEAS:POW?", reply))
    with pytest.raises(WrongReply, match=r"power_w|no number"):
        _ = meter.power_w


def test_fifty_dbm_are_not_fifty_watts() -> None:
    meter, script = scripted(PM100, ("SENS:POW:UNIT?", "DBM"))
    with pytest.raises(NotReady, match="readings are in dBm"):
        _ = meter.power_w
    assert not script.pairs


def test_the_unit_is_asked_for_once_on_a_connection() -> None:
    meter, script = scripted(PM100, WATTS, ("MEAS:POW?", "0.5"), ("MEAS:POW?", "0.6"))
    assert_close([meter.power_w, meter.power_w], [0.5, 0.6], rel=1e-12)
    assert not script.pairs


def test_on_the_wire_a_meter_in_dbm_is_told_and_made_ready() -> None:
    clock = VirtualClock(FAST)
    with connected(PM100, PM100Box("meter", clock, lambda: 0.184), clock) as (meter, _):
        meter.unit = "dBm"
        with pytest.raises(NotReady):
            _ = meter.power_w
        meter.prepare(515.0)
        assert_close(meter.power_w, 0.184, rel=1e-7)


def test_the_head_is_read_whole() -> None:
    meter, _ = scripted(PM100, ("SYST:SENS:IDN?", '"S425C","200101","01-Jan-2026",2,1,33'))
    sensor = meter.sensor
    assert (sensor.name, sensor.serial, sensor.measures_power) == ("S425C", "200101", True)


def test_on_the_wire_every_parameter_is_set_and_read() -> None:
    clock = VirtualClock(FAST)
    with connected(PM100, PM100Box("meter", clock, lambda: 0.184), clock) as (meter, _):
        assert meter.connect() == IDN
        meter.wavelength_nm = 515.0
        meter.averages = 10
        meter.auto_range = True
        meter.zero()
        assert_close(meter.power_w, 0.184, rel=1e-7)
        assert not meter.problems()
        assert meter.state()["wavelength_nm"] == 515.0


def test_on_the_wire_an_over_range_fault_is_raised_and_heals() -> None:
    clock = VirtualClock(FAST)
    with connected(PM100, PM100Box("meter", clock, lambda: 0.5), clock) as (meter, at):
        at.inject(Fault("over_range"))
        with pytest.raises(OverRange):
            _ = meter.power_w
        at.heal()
        assert_close(meter.power_w, 0.5, rel=1e-7)
