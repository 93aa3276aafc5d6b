"""Laws of the named scenarios: bounds from the spectrum, draws within their distribution, starts where they belong."""

from dataclasses import replace

import numpy as np
import pytest

from lasercontrol.departures import spectrum_errors
from lasercontrol.errors import CallerError
from lasercontrol.scenario import (
    HIDDEN,
    REFERENCE_WIDTH_RAD_PER_PS,
    SCENARIOS,
    build_bench,
    default_amplitude,
    draw_lasers,
    hidden_of,
    knobs_for,
    scenario_for,
)
from lasercontrol.simbench import Instruments
from sim.chain import STRETCHER
from sim.grid import FULL_GRID
from sim.plant import Fidelity
from sim.spectrum import rms_width_rad_per_ps
from tests.closeness import assert_close

SHG = Instruments(channels=("shg",))


def reaches(width_rad_per_ps: float) -> np.ndarray:
    return np.array([knob.high for knob in knobs_for(width_rad_per_ps)])


def test_the_default_bounds_belong_to_the_default_spectrum() -> None:
    width = rms_width_rad_per_ps(default_amplitude(), FULL_GRID.omega_rad_per_ps)
    assert_close(width, REFERENCE_WIDTH_RAD_PER_PS, rel=1e-4)
    assert_close(reaches(REFERENCE_WIDTH_RAD_PER_PS), [32.0, 98.0, 360.0], rel=1e-12)


def test_bounds_keep_the_phase_over_the_rms_width() -> None:
    assert_close(reaches(2 * REFERENCE_WIDTH_RAD_PER_PS) * [4, 8, 16], reaches(REFERENCE_WIDTH_RAD_PER_PS), rel=1e-12)


def test_a_measured_spectrum_scales_the_bounds_and_not_the_published_ones() -> None:
    narrow = np.roll(default_amplitude(), 0) ** 2  # the square of an amplitude is a narrower one
    scaled = scenario_for("wide", narrow).knobs
    assert all(own.high > usual.high for own, usual in zip(scaled, SCENARIOS["wide"].knobs, strict=True))
    assert_close([knob.max_step / knob.range for knob in scaled], 0.25, rel=1e-12)
    assert scenario_for("tempo", narrow) == SCENARIOS["tempo"]


def test_the_published_task_is_as_published() -> None:
    tempo = SCENARIOS["tempo"]
    gdd, tod, fod = tempo.knobs
    assert_close([gdd.low + STRETCHER[0], gdd.high + STRETCHER[0]], [235.22, 299.624], rel=1e-9)
    assert_close([tod.low + STRETCHER[1], tod.high + STRETCHER[1]], [-100.3635, 95.5955], rel=1e-9)
    assert_close([fod.low + STRETCHER[2], fod.high + STRETCHER[2]], [0.04774465, 0.14323395], rel=1e-6)
    assert all(knob.before_amplifier for knob in tempo.knobs)
    assert_close([knob.max_step / knob.range for knob in tempo.knobs], 0.1, rel=1e-12)


@pytest.mark.parametrize("name", ["wide", "near", "tempo"])
def test_draws_fill_their_distribution_and_nothing_else(name: str, rng: np.random.Generator) -> None:
    scenario = SCENARIOS[name]
    drawn = draw_lasers(scenario, 400, rng)
    ranges = np.array([knob.range for knob in scenario.knobs])
    share = drawn.laser.offset / ranges
    low, high = np.array(scenario.offset_low), np.array(scenario.offset_high)
    assert np.all((low <= share) & (share <= high))
    assert np.all(np.ptp(share, axis=0) >= 0.9 * (high - low))
    assert 1.0 <= drawn.laser.b_rad.min() < 1.2
    assert 3.3 < drawn.laser.b_rad.max() <= 3.5
    assert_close(np.log(drawn.scale).std(), 0.2, rel=0.15)


def test_the_published_compressor_lies_between_its_bounds(rng: np.random.Generator) -> None:
    drawn = draw_lasers(SCENARIOS["tempo"], 400, rng)
    compressor_ps2 = STRETCHER[0] - drawn.laser.offset[:, 0]
    assert 247 <= compressor_ps2.min() < 250
    assert 284 < compressor_ps2.max() <= 287
    assert not drawn.laser.offset[:, 1:].any()


def test_scattered_starts_stay_within_bounds_and_often_touch_them(rng: np.random.Generator) -> None:
    tempo = SCENARIOS["tempo"]
    share = draw_lasers(tempo, 400, rng).start / np.array([knob.range for knob in tempo.knobs])
    assert np.abs(share).max() <= 0.5 * (1 + 1e-12)
    assert 0.05 < (np.abs(share) > 0.4999).mean() < 0.2  # a normal of 0.316 passes ±0.5 in 11 % of draws


@pytest.mark.parametrize("name", ["wide", "near"])
def test_other_starts_are_nominal(name: str, rng: np.random.Generator) -> None:
    assert not draw_lasers(SCENARIOS[name], 3, rng).start.any()


def test_hold_starts_on_the_summit(rng: np.random.Generator) -> None:
    hold = SCENARIOS["hold"]
    drawn = draw_lasers(hold, 3, rng)
    bench = build_bench(drawn, hold, SHG, rng)
    summit = bench.strehl(drawn.start)
    step = 0.004 * np.array([knob.range for knob in hold.knobs])
    for away in [*np.diag(step), *-np.diag(step)]:
        assert np.all(bench.strehl(drawn.start + away) < summit)


def test_hold_drifts_as_stated(rng: np.random.Generator) -> None:
    hold = replace(SCENARIOS["hold"], start="nominal")
    bench = build_bench(draw_lasers(hold, 40, rng), hold, SHG, rng, Fidelity.FAST)
    before = hidden_of(bench)
    for _ in range(9):
        bench.measure()
    walked = (hidden_of(bench) - before)[:, 1:4]
    assert_close(walked.std(), 3e-4, rel=0.2)  # √9 steps of 1e-4


def test_the_spectrum_errors_have_the_stated_size_and_correlation(rng: np.random.Generator) -> None:
    fields = spectrum_errors(400, 0.05, rng)
    apart = 102  # bins of 1/2048 THz: 0.0498 THz
    assert_close(fields.std(), 1.0, rel=0.03)
    correlation = (fields * np.roll(fields, apart, axis=-1)).mean()
    assert_close(correlation, np.exp(-((apart / 2048 / 0.05) ** 2) / 2), rel=0.05)


def test_true_spectra_differ_from_the_measured_one_by_two_percent_at_unit_energy(rng: np.random.Generator) -> None:
    amplitude = draw_lasers(SCENARIOS["wide"], 200, rng).laser.amplitude
    assert_close((amplitude**2).sum(axis=-1) * FULL_GRID.df_thz, 1.0, rel=1e-12)
    lit = default_amplitude() > 0.3 * default_amplitude().max()
    ratio = (amplitude[:, lit] / default_amplitude()[lit]) ** 2
    assert_close(ratio.std(), 0.02, rel=0.2)  # a little less: the energy is brought back to one


def test_a_seed_repeats_and_another_does_not() -> None:
    first, again, other = (draw_lasers(SCENARIOS["tempo"], 2, np.random.default_rng(seed)) for seed in (5, 5, 6))
    for name in ("amplitude", "b_rad", "offset"):
        assert np.array_equal(getattr(first.laser, name), getattr(again.laser, name))
        assert not np.array_equal(getattr(first.laser, name), getattr(other.laser, name))
    assert np.array_equal(first.start, again.start)
    assert np.array_equal(first.scale, again.scale)


def test_the_hidden_plant_is_listed_in_order(rng: np.random.Generator) -> None:
    wide = SCENARIOS["wide"]
    drawn = draw_lasers(wide, 2, rng)
    hidden = hidden_of(build_bench(drawn, wide, SHG, rng, Fidelity.FAST))
    assert hidden.shape == (2, len(HIDDEN))
    assert_close(hidden[:, 0], drawn.laser.b_rad, rel=1e-12)
    assert_close(hidden[:, 1], drawn.laser.offset[:, 0] / 64, rel=1e-12)
    assert_close(np.exp(hidden[:, 4]), drawn.scale, rel=1e-6)


def test_one_laser_of_a_draw_has_no_batch_axes(rng: np.random.Generator) -> None:
    drawn = draw_lasers(SCENARIOS["wide"], 2, rng)[1]
    bench = build_bench(drawn, SCENARIOS["wide"], SHG, rng, Fidelity.FAST)
    assert bench.shape == ()
    assert bench.measure().channels["shg"].values.shape == ()


def test_an_unknown_scenario_is_refused_with_the_known_ones() -> None:
    with pytest.raises(CallerError, match="no scenario 'wider'; there are wide, near, tempo, hold"):
        scenario_for("wider")
