"""Pages of the InfiniiVision guides, and the oscilloscope on a wire."""

import numpy as np
import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.digitizer import Floats
from drivers.emulators.faults import Fault
from drivers.emulators.infiniivision import InfiniiVisionBox
from drivers.errors import NotObeyed, NotReady, OutOfRange, Refused, WrongIdentity, WrongReply
from drivers.infiniivision import InfiniiVision
from drivers.script import Script
from tests.closeness import assert_close
from tests.drivers.stand import FAST, connected, scripted

IDN = "KEYSIGHT TECHNOLOGIES,DSO-X 3024T,MY00000001,07.50"
NO_ERROR = ("SYST:ERR?", '+0,"No error"')
PREAMBLE = "+1,+0,+4,+1,+2.0E-09,+1.6E-08,+0,+1.5625E-04,+5.0E-01,+32768"
SETUP = (
    (":WAV:SOUR CHAN2", None),
    NO_ERROR,
    (":WAV:SOUR?", "CHAN2"),
    (":WAV:FORM WORD", None),
    NO_ERROR,
    (":WAV:FORM?", "WORD"),
    (":WAV:BYT MSBF", None),
    NO_ERROR,
    (":WAV:BYT?", "MSBF"),
    (":WAV:UNS 1", None),
    NO_ERROR,
    (":WAV:UNS?", "1"),
    (":DIG CHAN2", None),
    ("*OPC?", "1"),
    NO_ERROR,
)  # fmt: skip — as it is said


def block(data: bytes) -> bytes:
    return b"#8%08d" % len(data) + data + b"\n"


def scope(*rest: tuple[str, str | bytes | None]) -> tuple[InfiniiVision, Script]:
    return scripted(InfiniiVision, *SETUP, *rest)


def sine_v(time_s: Floats) -> Floats:
    volts: Floats = 10.0 * np.sin(2 * np.pi * 3e3 * time_s)
    return volts


def test_a_waveform_is_scaled_by_keysights_formula_from_words_of_most_significant_bytes() -> None:
    """Levels with the bytes 0x0A and 0x23 in them, that end a message and begin a block elsewhere."""
    words = bytes.fromhex("0A0A 2323 230A 8000")
    driver, script = scope((":WAV:PRE?", PREAMBLE), (":WAV:DATA?", block(words)))
    curve = driver.waveform(2)
    levels = np.array([0x0A0A, 0x2323, 0x230A, 0x8000])
    assert_close(curve.values, (levels - 32768) * 1.5625e-4 + 0.5, rel=1e-12)
    assert_close(curve.axis, np.array([16e-9, 18e-9, 20e-9, 22e-9]), rel=1e-12)
    assert (curve.axis_unit, curve.value_unit, curve.saturated) == ("s", "V", False)
    assert not script.pairs


@pytest.mark.parametrize("words", ["8000 8000 0001 8000", "FFFF 8000 8000 8000", "8000 FF00 8000 8000"])
def test_a_sample_at_the_end_of_the_range_is_saturated(words: str) -> None:
    driver, _ = scope((":WAV:PRE?", PREAMBLE), (":WAV:DATA?", block(bytes.fromhex(words))))
    assert driver.waveform(2).saturated


def test_a_hole_is_no_voltage() -> None:
    driver, _ = scope((":WAV:PRE?", PREAMBLE), (":WAV:DATA?", block(bytes.fromhex("8000 0000 8000 8000"))))
    with pytest.raises(NotReady, match="1 of 4 points were not acquired"):
        driver.waveform(2)


@pytest.mark.parametrize(
    ("preamble", "error"),
    [
        ("+0,+0,+4,+1,2E-9,0,0,1,0,128", NotReady),  # bytes
        ("+1,+1,+4,+1,2E-9,0,0,1,0,32768", NotReady),  # peaks
        ("1,2,4,1,2E-9,0,0,1,0,0,1,2,3", WrongReply),  # an Infiniium
        ("+1,+0,+4,+1,2E-9,0,0,nan,0,32768", WrongReply),
        ("+1,+0,+4,+1,0.0,0,0,1,0,32768", WrongReply),
        ("+1,+0,+1,+1,2E-9,0,0,1,0,32768", WrongReply),
        ("", WrongReply),
    ],
)
def test_a_preamble_that_does_not_fit_is_refused(preamble: str, error: type[Exception]) -> None:
    driver, _ = scope((":WAV:PRE?", preamble))
    with pytest.raises(error, match="preamble"):
        driver.waveform(2)


@pytest.mark.parametrize("count", [6, 10])
def test_a_block_of_another_length_is_no_waveform(count: int) -> None:
    driver, _ = scope((":WAV:PRE?", PREAMBLE), (":WAV:DATA?", block(bytes(count))))
    with pytest.raises(WrongReply, match=f"{count} bytes came for 4 points"):
        driver.waveform(2)


def test_an_acquisition_that_does_not_end_is_not_ready() -> None:
    driver, _ = scripted(InfiniiVision, *SETUP[:-2], ("*OPC?", None))
    with pytest.raises(NotReady, match="no trigger, or no answer"):
        driver.waveform(2)


def test_an_end_that_is_none_is_no_answer() -> None:
    driver, _ = scripted(InfiniiVision, *SETUP[:-2], ("*OPC?", "+1.0E0"))
    with pytest.raises(WrongReply, match=r"\*OPC\?"):
        driver.waveform(2)


def test_the_error_queue_is_raised() -> None:
    driver, script = scripted(
        InfiniiVision,
        (":WAV:SOUR CHAN3", None),
        ("SYST:ERR?", '-241,"Hardware missing"'),
        NO_ERROR,
    )
    with pytest.raises(Refused, match="-241"):
        driver.waveform(3)
    assert not script.pairs


def test_a_set_that_was_not_obeyed_is_raised() -> None:
    driver, script = scripted(InfiniiVision, (":WAV:POIN 600", None), NO_ERROR, (":WAV:POIN?", "+500"))
    with pytest.raises(NotObeyed, match="asked 600"):
        driver.points = 600
    assert not script.pairs


@pytest.mark.parametrize("channel", [0, 5, -1])
def test_for_a_channel_that_there_is_not_nothing_is_sent(channel: int) -> None:
    driver, script = scripted(InfiniiVision)
    with pytest.raises(OutOfRange, match="nothing was sent"):
        driver.waveform(channel)
    assert not script.pairs


def test_another_instrument_is_told() -> None:
    driver, _ = scripted(InfiniiVision, idn="KEYSIGHT TECHNOLOGIES,33512B,MY00000001,4.00")
    with pytest.raises(WrongIdentity):
        _ = driver.points


def test_on_the_wire_a_sine_is_seen_within_half_a_level() -> None:
    clock = VirtualClock(FAST)
    with connected(InfiniiVision, InfiniiVisionBox("scope", clock, sine_v), clock) as (driver, _):
        driver.points = 2000
        curve = driver.waveform()
        assert curve.axis.size == 2000
        assert np.abs(curve.values - sine_v(curve.axis)).max() <= 0.51 * 40 / 256
        assert not curve.saturated
        assert not driver.problems()


def test_on_the_wire_what_is_beyond_the_range_is_saturated_and_what_is_missing_is_told() -> None:
    clock = VirtualClock(FAST)
    box = InfiniiVisionBox("scope", clock, sine_v)
    with connected(InfiniiVision, box, clock) as (driver, at):
        at.inject(Fault("over_range"))
        assert driver.waveform().saturated
        at.heal()
        assert not driver.waveform().saturated
        box.holes = 3
        with pytest.raises(NotReady, match="3 of 1000"):
            driver.waveform()


def test_on_the_wire_peak_detection_is_told_and_refused() -> None:
    clock = VirtualClock(FAST)
    with connected(InfiniiVision, InfiniiVisionBox("scope", clock, sine_v), clock) as (driver, _):
        driver.set(":ACQ:TYPE PEAK")
        assert "peak detection" in driver.problems()[0]
        with pytest.raises(NotReady, match="type 1"):
            driver.waveform()


def test_on_the_wire_no_trigger_is_not_ready() -> None:
    clock = VirtualClock(FAST)
    box = InfiniiVisionBox("scope", clock, sine_v)
    with connected(InfiniiVision, box, clock, timeout_s=0.3) as (driver, _):
        box.triggers = False
        with pytest.raises(NotReady, match="no trigger"):
            driver.waveform()
