"""What every emulated SCPI instrument does: IEEE 488.2's common commands, status, and the error queue of SCPI-1999."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import QUEUE_LENGTH, Answer, ScpiBox
from drivers.emulators.scpi import Call, ScpiError
from tests.closeness import assert_close


class Lamp(ScpiBox):
    """A lamp with a level, a switch, a mode, and a warm-up of 100 s. It can give bytes."""

    idn = "MAKER,LAMP,1,1"

    def teach(self) -> None:
        """Its headers."""
        self.lit: list[bool] = []
        self.level_a = self.number("[SOURce]:CURRent", 0.5, low=0, high=2, unit="A")
        self.on = self.switch("OUTPut[:STATe]", value=False, then=self.lit.append)
        self.mode = self.choice("SOURce:MODE", "CURR", ("CURRent", "POWer"))
        self.tree.add("WARM", set=lambda _: self._warm())
        self.tree.add("DATA", query=lambda _: b"#13\n;#")
        self.tree.add("FAIL", set=self._fails)

    def _warm(self) -> None:
        self.busy_until_s = self.clock.now_s + 100

    def _fails(self, call: Call) -> None:
        raise ScpiError(int(call.only()))


class Hand(VirtualClock):
    """A clock that is set by hand."""

    def __init__(self) -> None:
        super().__init__(1.0)
        self.at_s = 1000.0

    @property
    def now_s(self) -> float:
        """What the test says."""
        return self.at_s


@pytest.fixture
def lamp() -> Lamp:
    return Lamp("lamp", Hand())


def said(box: ScpiBox, message: str) -> str | None:
    data = box.answer(message.encode()).data
    return None if data is None else data.decode()


# ------------------------------------------------------------------------------------------------- messages


def test_a_message_without_a_question_has_no_answer(lamp: Lamp) -> None:
    assert lamp.answer(b"CURR 1.5;OUTP ON") == Answer(None, 0.0)
    assert (lamp.level_a(), lamp.on()) == (1.5, True)


def test_answers_of_one_message_come_in_one(lamp: Lamp) -> None:
    assert said(lamp, "*IDN?;:OUTP?;:SOUR:MODE?") == "MAKER,LAMP,1,1;0;CURR"


def test_bytes_come_as_they_are(lamp: Lamp) -> None:
    assert lamp.answer(b"DATA?").data == b"#13\n;#"


def test_what_comes_before_an_error_is_done_and_what_comes_after_is_not(lamp: Lamp) -> None:
    assert said(lamp, "CURR 1;CURR?;NONSENSE;CURR 2") == "1.00000000E+00"
    assert said(lamp, "SYST:ERR?;:CURR?") == '-113,"Undefined header";1.00000000E+00'


def test_what_is_no_ascii_is_an_invalid_character(lamp: Lamp) -> None:
    lamp.answer("CURR 1 µA".encode())
    assert said(lamp, "SYST:ERR?") == '-101,"Invalid character"'


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.binary(max_size=40) | st.text("*OPCESRIDN?;: CURSOUTPONFA0123456789.eE+-,AM", max_size=40).map(str.encode)
    )
)
def test_any_bytes_give_an_answer_or_an_error_in_the_queue(messages: list[bytes]) -> None:
    lamp = Lamp("lamp", Hand())
    for message in messages:
        answer = lamp.answer(message)
        assert answer.data is None or isinstance(answer.data, bytes)
    assert 0 <= lamp.level_a() <= 2
    assert len(lamp.errors) <= QUEUE_LENGTH
    assert said(lamp, "*CLS;*IDN?") == "MAKER,LAMP,1,1"


# ------------------------------------------------------------------------------------------- settings in one line


def test_a_number_knows_its_ends_and_its_default(lamp: Lamp) -> None:
    assert said(lamp, "CURR? MIN;CURR? MAX;CURR? DEF") == "0.00000000E+00;2.00000000E+00;5.00000000E-01"
    for text, value in (("MAX", 2.0), ("DEF", 0.5), ("65MA", 0.065), ("1.5", 1.5)):
        said(lamp, f"CURR {text}")
        assert_close(lamp.level_a(), value, rel=1e-12)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("CURR 3", -222),
        ("CURR -1", -222),
        ("CURR", -109),
        ("CURR 1,2", -108),
        ("CURR bright", -104),
        ("CURR 1V", -131),
        ("CURR? LOWEST", -224),
        ("OUTP maybe", -104),
        ("SOUR:MODE VOLT", -224),
        ("SOUR:MODE", -109),
        ("*ESE 256", -222),
        ("*ESE 1e400", -222),
        ("*SRE", -109),
        ("*IDN", -113),
        ("*RST?", -113),
    ],
)
def test_a_setting_that_is_refused_changes_nothing(message: str, code: int, lamp: Lamp) -> None:
    assert said(lamp, message) is None
    assert (said(lamp, "SYST:ERR?") or "").startswith(f"{code},")
    assert (lamp.level_a(), lamp.on(), lamp.mode(), lamp.ese) == (0.5, False, "CURR", 0)


def test_a_switch_and_a_choice_take_every_form_and_tell_one(lamp: Lamp) -> None:
    for text in ("ON", "1", "on"):
        assert said(lamp, f"OUTP {text};:OUTP?") == "1"
    for text in ("pow", "POWER", "'POW'"):
        assert said(lamp, f"SOUR:MODE {text};MODE?") == "POW"
    assert lamp.lit == [True, True, True]


# --------------------------------------------------------------------------------------------------- the queue


def test_errors_come_oldest_first_and_then_none(lamp: Lamp) -> None:
    said(lamp, "NONSENSE")
    said(lamp, "CURR 9")
    heard = [said(lamp, "SYST:ERR?"), said(lamp, "SYSTEM:ERROR:NEXT?"), said(lamp, "SYST:ERR?")]
    assert heard == ['-113,"Undefined header"', '-222,"Data out of range"', '+0,"No error"']


def test_a_full_queue_says_so_in_its_last_place(lamp: Lamp) -> None:
    for _ in range(QUEUE_LENGTH + 5):
        said(lamp, "NONSENSE")
    heard = [said(lamp, "SYST:ERR?") for _ in range(QUEUE_LENGTH + 1)]
    assert heard[-3:] == ['-113,"Undefined header"', '-350,"Queue overflow"', '+0,"No error"']


# -------------------------------------------------------------------------------------------------- the status


@pytest.mark.parametrize(("code", "bit"), [(-113, 32), (-222, 16), (-350, 8), (-410, 4), (5, 8)])
def test_every_error_flags_its_kind(code: int, bit: int, lamp: Lamp) -> None:
    said(lamp, "*CLS")
    said(lamp, f"FAIL {code}")
    assert said(lamp, "*ESR?") == str(bit)
    assert said(lamp, "*ESR?") == "0"


def test_power_on_is_an_event(lamp: Lamp) -> None:
    assert said(lamp, "*ESR?") == "128"
    lamp.power_cycle()
    assert said(lamp, "*ESR?;*ESR?") == "128;0"


def test_the_status_byte_sums_up_what_is_enabled(lamp: Lamp) -> None:
    said(lamp, "*CLS")
    assert said(lamp, "*STB?") == "0"
    said(lamp, "NONSENSE")
    assert said(lamp, "*STB?") == "4"
    assert said(lamp, "*ESE 32;*STB?") == str(4 + 32)
    assert said(lamp, "*SRE 32;*STB?") == str(4 + 32 + 64)
    assert said(lamp, "*CLS;*STB?;*ESE?;*SRE?") == "0;32;32"
    assert said(lamp, "*SRE 255;*SRE?") == "191"  # IEEE 488.2, 11.3.2.3: bit 6 is not kept


def test_reset_puts_settings_back_and_leaves_errors_and_masks(lamp: Lamp) -> None:
    said(lamp, "CURR 2;:OUTP ON;*ESE 4")
    said(lamp, "NONSENSE")
    assert said(lamp, "*RST;:CURR?;:OUTP?;*ESE?") == "5.00000000E-01;0;4"
    assert said(lamp, "SYST:ERR?") == '-113,"Undefined header"'


def test_what_follows_a_reset_in_one_message_is_done_to_the_reset_instrument(lamp: Lamp) -> None:
    said(lamp, "CURR 2;*RST;CURR 1.5")
    assert lamp.level_a() == 1.5
    assert said(lamp, "CURR?") == "1.50000000E+00"


def test_a_power_cycle_forgets_everything(lamp: Lamp) -> None:
    said(lamp, "CURR 2;*ESE 4")
    said(lamp, "NONSENSE")
    lamp.power_cycle()
    assert said(lamp, "CURR?;*ESE?;:SYST:ERR?") == '5.00000000E-01;0;+0,"No error"'


# ------------------------------------------------------------------------------------------------- waiting


def test_opc_is_answered_when_what_is_under_way_has_ended(lamp: Lamp) -> None:
    assert lamp.answer(b"*OPC?") == Answer(b"1", 0.0)
    assert lamp.answer(b"WARM;*OPC?") == Answer(b"1", 1100.0)
    assert lamp.answer(b"*IDN?").not_before_s == 0.0


def test_wai_holds_back_the_rest_of_its_message(lamp: Lamp) -> None:
    assert lamp.answer(b"WARM;*WAI;CURR?") == Answer(b"5.00000000E-01", 1100.0)


def test_opc_without_a_question_flags_the_end(lamp: Lamp) -> None:
    said(lamp, "*CLS")
    said(lamp, "WARM;*OPC")
    assert said(lamp, "*ESR?") == "0"
    assert isinstance(lamp.clock, Hand)
    lamp.clock.at_s += 100
    assert said(lamp, "*ESE 1;*STB?;*ESR?;*ESR?") == "32;1;0"


def test_a_cleared_status_forgets_what_opc_waits_for(lamp: Lamp) -> None:
    said(lamp, "WARM;*OPC;*CLS")
    assert isinstance(lamp.clock, Hand)
    lamp.clock.at_s += 100
    assert said(lamp, "*ESR?") == "0"


def test_in_a_deaf_spell_nothing_is_answered(lamp: Lamp) -> None:
    lamp.hear_after_s = 1030.0
    assert lamp.answer(b"*IDN?").not_before_s == 1030.0
