"""Which settings are measured again, and which of them wins."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from lasercontrol.bench import Floats, Quality, Reading
from lasercontrol.confirmation import best_seen, nominees, winner
from tests.closeness import assert_close
from tests.lasercontrol.bench_stand_in import KNOBS, reading

NOISE = 0.02


def seen(*pairs: tuple[float, float], quality: Quality = Quality.OK) -> list[tuple[Floats, Reading]]:
    """Readings of (GDD, signal)."""
    return [(np.array([gdd, 0.0]), reading("shg", np.asarray(signal), quality)) for gdd, signal in pairs]


def test_readings_at_one_setting_are_averaged() -> None:
    order = best_seen(seen((1.0, 1.2), (1.0, 0.6), (2.0, 1.0)))
    assert [float(setting[0]) for setting, _ in order] == [2.0, 1.0]
    assert_close([signal for _, signal in order], [1.0, 0.9], rel=1e-12)


def test_a_trusted_reading_comes_before_a_brighter_suspect_one() -> None:
    order = best_seen(seen((1.0, 0.5)) + seen((2.0, 0.9), quality=Quality.SUSPECT))
    assert [float(setting[0]) for setting, _ in order] == [1.0, 2.0]


def test_an_invalid_reading_nominates_nothing() -> None:
    assert best_seen(seen((1.0, 9.0), quality=Quality.INVALID)) == []


def test_the_belief_is_nominated_first_and_within_bounds() -> None:
    settings = nominees(np.array([99.0, 0.0]), seen((1.0, 1.0)), KNOBS, NOISE)
    assert [float(setting[0]) for setting in settings] == [30.0, 1.0]


def test_what_no_luck_explains_is_not_measured_again() -> None:
    settings = nominees(np.array([5.0, 0.0]), seen((1.0, 1.0), (2.0, 0.5), (3.0, 0.95)), KNOBS, NOISE)
    assert [float(setting[0]) for setting in settings] == [5.0, 1.0, 3.0]


def test_neighbours_count_as_one_setting() -> None:
    assert len(nominees(np.array([1.01, 0.0]), seen((1.0, 1.0)), KNOBS, NOISE)) == 1


def test_the_first_stands_unless_another_is_better_by_more_than_the_noise() -> None:
    assert winner([[1.0], [1.02]], NOISE) == 0
    assert winner([[1.0], [1.05]], NOISE) == 1
    assert winner([[1.0] * 9, [1.02] * 9], NOISE) == 1  # nine readings each know better


def test_a_setting_that_could_not_be_read_again_wins_nothing() -> None:
    assert winner([[], [0.3]], NOISE) == 1
    assert winner([[0.3], []], NOISE) == 0
    assert winner([[]], NOISE) == 0


@given(st.lists(st.lists(st.floats(0.01, 10), min_size=1, max_size=4), min_size=1, max_size=4))
def test_the_winner_is_never_far_below_the_best(readings: list[list[float]]) -> None:
    means = [np.mean(signals) for signals in readings]
    assert means[winner(readings, NOISE)] * (1 + 2 * NOISE) ** len(readings) >= max(means)
