"""One declaration, one quantity: what is sent, what is believed, and what is refused before anything is sent."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.errors import NotObeyed, OutOfRange, OverRange, Refused, ReplyTimeout, WrongReply
from drivers.instrument import ScpiInstrument, number
from drivers.parameter import Choice, Measured, Number, Stepped, Switch, parameters_of
from tests.closeness import assert_close
from tests.drivers.stand import scripted

NO_ERROR = ("SYST:ERR?", '+0,"No error"')


class Lamp(ScpiInstrument):
    """One parameter of every kind."""

    power_w = Measured("POW?", unit="W", low=0.0, high=10.0, scale=1e3, doc="Measure the power, in W.")
    current_a = Number("CURR", unit="A", low=0.0, high=2.0, resolution=1e-3, doc="Control the current, in A.")
    wavelength_nm = Number(
        "WAV", unit="nm", low=400.0, high=1700.0, resolution=0.01, scale=1e-9, bounded_by_device=True,
        doc="Control the wavelength, in nm.",
    )  # fmt: skip
    gain_db = Stepped("GAIN", (0.0, 10.0, 20.0), unit="dB", resolution=0.1, doc="Control the gain, in dB.")
    output = Switch("OUTP", doc="Control whether there is light.")
    shutter = Switch("SHUT", on="OPEN", off="CLOS", doc="Control the shutter.")
    mode = Choice("MODE", {"current": "CURR", "power": "POW"}, answers={"CURRENT": "current"}, doc="Control the mode.")


class Better(Lamp):
    """One more, and one otherwise."""

    current_a = Number("SOUR:CURR", unit="A", low=0.0, high=5.0, resolution=1e-3, doc="Control the current, in A.")
    note = Choice("NOTE", {"a": "A"}, doc="Control the note.")


# ------------------------------------------------------------------------------------------------- numbers read


@pytest.mark.parametrize(
    ("text", "value"), [("1", 1.0), ("-1.5E-3", -1.5e-3), (" +.5 ", 0.5), ("2.", 2.0), ("0E0", 0.0)]
)
def test_decimal_numbers_are_numbers(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize(
    "text", ["", "nan", "inf", "-Infinity", "1_0", "0x1", "1e", "e5", "1 2", "1,2", "1E400", "١", "9" * 400]
)
def test_what_is_no_finite_decimal_number_is_none(text: str) -> None:
    assert number(text) is None


@given(st.text())
def test_any_text_is_a_finite_number_or_none(text: str) -> None:
    found = number(text)
    assert found is None or abs(found) < float("inf")


def test_a_measured_value_is_in_our_unit() -> None:
    lamp, script = scripted(Lamp, ("POW?", "1500"))
    assert_close(lamp.power_w, 1.5, rel=1e-15)
    assert not script.pairs


@pytest.mark.parametrize("reply", ["9.9E37", "-9.9E+37", "9.91E37", "1e38"])
def test_the_code_for_over_range_is_no_value(reply: str) -> None:
    lamp, _ = scripted(Lamp, ("POW?", reply))
    with pytest.raises(OverRange, match=r"power_w: the instrument reports .*, its code for over range"):
        _ = lamp.power_w
    assert not lamp.link._doubt


@pytest.mark.parametrize("reply", ["-1", "10001", "1e20", "OVER", ""])
def test_what_cannot_be_true_is_a_wrong_reply_and_leaves_doubt(reply: str) -> None:
    lamp, _ = scripted(Lamp, ("POW?", reply))
    with pytest.raises(WrongReply):
        _ = lamp.power_w
    assert lamp.link._doubt


def test_what_is_only_read_cannot_be_set() -> None:
    lamp, script = scripted(Lamp)
    with pytest.raises(OutOfRange, match="power_w can only be read; nothing was sent"):
        lamp.power_w = 1.0
    assert not script.pairs


# -------------------------------------------------------------------------------------------------- numbers set


def test_a_set_is_checked_read_back_and_remembered() -> None:
    lamp, script = scripted(Lamp, ("CURR 1.25", None), NO_ERROR, ("CURR?", "1.2504"))
    lamp.current_a = 1.25
    assert not script.pairs
    assert lamp.set_points == {"current_a": 1.25}


@pytest.mark.parametrize("value", [-0.001, 2.001, float("nan"), float("inf"), -float("inf")])
def test_outside_its_bounds_nothing_is_sent(value: float) -> None:
    lamp, script = scripted(Lamp)
    with pytest.raises(OutOfRange, match=r"Lamp: current_a=.* A is outside 0 to 2 A; nothing was sent"):
        lamp.current_a = value
    assert not script.pairs
    assert not lamp.set_points


@given(st.floats(1e-6, 2.0))
def test_every_value_within_bounds_is_sent_to_nine_digits(value: float) -> None:
    sent = Lamp.current_a.written(scripted(Lamp)[0], value)
    assert_close(float(sent.removeprefix("CURR ")), value, rel=5e-9)


def test_a_value_that_is_not_obeyed_is_told_and_forgotten() -> None:
    lamp, _ = scripted(Lamp, ("CURR 1", None), NO_ERROR, ("CURR?", "1.0"), ("CURR 2", None), NO_ERROR, ("CURR?", "1.9"))
    lamp.current_a = 1.0
    with pytest.raises(NotObeyed, match=r"current_a: asked 2 A, the instrument reports 1\.9 A"):
        lamp.current_a = 2.0
    assert not lamp.set_points


def test_a_refused_set_is_told_and_forgotten() -> None:
    lamp, _ = scripted(Lamp, ("CURR 2", None), ("SYST:ERR?", '-221,"Settings conflict"'), NO_ERROR)
    lamp.set_points["current_a"] = 1.0
    with pytest.raises(Refused, match="-221"):
        lamp.current_a = 2.0
    assert not lamp.set_points


def test_a_set_whose_read_back_is_lost_is_forgotten() -> None:
    lamp, _ = scripted(Lamp, ("CURR 2", None), NO_ERROR, ("CURR?", None))
    lamp.set_points["current_a"] = 1.0
    with pytest.raises(ReplyTimeout):
        lamp.current_a = 2.0
    assert not lamp.set_points


def test_bounds_are_ours_and_the_instruments() -> None:
    lamp, script = scripted(
        Lamp, ("WAV? MIN", "5E-7"), ("WAV? MAX", "2E-6"), ("WAV 1.03e-06", None), NO_ERROR, ("WAV?", "1.03E-6")
    )
    lamp.wavelength_nm = 1030.0
    assert not script.pairs


@pytest.mark.parametrize(
    ("low", "high"), [("2E-6", "5E-7"), ("0", "1E-7"), ("2E-6", "3E-6"), ("9.9E37", "9.9E37"), ("x", "1")]
)
def test_limits_that_cannot_be_are_the_instruments_fault(low: str, high: str) -> None:
    lamp, _ = scripted(Lamp, ("WAV? MIN", low), ("WAV? MAX", high))
    with pytest.raises(WrongReply):
        lamp.wavelength_nm = 1030.0
    assert lamp.link._doubt


def test_a_value_between_the_steps_is_not_sent() -> None:
    lamp, script = scripted(Lamp, ("GAIN 10", None), NO_ERROR, ("GAIN?", "10"))
    with pytest.raises(OutOfRange, match=r"gain_db=5 dB is none of 0, 10, 20; nothing was sent"):
        lamp.gain_db = 5.0
    lamp.gain_db = 10.0
    assert not script.pairs


# ------------------------------------------------------------------------------------------- switches and choices


@pytest.mark.parametrize(("reply", "on"), [("1", True), ("0", False), ("ON", True), ("off", False), ("+1", True)])
def test_a_switch_is_on_or_off(reply: str, on: bool) -> None:
    lamp, _ = scripted(Lamp, ("OUTP?", reply))
    assert lamp.output is on


@pytest.mark.parametrize("reply", ["2", "", "YES", "1.0", "-1", "ONN", "9.9E37"])
def test_what_is_neither_on_nor_off_is_a_wrong_reply(reply: str) -> None:
    lamp, _ = scripted(Lamp, ("OUTP?", reply))
    with pytest.raises(WrongReply, match="neither on nor off"):
        _ = lamp.output
    assert lamp.link._doubt


def test_a_switch_has_its_own_words_and_must_be_obeyed() -> None:
    lamp, script = scripted(
        Lamp, ("SHUT OPEN", None), NO_ERROR, ("SHUT?", "open"), ("SHUT CLOS", None), NO_ERROR, ("SHUT?", "1")
    )
    lamp.shutter = True
    with pytest.raises(NotObeyed, match="shutter: asked off, the instrument reports on"):
        lamp.shutter = False
    assert not script.pairs


@pytest.mark.parametrize("value", [1, 0, "ON", None, 1.0])
def test_a_switch_takes_nothing_but_true_and_false(value: Any) -> None:
    lamp, script = scripted(Lamp)
    with pytest.raises(OutOfRange, match="neither True nor False; nothing was sent"):
        lamp.output = value
    assert not script.pairs


@pytest.mark.parametrize(("reply", "name"), [("CURR", "current"), ('"pow"', "power"), ("Current", "current")])
def test_a_choice_is_one_of_its_names(reply: str, name: str) -> None:
    lamp, _ = scripted(Lamp, ("MODE?", reply))
    assert lamp.mode == name


def test_what_is_none_of_the_choices_is_refused_both_ways() -> None:
    lamp, script = scripted(Lamp, ("MODE?", "VOLT"))
    with pytest.raises(OutOfRange, match="mode='voltage' is none of current, power; nothing was sent"):
        lamp.mode = "voltage"
    with pytest.raises(WrongReply, match="none of current, power"):
        _ = lamp.mode
    assert not script.pairs


# ------------------------------------------------------------------------------------------------- declarations


def test_parameters_come_in_order_and_are_overridden_in_place() -> None:
    names = list(parameters_of(Better))
    assert names == ["power_w", "current_a", "wavelength_nm", "gain_db", "output", "shutter", "mode", "note"]
    assert parameters_of(Better)["current_a"].word == "SOUR:CURR"
    assert Better.current_a is parameters_of(Better)["current_a"]


def test_values_are_shown_with_their_units() -> None:
    assert Lamp.current_a.shown(0.065) == "0.065 A"
    assert Lamp.output.shown(True) == "on"
    assert Measured("N?", unit="", doc="Measure a number.").shown(20.0) == "20"
