"""The WaveShaper's three requests, pinned, and a unit behind HTTP."""

import json
from typing import Any

import numpy as np
import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import Fault
from drivers.emulators.http_server import HttpServer
from drivers.emulators.waveshaper import WaveShaperBox
from drivers.errors import NotObeyed, NotReady, OutOfRange, Refused, SetPointLost, WrongIdentity, WrongReply
from drivers.reach import GroupDelayReach
from drivers.script import Script
from drivers.spectral_phase import greatest_phase_rad
from drivers.waveshaper import WaveShaper
from drivers.wsp import Profile
from tests.closeness import assert_close
from tests.drivers.shaper_stand import BAND, CARRIER_THZ, waveshaper, with_pulse
from tests.drivers.stand import FAST, connected, scripted

DEVINFO = "GET /waveshaper/devinfo"
GET = "GET /waveshaper/getprofile"
UNIT = {"model": "TWIN", "sno": "7", "ver": "1.2", "startfreq": 291.0, "stopfreq": 291.01, "portcount": 1}
INFO = json.dumps(UNIT)
DONE = json.dumps({"rc": 0, "rctext": "SUCCESS", "sno": "7"})
SMALL_BAND = (-0.03, 0.03)
COEFFICIENTS = (500.0, 0.0, 0.0)


def small(*pairs: tuple[str, str | None], info: str = INFO) -> tuple[WaveShaper, Script]:
    """A unit of eleven rows, whose whole profile fits on a page."""
    shaper, script = scripted(WaveShaper, *pairs, idn=info, reach_ps=100.0)
    shaper.carrier_thz, shaper.band_rad_per_ps = 291.005, SMALL_BAND
    return shaper, script


def rows(gdd_ps2: float = 500.0, sign: int = 1) -> str:
    """GDD ω²/2 on the grid, ω = 2π (f - carrier), written by hand: frequency, attenuation, phase, port."""
    written = []
    for step in range(11):
        ω = 2 * np.pi * (step - 5) * 0.001
        phase = (sign * gdd_ps2 * ω**2 / 2) % (2 * np.pi)
        written.append(f"{291.0 + 0.001 * step:.4f}\t0.0000\t{phase:.4f}\t1\n")
    return "".join(written)


def post(text: str) -> str:
    return f"POST /waveshaper/loadprofile {json.dumps({'type': 'wsp', 'wsp': text})}"


def test_a_dispersion_is_written_row_by_row_read_back_and_remembered() -> None:
    shaper, script = small((post(rows()), DONE), (GET, rows()), (GET, rows()))
    shaper.load_dispersion(*COEFFICIENTS)
    assert shaper.set_points["dispersion"] == COEFFICIENTS
    found = shaper.dispersion
    assert greatest_phase_rad((found[0] - 500.0, found[1], found[2]), SMALL_BAND) < 1e-3
    assert not script.pairs


def test_the_other_sign_of_the_phase_column_is_one_option() -> None:
    shaper, script = scripted(
        WaveShaper,
        (post(rows(sign=-1)), DONE),
        (GET, rows(sign=-1)),
        (GET, rows(sign=-1)),
        idn=INFO,
        reach_ps=100.0,
        phase_sign=-1,
    )  # fmt: skip — a page of messages
    shaper.carrier_thz, shaper.band_rad_per_ps = 291.005, SMALL_BAND
    shaper.load_dispersion(*COEFFICIENTS)
    assert_close(shaper.dispersion[0], 500.0, rel=0.02)
    assert not script.pairs


def test_a_refused_profile_is_told_in_the_units_words() -> None:
    shaper, script = small((post(rows()), '{"rc": -3, "rctext": "port not available", "sno": "7"}'))
    with pytest.raises(Refused, match="-3 port not available"):
        shaper.load_dispersion(*COEFFICIENTS)
    assert "dispersion" not in shaper.set_points
    assert not script.pairs


@pytest.mark.parametrize("reply", ["", "ok", "[]", "{}", '{"rc": "x"}', '{"rc": null}', "%&QX", '"rc"'])
def test_what_is_no_result_is_told(reply: str) -> None:
    shaper, _ = small((post(rows()), reply))
    with pytest.raises(WrongReply, match="no result"):
        shaper.load_dispersion(*COEFFICIENTS)


@pytest.mark.parametrize(
    ("held", "told"),
    [
        (rows(gdd_ps2=400.0), r"at 291\.000 THz asked 0 dB, 0\.2467 rad, port 1, the unit reports 0 dB, 0\.1974 rad"),
        (rows().replace("\t1\n", "\t0\n", 1), "the unit reports 0 dB, 0.2467 rad, port 0"),
        (rows().replace("\t0.0000\t", "\t3.0000\t", 1), "the unit reports 3 dB"),
        (rows() + "291.0110\t0.0\t0.0\t1\n", "another frequency grid"),
    ],
)
def test_a_row_that_is_not_the_one_written_is_told(held: str, told: str) -> None:
    shaper, script = small((post(rows()), DONE), (GET, held))
    with pytest.raises(NotObeyed, match=told):
        shaper.load_dispersion(*COEFFICIENTS)
    assert not script.pairs


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        rows().replace("0.0000", "nan", 1),
        rows().replace("\t1\n", "\n", 1),
        rows()[: len(rows()) // 2],
        "".join(rows().splitlines(keepends=True)[:5]),
        "".join(rows().splitlines(keepends=True)[::-1]),
        rows().replace("291.0030", "291.0070"),
        rows().replace("0.0000", "1_0", 1),
    ],
)
def test_what_is_no_whole_profile_is_told(text: str) -> None:
    shaper, _ = small((GET, text))
    with pytest.raises(WrongReply, match="getprofile gave no profile"):
        _ = shaper.dispersion


def test_a_profile_that_is_no_polynomial_is_no_dispersion() -> None:
    text = "".join(f"{291.0 + 0.001 * step:.4f}\t0.0\t{step % 2}\t1\n" for step in range(11))
    shaper, _ = small((GET, text))
    with pytest.raises(NotReady, match="is no dispersion"):
        _ = shaper.dispersion


@pytest.mark.parametrize("coefficients", [(5000.0, 0.0, 0.0), (float("nan"), 0.0, 0.0)])
def test_beyond_the_reach_nothing_is_sent(coefficients: tuple[float, float, float]) -> None:
    shaper, script = small()
    with pytest.raises(OutOfRange, match=r"nothing was sent"):
        shaper.load_dispersion(*coefficients)
    assert not script.pairs


def test_without_the_pulse_nothing_is_sent() -> None:
    shaper, script = scripted(WaveShaper, reach_ps=100.0)
    with pytest.raises(OutOfRange, match="must be set first; nothing was sent"):
        shaper.load_dispersion(0.0, 0.0, 0.0)
    assert not script.pairs


@pytest.mark.parametrize(
    ("model", "reach_ps", "told"),
    [
        ("1000A", 25.0, ""),
        ("WaveShaper 4000A", 25.0, ""),
        ("WS16000A", 25.0, ""),
        ("500A", None, "has no control of phase"),
        ("100A", None, "has no control of phase"),
        ("TWIN-1030 (idealised, no such product)", None, "is not known: give reach_ps"),
    ],
)
def test_the_reach_of_known_models(model: str, reach_ps: float | None, told: str) -> None:
    shaper, _ = scripted(WaveShaper, idn=json.dumps(UNIT | {"model": model}))
    if reach_ps is None:
        with pytest.raises(OutOfRange, match=told):
            _ = shaper.reach
    else:
        assert shaper.reach == GroupDelayReach(reach_ps, 291.0, 291.01, 0.001)


def test_a_bench_may_set_the_reach() -> None:
    shaper, script = scripted(WaveShaper)
    shaper.reach = GroupDelayReach(7.0, 290.0, 292.0, 0.001)
    assert_close(shaper.reach.reach_ps, 7.0, rel=1e-12)
    assert not script.pairs


@pytest.mark.parametrize("options", [{"phase_sign": 0}, {"reach_ps": -1.0}, {"reach_ps": float("nan")}, {"port": 0}])
def test_options_that_make_no_sense_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(OutOfRange):
        WaveShaper.at("http://127.0.0.1:9", **options)


def test_another_instrument_is_told() -> None:
    shaper, script = scripted(WaveShaper, idn='{"device": "thermostat"}')
    with pytest.raises(WrongIdentity, match="thermostat"):
        shaper.profile()
    assert not script.pairs


@pytest.mark.parametrize("change", [{"startfreq": "x"}, {"stopfreq": 290.0}, {"startfreq": float("nan")}])
def test_a_unit_without_a_band_is_told(change: dict[str, object]) -> None:
    shaper, _ = scripted(WaveShaper, idn=json.dumps(UNIT | change))
    with pytest.raises(WrongReply, match="to devinfo came"):
        _ = shaper.reach


def test_a_port_that_the_unit_has_not_is_refused() -> None:
    shaper, script = scripted(WaveShaper, idn=INFO, reach_ps=100.0, port=3)
    shaper.carrier_thz, shaper.band_rad_per_ps = 291.005, SMALL_BAND
    with pytest.raises(OutOfRange, match="port=3, and the unit has 1; nothing was sent"):
        shaper.load_dispersion(0.0, 0.0, 0.0)
    assert not script.pairs


def test_phases_are_compared_on_the_circle() -> None:
    frequency = 291.0 + 0.001 * np.arange(3)
    ones = np.ones(3)
    one = Profile(frequency, 0 * ones, np.array([0.0, 6.2831, 1.0]), ones)
    other = Profile(frequency, 0 * ones, np.array([6.2831, 0.0, 1.0 + 4 * np.pi]), ones)
    assert one.first_difference(other, attenuation_db=0.01, phase_rad=0.001) is None
    assert Profile.from_text(one.text).first_difference(one, attenuation_db=0.01, phase_rad=0.001) is None


# ------------------------------------------------------------------------------------------------ on the wire


@pytest.mark.parametrize("wanted", [(1.0, 0.0, 0.0), (-3.0, 0.5, 0.1), (0.0, -1.0, 0.0), (20.0, 0.0, 0.0)])
def test_on_the_wire_the_field_gets_the_dispersion_that_was_asked(wanted: tuple[float, float, float]) -> None:
    with waveshaper() as (shaper, at):
        shaper.load_dispersion(*wanted)
        box = at.server.box
        assert isinstance(box, WaveShaperBox)
        for found in (shaper.dispersion, box.coefficients(CARRIER_THZ, BAND)):
            left = (found[0] - wanted[0], found[1] - wanted[1], found[2] - wanted[2])
            assert greatest_phase_rad(left, BAND) < 0.01


def test_on_the_wire_a_wrong_sign_would_be_the_opposite_chirp() -> None:
    """What `phase_sign` is for: the unit of the other convention, driven as if it were of this one."""
    clock = VirtualClock(FAST)
    box = WaveShaperBox("shaper", clock, start_thz=288.5, stop_thz=293.6, phase_sign=-1)
    for phase_sign, gdd_ps2 in ((1, -1.0), (-1, 1.0)):
        options = {"reach_ps": 100.0, "phase_sign": phase_sign}
        with connected(WaveShaper, box, clock, HttpServer, **options) as (shaper, _):
            with_pulse(shaper)
            shaper.load_dispersion(1.0, 0.0, 0.0)
            assert_close(box.coefficients(CARRIER_THZ, BAND)[0], gdd_ps2, rel=1e-4)


def test_on_the_wire_it_says_what_it_is_and_holds() -> None:
    with waveshaper() as (shaper, _):
        assert shaper.connect() == "TWIN-1030 (idealised, no such product),SN200001,1.0.0"
        shaper.load_dispersion(1.0, 0.0, 0.0)
        state = shaper.state()
        assert (state["model"], state["serial"]) == ("TWIN-1030 (idealised, no such product)", "SN200001")
        assert_close(state["gdd_ps2"], 1.0, rel=1e-5)
        assert not shaper.problems()


def test_on_the_wire_the_doctor_sees_a_blocked_pulse() -> None:
    with waveshaper() as (shaper, _):
        shaper.link.query('POST /waveshaper/loadprofile {"type": "blockall"}')
        assert shaper.problems() == ["the profile blocks 100 % of the pulse's band"]
        shaper.carrier_thz = 280.0
        assert "outside 288.500 to 293.600 THz" in shaper.problems()[0]


def test_on_the_wire_the_predefined_filters_and_errors_of_the_unit() -> None:
    clock = VirtualClock(FAST)
    box = WaveShaperBox("shaper", clock)
    with connected(WaveShaper, box, clock, HttpServer) as (shaper, _):
        load = "POST /waveshaper/loadprofile "
        told = shaper.link.query(load + '{"type":"bandpass","port":1,"center":193.5,"bandwidth":1.0,"attn":0}')
        assert json.loads(told)["rc"] == 0
        passed = box.transmission(np.array([192.0, 193.5, 195.0]))
        assert passed.tolist() == [0.0, 1.0, 0.0]
        shaper.link.query(load + '{"type":"gaussian","port":1,"center":193.5,"bandwidth":1.0,"attn":0}')
        assert_close(box.transmission(np.array([193.0])), np.array([0.5]), rel=1e-3)
        for wrong in ("{}", "nonsense", '{"type":"wsp","wsp":"190.0\\t0\\t0\\t1\\n"}', '{"type":"wsp","wsp":"x"}'):
            assert json.loads(shaper.link.query(load + wrong))["rc"] != 0


def test_on_the_wire_a_unit_asked_for_more_than_its_reach_makes_another_phase_and_says_nothing() -> None:
    """Why the driver refuses: the unit would not."""
    clock = VirtualClock(FAST)
    box = WaveShaperBox("shaper", clock, start_thz=288.5, stop_thz=293.6, reach_ps=10.0)
    with connected(WaveShaper, box, clock, HttpServer, reach_ps=200.0) as (shaper, _):
        with_pulse(shaper)
        shaper.load_dispersion(5.0, 0.0, 0.0)
        assert box.coefficients(CARRIER_THZ, BAND)[0] < 4.0


def test_on_the_wire_a_power_cycle_is_told_once_as_a_lost_set_point() -> None:
    with waveshaper(timeout_s=1.0) as (shaper, at):
        shaper.load_dispersion(1.0, 0.0, 0.0)
        at.stand.call(at.server.box.power_cycle)
        shaper.link.doubt("a test")
        with pytest.raises(SetPointLost, match=r"dispersion was 1 ps², .* and is 0 ps²"):
            _ = shaper.dispersion
        assert abs(shaper.dispersion[0]) < 1e-9


def test_on_the_wire_a_stuck_unit_is_not_believed() -> None:
    with waveshaper() as (shaper, at):
        shaper.load_dispersion(0.0, 0.0, 0.0)
        at.inject(Fault("stuck"))
        assert abs(shaper.dispersion[0]) < 1e-9
        with pytest.raises(NotObeyed, match="the unit reports"):
            shaper.load_dispersion(2.0, 0.0, 0.0)
