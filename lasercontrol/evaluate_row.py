"""Courses as figures: everything that is said about one agent in one scenario, and beside the one it is measured by."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lasercontrol.bench import Floats
from lasercontrol.course import Course
from lasercontrol.lab_time import lab_minutes

__all__ = ["Row", "bootstrap_interval", "rows_of", "wilson_lower"]

Row = dict[str, Any]

SHARES = {90: 0.90, 95: 0.95, 99: 0.99}
SOON = 10
"""Shots within which a laser counts as reached soon."""

RESAMPLES = 2000
Z95 = 1.959964  # standard deviations that hold 95 % of a normal distribution


def rows_of(courses: Sequence[Course], against: str | None, seconds: Mapping[str, float]) -> list[Row]:
    """A row for each course, with what it is beside the agent `against` on the same lasers where that one ran too.

    seconds: per shot, by way of measuring.
    """
    rows = []
    for course in courses:
        rival = next((other for other in courses if other.agent == against and other.task == course.task), None)
        beside = {} if rival is None or rival is course else _beside(course, rival)
        rows.append(_row_of(course, seconds) | beside)
    return rows


def _row_of(course: Course, seconds: Mapping[str, float]) -> Row:
    """One agent alone; only the times differ between equal runs.

    A laser that never got there counts with the budget and one more shot, in means and in lab time too. `setup_s` holds
    what the first laser of an agent pays once: loading, building its model, its first decision.
    """
    trial, scenario = course.trial, course.trial.scenario
    row: Row = {
        "agent": course.agent,
        "scenario": scenario.name,
        "observe": trial.observe,
        "noise": trial.noise,
        "pixel_noise": trial.instruments.camera.pixel_noise,
        "spectrum_error": scenario.spectrum_error,
        "lasers": trial.lasers,
        "shots": course.shots,
    }
    for label, share in SHARES.items():
        shots = course.shots_to(share)
        row |= _shots_row(label, shots, course.shots, trial.seed)
    median = float(np.median(course.shots_to(0.95)))
    row["lab_minutes_95"] = lab_minutes(trial.observe, median, seconds)
    row["mean_fraction"] = float(course.fraction.mean())
    row["worst_mean_fraction"] = float(course.fraction.mean(axis=1).min())
    row["mean_final_fraction"] = float(course.final.mean())
    row["worst_final_fraction"] = float(course.final.min())
    row["mean_travel"] = float(course.travel.mean())
    row["limit_violations"] = course.violations
    row["handed_over"] = course.handed_over
    return row | _times(course)


def _shots_row(label: int, shots: NDArray[np.int64], budget: int, seed: int) -> Row:
    n = len(shots)
    reached, soon = int((shots <= budget).sum()), int((shots <= min(SOON, budget)).sum())
    return {
        f"median_shots_{label}": float(np.median(shots)),
        f"median_shots_{label}_interval": bootstrap_interval(shots, np.median, seed),
        f"mean_shots_{label}": float(shots.mean()),
        f"mean_shots_{label}_interval": bootstrap_interval(shots, np.mean, seed),
        f"p90_shots_{label}": float(np.percentile(shots, 90, method="higher")),
        f"share_{label}": reached / n,
        f"share_{label}_lower": wilson_lower(reached, n),
        f"share_{label}_within_{SOON}": soon / n,
        f"share_{label}_within_{SOON}_lower": wilson_lower(soon, n),
    }


def _times(course: Course) -> Row:
    later = course.decision_s[1:]
    return {
        "cpu_per_decision_s": float(later.mean()) if later.size else None,
        "cpu_per_decision_median_s": float(np.median(later)) if later.size else None,
        "cpu_per_decision_p99_s": float(np.percentile(later, 99)) if later.size else None,
        "setup_s": course.made_s + float(course.decision_s[:1].sum()),
    }


def _beside(course: Course, rival: Course) -> Row:
    """Paired on the lasers that both met: shots to 95 % beyond the rival's; CPU per decision over the rival's."""
    n = min(course.trial.lasers, rival.trial.lasers)
    more = course.shots_to(0.95)[:n] - rival.shots_to(0.95)[:n]
    mine, theirs = (one.decision_s[1:] for one in (course, rival))
    return {
        "against": rival.agent,
        "paired_lasers": n,
        "more_shots_95": float(more.mean()),
        "more_shots_95_interval": bootstrap_interval(more, np.mean, course.trial.seed),
        "cpu_ratio": float(mine.mean() / theirs.mean()) if mine.size and theirs.size else None,
    }


def wilson_lower(hits: int, n: int) -> float:
    """Lower end of the 95 % confidence interval of a share (Wilson, JASA 22, 209 (1927))."""
    p = hits / n
    middle, half = p + Z95**2 / (2 * n), Z95 * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
    return float(max(0.0, (middle - half) / (1 + Z95**2 / n)))


def bootstrap_interval(values: NDArray[Any], statistic: Callable[..., Floats], seed: int) -> list[float]:
    """95 % percentile interval of a statistic of values (n,), which takes an axis (Efron, Ann. Stat. 7, 1 (1979))."""
    drawn = np.random.default_rng(seed).choice(values, (RESAMPLES, len(values)))
    return [float(edge) for edge in np.percentile(statistic(drawn, axis=1), [2.5, 97.5])]
