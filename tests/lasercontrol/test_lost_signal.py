"""What counts as light, and where it is looked for."""

from itertools import islice, pairwise

import numpy as np
import pytest

from lasercontrol.bench import Quality
from lasercontrol.lost_signal import is_usable, outward
from tests.closeness import assert_close
from tests.lasercontrol.bench_stand_in import KNOBS, reading


@pytest.mark.parametrize(("value", "usable"), [(0.009, False), (0.011, True), (np.nan, False), (-1.0, False)])
def test_a_yield_must_exceed_its_dark_noise_five_times(value: float, usable: bool) -> None:
    assert is_usable(reading("shg", np.asarray(value)), dark_yield=0.002) is usable


def test_an_invalid_reading_is_never_usable() -> None:
    assert not is_usable(reading("shg", np.asarray(1.0), Quality.INVALID), dark_yield=0.002)


def test_noise_alone_is_no_signal(rng: np.random.Generator) -> None:
    frames = rng.normal(20.0, 3.0, (200, 64, 64))
    assert not any(is_usable(reading("frog", frame, background=20.0), 0.002) for frame in frames)


def test_a_faint_spot_is_a_signal(rng: np.random.Generator) -> None:
    x = np.arange(64) - 32
    spot = 60 * np.exp(-(x[:, None] ** 2 + x**2) / 50)
    assert is_usable(reading("frog", rng.normal(20.0, 3.0, (64, 64)) + spot, background=20.0), 0.002)


def test_light_all_over_the_frame_is_a_signal(rng: np.random.Generator) -> None:
    assert is_usable(reading("autocorrelation", rng.normal(500.0, 3.0, 64)), 0.002)


def test_a_search_tries_each_knob_then_pairs_then_farther_out() -> None:
    tried = np.array(list(islice(outward(KNOBS, np.zeros(2)), 10)))
    assert_close(tried[:4] + 100, np.array([[3, 0], [-3, 0], [0, 10], [0, -10]]) + 100, rel=1e-12)
    assert np.abs(tried[4:8]).tolist() == [[3.0, 10.0]] * 4
    assert np.abs(tried[8]).tolist() == [6.0, 0.0]


def test_a_search_stays_within_bounds_tries_nothing_twice_and_ends() -> None:
    tried = [tuple(setting) for setting in outward(KNOBS, np.array([28.0, 0.0]))]
    assert len(set(tried)) == len(tried)
    assert (28.0, 0.0) not in tried
    assert all(knob.low <= x <= knob.high for setting in tried for knob, x in zip(KNOBS, setting, strict=True))
    assert {(-30.0, -100.0), (30.0, 100.0)} <= set(tried)


def test_every_shell_of_a_search_lies_outside_the_one_before() -> None:
    steps = np.array([knob.max_step for knob in KNOBS]) / 2
    radii = [float(np.max(np.abs(setting) / steps)) for setting in outward(KNOBS, np.zeros(2))]
    assert all(later >= sooner - 1e-9 for sooner, later in pairwise(radii))
