"""Pages of Tektronix programmer manuals, and oscilloscopes of three generations on a wire."""

import numpy as np
import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.digitizer import Floats
from drivers.emulators.faults import Fault
from drivers.emulators.tektronix import MODELS, TektronixBox
from drivers.errors import NotReady, OutOfRange, Refused, WrongIdentity, WrongReply
from drivers.script import Script
from drivers.tektronix import TektronixScope
from tests.closeness import assert_close
from tests.drivers.stand import FAST, connected, scripted

OLD, NEW = "TEKTRONIX,TDS 2012C,C000001,CF:91.1CT FV:v24.26", "TEKTRONIX,DPO4054,C000001,CF:91.1CT FV:v2.68"
NO_EVENT = ("*ESR?", "0")
Pairs = tuple[tuple[str, str | bytes | None], ...]
SETUP: Pairs = (
    ("*ESR?", "128"),
    ("HEAD 0", None),
    NO_EVENT,
    ("HEAD?", "0"),
    ("DAT:SOU CH1", None),
    NO_EVENT,
    ("DAT:SOU?", "CH1"),
    ("DAT:ENC RIB", None),
    NO_EVENT,
    ("DAT:ENC?", "RIBINARY"),
    ("DAT:WID 2", None),
    NO_EVENT,
    ("DAT:WID?", "2"),
    ("ACQ:STATE OFF", None),
    NO_EVENT,
    ("ACQ:STOPA SEQ", None),
    NO_EVENT,
    ("ACQ:STATE ON", None),
    ("*OPC?", "1"),
    NO_EVENT,
    ("HOR:RECO?", "4"),
    ("DAT:STAR 1", None),
    NO_EVENT,
    ("DAT:STAR?", "1"),
    ("DAT:STOP 4", None),
    NO_EVENT,
    ("DAT:STOP?", "4"),
)  # fmt: skip — as it is said


def preamble(word: str, x_zero: str = "-2.0E-6", offset: str = "0", **changed: str) -> Pairs:
    fields = {
        "PT_FMT": "Y", "NR_PT": "4", "XINCR": "1.0E-6", "XZERO": x_zero, "PT_OFF": offset, "YMULT": "1.5625E-4",
        "YOFF": "-256.0", "YZERO": "2.0E-1",
    } | changed  # fmt: skip
    return tuple((f"{word}:{field}?", value) for field, value in fields.items())


def curve(data: bytes) -> tuple[str, bytes]:
    return "CURV?", b"#1%d" % len(data) + data + b"\n"


def scope(idn: str, *rest: tuple[str, str | bytes | None]) -> tuple[TektronixScope, Script]:
    return scripted(TektronixScope, *SETUP, *rest, idn=idn)


def sine_v(time_s: Floats) -> Floats:
    volts: Floats = 2.0 * np.sin(2 * np.pi * 2e5 * time_s)
    return volts


@pytest.mark.parametrize(("idn", "word"), [(OLD, "WFMP"), (NEW, "WFMO"), ("TEKTRONIX,TDS5054B,B1,1", "WFMO")])
def test_a_waveform_is_scaled_by_tektronixs_formula_from_fields_asked_by_name(idn: str, word: str) -> None:
    """Levels with the bytes 0x0A and 0x23 in them, that end a message and begin a block elsewhere."""
    driver, script = scope(idn, *preamble(word), curve(bytes.fromhex("0A0A 2323 F60A 0023")))
    found = driver.waveform()
    levels = np.array([0x0A0A, 0x2323, 0xF60A - 0x10000, 0x0023])
    assert_close(found.values, (levels + 256) * 1.5625e-4 + 0.2, rel=1e-12)
    assert_close(found.axis[:2], np.array([-2e-6, -1e-6]), rel=1e-12)
    assert (found.axis_unit, found.value_unit, found.saturated) == ("s", "V", False)
    assert not script.pairs


@pytest.mark.parametrize(
    ("x_zero", "offset", "first_s"),
    [
        ("-2.0E-6", "0", -2.0e-6),  # TDS2000: the time of the first sample, and always 0
        ("-2.3E-6", "2", -2.3e-6),  # DPO4000: the time of the first sample, and where the trigger is
        ("0.4E-6", "2", -1.6e-6),  # TDS5000B: what is left between trigger and sample 2
    ],
)  # fmt: skip — a table
def test_the_first_sample_is_where_either_meaning_of_xzero_puts_it(x_zero: str, offset: str, first_s: float) -> None:
    driver, _ = scope(NEW, *preamble("WFMO", x_zero, offset), curve(bytes(8)))
    assert_close(driver.waveform().axis[0], first_s, rel=1e-12)


@pytest.mark.parametrize("data", ["8000 0000 0000 0000", "0000 7F00 0000 0000", "7FFF 0000 0000 0000"])
def test_a_sample_at_the_end_of_the_range_is_saturated(data: str) -> None:
    driver, _ = scope(OLD, *preamble("WFMP"), curve(bytes.fromhex(data)))
    assert driver.waveform().saturated


def test_the_last_step_before_the_end_is_not_saturated() -> None:
    driver, _ = scope(OLD, *preamble("WFMP"), curve(bytes.fromhex("8100 7E00 0000 0000")))
    assert not driver.waveform().saturated


def test_an_envelope_is_no_waveform() -> None:
    driver, script = scope(OLD, ("WFMP:PT_FMT?", "ENV"))
    with pytest.raises(NotReady, match="kind 'ENV'"):
        driver.waveform()
    assert not script.pairs


@pytest.mark.parametrize("changed", [{"NR_PT": "1"}, {"XINCR": "0.0"}, {"YMULT": "0.0"}, {"NR_PT": "4.5"}])
def test_a_preamble_that_cannot_be_is_refused(changed: dict[str, str]) -> None:
    driver, _ = scope(OLD, *preamble("WFMP", **changed))
    with pytest.raises(WrongReply, match="cannot be"):
        driver.waveform()


def test_a_block_of_another_length_is_no_waveform() -> None:
    driver, _ = scope(OLD, *preamble("WFMP"), curve(bytes(6)))
    with pytest.raises(WrongReply, match="6 bytes came for 4 points"):
        driver.waveform()


def test_an_answer_with_its_header_is_understood() -> None:
    driver, _ = scripted(TektronixScope, ("DAT:SOU?", ":DATA:SOURCE CH2"), ("DAT:WID?", ":DATA:WIDTH 1"))
    assert driver.source == "channel 2"
    assert_close(driver.width, 1.0, rel=1e-12)


def test_the_event_register_is_raised_in_words() -> None:
    driver, script = scripted(
        TektronixScope,
        ("DAT:SOU CH4", None),
        ("*ESR?", "16"),
        ("ALLEV?", '2244,"Source waveform is not active"'),
    )
    with pytest.raises(Refused, match=r"execution error \(2244"):
        driver.source = "channel 4"
    assert not script.pairs


def test_for_a_channel_that_there_is_not_nothing_is_sent() -> None:
    driver, script = scripted(TektronixScope)
    with pytest.raises(OutOfRange, match="nothing was sent"):
        driver.waveform(0)
    assert not script.pairs


def test_another_instrument_is_told() -> None:
    driver, _ = scripted(TektronixScope, idn="TEKTRONIX,AFG3152C,C000001,SCPI:99.0 FV:1.0")
    with pytest.raises(WrongIdentity):
        driver.waveform()


@pytest.mark.parametrize("model", MODELS)
def test_on_the_wire_a_sine_is_seen_within_half_a_level(model: str) -> None:
    clock = VirtualClock(FAST)
    with connected(TektronixScope, TektronixBox("scope", clock, sine_v, model=model), clock) as (driver, _):
        found = driver.waveform()
        assert found.axis.size == MODELS[model].points
        assert np.abs(found.values - sine_v(found.axis)).max() <= 0.51 / 25
        assert not found.saturated


def test_on_the_wire_what_is_beyond_the_range_is_saturated() -> None:
    clock = VirtualClock(FAST)
    with connected(TektronixScope, TektronixBox("scope", clock, sine_v), clock) as (driver, at):
        at.inject(Fault("over_range"))
        assert driver.waveform().saturated
        at.heal()
        assert not driver.waveform().saturated


def test_on_the_wire_no_trigger_is_not_ready() -> None:
    clock = VirtualClock(FAST)
    box = TektronixBox("scope", clock, sine_v)
    with connected(TektronixScope, box, clock, timeout_s=0.3) as (driver, _):
        box.triggers = False
        with pytest.raises(NotReady, match="no trigger"):
            driver.waveform()


@pytest.mark.parametrize(("model", "first", "second"), [("TDS2012C", "NR_PT", "WFID"), ("DPO4054", "WFID", "NR_PT")])
def test_the_whole_preamble_has_another_order_on_another_box(model: str, first: str, second: str) -> None:
    box = TektronixBox("scope", VirtualClock(FAST), sine_v, model=model)
    told = (box.answer(f"{MODELS[model].preamble}?".encode()).data or b"").decode()
    assert 0 < told.index(first) < told.index(second)


def test_the_box_sends_a_header_before_a_curve_until_it_is_told_not_to() -> None:
    box = TektronixBox("scope", VirtualClock(FAST), sine_v)
    assert (box.answer(b"CURVE?").data or b"").startswith(b":CURVE #4")
    assert (box.answer(b"HEADER OFF;:CURVE?").data or b"").startswith(b"#4")
