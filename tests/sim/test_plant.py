"""The plant: each lane at the fidelity that it needs, and lanes that know nothing of each other."""

from dataclasses import replace

import numpy as np
import pytest

from sim.chain import FullChain, Laser
from sim.frog import FrogAxes
from sim.metrics import peak_intensity
from sim.plant import OVERFLOW, Fidelity, Light, Plant
from tests.closeness import assert_close
from tests.gaussian import DEFAULT_RANGE, default_amplitude, default_laser
from tests.strategies import Floats

NAMES = ("frog", "autocorrelation", "shg", "spectrum")
NEAR, MIDDLE, FAR = (np.array(s) for s in ([1.0, 2.0, 3.0], [25.0, 40.0, 100.0], [32.0, 98.0, 360.0]))
"""Settings with 0 %, 3 % and 12 % of the energy outside the fast window."""


def plant(laser: Laser, fidelity: Fidelity) -> Plant:
    return Plant(laser, fidelity, FrogAxes())


def mixed_lasers() -> Laser:
    return default_laser(np.array([1.0, 2.0, 3.0, 2.0]))


def assert_same(one: Light, other: Light, rel: float = 0.0) -> None:
    assert one.signals.keys() == other.signals.keys()
    for name, values in one.signals.items():
        assert np.abs(values - other.signals[name]).max() <= rel * np.max(other.signals[name]), name
    assert np.abs(one.outside - other.outside).max() <= 1e-6


@pytest.mark.parametrize("fidelity", Fidelity)
def test_a_mixed_batch_is_its_lanes_one_by_one(fidelity: Fidelity) -> None:
    lasers, setting = mixed_lasers(), np.stack([NEAR, FAR, MIDDLE, NEAR])
    together = plant(lasers, fidelity).light(setting, NAMES)
    for lane in range(4):
        alone = plant(lasers[lane], fidelity).light(setting[lane], NAMES)
        picked = Light({name: values[lane] for name, values in together.signals.items()}, together.outside[lane])
        assert_same(picked, alone, rel=1e-5)


def test_auto_is_fast_where_fast_is_trusted_and_full_elsewhere() -> None:
    lasers, setting = mixed_lasers(), np.stack([NEAR, FAR, MIDDLE, NEAR])
    auto, fast, full = (
        plant(lasers, kind).light(setting, NAMES) for kind in (Fidelity.AUTO, Fidelity.FAST, Fidelity.FULL)
    )
    for lane, expected in ((0, fast), (1, full), (2, full), (3, fast)):
        for name in NAMES:
            difference = np.abs(auto.signals[name][lane] - expected.signals[name][lane]).max()
            assert difference <= 1e-6 * np.max(expected.signals[name][lane]), (name, lane)
    assert (auto.outside[1:3] < 2e-3).all()  # the full window holds what the fast one does not


def test_beyond_ten_percent_outside_fast_takes_the_full_grid_as_well() -> None:
    lasers, setting = mixed_lasers(), np.stack([NEAR, FAR, MIDDLE, NEAR])
    chosen = plant(lasers, Fidelity.FAST)
    lost = chosen.fast.outside_fraction(setting.astype(np.float32))
    assert (lost > OVERFLOW).tolist() == [False, True, False, False]
    light, full = chosen.light(setting, NAMES), plant(lasers, Fidelity.FULL).light(setting, NAMES)
    assert np.abs(light.signals["frog"][1] - full.signals["frog"][1]).max() < 1e-6 * full.signals["frog"][1].max()
    assert light.outside[1] < 0.01
    assert_close(light.outside[2], lost[2], rel=1e-6)


@pytest.mark.parametrize("fidelity", Fidelity)
@pytest.mark.parametrize("setting", [NEAR, FAR], ids=["near", "far"])
def test_lasers_may_share_one_spectrum(fidelity: Fidelity, setting: Floats) -> None:
    own = mixed_lasers()
    shared = replace(own, amplitude=default_amplitude(own.grid))
    settings = np.broadcast_to(setting, (4, 3))
    assert_same(plant(shared, fidelity).light(settings, NAMES), plant(own, fidelity).light(settings, NAMES), rel=1e-6)


def test_signals_are_relative_to_the_transform_limit() -> None:
    for fidelity in Fidelity:
        light = plant(default_laser(0.0), fidelity).light(np.zeros(3), NAMES)
        assert_close(light.signals["shg"], 1.0, rel=1e-5)
        assert_close(light.signals["frog"][0].sum(), 1.0, rel=3e-4)


def test_the_score_is_the_full_chains_peak_whatever_is_shown() -> None:
    lasers, setting = mixed_lasers(), np.stack([NEAR, FAR, MIDDLE, NEAR])
    full = FullChain(lasers)
    expected = peak_intensity(full.spectrum_after(setting), full.grid) / full.limit_peak
    for fidelity in Fidelity:
        assert_close(plant(lasers, fidelity).strehl(setting), expected, rel=1e-12)


@pytest.mark.parametrize("fidelity", Fidelity)
def test_a_moved_plant_is_the_plant_of_the_moved_lasers(fidelity: Fidelity) -> None:
    lasers, setting = mixed_lasers(), np.stack([NEAR, MIDDLE, -NEAR, NEAR])
    step = np.array([1.0, -2.0, 5.0])
    first = plant(lasers, fidelity)
    before = first.light(setting, NAMES)
    moved = first.moved_by(step)
    expected = plant(replace(lasers, offset=lasers.offset + step), fidelity)
    assert_same(moved.light(setting, NAMES), expected.light(setting, NAMES))
    assert_close(moved.strehl(setting), expected.strehl(setting), rel=1e-13)
    assert_same(first.light(setting, NAMES), before)


@pytest.mark.parametrize("fidelity", Fidelity)
def test_lanes_can_be_given_other_lasers(fidelity: Fidelity, rng: np.random.Generator) -> None:
    lasers, setting = mixed_lasers(), np.stack([NEAR, FAR, MIDDLE, NEAR])
    fresh = default_laser(np.array([3.3, 1.1]), rng.uniform(-0.1, 0.1, (2, 3)) * DEFAULT_RANGE)
    changed = plant(mixed_lasers(), fidelity)
    changed.strehl(setting)  # whatever is worked out once must not outlive the laser
    changed.put(np.array([False, True, False, True]), fresh)
    b_rad, offset = lasers.b_rad.copy(), lasers.offset.copy()
    b_rad[[1, 3]], offset[[1, 3]] = fresh.b_rad, fresh.offset
    expected = plant(replace(lasers, b_rad=b_rad, offset=offset), fidelity)
    assert_same(changed.light(setting, NAMES), expected.light(setting, NAMES), rel=1e-6)
    assert_close(changed.strehl(setting), expected.strehl(setting), rel=1e-12)
