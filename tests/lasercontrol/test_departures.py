"""What no model knows, drawn as stated; and scenarios made of it, in each of which the best can be reached."""

from dataclasses import replace

import numpy as np
import pytest

from lasercontrol.bench import fraction_of, setting_of
from lasercontrol.course import follow
from lasercontrol.departures import OTHER_SPECTRA, Ripple, knob_maps, ripples_rad, smooth_ripples_rad
from lasercontrol.errors import CallerError
from lasercontrol.evaluate_agents import maker_of
from lasercontrol.scenario import (
    SCENARIOS,
    build_bench,
    default_amplitude,
    draw_lasers,
    measured_amplitudes,
    scenario_for,
)
from lasercontrol.simbench import Instruments
from lasercontrol.trial import trial_of
from lasercontrol.truth import Truth, best_asked
from sim.chain import FullChain, single_precision
from sim.grid import FULL_GRID
from sim.plant import Fidelity
from sim.spectrum import rms_width_rad_per_ps
from tests.closeness import assert_close

BEYOND = ("spectrum-5", "spectrum-10", "knobs-10", "ripple", "strong-b", "other-spectrum")
SHG = Instruments(channels=("shg",))


@pytest.mark.parametrize("name", BEYOND)
def test_a_scenario_beyond_training_is_wide_but_for_its_own_departure(name: str) -> None:
    rngs = [np.random.default_rng(3) for _ in range(2)]
    mine, wide = (draw_lasers(SCENARIOS[which], 2, rng) for which, rng in zip((name, "wide"), rngs, strict=True))
    np.testing.assert_array_equal(mine.laser.offset, wide.laser.offset)
    np.testing.assert_array_equal(mine.scale, wide.scale)
    assert SCENARIOS[name].knobs == SCENARIOS["wide"].knobs
    assert SCENARIOS[name].told_b_rad == SCENARIOS["wide"].b_range_rad


@pytest.mark.parametrize("name", BEYOND)
def test_the_oracle_reaches_the_best_there(name: str) -> None:
    trial = trial_of(scenario_for(name), observe="shg", lasers=3, seed=5)
    assert np.abs(trial.optimum).max() < 0.5
    course = follow(trial, "oracle", maker_of("oracle", trial), 4, lambda _: None)
    assert_close(course.final, np.ones(3), rel=1e-4)
    assert_close(course.fraction[:, -1], np.ones(3), rel=1e-4)
    assert course.fraction.max() < 1.0001


@pytest.mark.parametrize(("name", "size"), [("spectrum-5", 0.05), ("spectrum-10", 0.1)])
def test_true_spectra_are_as_far_off_as_the_name_says(name: str, size: float, rng: np.random.Generator) -> None:
    amplitude = draw_lasers(SCENARIOS[name], 100, rng).laser.amplitude
    lit = default_amplitude() > 0.3 * default_amplitude().max()
    assert_close(((amplitude[:, lit] / default_amplitude()[lit]) ** 2).std(), size, rel=0.2)


def test_strong_b_is_beyond_what_agents_are_told(rng: np.random.Generator) -> None:
    b_rad = draw_lasers(SCENARIOS["strong-b"], 50, rng).laser.b_rad
    assert 3.5 <= b_rad.min() < 3.7
    assert 4.8 < b_rad.max() <= 5.0


def test_gains_and_leaks_fill_their_range(rng: np.random.Generator) -> None:
    errors = knob_maps(400, 3, 0.1, rng) - np.eye(3)
    assert np.abs(errors).max() <= 0.1
    assert (errors.min(axis=0) < -0.09).all()
    assert (errors.max(axis=0) > 0.09).all()
    assert abs(errors.mean()) < 0.005


def test_a_wrong_knob_is_a_wrong_setting(rng: np.random.Generator) -> None:
    """The bench applies what the map makes of the asked fractions, for light and for scores alike."""
    scenario = SCENARIOS["knobs-10"]
    drawn = draw_lasers(scenario, 2, rng)
    assert drawn.knob_map is not None
    asked = rng.uniform(-0.4, 0.4, (2, 3))
    applied = setting_of(np.stack([m @ x for m, x in zip(drawn.knob_map, asked, strict=True)]), scenario.knobs)
    wrong = build_bench(drawn, scenario, SHG, rng)
    right = build_bench(replace(drawn, knob_map=None), scenario, SHG, rng)
    assert_close(wrong.strehl(setting_of(asked, scenario.knobs)), right.strehl(applied), rel=1e-9)
    lone = build_bench(drawn[1], scenario, SHG, rng)
    assert_close(lone.coefficients(setting_of(asked[1], scenario.knobs)), applied[1], rel=1e-9)
    assert Truth(lone).at(Truth(lone).best).reachable_fraction == pytest.approx(1, rel=1e-9, abs=0)


def test_the_best_that_can_be_asked_for_is_the_best_that_is_made(rng: np.random.Generator) -> None:
    scenario = SCENARIOS["knobs-10"]
    drawn = draw_lasers(scenario, 2, rng)
    asked, strehl = best_asked(drawn.laser, scenario.knobs, drawn.knob_map)
    bench = build_bench(drawn, scenario, SHG, rng)
    assert_close(bench.strehl(asked), strehl, rel=1e-4)
    for step in (*np.eye(3), *-np.eye(3)):
        beside = setting_of(fraction_of(asked, scenario.knobs) + 0.004 * step, scenario.knobs)
        assert (bench.strehl(beside) < strehl).all()


def test_new_knobs_come_with_new_lasers(rng: np.random.Generator) -> None:
    scenario = SCENARIOS["knobs-10"]
    drawn, others = draw_lasers(scenario, 3, rng), draw_lasers(scenario, 1, rng)
    bench = build_bench(drawn, scenario, SHG, rng, Fidelity.FAST)
    assert others.knob_map is not None
    bench.renew(np.array([False, True, False]), others.laser, others.scale, others.start, others.knob_map)
    setting = np.tile([3.0, -9.0, 30.0], (3, 1))
    rebuilt = build_bench(others, scenario, SHG, rng, Fidelity.FAST)
    assert_close(bench.strehl(setting)[1], rebuilt.strehl(setting[:1])[0], rel=1e-6)


def test_new_lasers_bring_their_own_ripple(rng: np.random.Generator) -> None:
    """Readings (float32) and scores of a renewed lane are those of a bench built around the same laser."""
    scenario = SCENARIOS["ripple"]
    drawn, others = draw_lasers(scenario, 3, rng), draw_lasers(scenario, 1, rng)
    bench = build_bench(drawn, scenario, SHG, rng, Fidelity.FAST)
    bench.renew(np.array([False, True, False]), others.laser, others.scale, others.start)
    rebuilt = build_bench(others, scenario, SHG, rng, Fidelity.FAST)
    nothing = np.zeros((3, 3))
    assert_close(bench.strehl(nothing)[1], rebuilt.strehl(nothing[:1])[0], rel=1e-6)
    shown, expected = (b.plant.light(np.zeros((n, 3)), ("shg",)).signals["shg"] for b, n in ((bench, 3), (rebuilt, 1)))
    assert_close(shown[1], expected[0], rel=1e-5)


def test_a_ripple_has_its_size_over_the_light(rng: np.random.Generator) -> None:
    amplitude = np.repeat(default_amplitude()[None], 200, axis=0)
    weight = default_amplitude() ** 2 / (default_amplitude() ** 2).sum()
    phase = ripples_rad(Ripple(), amplitude, rng)
    assert np.abs(phase @ weight).max() < 1e-12
    size = np.sqrt(phase**2 @ weight)
    assert 0.15 <= size.min() < 0.17
    assert 0.28 < size.max() <= 0.3 * (1 + 1e-12)


def test_smooth_ripples_have_their_size_and_correlation(rng: np.random.Generator) -> None:
    amplitude = np.tile(default_amplitude(), (200, 1))
    phase = smooth_ripples_rad(np.full(200, 0.25), 0.012, amplitude, rng)
    weight = default_amplitude() ** 2 / np.sum(default_amplitude() ** 2)
    assert np.abs(phase @ weight).max() < 1e-12
    assert_close(np.sqrt(phase**2 @ weight), np.full(200, 0.25), rel=1e-12)
    steps = round(0.012 / FULL_GRID.df_thz)
    lit = weight > 0.2 * weight.max()
    away = (phase - np.roll(phase, steps, axis=1))[:, lit]
    assert_close(np.mean(away**2) / np.mean(phase[:, lit] ** 2), 2 * (1 - np.exp(-0.5)), rel=0.15)


def test_a_ripple_moves_no_light_between_frequencies(rng: np.random.Generator) -> None:
    laser = draw_lasers(SCENARIOS["ripple"], 2, rng).laser
    with_ripple = FullChain(laser).spectrum_after(np.zeros((2, 3)))
    without = FullChain(replace(laser, ripple_rad=None)).spectrum_after(np.zeros((2, 3)))
    assert np.abs(np.abs(with_ripple) - np.abs(without)).max() < 1e-12 * np.abs(without).max()
    assert np.abs(np.angle(with_ripple / without)).max() > 0.1
    assert single_precision(laser).ripple_rad.dtype == np.float32  # type: ignore[union-attr]


def test_other_spectra_are_other_spectra() -> None:
    widths, likeness = [], []
    for k in range(len(OTHER_SPECTRA)):
        amplitude = measured_amplitudes(SCENARIOS["other-spectrum"], np.array([k]))[0]
        assert_close((amplitude**2).sum() * FULL_GRID.df_thz, 1.0, rel=1e-12)
        widths.append(rms_width_rad_per_ps(amplitude, FULL_GRID.omega_rad_per_ps))
        likeness.append((amplitude * default_amplitude()).sum() * FULL_GRID.df_thz)
    usual = rms_width_rad_per_ps(default_amplitude(), FULL_GRID.omega_rad_per_ps)
    assert_close(np.array(widths) / usual, [1.30, 1.19, 0.69], rel=0.01)
    assert max(likeness) < 0.98  # 10 % of error leave 0.999


def test_other_spectra_are_measured_like_any(rng: np.random.Generator) -> None:
    scenario = SCENARIOS["other-spectrum"]
    drawn = draw_lasers(scenario, 60, rng)
    assert drawn.spectrum is not None
    assert set(drawn.spectrum) == set(range(len(OTHER_SPECTRA)))
    measured = measured_amplitudes(scenario, drawn.spectrum)
    lit = measured > 0.3 * measured.max(axis=1, keepdims=True)
    assert_close(((drawn.laser.amplitude[lit] / measured[lit]) ** 2).std(), 0.02, rel=0.2)
    assert drawn[7].spectrum == drawn.spectrum[7]


def test_a_measured_spectrum_has_no_place_where_a_scenario_brings_its_own(rng: np.random.Generator) -> None:
    with pytest.raises(CallerError, match="scenario other-spectrum brings its own spectra"):
        draw_lasers(SCENARIOS["other-spectrum"], 2, rng, default_amplitude())
