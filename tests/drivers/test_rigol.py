"""Pages of the DS1000Z guide, and the oscilloscope on a wire."""

import numpy as np
import pytest

from drivers import rigol
from drivers.emulators.clock import VirtualClock
from drivers.emulators.digitizer import Floats
from drivers.emulators.faults import Fault
from drivers.emulators.rigol import RigolBox
from drivers.errors import NotReady, OutOfRange, Refused, WrongIdentity, WrongReply
from drivers.rigol import RigolDS1000Z
from drivers.script import Script
from tests.closeness import assert_close
from tests.drivers.stand import FAST, connected, scripted

NO_EVENT = ("*ESR?", "0")
PREAMBLE = "0,2,4,1,1.000000e-09,-2.000000e-09,0,8.000000e-03,50,127"
ACQUIRED = ((":SING", None), NO_EVENT, (":TRIG:STAT?", "WAIT"), (":TRIG:STAT?", "TD"), (":TRIG:STAT?", "STOP"))
SETUP = (
    ("*ESR?", "128"),
    *ACQUIRED,
    (":WAV:SOUR CHAN1", None),
    NO_EVENT,
    (":WAV:SOUR?", "CHAN1"),
    (":WAV:MODE RAW", None),
    NO_EVENT,
    (":WAV:MODE?", "RAW"),
    (":WAV:FORM BYTE", None),
    NO_EVENT,
    (":WAV:FORM?", "BYTE"),
)  # fmt: skip — as it is said


def piece(first: int, last: int, data: bytes) -> tuple[tuple[str, str | bytes | None], ...]:
    return (
        (f":WAV:STAR {first}", None), NO_EVENT, (":WAV:STAR?", str(first)),
        (f":WAV:STOP {last}", None), NO_EVENT, (":WAV:STOP?", str(last)),
        (":WAV:DATA?", b"#9%09d" % len(data) + data + b"\n"),
    )  # fmt: skip


def scope(*rest: tuple[str, str | bytes | None]) -> tuple[RigolDS1000Z, Script]:
    return scripted(RigolDS1000Z, *SETUP, *rest)


def sine_v(time_s: Floats) -> Floats:
    volts: Floats = 2.0 * np.sin(2 * np.pi * 2e5 * time_s)
    return volts


def test_a_waveform_is_scaled_by_rigols_formula() -> None:
    """Bytes 0x0A and 0x23 among the data, that end a message and begin a block elsewhere."""
    driver, script = scope((":WAV:PRE?", PREAMBLE), *piece(1, 4, b"\x0a\x23\x0a\xb1"))
    curve = driver.waveform()
    assert_close(curve.values[:3], (np.array([0x0A, 0x23, 0x0A]) - 50 - 127) * 8e-3, rel=1e-12)
    assert curve.values[3] == 0.0  # 177 is 50 above the reference of 127
    assert_close(curve.axis[:2], np.array([-2e-9, -1e-9]), rel=1e-12)
    assert (curve.axis_unit, curve.value_unit, curve.saturated) == ("s", "V", False)
    assert not script.pairs


def test_the_memory_is_read_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rigol, "PIECE", 3)
    driver, script = scope((":WAV:PRE?", PREAMBLE), *piece(1, 3, b"abc"), *piece(4, 4, b"d"))
    curve = driver.waveform()
    assert_close(curve.values, (np.frombuffer(b"abcd", "u1") - 177.0) * 8e-3, rel=1e-12)
    assert not script.pairs


@pytest.mark.parametrize("data", [b"\x00abc", b"abc\xff"])
def test_a_sample_at_the_end_of_the_range_is_saturated(data: bytes) -> None:
    driver, _ = scope((":WAV:PRE?", PREAMBLE), *piece(1, 4, data))
    assert driver.waveform().saturated


@pytest.mark.parametrize(
    ("preamble", "error"),
    [
        (PREAMBLE.replace("0,2", "0,0", 1), NotReady),  # the screen
        (PREAMBLE.replace("0,2", "1,2", 1), NotReady),  # words
        (PREAMBLE.replace("1.000000e-09", "0.000000"), WrongReply),  # firmware that rounds
        (PREAMBLE.removesuffix(",127"), WrongReply),
        (PREAMBLE.replace(",4,", ",4.5,"), WrongReply),
    ],
)
def test_a_preamble_that_does_not_fit_is_refused(preamble: str, error: type[Exception]) -> None:
    driver, _ = scope((":WAV:PRE?", preamble))
    with pytest.raises(error, match="preamble"):
        driver.waveform()


@pytest.mark.parametrize("data", [b"abc", b"abcde"])
def test_a_block_of_another_length_is_no_waveform(data: bytes) -> None:
    driver, _ = scope((":WAV:PRE?", PREAMBLE), *piece(1, 4, data))
    with pytest.raises(WrongReply, match="bytes came for 4 points"):
        driver.waveform()


@pytest.mark.parametrize("reply", ["", "STOPPED", "stop", "T'D"])
def test_a_state_of_the_trigger_that_there_is_not_is_no_answer(reply: str) -> None:
    driver, _ = scripted(RigolDS1000Z, NO_EVENT, (":SING", None), NO_EVENT, (":TRIG:STAT?", reply))
    with pytest.raises(WrongReply, match="none of AUTO"):
        driver.waveform()


def test_the_event_register_is_raised() -> None:
    driver, script = scripted(RigolDS1000Z, NO_EVENT, (":SING", None), ("*ESR?", "48"))
    with pytest.raises(Refused, match="command error, execution error"):
        driver.waveform()
    assert not script.pairs


@pytest.mark.parametrize("reply", ["256", "-1", "1.5"])
def test_what_is_no_event_register_is_no_answer(reply: str) -> None:
    driver, _ = scripted(RigolDS1000Z, ("*ESR?", reply))
    with pytest.raises(WrongReply, match="no register"):
        driver.check()


def test_for_a_channel_that_there_is_not_nothing_is_sent() -> None:
    driver, script = scripted(RigolDS1000Z)
    with pytest.raises(OutOfRange, match="nothing was sent"):
        driver.waveform(5)
    assert not script.pairs


def test_another_family_is_told() -> None:
    driver, _ = scripted(RigolDS1000Z, idn="RIGOL TECHNOLOGIES,DS2302A,DS2D000000001,00.03.06")
    with pytest.raises(WrongIdentity):
        driver.waveform()


@pytest.mark.parametrize("depth", [12_000, 1_200_000])
def test_on_the_wire_a_sine_is_seen_within_half_a_level(depth: int) -> None:
    clock = VirtualClock(FAST)
    with connected(RigolDS1000Z, RigolBox("scope", clock, sine_v), clock) as (driver, _):
        driver.set(f":ACQ:MDEP {depth}")
        curve = driver.waveform()
        assert curve.axis.size == depth
        assert np.abs(curve.values - sine_v(curve.axis)).max() <= 0.51 / 25
        assert not curve.saturated


def test_on_the_wire_what_is_beyond_the_range_is_saturated() -> None:
    clock = VirtualClock(FAST)
    with connected(RigolDS1000Z, RigolBox("scope", clock, sine_v), clock) as (driver, at):
        at.inject(Fault("over_range"))
        assert driver.waveform().saturated
        at.heal()
        assert not driver.waveform().saturated


def test_on_the_wire_no_trigger_is_not_ready() -> None:
    clock = VirtualClock(FAST)
    box = RigolBox("scope", clock, sine_v)
    with connected(RigolDS1000Z, box, clock, timeout_s=0.3) as (driver, _):
        box.triggers = False
        with pytest.raises(NotReady, match="the trigger says WAIT"):
            driver.waveform()


def test_the_box_keeps_its_memory_while_it_runs_and_gives_no_more_than_it_can() -> None:
    box = RigolBox("scope", VirtualClock(FAST), sine_v)
    assert box.answer(b":WAV:MODE RAW;:WAV:DATA?").data is None
    assert box.answer(b":SYST:ERR?").data == b'-221,"Settings conflict"'
    box.answer(b":STOP;:ACQ:MDEP 1200000;:WAV:STAR 1;:WAV:STOP 250001")
    assert box.answer(b":WAV:DATA?").data is None
    assert box.answer(b":SYST:ERR?").data == b'-222,"Data out of range"'
