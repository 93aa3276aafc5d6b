"""Lasers in lockstep: definitions of a score, equality of conditions."""

from dataclasses import replace

import numpy as np
import pytest

from lasercontrol.bench import Floats, setting_of
from lasercontrol.course import Course, follow
from lasercontrol.evaluate_agents import maker_of
from lasercontrol.scenario import scenario_for
from lasercontrol.trial import Trial, trial_of
from sim.chain import FullChain
from sim.metrics import peak_intensity
from tests.closeness import assert_close


def unheard(_: float) -> None:
    """Nobody follows the progress of a test."""


def followed(trial: Trial, name: str, shots: int) -> Course:
    return follow(trial, name, maker_of(name, trial), shots, unheard)


@pytest.fixture(scope="module")
def trial() -> Trial:
    return trial_of(scenario_for("wide"), observe="shg", lasers=3, seed=5)


@pytest.fixture(scope="module")
def tempo() -> Trial:
    return trial_of(scenario_for("tempo"), observe="shg", lasers=2, seed=5)


def true_fraction(trial: Trial, setting: Floats) -> Floats:
    chain = FullChain(trial.drawn.laser)
    return np.asarray(peak_intensity(chain.spectrum_after(setting), chain.grid) / chain.limit_peak / trial.reachable)


def test_shot_one_is_the_reading_at_the_start(trial: Trial) -> None:
    course = followed(trial, "random", 2)
    assert_close(course.fraction[:, 0], true_fraction(trial, trial.drawn.start), rel=1e-5)


def test_the_best_setting_scores_one(trial: Trial) -> None:
    assert_close(true_fraction(trial, setting_of(trial.optimum, trial.scenario.knobs)), np.ones(3), rel=1e-4)


def test_shots_to_counts_the_first_shot_there_and_one_beyond_the_budget_if_never(trial: Trial) -> None:
    course = followed(trial, "random", 2)
    fraction = np.array([[0.95, 0.1, 0.99], [0.2, 0.94, 0.95], [0.1, 0.9, 0.5]])
    course = replace(course, fraction=fraction)
    assert course.shots_to(0.95).tolist() == [1, 3, 4]


def test_the_oracle_arrives_as_soon_as_the_step_allows(tempo: Trial) -> None:
    course = followed(tempo, "oracle", 12)
    start = (tempo.drawn.start - [k.low for k in tempo.scenario.knobs]) / [k.range for k in tempo.scenario.knobs] - 0.5
    fewest = np.ceil(np.abs(tempo.optimum - start)[:, :2].max(axis=1) / 0.1 - 1e-9) + 1
    assert (course.shots_to(0.999) <= fewest).all()
    assert_close(course.final, np.ones(2), rel=1e-4)
    assert course.violations == 0


def test_every_agent_meets_the_same_noise(trial: Trial) -> None:
    readings = [trial.bench(slice(0, 3)).measure().channels["shg"].values for _ in range(2)]
    np.testing.assert_array_equal(readings[0], readings[1])


def test_equal_seeds_give_equal_courses_and_others_do_not(trial: Trial) -> None:
    once, again = followed(trial, "cma", 12), followed(trial, "cma", 12)
    np.testing.assert_array_equal(once.fraction, again.fraction)
    np.testing.assert_array_equal(once.final, again.final)
    other = trial_of(trial.scenario, observe="shg", lasers=3, seed=6)
    assert (followed(other, "cma", 12).fraction != once.fraction).any()


def test_moves_stay_within_bounds_and_step_and_the_clipped_ones_are_counted(tempo: Trial) -> None:
    course = followed(tempo, "cma", 15)
    assert course.violations > 0
    assert (course.travel <= 14 * 3 * 0.1 + 1e-9).all()


def test_the_oracle_holds_a_drifting_laser() -> None:
    restless = replace(scenario_for("hold"), drift_fraction=5e-4)
    course = followed(trial_of(restless, observe="shg", lasers=2, seed=5), "oracle", 40)
    away = followed(trial_of(restless, observe="shg", lasers=2, seed=5), "random", 2)
    assert course.fraction[:, 0] == pytest.approx(away.fraction[:, 0], rel=1e-12, abs=0)
    assert course.fraction.min() > 0.95
    assert (course.travel > 0.01).all()
    assert_close(course.final, np.ones(2), rel=1e-4)
