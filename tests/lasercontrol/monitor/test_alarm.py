"""From findings to alarms, on the log's own clock."""

import json
import math
from typing import cast, get_args

import numpy as np
import pytest

from lasercontrol.alarm_settings import AlarmSettings, KindName, SeverityName
from lasercontrol.monitor.alarm import AlarmEngine
from lasercontrol.monitor.finding import Kind, Severity
from tests.lasercontrol.monitor.alarm_stand_in import START_UTC_S, advanced, found, said

LASERS = ("L0", "L1", "L2")


def engine(**settings: object) -> AlarmEngine:
    return AlarmEngine(AlarmSettings.model_validate({"clear_after_s": 10.0, **settings}), LASERS)


def test_settings_name_every_kind_and_severity() -> None:
    assert list(get_args(KindName)) == list(Kind)
    assert [name.upper() for name in get_args(SeverityName)] == [severity.name for severity in Severity]


def test_what_is_there_at_the_first_row_fires() -> None:
    steps = advanced(engine(), 0, 0, found(0))
    assert said(steps) == [("A1", "firing", 0.0)]
    assert steps[0].since_utc_s == START_UTC_S - 0.5


def test_a_condition_must_last_as_long_as_its_kind_says() -> None:
    made = engine(for_s={"wear": 5.5})
    assert said(advanced(made, 0, 4, found(0, Kind.WEAR))) == [("", "pending", 0.0)]
    assert said(advanced(made, 5, 20)) == [("A1", "firing", 5.5)]


def test_one_that_comes_and_goes_before_is_no_alarm() -> None:
    made = engine(for_s={"wear": 5.0})
    flaps = [found(seq, Kind.WEAR, active=seq % 4 == 0) for seq in range(0, 40, 2)]
    assert {step.step for step in advanced(made, 0, 60, *flaps)} == {"pending", "withdrawn"}


def test_one_that_comes_and_goes_stays_one_alarm() -> None:
    flaps = [found(seq, active=seq % 2 == 0) for seq in range(20)]
    steps = advanced(engine(), 0, 60, *flaps)
    assert said(steps) == [("A1", "firing", 0.0), ("A1", "cleared", 29.0)]


def test_an_end_in_the_row_in_which_the_delay_ends_is_too_late() -> None:
    made = engine(for_s={"wear": 5.0}, clear_after_s=0.0)
    steps = advanced(made, 0, 9, found(0, Kind.WEAR), found(5, Kind.WEAR, active=False))
    assert said(steps) == [("", "pending", 0.0), ("A1", "firing", 5.0), ("A1", "cleared", 5.0)]


def test_several_detectors_of_one_kind_are_one_alarm() -> None:
    made = engine(clear_after_s=0.0)
    steps = advanced(made, 0, 2, found(0, detector="cusum"), found(1, detector="ewma"), found(2, detector="ewma"))
    assert said(steps) == [("A1", "firing", 0.0)]
    one = advanced(made, 3, 3, found(3, detector="cusum", active=False))
    both = advanced(made, 4, 4, found(4, detector="ewma", active=False))
    assert (said(one), said(both)) == ([], [("A1", "cleared", 4.0)])


def test_what_becomes_more_severe_is_said_once_a_step() -> None:
    made = engine()
    worse = [found(1, severity=Severity.CRITICAL, detector="trend"), found(2, severity=Severity.CRITICAL)]
    assert said(advanced(made, 0, 5, found(0), *worse)) == [("A1", "firing", 0.0), ("A1", "escalated", 1.0)]
    assert not advanced(made, 6, 6, found(6, severity=Severity.WARNING))


def test_lasers_kinds_and_the_rack_are_alarms_of_their_own() -> None:
    steps = advanced(engine(), 0, 1, found(0), found(0, laser=1), found(0, Kind.LIMIT), found(0, Kind.INTERLOCK, None))
    assert [(step.alarm, step.laser_id, step.kind.value) for step in steps] == [
        ("A1", None, "interlock"),
        ("A2", "L0", "limit"),
        ("A3", "L0", "sudden"),
        ("A4", "L1", "sudden"),
    ]


def test_an_instrument_that_gives_no_number_is_no_degradation() -> None:
    made = engine(for_s={"instrument": 0.0}, clear_after_s=0.0)
    steps = advanced(made, 0, 0, found(0, value=math.nan))
    assert [step.kind for step in steps] == [Kind.INSTRUMENT]
    assert json.loads(steps[0].line())["value"] is None
    later = advanced(made, 1, 2, found(1))
    assert [(step.kind.value, step.step) for step in later] == [("instrument", "cleared"), ("sudden", "firing")]


def test_numbers_of_numpy_are_written_as_ours() -> None:
    finding = found(0, value=cast("float", np.float32(0.5)))
    assert '"value":0.5}' in advanced(engine(), 0, 0, finding)[0].line()


def test_the_pause_after_which_nobody_knows_counts_not() -> None:
    """Mains cut at 3 s; the computer's clock begins again at 100 s, an hour later."""
    made = engine(for_s={"wear": 5.0})
    advanced(made, 0, 3, found(0, Kind.WEAR))
    since_s = np.arange(5, dtype=np.float64)
    steps = made.advance(np.arange(4, 9), 100.0 + since_s, START_UTC_S + 3600.0 + since_s)
    assert said(steps) == [("A1", "firing", 5.0 + 3600.0 - 3.0)]


@pytest.mark.parametrize("jump_s", [-2.0, 31.0])
def test_a_clock_that_jumps_ends_no_delay(jump_s: float) -> None:
    made = engine(for_s={"wear": 5.0})
    advanced(made, 0, 3, found(0, Kind.WEAR))
    assert not made.advance(np.array([4]), np.array([3.0 + jump_s]), np.array([START_UTC_S + 4]))


def test_rows_that_come_again_are_passed_over_with_their_findings() -> None:
    made = engine(clear_after_s=0.0)
    assert len(advanced(made, 0, 9, found(3), found(4, active=False))) == 2
    assert said(advanced(made, 2, 12, found(3), found(4, active=False), found(11))) == [("A2", "firing", 11.0)]


def test_a_line_is_canonical() -> None:
    line = advanced(engine(), 0, 0, found(0))[0].line()
    assert line == (
        '{"alarm":"A1","bound":-5.0,"detector":"sudden","evidence":"power fell and stayed","kind":"sudden","laser":0,'
        '"laser_id":"L0","seq":0,"severity":"alarm","since_utc":"2026-11-25T09:46:39.500Z","step":"firing","unit":"%",'
        '"utc":"2026-11-25T09:46:40.000Z","value":-8.25}'
    )


def test_rows_without_news_touch_no_laser() -> None:
    """Ten thousand lasers in trouble cost a quiet row nothing: no delay is looked at before it ends."""
    made = AlarmEngine(AlarmSettings(for_s={"wear": 1000.0}), [f"L{i}" for i in range(10_000)])
    advanced(made, 0, 0, *(found(0, Kind.WEAR, laser) for laser in range(10_000)))
    made.conditions()
    waiting = list(made._dues)
    assert not advanced(made, 1, 900)
    assert made._dues == waiting
    assert not made.conditions()
