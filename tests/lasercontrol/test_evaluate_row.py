"""Figures of courses that are written by hand."""

import io
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from lasercontrol.course import Course
from lasercontrol.evaluate_agents import NAMES
from lasercontrol.evaluate_plot import COLOURS, colours_of
from lasercontrol.evaluate_row import bootstrap_interval, rows_of, wilson_lower
from lasercontrol.evaluate_table import tables_of
from lasercontrol.lab_time import SECONDS_PER_SHOT
from lasercontrol.scenario import scenario_for
from lasercontrol.trial import Trial, trial_of
from tests.closeness import assert_close


@pytest.fixture(scope="module")
def trial() -> Trial:
    return trial_of(scenario_for("wide"), observe="frog", lasers=4, seed=5)


def course(trial: Trial, agent: str, arrivals: list[int], cpu_s: float = 0.01, shots: int = 12) -> Course:
    """Each laser at 1 from its shot of arrival on, and at 0.5 before."""
    fraction = np.where(np.arange(1, shots + 1) >= np.array(arrivals)[:, None], 1.0, 0.5)
    return Course(
        agent=agent,
        trial=trial.first(len(arrivals)),
        fraction=fraction,
        final=fraction[:, -1],
        travel=np.full(len(arrivals), 0.3),
        violations=0,
        handed_over=1,
        decision_s=np.array([9.0, *[cpu_s] * 7]),
        made_s=0.5,
    )


def test_a_row_is_paired_laser_by_laser(trial: Trial) -> None:
    theirs = course(trial, "estimator", [3, 3, 2, 11], cpu_s=0.1)
    mine = course(trial, "policy", [2, 3, 2, 14])
    first, second = rows_of([theirs, mine], "estimator", SECONDS_PER_SHOT)
    assert "against" not in first
    assert (second["against"], second["paired_lasers"]) == ("estimator", 4)
    assert_close(second["more_shots_95"], (-1 + 0 + 0 + 2) / 4, rel=1e-12)  # never counts as the budget and one: 13
    low, high = second["more_shots_95_interval"]
    assert low < second["more_shots_95"] < high
    assert_close(second["cpu_ratio"], 0.1, rel=1e-9)
    assert_close(second["cpu_per_decision_s"], 0.01, rel=1e-9)
    assert_close(second["setup_s"], 9.5, rel=1e-12)
    assert second["handed_over"] == 1


def test_who_met_fewer_lasers_is_paired_on_those(trial: Trial) -> None:
    rows = rows_of(
        [course(trial, "estimator", [3, 3, 2, 11]), course(trial, "bayesian", [9, 10])], "estimator", SECONDS_PER_SHOT
    )
    assert rows[1]["paired_lasers"] == 2
    assert_close(rows[1]["more_shots_95"], 6.5, rel=1e-12)


def test_nobody_is_paired_across_tasks(trial: Trial) -> None:
    noisy = replace(course(trial, "policy", [2, 2, 2, 2]), trial=trial.seen_by("frog", 3.3))
    rows = rows_of([course(trial, "estimator", [3, 3, 3, 3]), noisy], "estimator", SECONDS_PER_SHOT)
    assert "against" not in rows[1]
    assert_close(rows[1]["pixel_noise"], 3.3 * rows[0]["pixel_noise"], rel=1e-9)


def test_shares_within_ten_shots_and_minutes_in_a_lab(trial: Trial) -> None:
    (row,) = rows_of([course(trial, "estimator", [2, 10, 11, 14])], None, SECONDS_PER_SHOT)
    assert_close(row["share_95"], 0.75, rel=1e-12)
    assert_close(row["share_95_within_10"], 0.5, rel=1e-12)
    assert_close(row["share_90_within_10_lower"], wilson_lower(2, 4), rel=1e-12)
    assert_close(row["mean_shots_95"], (2 + 10 + 11 + 13) / 4, rel=1e-12)
    assert_close(row["lab_minutes_95"]["scanned"], 10.5 * 65 / 60, rel=1e-12)


def test_tables_fit_a_page_and_say_who_met_fewer(trial: Trial) -> None:
    courses = [
        course(trial, "policy:/somewhere/very/far/away/behind-frog.onnx", [2, 3, 2, 2]),
        course(trial, "estimator", [3, 3, 2, 11]),
        course(trial, "bayesian", [9, 10]),
    ]
    console = Console(width=130, record=True, file=io.StringIO())
    for table in tables_of(rows_of(courses, "estimator", SECONDS_PER_SHOT)):
        console.print(table)
    shown = console.export_text()
    assert "…" not in shown
    assert "policy:behind-frog" in shown
    assert "bayesian (first 2)" in shown
    assert "minus estimator" in shown
    assert "left the work to the agent behind it: policy:behind-frog on 1 of 4, estimator on 1 of 4," in shown


def test_wilson_interval_as_published() -> None:
    """Newcombe, Stat. Med. 17, 857 (1998), table I, method 3: 81 of 263 and 15 of 148."""
    assert_close(wilson_lower(81, 263), 0.2553, rel=2e-4)
    assert_close(wilson_lower(15, 148), 0.0624, rel=1e-3)
    assert wilson_lower(0, 20) == 0.0


@pytest.mark.parametrize("statistic", [np.median, np.mean])
def test_an_interval_holds_its_statistic_and_is_repeatable(
    statistic: Callable[..., Any], rng: np.random.Generator
) -> None:
    values = rng.integers(2, 12, 50)
    low, high = bootstrap_interval(values, statistic, 1)
    assert low <= statistic(values) <= high
    assert bootstrap_interval(values, statistic, 1) == [low, high]


def test_the_interval_of_a_mean_is_about_two_standard_errors(rng: np.random.Generator) -> None:
    values = rng.standard_normal(400)
    low, high = bootstrap_interval(values, np.mean, 1)
    assert_close(high - low, 2 * 1.96 * values.std() / 20, rel=0.1)


def test_every_agent_has_a_colour_of_its_own() -> None:
    assert set(COLOURS) == set(NAMES)
    colours = colours_of((*NAMES, "policy:a", "policy:b", "alone:c"))
    assert len(set(colours.values())) == len(NAMES) + 3
