"""The grammar against the standards: SCPI-1999 volume 1 (6, 7) and IEEE 488.2 (7). Any bytes give errors, no crash."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.emulators.scpi import Call, ScpiError, Tree, decimal, flag, split_outside_quotes, word
from tests.closeness import assert_close


def said(tree: Tree, message: str) -> list[str]:
    """What the handlers of a message give, in order."""
    return [str(handler(call)) for call, handler in tree.calls(message)]


def code_of(error: pytest.ExceptionInfo[ScpiError]) -> int:
    return error.value.code


def taught(tree: Tree, pattern: str) -> None:
    """A header that tells its own pattern: `pattern?parameters` when asked, `pattern` when set."""
    tree.add(pattern, query=lambda call: f"{pattern}?{','.join(call.arguments)}", set=lambda _: pattern)


def numbered(tree: Tree, pattern: str) -> None:
    """A header that tells the numbers of its nodes."""
    tree.add(pattern, query=lambda call: str(call.suffixes), set=lambda call: str(call.suffixes))


@pytest.fixture
def tree() -> Tree:
    found = Tree()
    for pattern in (
        "[SENSe]:CORRection:WAVelength",
        "[SENSe]:AVERage[:COUNt]",
        "OUTPut[1][:STATe]",
        "*IDN",
        "CALCulate:Y1",
    ):
        taught(found, pattern)
    for pattern in ("CHANnel#:SCALe", "[SOURce#]:CURRent[:LEVel]", "SOURce#:TRIGger#:DELay"):
        numbered(found, pattern)
    return found


# ------------------------------------------------------------------------------------------------ headers: 6.2


@pytest.mark.parametrize(
    "header",
    [
        "SENS:CORR:WAV",
        "SENSE:CORRECTION:WAVELENGTH",
        "sense:corr:wavelength",
        "SeNs:CoRrEcTiOn:wAv",
        ":SENS:CORR:WAV",
        "CORR:WAV",
        ":CORR:WAV",
    ],
)
def test_long_and_short_forms_in_any_case_with_and_without_optional_nodes(header: str, tree: Tree) -> None:
    assert said(tree, f"{header}?") == ["[SENSe]:CORRection:WAVelength?"]


@pytest.mark.parametrize(
    "header", ["SENSO:CORR:WAV", "SEN:CORR:WAV", "SENS:CORREC:WAV", "SENS:CORR", "WAV", "SENS:WAV:CORR"]
)
def test_what_is_neither_long_nor_short_is_an_undefined_header(header: str, tree: Tree) -> None:
    with pytest.raises(ScpiError) as error:
        said(tree, f"{header}?")
    assert code_of(error) == -113


@pytest.mark.parametrize("message", ["CALC?", "*OPC?", "*RST", "*WAI?", "*", "OUTP:STAT:MORE?"])
def test_what_nobody_taught_is_refused(message: str, tree: Tree) -> None:
    with pytest.raises(ScpiError) as error:
        said(tree, message)
    assert code_of(error) in {-113, -102}


@pytest.mark.parametrize(
    "message", ["1SENS?", "SENS::CORR?", "SENS:CORR:?", "::SENS?", "SENS,CORR", "*IDN??", "?", ":", "SENS-CORR", "*1"]
)
def test_what_is_no_header_is_a_syntax_error(message: str, tree: Tree) -> None:
    with pytest.raises(ScpiError) as error:
        said(tree, message)
    assert code_of(error) == -102


@pytest.mark.parametrize("message", ["SENS:CORR:WAV? MIN", "SENS:CORR:WAV?\tMIN", "SENS:CORR:WAV?   MIN  "])
def test_any_white_space_parts_header_and_parameters(message: str, tree: Tree) -> None:
    assert said(tree, message) == ["[SENSe]:CORRection:WAVelength?MIN"]


# ------------------------------------------------------------------------------------- numbers in headers: 6.2.5.2


@pytest.mark.parametrize(
    ("message", "numbers"),
    [
        ("CHAN3:SCAL?", "(3,)"),
        ("CHANNEL12:SCALE?", "(12,)"),
        ("CHAN:SCAL?", "(1,)"),
        ("SOUR2:CURR?", "(2,)"),
        ("SOUR:CURR:LEV?", "(1,)"),
        ("CURR?", "(1,)"),
        ("SOUR2:TRIG3:DEL?", "(2, 3)"),
        ("SOUR:TRIG3:DEL?", "(1, 3)"),
        ("SOUR2:TRIG:DEL?", "(2, 1)"),
    ],
)
def test_a_number_that_is_left_out_is_1(message: str, numbers: str, tree: Tree) -> None:
    assert said(tree, message) == [numbers]


def test_a_unit_that_goes_on_keeps_the_numbers_of_its_path(tree: Tree) -> None:
    assert said(tree, "SOUR2:TRIG3:DEL?;DEL?;:SOUR4:CURR?;CURR:LEV?") == ["(2, 3)", "(2, 3)", "(4,)", "(4,)"]


@pytest.mark.parametrize("message", ["SENS2:CORR:WAV?", "CORR1:WAV?", "OUTP2?", f"CHAN{'9' * 6000}:SCAL?"])
def test_a_number_where_none_may_be_is_out_of_range(message: str, tree: Tree) -> None:
    with pytest.raises(ScpiError) as error:
        said(tree, message)
    assert code_of(error) == -114


def test_one_number_may_be_allowed_and_a_name_may_end_with_a_digit(tree: Tree) -> None:
    assert said(tree, "OUTP1 ON;:OUTPUT1:STATE ON;:OUTP ON") == ["OUTPut[1][:STATe]"] * 3
    assert said(tree, "CALC:Y1?") == ["CALCulate:Y1?"]


# ------------------------------------------------------------------------------------------- the path: 6.2.4


def test_a_unit_goes_on_where_the_one_before_it_was(tree: Tree) -> None:
    assert said(tree, "SENS:AVER 3;CORR:WAV 5;WAV?") == [
        "[SENSe]:AVERage[:COUNt]",
        "[SENSe]:CORRection:WAVelength",
        "[SENSe]:CORRection:WAVelength?",
    ]


def test_a_colon_begins_at_the_root_and_common_commands_change_nothing(tree: Tree) -> None:
    assert len(said(tree, "SENS:CORR:WAV 1;*IDN?;WAV 2;:SENS:AVER?;:OUTP?")) == 5


def test_below_the_last_unit_is_not_where_the_next_begins(tree: Tree) -> None:
    with pytest.raises(ScpiError) as error:
        said(tree, "SENS:CORR:WAV 1;SENS:CORR:WAV 2")
    assert code_of(error) == -113


def test_empty_units_are_nothing(tree: Tree) -> None:
    assert said(tree, " ;; *IDN? ; ") == ["*IDN?"]


def test_a_tree_that_is_cleared_in_the_middle_goes_on_with_what_it_learns() -> None:
    tree = Tree()

    def learn(_: Call) -> str:
        tree.clear()
        tree.add("A:B", set=lambda _: "new")
        return "learned"

    tree.add("A:B", set=lambda _: "old")
    tree.add("*RST", set=learn)
    assert said(tree, "A:B;*RST;B;:A:B") == ["old", "learned", "new", "new"]


# ------------------------------------------------------------------------------------------ parameters: 7, and 7.7


def test_parameters_are_parted_by_commas_but_not_in_quotes(tree: Tree) -> None:
    call = next(tree.calls("""SENS:CORR:WAV? "a,b;c" , 'd' ,3"""))[0]
    assert call.arguments == ('"a,b;c"', "'d'", "3")
    assert list(split_outside_quotes('a;"b;c";d', ";")) == ["a", '"b;c"', "d"]


@pytest.mark.parametrize(("arguments", "code"), [((), -109), (("1", "2"), -108)])
def test_one_parameter_is_one(arguments: tuple[str, ...], code: int) -> None:
    with pytest.raises(ScpiError) as error:
        Call("X", False, (), arguments).only()
    assert code_of(error) == code


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("1030NM", "M", 1.03e-6),
        ("1.03E-6", "M", 1.03e-6),
        ("1.03 um", "M", 1.03e-6),
        ("1030 e -9 m", "M", 1.03e-6),
        ("65MA", "A", 0.065),
        ("65 mA", "A", 0.065),
        ("+.065", "A", 0.065),
        ("65e-3", "A", 0.065),
        ("2.", "A", 2.0),
        ("1KHZ", "HZ", 1e3),
        ("1MHZ", "HZ", 1e6),
        ("1MAHZ", "HZ", 1e6),
        ("1MOHM", "OHM", 1e6),
        ("1MS", "S", 1e-3),
        ("1MW", "W", 1e-3),
        ("1MAW", "W", 1e6),
        ("5NW", "W", 5e-9),
        ("2GHZ", "HZ", 2e9),
        ("7", "", 7.0),
    ],
)
def test_numbers_have_multipliers_and_units(text: str, unit: str, value: float) -> None:
    assert_close(decimal(text, unit=unit, low=-1e12, high=1e12), value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit", "code"),
    [
        ("1NV", "A", -131),
        ("1QA", "A", -131),
        ("1%", "A", -131),
        ("1NM", "", -138),
        ("abc", "A", -104),
        ("", "A", -104),
        ("1e", "", -138),
        ("--1", "A", -104),
        ("1,5", "A", -104),
        ("0x10", "A", -104),
        ("#H1F", "A", -104),
        ("1_000", "A", -104),
        ("nan", "A", -104),
        ("inf", "A", -104),
        ("-INF", "A", -104),
        ("1\n2", "A", -104),
        ("11", "A", -222),
        ("-0.1", "A", -222),
        ("1e400", "A", -222),
        ("DEF", "A", -224),
    ],
)
def test_what_is_no_such_number_has_its_own_error(text: str, unit: str, code: int) -> None:
    with pytest.raises(ScpiError) as error:
        decimal(text, unit=unit, low=0, high=10)
    assert code_of(error) == code


def test_infinity_is_no_number_even_without_bounds() -> None:
    with pytest.raises(ScpiError) as error:
        decimal("1E400", low=0, high=float("inf"))
    assert code_of(error) == -222


@pytest.mark.parametrize(
    ("text", "value"), [("MIN", 0), ("minimum", 0), ("MAX", 10), ("Maximum", 10), ("DEF", 3), ("DEFAULT", 3)]
)
def test_the_ends_and_the_default_have_names(text: str, value: float) -> None:
    assert decimal(text, low=0, high=10, default=3) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("ON", True),
        ("off", False),
        ("1", True),
        ("0", False),
        ("-3", True),
        ("0.4", False),
        ("0.5", True),
        ("1e400", True),
    ],
)
def test_a_flag_is_a_word_or_a_number(text: str, value: bool) -> None:
    assert flag(text) is value


@pytest.mark.parametrize("text", ["yes", "", "nan", "TRUE", "1_0", "inf", "O N"])
def test_what_is_no_flag_is_refused(text: str) -> None:
    with pytest.raises(ScpiError) as error:
        flag(text)
    assert code_of(error) == -104


@pytest.mark.parametrize("text", ["CURR", "CURRENT", "current", '"CURR"', "'current'"])
def test_a_word_has_two_forms(text: str) -> None:
    assert word(text, ("VOLTage", "CURRent")) == "CURRent"


@pytest.mark.parametrize("text", ["CUR", "CURRE", "", "VOLT CURR"])
def test_what_is_neither_form_is_refused(text: str) -> None:
    with pytest.raises(ScpiError) as error:
        word(text, ("VOLTage", "CURRent"))
    assert code_of(error) == -224


def test_an_error_knows_its_text() -> None:
    assert str(ScpiError(-222)) == '-222,"Data out of range"'
    assert str(ScpiError(7)) == '7,"Device-specific error"'
    assert str(ScpiError(7, "Hot")) == '7,"Hot"'


# ------------------------------------------------------------------------------------------------ any text

GRAMMAR = st.text(alphabet="SENSCORWAVOUTPCHUIDN:;?*,\"' 0129.eE+-#\t", max_size=60)


def refused_with(work: Callable[[], object]) -> int:
    """The code of the error that work ends with; 0 where it ends well."""
    try:
        work()
    except ScpiError as error:
        return error.code
    return 0


@given(GRAMMAR | st.text(max_size=60))
def test_any_text_is_understood_or_an_error(message: str) -> None:
    tree = Tree()
    tree.add("[SENSe]:CORRection:WAVelength", query=lambda _: "1", set=lambda _: None)
    tree.add("[SOURce#]:CHANnel#[:X]", query=lambda call: str(call.suffixes), set=lambda _: None)
    assert refused_with(lambda: said(tree, message)) in {0, -102, -113, -114}


@given(
    st.text(max_size=30) | st.text(alphabet="0123456789.eE+- \tMAKNUVW%", max_size=12), st.sampled_from(["", "A", "HZ"])
)
def test_any_text_is_a_number_in_its_bounds_or_an_error(text: str, unit: str) -> None:
    found: list[float] = []
    code = refused_with(lambda: found.append(decimal(text, unit=unit, low=-5, high=5, default=1)))
    assert code in {-104, -131, -138, -222} if not found else -5 <= found[0] <= 5
    assert refused_with(lambda: flag(text)) in {0, -104, -138}
