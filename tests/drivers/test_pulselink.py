"""pulseLink as the drivers of others describe it, and on a wire."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from drivers import pulselink
from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import Fault
from drivers.emulators.pulselink import PulseLinkBox
from drivers.errors import NotObeyed, NotReady, OutOfRange, WrongIdentity, WrongReply
from drivers.pulselink import PulseLink
from tests.closeness import assert_close
from tests.drivers.stand import FAST, Served, connected, scripted

IDN = "APE GmbH;pulseLink S12345;Software 1.9.3.12;Firmware 787"
SETTLE_S = 0.01  # ten virtual seconds, where the program is deaf for one
WIDTH_PS = 0.7


def gaussian(delay_ps: Any) -> Any:
    """An autocorrelation of WIDTH_PS full width at half maximum."""
    return np.exp(-4 * np.log(2) * (delay_ps / WIDTH_PS) ** 2)


@contextmanager
def correlator(*, delay_first: bool = False, **options: Any) -> Iterator[tuple[PulseLink, Served]]:
    clock = VirtualClock(FAST)
    box = PulseLinkBox("ac", clock, gaussian, delay_first=delay_first)
    with connected(PulseLink, box, clock, settle_s=SETTLE_S, scan_s=0.001, **options) as found:
        yield found


def block(*values: float) -> bytes:
    data = np.array(values, "<f8").tobytes()
    return b"#%d%d" % (len(str(len(data))), len(data)) + data


def scanning(*pairs: tuple[str, str | bytes | None]) -> PulseLink:
    ac, _ = scripted(PulseLink, ("STATUS:START?", "1"), *pairs)
    ac.scan_s = 1e-6
    return ac


def test_a_setting_is_read_until_it_follows() -> None:
    ac, script = scripted(
        PulseLink,
        ("*IDN?", IDN),
        ("MOTOR:SCANRANGE=5000", None),
        ("MOTOR:SCANRANGE?", "15000"),
        ("MOTOR:SCANRANGE?", "15000"),
        ("MOTOR:SCANRANGE?", "5000\0"),
    )
    ac.link._prove()
    ac.scan_range_ps = 5.0
    assert not script.pairs


def test_a_setting_that_does_not_follow_is_sent_again_then_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pulselink, "AGAIN_S", 0.0)
    monkeypatch.setattr(pulselink, "FOLLOW_S", 0.0)
    ac, script = scripted(PulseLink, ("DETECTOR:GAIN=700", None), ("DETECTOR:GAIN?", "500"))
    with pytest.raises(NotObeyed, match="gain: asked 700, the instrument still reports 500"):
        ac.gain = 700
    assert not script.pairs
    monkeypatch.setattr(pulselink, "FOLLOW_S", 5.0)
    ac, script = scripted(PulseLink, *[("DETECTOR:GAIN=700", None), ("DETECTOR:GAIN?", "500")] * 2, *[
        ("DETECTOR:GAIN=700", None), ("DETECTOR:GAIN?", "700")
    ])  # fmt: skip
    ac.gain = 700
    assert not script.pairs


def test_averages_are_counted_from_names() -> None:
    ac, script = scripted(
        PulseLink, ("STATUS:AVERAGE=3", None), ("STATUS:AVERAGE?", "High (8)"), ("STATUS:AVERAGE?", "Off")
    )
    ac.averages = 8
    assert ac.averages == 1
    assert not script.pairs


@pytest.mark.parametrize("reply", ["2", "Low (3)", "", "Parser error"])
def test_what_may_mean_two_averages_means_none(reply: str) -> None:
    ac, _ = scripted(PulseLink, ("STATUS:AVERAGE?", reply))
    with pytest.raises(WrongReply, match="averages"):
        _ = ac.averages


@pytest.mark.parametrize(
    ("name", "value"),
    [("gain", 299), ("gain", 1001), ("gain", float("nan")), ("scan_range_ps", 7.0), ("averages", 3), ("running", 1)],
)
def test_what_it_cannot_do_is_not_sent(name: str, value: Any) -> None:
    ac, _ = scripted(PulseLink)
    with pytest.raises(OutOfRange, match="nothing was sent"):
        setattr(ac, name, value)


@pytest.mark.parametrize(
    "pairs", [(0.25, -1.5, 1.0, 0.0, 0.3, 1.5), (-1.5, 0.25, 0.0, 1.0, 1.5, 0.3)], ids=["delay second", "delay first"]
)
def test_the_delay_is_the_column_that_rises(pairs: tuple[float, ...]) -> None:
    curve = scanning(("ACF:DATA?", block(*pairs)), ("*ERR?", "0")).autocorrelation()
    assert curve.axis.tolist() == [-1.5, 0.0, 1.5]
    assert curve.values.tolist() == [0.25, 1.0, 0.3]
    assert (curve.axis_unit, curve.saturated) == ("ps", False)


@pytest.mark.parametrize("pairs", [(0, 0, 1, 1, 2, 2), (2, 2, 1, 1, 0, 0), (0, 0, 1, float("nan"), 2, 0)])
def test_a_delay_that_cannot_be_told_is_none(pairs: tuple[float, ...]) -> None:
    with pytest.raises(WrongReply, match="not one column alone rises"):
        scanning(("ACF:DATA?", block(*pairs)), ("*ERR?", "0")).autocorrelation()


def test_a_message_in_the_place_of_data_is_no_data() -> None:
    with pytest.raises(NotReady, match="Time out"):
        scanning(("ACF:DATA?", b"#18Time out"), ("*ERR?", "0")).autocorrelation()


def test_text_in_the_place_of_a_block_is_no_block() -> None:
    with pytest.raises(WrongReply, match="where a block begins"):
        scanning(("ACF:DATA?", "Parser error")).autocorrelation()


def test_a_signal_that_is_too_high_is_saturated() -> None:
    assert scanning(("ACF:DATA?", block(1, -1, 1, 1)), ("*ERR?", "2")).autocorrelation().saturated


def test_it_does_not_measure_while_it_does_not_scan() -> None:
    ac, script = scripted(PulseLink, ("STATUS:START?", "0"))
    with pytest.raises(NotReady, match="set running to True"):
        ac.autocorrelation()
    assert not script.pairs


def test_another_instrument_is_told() -> None:
    ac, _ = scripted(PulseLink, ("*IDN?", "THORLABS,PM100USB,P2000000,1.7.0"))
    with pytest.raises(WrongIdentity):
        ac.link._prove()


def test_what_it_says_of_itself_is_a_problem() -> None:
    ac, _ = scripted(PulseLink, ("*OPER?", "289"), ("*ERR?", "0"), ("STATUS:START?", "0"))
    assert ac.problems() == [
        "pulseLink is not connected to the instrument",
        "the delay drive is switched off",
        "the firmware reports an error",
    ]


@pytest.mark.parametrize("delay_first", [False, True])
def test_on_the_wire_the_pulse_is_what_is_read(delay_first: bool) -> None:
    with correlator(delay_first=delay_first) as (ac, _):
        assert ac.connect() == IDN
        ac.running = True
        ac.scan_range_ps = 5.0
        curve = ac.autocorrelation()
        assert_close(curve.values, gaussian(curve.axis), rel=1e-12)
        assert_close(np.ptp(curve.axis), 5.0, rel=1e-12)
        assert_close(ac.fwhm_ps, WIDTH_PS, rel=0.05)
        assert not ac.problems()


def test_on_the_wire_every_setting_is_set_and_read() -> None:
    with correlator() as (ac, _):
        ac.gain = 700
        ac.gain = 800
        ac.averages = 4
        ac.scan_range_ps = 50
        assert ac.state() == {"running": False, "scan_range_ps": 50.0, "averages": 4.0, "gain": 800.0}
        assert not ac.problems()  # that it does not scan is none: a bench starts it


def test_on_the_wire_padding_is_no_answer_and_the_link_is_kept() -> None:
    with correlator() as (ac, _):
        ac.running = True
        for _ in range(5):
            ac.autocorrelation()
            assert re.match("APE", ac.link.query("*IDN?"))
        assert ac.link.reopened == 0


def test_on_the_wire_too_much_light_is_told() -> None:
    with correlator() as (ac, at):
        ac.running = True
        at.inject(Fault("over_range"))
        assert ac.autocorrelation().saturated
        assert ac.problems() == ["the signal is too high"]


def test_on_the_wire_the_displayed_trace_takes_its_averages() -> None:
    with correlator(displayed=True) as (ac, _):
        ac.running = True
        ac.averages = 16
        assert_close(ac.seconds_per_shot, 0.032, rel=1e-12)
        assert ac.autocorrelation().axis.size == 500
