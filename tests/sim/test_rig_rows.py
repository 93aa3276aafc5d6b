"""What the rig does to readings: each kind of event, sample by sample."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim.night_light import Base
from sim.night_seed import NightSeed
from sim.rig import RACK_SIZE, RigEvent, RigKind
from sim.rig_draw import RACK_RATES, RATES, draw_events
from sim.rig_rows import RigHands
from tests.closeness import assert_close

FIGURES = (0.1, 0.05, 1e-4, 2.0, 60.0, 0, -3e-4, -6e-7, -1e-3, 0.6, 1.2e-3, 3.0)
BASE = Base._make(np.full(2, figure, dtype=np.float32) for figure in FIGURES)
READING = np.array(FIGURES[:5], dtype=np.float32)


def touched(event: RigEvent, minutes: int = 1, power: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Readings (t, 2, 5) and quality after an event, of two lasers whose readings count up by a millionth a second."""
    hands = RigHands((event,), np.array([power, power]))
    values = READING * (1 + 1e-6 * np.arange(60 * minutes, dtype=np.float32)[:, None, None])
    values = np.repeat(values, 2, axis=1)
    quality = np.zeros(values.shape, dtype=np.uint8)
    for first in range(0, 60 * minutes, 60):
        part = slice(first, first + 60)
        hands.touch(first, values[part], quality[part], BASE)
    return values, quality


def untouched(minutes: int = 1) -> np.ndarray:
    return touched(RigEvent(RigKind.GLITCH, 1e9, 2e9, 0, channel=0), minutes)[0]


@pytest.mark.parametrize(("start_s", "end_s"), [(10, 11), (59, 61), (60, 62)])
def test_a_glitch_is_one_or_two_samples_of_one_channel(start_s: int, end_s: int) -> None:
    values, quality = touched(RigEvent(RigKind.GLITCH, start_s, end_s, 1, channel=1, size=0.2), 2)
    expected = untouched(2)
    expected[start_s:end_s, 1, 1] *= np.float32(1.2)
    np.testing.assert_array_equal(values, expected)
    assert not quality.any()


def test_a_transient_takes_light_and_voltage_with_the_current() -> None:
    values, _ = touched(RigEvent(RigKind.TRANSIENT, 5, 6, 0, size=-0.1))
    change = values[5, 0] - untouched()[5, 0]
    assert_close(change, [-0.01, -0.006, -1.2e-5, -0.03, 0.0], rel=1e-3)
    np.testing.assert_array_equal(np.delete(values, 5, axis=0), np.delete(untouched(), 5, axis=0))


def test_a_deep_transient_gives_no_negative_light() -> None:
    values, _ = touched(RigEvent(RigKind.TRANSIENT, 5, 6, 0, size=-0.95))
    assert values[5, 0, 1] == 0


def test_a_fibre_step_is_seen_by_the_meter_alone_and_stays() -> None:
    values, _ = touched(RigEvent(RigKind.FIBRE_STEP, 30, np.inf, 0, size=0.9), 3)
    expected = untouched(3)
    expected[30:, 0, 1] *= np.float32(0.9)
    assert_close(values, expected, rel=1e-6)


def test_a_photodiode_step_shows_as_what_the_drive_makes_of_it() -> None:
    step = RigEvent(RigKind.PHOTODIODE_STEP, 30, np.inf, 0, size=0.95)
    constant_current, constant_power = (
        touched(step, power=power)[0][40, 0] / untouched()[40, 0] for power in (False, True)
    )
    assert_close(constant_current, [1, 1, 0.95, 1, 1], rel=1e-6)
    more = 1 / 0.95 - 1
    assert_close(constant_power, [1 + 0.05 * more / 0.6 / 0.1, 1 + more, 1, 1 + 3 * 0.05 * more / 0.6 / 2, 1], rel=1e-5)


@pytest.mark.parametrize("start_s", [0, 30, 60])
def test_a_stuck_converter_repeats_its_last_value(start_s: int) -> None:
    values, quality = touched(RigEvent(RigKind.STUCK, start_s, 150, 1, channel=2), 3)
    expected = untouched(3)
    expected[start_s:150, 1, 2] = expected[max(start_s - 1, 0), 1, 2]
    np.testing.assert_array_equal(values, expected)
    assert not quality.any()


def test_a_drop_out_leaves_no_number_and_says_so() -> None:
    values, quality = touched(RigEvent(RigKind.DROPOUT, 50, 70, 0), 2)
    np.testing.assert_array_equal(np.isnan(values), quality == 2)
    assert np.isnan(values[50:70, 0]).all()
    assert np.isnan(values).sum() == 20 * 5


def test_a_drop_out_of_a_rack_takes_all_its_lasers() -> None:
    values, _ = touched(RigEvent(RigKind.DROPOUT, 50, 55, rack=0))
    assert np.isnan(values[50:55]).all()
    values, _ = touched(RigEvent(RigKind.DROPOUT, 50, 55, rack=1))
    assert not np.isnan(values).any()


@settings(max_examples=15)
@given(st.integers(0, 200), st.integers(1, 3))
def test_drawn_events_lie_in_the_night_and_do_not_depend_on_other_racks(index: int, racks: int) -> None:
    seed = NightSeed("test", index)
    events = draw_events(seed, racks, racks * RACK_SIZE, 43_200)
    first = draw_events(seed, 1, RACK_SIZE, 43_200)
    assert [e for e in events if (e.laser is None or e.laser < RACK_SIZE) and not e.rack] == list(first)
    assert all(0 <= event.start_s < 43_200 and event.start_s < event.end_s for event in events)
    assert [event.start_s for event in events] == sorted(event.start_s for event in events)


def test_events_come_at_their_stated_rates() -> None:
    racks = 60
    events = draw_events(NightSeed("calibration", 0), racks, racks * RACK_SIZE, 43_200)
    for rates, many, of_rack in ((RATES, racks * RACK_SIZE, False), (RACK_RATES, racks, True)):
        for kind, rate in rates.items():
            count = sum(event.kind is kind and (event.rack is not None) is of_rack for event in events)
            assert abs(count - rate * many) < 5 * np.sqrt(rate * many), kind


def test_an_event_touches_its_laser_its_rack_or_all() -> None:
    event = RigEvent(RigKind.DROPOUT, 0, 1)
    assert [event.touches(i) for i in (0, 64)] == [True, True]
    assert [replace(event, rack=1).touches(i) for i in (0, 64)] == [False, True]
    assert [replace(event, laser=64).touches(i) for i in (0, 64)] == [False, True]
