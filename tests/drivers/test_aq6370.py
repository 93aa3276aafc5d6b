"""Pages of the AQ6370's remote control manual, and the analyser on a wire."""

import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from drivers.aq6370 import AQ6370, AQ6373
from drivers.emulators.aq6370 import AQ6370Box
from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import Fault
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
from drivers.message_log import MessageLog
from tests.closeness import assert_close
from tests.drivers.stand import FAST, Served, connected, scripted

IDN = "YOKOGAWA,AQ6370D,91T000000,02.08"
FINE = ("*ESR?", "0")
POWER_W, CENTER_NM, WIDTH_NM = 1e-3, 1030.0, 4.0
SECRET = "geheim 7"  # noqa: S105 — of the emulated instrument

PREPARED: tuple[tuple[str, str | None], ...] = (
    (":FORM:DATA REAL,64", None),
    FINE,
    (":FORM:DATA?", "REAL,64"),
    (":TRAC:ATTR:TRA 0", None),
    FINE,
    (":TRAC:ATTR:TRA?", "0"),
)
LOGARITHMIC = ((":DISP:TRAC:Y1:SCAL:SPAC?", "0"), (":DISP:TRAC:Y1:SCAL:UNIT?", "0"))
LINEAR = ((":DISP:TRAC:Y1:SCAL:SPAC?", "1"), (":DISP:TRAC:Y1:SCAL:UNIT?", "1"))
SWEPT = (("*CLS", None), (":INIT:SMOD 1;:INIT", None), FINE, (":STAT:OPER:EVEN?", "0"), (":STAT:OPER:EVEN?", "1"))


def gaussian(wavelength_nm: Any) -> Any:
    """A line of POWER_W at CENTER_NM, in W/nm."""
    return POWER_W * np.exp(-(((wavelength_nm - CENTER_NM) / WIDTH_NM) ** 2) / 2) / (WIDTH_NM * np.sqrt(2 * np.pi))


@contextmanager
def analyser(**options: Any) -> Iterator[tuple[AQ6370, Served]]:
    clock = VirtualClock(FAST)
    with connected(AQ6370, AQ6370Box("osa", clock, gaussian), clock, **options) as found:
        yield found


def block(*values: float, size: str = "<f8") -> bytes:
    data = np.array(values, size).tobytes()
    return b"#%d%d" % (len(str(len(data))), len(data)) + data


def columns(x: bytes, y: bytes, count: int) -> list[tuple[str, str | bytes | None]]:
    number = (":TRAC:DATA:SNUM? TRA", str(count))
    return [number, (":TRAC:X? TRA", x), number, (":TRAC:Y? TRA", y)]


# -------------------------------------------------------------------------------------------- settings


def test_a_wavelength_is_sent_in_metres_checked_and_read_back() -> None:
    osa, script = scripted(
        AQ6370, (":SENS:WAV:CENT 1.03e-06", None), FINE, (":SENS:WAV:CENT?", "+1.03000000E-006"), idn=IDN
    )
    osa.center_nm = 1030.0
    assert not script.pairs


def test_power_on_is_no_error() -> None:
    osa, script = scripted(AQ6370, (":SENS:SENS 3", None), ("*ESR?", "128"), (":SENS:SENS?", "3"))
    osa.sensitivity = "HIGH1"
    assert not script.pairs


@pytest.mark.parametrize(("status", "words"), [("32", "does not know"), ("16", "cannot take"), ("20", "query error")])
def test_what_the_event_register_tells_of_is_raised(status: str, words: str) -> None:
    osa, script = scripted(AQ6370, (":SENS:SWE:SPE 1", None), ("*ESR?", status))
    with pytest.raises(Refused, match=words):
        osa.speed = "2x"
    assert not script.pairs


def test_a_set_that_was_not_obeyed_is_raised() -> None:
    osa, script = scripted(AQ6370, (":SENS:SWE:POIN 2001", None), FINE, (":SENS:SWE:POIN?", "1001"))
    with pytest.raises(NotObeyed, match="asked 2001"):
        osa.points = 2001
    assert not script.pairs


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("center_nm", 515.0, "outside 600 to 1700 nm"),
        ("span_nm", 1200.0, "outside 0.5 to 1100 nm"),
        ("resolution_nm", 0.3, "none of 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2"),
        ("points", 60_000, "outside 101 to 50001"),
        ("points", float("nan"), "outside"),
        ("sensitivity", "EXTREME", "none of NHLD"),
    ],
)
def test_what_it_cannot_do_is_not_sent(name: str, value: Any, told: str) -> None:
    osa, _ = scripted(AQ6370)
    with pytest.raises(OutOfRange, match=f"{told}.*nothing was sent"):
        setattr(osa, name, value)


@pytest.mark.parametrize(
    "window",
    [(620.0, 100.0, 0.5, 1001), (1030.0, 60.0, 0.3, 1001), (1030.0, 60.0, 0.5, 50), (float("nan"), 60.0, 0.5, 1001)],
)
def test_a_window_that_is_not_wholly_possible_is_not_begun(window: tuple[float, float, float, int]) -> None:
    osa, _ = scripted(AQ6370)
    with pytest.raises(OutOfRange, match="nothing was sent"):
        osa.configure(*window)


def test_each_model_is_told_from_the_other() -> None:
    osa, script = scripted(AQ6373, idn=IDN)
    with pytest.raises(WrongIdentity, match="AQ6370D"):
        osa.connect()
    assert not script.pairs


# ------------------------------------------------------------------------------------------------ traces


def test_a_spectrum_in_dbm_becomes_watts_and_minus_210_dbm_is_no_light() -> None:
    x, y = block(1.029e-6, 1.03e-6, 1.031e-6) + b"\r\n", block(-30.0, 0.0, -210.0) + b"\r\n"
    osa, script = scripted(AQ6370, *PREPARED, *LOGARITHMIC, *SWEPT, *columns(x, y, 3))
    curve = osa.spectrum()
    assert_close(curve.axis, np.array([1029.0, 1030.0, 1031.0]), rel=1e-12)
    assert_close(curve.values, np.array([1e-6, 1e-3, 0.0]), rel=1e-12)
    assert (curve.axis_unit, curve.value_unit, curve.saturated) == ("nm", "W", False)
    assert not script.pairs


def test_a_spectrum_in_watts_stays_watts() -> None:
    osa, script = scripted(
        AQ6370, *PREPARED, *LINEAR, *SWEPT, *columns(block(1.03e-6, 1.04e-6) + b"\n", block(0.25e-3, 0.0) + b"\n", 2)
    )
    assert_close(osa.spectrum().values, np.array([0.25e-3, 0.0]), rel=1e-15)
    assert not script.pairs


def test_a_block_without_an_end_is_a_block() -> None:
    osa, script = scripted(
        AQ6370, *PREPARED, *LOGARITHMIC, *SWEPT, *columns(block(1.03e-6, 1.04e-6), block(-10.0, -20.0), 2)
    )
    assert_close(osa.spectrum().values, np.array([1e-4, 1e-5]), rel=1e-12)
    assert not script.pairs


def test_singles_and_text_give_the_same() -> None:
    for wanted, word, x, y in (
        ("REAL32", "REAL,32", block(1.03e-6, 1.04e-6, size="<f4"), block(-10.0, -20.0, size="<f4")),
        ("ASCII", "ASCII", b"+1.03000000E-006,+1.04000000E-006\r\n", b"-1.00000000E+001, -2.00000000E+001\r\n"),
    ):
        prepared = ((f":FORM:DATA {word}", None), FINE, (":FORM:DATA?", word), *PREPARED[3:])
        osa, script = scripted(AQ6370, *prepared, *LOGARITHMIC, *SWEPT, *columns(x, y, 2))
        osa.wanted_format = wanted
        curve = osa.spectrum()
        assert_close(curve.values, np.array([1e-4, 1e-5]), rel=1e-6)
        assert_close(curve.axis, np.array([1030.0, 1040.0]), rel=1e-6)
        assert not script.pairs


@pytest.mark.parametrize(
    ("x", "y"),
    [
        (block(1.03e-6, 1.04e-6), block(-10.0)),
        (block(1.03e-6, 1.04e-6), block(-10.0, 70.0)),
        (block(1.03e-6, 1.04e-6), block(-10.0, float("nan"))),
        (block(1.03e-6, 1.04e-6), block(-10.0, float("inf"))),
        (block(1.03e-6, 1.04e-6), block(-10.0, 9e37)),
        (block(1.04e-6, 1.03e-6), block(-10.0, -20.0)),
        (block(1.03e-6, 1.04e-6), b"#14abc"),
    ],
)
def test_what_is_no_spectrum_is_none(x: bytes, y: bytes) -> None:
    osa, _ = scripted(AQ6370, *PREPARED, *LOGARITHMIC, *SWEPT, *columns(x, y, 2))
    with pytest.raises((WrongReply, ReplyTimeout), match=r"cannot be|came as|do not rise|no whole answer"):
        osa.spectrum()


@pytest.mark.parametrize("text", ["nan,1", "1_0,2", "1e-6;2e-6", "", "1.0e-6,2.0e-6,"])
def test_text_that_is_no_trace_is_none(text: str) -> None:
    prepared = ((":FORM:DATA ASCII", None), FINE, (":FORM:DATA?", "ASCII"), *PREPARED[3:])
    osa, _ = scripted(AQ6370, *prepared, *LOGARITHMIC, *SWEPT, (":TRAC:DATA:SNUM? TRA", "2"), (":TRAC:X? TRA", text))
    osa.wanted_format = "ASCII"
    with pytest.raises(WrongReply, match="a trace of 2 samples came as"):
        osa.spectrum()


def test_levels_per_nm_are_not_read() -> None:
    osa, script = scripted(AQ6370, *PREPARED, (":DISP:TRAC:Y1:SCAL:SPAC?", "0"), (":DISP:TRAC:Y1:SCAL:UNIT?", "2"))
    with pytest.raises(NotReady, match="LOG in dBm/nm"):
        osa.spectrum()
    assert not script.pairs


def test_an_overdue_sweep_is_stopped_and_told() -> None:
    osa, script = scripted(AQ6370, *SWEPT[:4], (":ABOR", None))
    osa.sweep_limit_s = 0.0
    with pytest.raises(NotReady, match="has not ended after 0 s; it was stopped"):
        osa.sweep()
    assert not script.pairs


def test_the_offset_is_taken_between_sweeps() -> None:
    off = ((":CAL:ZERO OFF", None), FINE, (":CAL:ZERO?", "0"))
    once = ((":CAL:ZERO ONCE", None), FINE)
    osa, script = scripted(AQ6370, *off, *once, *once)
    osa.zero_between_sweeps()
    osa.zero_between_sweeps()
    assert not script.pairs


# ------------------------------------------------------------------------------------------- on the wire


def test_on_the_wire_the_light_that_comes_in_is_what_is_read() -> None:
    with analyser() as (osa, _):
        assert osa.connect() == IDN
        osa.configure(CENTER_NM, 60.0, 0.5, 1001)
        curve = osa.spectrum()
        assert_close(curve.values.sum() * 0.06 / 0.5, POWER_W, rel=1e-4)  # 0.06 nm from sample to sample
        assert_close(curve.axis[curve.values.argmax()], CENTER_NM, rel=1e-9)
        assert_close(curve.values.max(), gaussian(CENTER_NM) * 0.5, rel=2e-3)
        assert osa.wavelength_limits_nm == (600.0, 1700.0)
        assert not osa.problems()


def test_on_the_wire_every_setting_is_set_and_read() -> None:
    with analyser() as (osa, _):
        wanted = {"sensitivity": "HIGH2", "speed": "2x", "points": 2001, "auto_offset": False, "level_axis": "LIN"}
        for name, value in wanted.items():
            setattr(osa, name, value)
        state = osa.state()
        assert {name: state[name] for name in wanted} == wanted
        assert state["level_unit"] == "W"


def test_on_the_wire_linear_and_logarithmic_levels_are_the_same_light() -> None:
    with analyser() as (osa, _):
        osa.configure(CENTER_NM, 20.0, 0.2, 501)
        logarithmic = osa.spectrum()
        osa.level_axis = "LIN"
        assert_close(osa.spectrum().values, logarithmic.values, rel=1e-9)
        osa.level_unit = "W/nm"
        assert "W/nm" in osa.problems()[0]


def test_on_the_wire_the_longest_trace_comes_whole() -> None:
    with analyser() as (osa, _):
        osa.configure(CENTER_NM, 100.0, 0.02, 50_001)
        assert_close(osa.spectrum().values.sum() * 0.002 / 0.02, POWER_W, rel=1e-4)


def test_the_green_reaches_the_other_model() -> None:
    clock = VirtualClock(FAST)
    box = AQ6370Box("osa", clock, lambda nm: gaussian(nm + 515.0), model="AQ6373")
    with connected(AQ6373, box, clock) as (osa, _):
        osa.configure(515.0, 40.0, 0.1, 1001)
        curve = osa.spectrum()
        assert_close(curve.axis[curve.values.argmax()], 515.0, rel=1e-9)
        assert "speed" not in osa.state()


def test_what_lies_outside_the_range_is_not_measured() -> None:
    with analyser() as (osa, _):
        osa.center_nm, osa.span_nm = 600.0, 20.0
        assert osa.spectrum().values[:400].max() == 0


def test_a_sweep_s_time_is_estimated_then_measured() -> None:
    with analyser() as (osa, _):
        osa.sensitivity = "HIGH1"
        osa.points = 101
        assert_close(osa.seconds_per_shot, 5.0 * 101 / 1001, rel=1e-9)
        osa.spectrum()
        assert osa.seconds_per_shot < 0.4  # half a virtual second on a clock that is 1000 times too fast
        osa.sensitivity = "MID"
        assert_close(osa.seconds_per_shot, 2.0 * 101 / 1001, rel=1e-9)


# ------------------------------------------------------------------------------------- login and deafness


def test_the_password_is_sent_and_nowhere_written(tmp_path: Any) -> None:
    clock, log = VirtualClock(FAST), MessageLog(tmp_path / "log.jsonl")
    box = AQ6370Box("osa", clock, gaussian, accounts={"lab": SECRET})
    with connected(AQ6370, box, clock, user="lab", log=log, password=SECRET) as (osa, _):
        assert osa.connect() == IDN
    log.close()
    assert b"***" in [message.data for message in log.messages]
    assert "geheim" not in (tmp_path / "log.jsonl").read_text()
    assert "geheim" not in repr(list(log.messages))


@pytest.mark.parametrize(("user", "password"), [("lab", "wrong"), ("lab", ""), ("nobody", "geheim"), ("lab", "gehéim")])
def test_a_refused_login_is_told_at_once_and_without_the_password(user: str, password: str) -> None:
    clock = VirtualClock(FAST)
    box = AQ6370Box("osa", clock, gaussian, accounts={"lab": "geheim"})
    with connected(AQ6370, box, clock, user=user, password=password, reconnect_s=0.1, timeout_s=0.3) as (osa, _):
        with pytest.raises((Refused, WrongReply)) as told:
            osa.connect()
        assert not re.search("geh|wrong", str(told.value))


def test_firmwares_say_ready_in_small_letters_too() -> None:
    osa, script = scripted(AQ6370, ('OPEN "anonymous"', "AUTHENTICATE CRAM-MD5."), (" ", "ready"))
    osa.log_in(osa.link)
    assert not script.pairs


def test_before_the_login_nothing_is_answered() -> None:
    with analyser(timeout_s=0.2, reconnect_s=0.0) as (osa, _):
        osa.link.greet = None
        with pytest.raises(ReplyTimeout):
            osa.connect()


def test_other_resources_need_no_login() -> None:
    assert AQ6370.at("GPIB0::4::INSTR").link.greet is None


def test_a_deaf_spell_is_survived_without_an_error() -> None:
    """At 1000 times the speed a spell of 30 s lasts 30 ms; the default time-out is 40 s of ours."""
    clock = VirtualClock(FAST)
    box = AQ6370Box("osa", clock, gaussian)
    with connected(AQ6370, box, clock) as (osa, _):
        osa.configure(CENTER_NM, 20.0, 0.2, 101)
        box._offset_from_s = clock.now_s - 600.0  # a spell begins
        assert_close(osa.spectrum().values.max(), gaussian(CENTER_NM) * 0.2, rel=1e-3)
        assert clock.now_s - box._offset_from_s > 630.0  # and has ended
        assert osa.link.reopened == 0


def test_a_time_out_below_the_spell_is_a_problem() -> None:
    with analyser(timeout_s=5.0) as (osa, _):
        assert "deaf for 30 s, the time-out is 5 s" in osa.problems()[0]
        osa.auto_offset = False
        assert not osa.problems()


def test_without_auto_offset_it_is_deaf_only_when_it_is_told_to() -> None:
    clock = VirtualClock(FAST)
    box = AQ6370Box("osa", clock, gaussian)
    with connected(AQ6370, box, clock, zero_every_s=0.2) as (osa, _):
        osa.auto_offset = False
        box._offset_from_s -= 605.0  # were it on, a spell would be under way
        assert box._hears_again_s() == 0
        osa.spectrum()
        zeroed_s = osa._zeroed_s
        time.sleep(0.25)
        osa.spectrum()
        assert osa._zeroed_s > zeroed_s


def test_after_a_power_cycle_lost_set_points_are_told_and_traces_are_binary_again() -> None:
    with analyser(reconnect_s=3.0) as (osa, at):
        osa.configure(CENTER_NM, 20.0, 0.2, 501)
        osa.spectrum()
        at.inject(Fault("restart", seconds=0.1))
        time.sleep(0.05)
        with pytest.raises(LinkError, match=r"closed|went away"):
            osa.spectrum()
        with pytest.raises(SetPointLost, match="span_nm was 20 nm"):
            osa.spectrum()
        osa.configure(CENTER_NM, 20.0, 0.2, 501)
        assert_close(osa.spectrum().values.max(), gaussian(CENTER_NM) * 0.2, rel=1e-3)
        assert osa.trace_format == "REAL64"


def test_two_threads_get_their_own_spectra() -> None:
    with analyser() as (osa, _):
        osa.configure(CENTER_NM, 20.0, 0.2, 501)
        peaks: list[float] = []

        def work() -> None:
            for _ in range(10):
                peak = float(osa.spectrum().values.max())
                peaks.append(peak)

        threads = [threading.Thread(target=work) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        assert len(peaks) == 20
        assert max(peaks) == min(peaks)
