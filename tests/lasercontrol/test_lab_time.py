"""Seconds per shot: every diagnostic has its ways, and a number may be told."""

import pytest

from lasercontrol.errors import CallerError
from lasercontrol.evaluate import OBSERVABLE
from lasercontrol.lab_time import SECONDS_PER_SHOT, WAYS, lab_minutes, seconds_with


def test_every_diagnostic_has_a_way_and_every_way_a_time() -> None:
    assert set(WAYS) == set(OBSERVABLE)
    assert {way for ways in WAYS.values() for way in ways} == set(SECONDS_PER_SHOT)


def test_minutes_are_shots_by_seconds() -> None:
    minutes = lab_minutes("frog", 3, seconds_with({"scanned": 120.0}))
    assert minutes == {"scanned": pytest.approx(6.0, abs=0), "single-shot": pytest.approx(0.1, abs=0)}


@pytest.mark.parametrize(
    ("told", "word"),
    [({"grenouille": 1.0}, "there is no way of measuring grenouille; there are scanned, "), ({"shg": 0.0}, "got 0")],
)
def test_a_wrong_time_is_refused(told: dict[str, float], word: str) -> None:
    with pytest.raises(CallerError, match=word):
        seconds_with(told)
    with pytest.raises(CallerError):
        seconds_with({"shg": float("nan")})
