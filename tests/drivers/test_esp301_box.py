"""The emulated controller and the motion of its axes, against the manual's words and closed forms."""

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.esp301 import ESP301Box
from drivers.emulators.motion import Path
from tests.closeness import assert_close


class _Clock(VirtualClock):
    """Time that stands until it is set."""

    def __init__(self) -> None:
        super().__init__()
        self.time_s = 100.0

    @property
    def now_s(self) -> float:
        return self.time_s


def box() -> ESP301Box:
    """Motor 1 on; 2.5 mm/s, 10 mm/s²."""
    made = ESP301Box("delay", _Clock())
    made.answer(b"1MO")
    return made


def asked(box: ESP301Box, line: str) -> str | None:
    """What a line gives."""
    data = box.answer(line.encode()).data
    return None if data is None else data.decode()


def at(box: ESP301Box, time_s: float) -> None:
    """Let the clock show another time."""
    assert isinstance(box.clock, _Clock)
    box.clock.time_s = time_s


def test_a_long_move_is_faster_steady_and_slower() -> None:
    path = Path(0.0)
    path.move(0.0, 10.0, 2.0, 4.0, 2.0)  # 0.5 s and 0.5 mm to speed, 1 s and 1 mm to rest, 8.5 mm at 2 mm/s
    assert_close(path.end_s, 0.5 + 4.25 + 1.0, rel=1e-12)
    for time_s, position, velocity in ((0.25, 0.125, 1.0), (0.5, 0.5, 2.0), (1.5, 2.5, 2.0), (5.25, 9.75, 1.0)):
        assert_close(path.at(time_s)[0], position, rel=1e-12)
        assert_close(path.at(time_s)[1], velocity, rel=1e-12)
    assert path.at(7.0) == (10.0, 0.0)
    assert path.at(-1.0) == (0.0, 0.0)


def test_a_short_move_never_reaches_the_speed_and_goes_either_way() -> None:
    path = Path(5.0)
    path.move(0.0, 4.0, 100.0, 4.0, 4.0)
    assert_close(path.end_s, 1.0, rel=1e-12)
    assert_close(path.at(0.5)[0], 4.5, rel=1e-12)
    assert_close(path.at(0.5)[1], -2.0, rel=1e-12)
    assert path.at(1.0) == (4.0, 0.0)


def test_braking_takes_the_square_of_the_speed() -> None:
    path = Path(0.0)
    path.move(0.0, 100.0, 2.0, 4.0, 4.0)
    path.brake(1.0, 4.0)
    assert_close(path.end_s, 1.5, rel=1e-12)
    assert_close(path.at(9.0)[0], 1.5 + 2.0**2 / 2 / 4.0, rel=1e-12)


def test_a_move_to_where_it_stands_takes_no_time() -> None:
    path = Path(3.0)
    path.move(2.0, 3.0, 1.0, 1.0, 1.0)
    assert path.end_s == 2.0
    assert path.at(3.0) == (3.0, 0.0)


def test_blanks_and_case_do_not_matter() -> None:
    made = box()
    assert asked(made, " 1 pa + 10 ; 1 wS ; 1Tp? ") == "10.000000"
    assert asked(made, "1TP") == "10.000000"


def test_commands_of_a_line_do_not_wait_but_for_ws() -> None:
    made = box()
    assert asked(made, "1PA10;1MD?") == "0"
    at(made, 101.0)
    assert 0.0 < made.position_mm() < 10.0
    answer = made.answer(b"1WS500;1MD?;1TP?")
    assert answer.data == b"1\r\n10.000000"
    assert_close(answer.not_before_s, 100.0 + 10.0 / 2.5 + 0.25 + 0.5, rel=1e-12)
    assert 0.0 < made.position_mm() < 10.0, "the answer is of later"


def test_a_line_that_waits_makes_its_next_moves_later() -> None:
    made = box()
    asked(made, "1PA5;1WS;1PR-5")
    assert_close(_travelled(made, 100.0 + 1.0), 0.5 * 10 * 0.25**2 + 2.5 * 0.75, rel=1e-9)
    assert_close(_travelled(made, 100.0 + 2.25), 5.0, rel=1e-9)
    assert_close(_travelled(made, 100.0 + 3.25), 5.0 - 2.1875, rel=1e-9)
    assert _travelled(made, 110.0) == 0.0


def _travelled(made: ESP301Box, time_s: float) -> float:
    at(made, time_s)
    return made.position_mm()


@pytest.mark.parametrize(
    ("line", "code", "text"),
    [
        ("PA1", 37, "AXIS NUMBER MISSING"),
        ("8PA12.3", 9, "AXIS NUMBER OUT OF RANGE"),
        ("1PA", 38, "COMMAND PARAMETER MISSING"),
        ("1XX", 6, "COMMAND DOES NOT EXIST"),
        ("*IDN?", 6, "COMMAND DOES NOT EXIST"),
        ("1PAx", 7, "PARAMETER OUT OF RANGE"),
        ("2PA1", 213, "MOTOR NOT ENABLED"),
        ("1PA26", 106, "POSITIVE SOFTWARE LIMIT DETECTED"),
        ("1PA-1", 107, "NEGATIVE SOFTWARE LIMIT DETECTED"),
        ("1VA6", 110, "MAXIMUM VELOCITY EXCEEDED"),
        ("3AC100", 311, "MAXIMUM ACCELERATION EXCEEDED"),
        ("1OR7", 101, "PARAMETER OUT OF RANGE"),
        ("1SR100;1PA90", 104, "POSITIVE HARDWARE LIMIT DETECTED"),
    ],
)
def test_errors_are_told_once_with_a_time(line: str, code: int, text: str) -> None:
    made = box()
    assert asked(made, line) is None
    assert asked(made, "TB?") == f"{code}, 250000, {text}"
    assert asked(made, "TB?") == "0, 250000, NO ERROR DETECTED"
    assert asked(made, line) is None
    assert asked(made, "TE?") == str(code)
    assert asked(made, "TE?") == "0"


def test_ten_errors_are_kept() -> None:
    made = box()
    for _ in range(12):
        made.answer(b"1XX")
    assert [asked(made, "TE?") for _ in range(11)] == ["6"] * 10 + ["0"]


def test_after_power_on_it_counts_from_where_it_stands_until_it_is_homed() -> None:
    made = box()
    made.answer(b"1PA10")
    at(made, 110.0)
    made.power_cycle()
    assert (asked(made, "1TP?"), asked(made, "1MO?")) == ("0.000000", "0")
    assert made.position_mm() == 10.0
    made.answer(b"1MO;1OR1")
    at(made, 120.0)
    assert asked(made, "1TP?") == "0.000000"
    assert made.position_mm() == 0.0


def test_home_is_where_it_is_defined() -> None:
    made = box()
    made.answer(b"1PA10;1WS;1DH2.5")
    at(made, 110.0)
    assert asked(made, "1TP?;1DP?") == "2.500000\r\n2.500000"
    assert made.position_mm() == 10.0


def test_the_emergency_stop_is_for_every_axis() -> None:
    made = box()
    made.answer(b"2MO;1PA10;2PA10")
    at(made, 101.0)
    made.answer(b"AB")
    at(made, 102.0)
    assert asked(made, "1MO?;2MO?;1MD?;2MD?") == "0\r\n0\r\n1\r\n1"
    assert made.position_mm(1) < 3.0
