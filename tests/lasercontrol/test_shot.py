import numpy as np
import pytest

from lasercontrol.bench import Channel, Floats, Reading
from lasercontrol.shot import features_of, folded, lane_of, signal_of
from tests.closeness import assert_close

DELAY = np.arange(-4.0, 4.0)
EVEN = 10.0 - np.abs(DELAY)


def reading(channels: dict[str, Channel], energy: float = 1.0) -> Reading:
    return Reading(channels, np.asarray(energy), np.zeros((), dtype=np.int8), (), 0.0, 0.0)


def line(values: Floats, gain: float = 1.0, background: float = 0.0) -> Channel:
    return Channel(values, "counts", {"delay_ps": DELAY}, np.asarray(gain), background)


def test_a_signal_is_free_of_gain_and_background() -> None:
    assert_close(line(EVEN * 3 + 20, gain=3.0, background=20.0).signal, EVEN, rel=1e-12)


def test_folding_keeps_what_is_even_and_halves_what_is_odd() -> None:
    assert_close(folded(line(EVEN), -1), [10.0, 9.0, 8.0, 7.0], rel=1e-12)
    assert_close(folded(line(EVEN + np.sign(DELAY) * 0.5), -1), [10.0, 9.0, 8.0, 7.0], rel=1e-12)


def test_signals_count_at_equal_energy() -> None:
    weak, strong = reading({"autocorrelation": line(EVEN)}), reading({"autocorrelation": line(EVEN * 4)}, energy=2.0)
    assert_close(signal_of(strong), signal_of(weak), rel=1e-12)
    assert_close(features_of(strong), features_of(weak), rel=1e-12)


def test_the_yield_meter_goes_first_and_a_frog_is_read_at_zero_delay() -> None:
    frog = Channel(np.outer(EVEN, np.ones(3)), "counts", {"delay_ps": DELAY, "frequency_thz": np.arange(3.0)})
    assert_close(signal_of(reading({"frog": frog})), 30.0, rel=1e-12)
    both = reading({"frog": frog, "shg": Channel(np.asarray(0.5), "arb.")})
    assert_close(signal_of(both), 0.5, rel=1e-12)
    assert features_of(both).shape == (4 * 3,)


def test_without_a_second_harmonic_there_is_nothing_to_improve() -> None:
    with pytest.raises(KeyError, match="second-harmonic"):
        signal_of(reading({"spectrum": line(EVEN)}))


def test_a_lane_of_a_batch_is_a_reading_of_its_own() -> None:
    gains = np.array([1.0, 2.0, 3.0])
    batch = Reading(
        {"autocorrelation": Channel(np.outer(gains, EVEN), "counts", {"delay_ps": DELAY}, gains)},
        np.array([1.0, 1.1, 1.2]),
        np.array([0, 1, 2], dtype=np.int8),
        (),
        0.0,
        0.0,
    )
    lane = lane_of(batch, 2)
    assert lane.worst == 2
    assert_close(signal_of(lane), signal_of(batch)[2], rel=1e-12)
    assert_close(features_of(lane), features_of(batch)[2], rel=1e-12)
