"""Courses as figures, and the figures as a table."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.box import SIMPLE
from rich.table import Table

from lasercontrol.course import Course

__all__ = ["Row", "row_of", "tables_of", "wilson_lower"]

Row = dict[str, Any]

SHARES = {90: 0.90, 95: 0.95, 99: 0.99}
RESAMPLES = 2000
Z95 = 1.959964  # standard deviations that hold 95 % of a normal distribution


def row_of(course: Course) -> Row:
    """Everything that is said about one agent in one scenario; only the two times differ between equal runs.

    A laser that never got there counts with the budget and one more shot. `setup_s` holds what the first laser of an
    agent pays once: loading, building its model, its first decision.
    """
    trial = course.trial
    row: Row = {
        "agent": course.agent,
        "scenario": trial.scenario.name,
        "observe": trial.observe,
        "lasers": trial.lasers,
        "shots": course.shots,
    }
    for label, share in SHARES.items():
        shots = course.shots_to(share)
        reached = shots <= course.shots
        row[f"median_shots_{label}"] = float(np.median(shots))
        row[f"median_shots_{label}_interval"] = median_interval(shots, trial.seed)
        row[f"p90_shots_{label}"] = float(np.percentile(shots, 90, method="higher"))
        row[f"share_{label}"] = float(reached.mean())
        row[f"share_{label}_lower"] = wilson_lower(int(reached.sum()), trial.lasers)
    row["mean_fraction"] = float(course.fraction.mean())
    row["mean_final_fraction"] = float(course.final.mean())
    row["worst_final_fraction"] = float(course.final.min())
    row["mean_travel"] = float(course.travel.mean())
    row["limit_violations"] = course.violations
    later = course.decision_s[1:]
    row["cpu_per_decision_s"] = float(later.mean()) if later.size else None
    row["setup_s"] = course.model_s + float(course.decision_s[:1].sum())
    return row


def wilson_lower(hits: int, n: int) -> float:
    """Lower end of the 95 % confidence interval of a share (Wilson, JASA 22, 209 (1927))."""
    p = hits / n
    middle, half = p + Z95**2 / (2 * n), Z95 * np.sqrt(p * (1 - p) / n + Z95**2 / (4 * n**2))
    return float(max(0.0, (middle - half) / (1 + Z95**2 / n)))


def median_interval(values: NDArray[Any], seed: int) -> list[float]:
    """95 % bootstrap interval of the median of values (n,)."""
    drawn = np.random.default_rng(seed).choice(values, (RESAMPLES, len(values)))
    return [float(edge) for edge in np.percentile(np.median(drawn, axis=1), [2.5, 97.5])]


def tables_of(rows: list[Row]) -> Iterator[Table]:
    """The rows for people, a table per scenario and observation.

    `>N` is a median beyond the budget of N shots: half of the lasers never got there.
    """
    for scenario, observe in dict.fromkeys((row["scenario"], row["observe"]) for row in rows):
        mine = [row for row in rows if (row["scenario"], row["observe"]) == (scenario, observe)]
        title = f"{scenario}, {observe}, {mine[0]['lasers']} lasers: median shots to a share of the best reachable peak"
        table = Table("agent", title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
        for head in ("90 %", "95 % (95 % interval)", "99 %", "90th pct.", "reach 95 %", "mean", "final", "travel"):
            table.add_column(head, justify="right")
        table.add_column("refused", justify="right")
        table.add_column("CPU/decision", justify="right")
        for row in mine:
            table.add_row(*_cells(row))
        yield table


def _cells(row: Row) -> list[str]:
    budget, cpu_s = row["shots"], row["cpu_per_decision_s"]
    low, high = (_shots(edge, budget) for edge in row["median_shots_95_interval"])
    return [
        row["agent"],
        _shots(row["median_shots_90"], budget),
        f"{_shots(row['median_shots_95'], budget)} ({low} to {high})",
        _shots(row["median_shots_99"], budget),
        _shots(row["p90_shots_95"], budget),
        f"{row['share_95']:.0%} (>{row['share_95_lower']:.0%})",
        f"{row['mean_fraction']:.3f}",
        f"{row['mean_final_fraction']:.3f}",
        f"{row['mean_travel']:.2f}",
        str(row["limit_violations"]),
        "-" if cpu_s is None else _milliseconds(cpu_s),
    ]


def _shots(shots: float, budget: int) -> str:
    return f">{budget}" if shots > budget else f"{shots:.4g}"


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.0f} ms" if seconds > 0.01 else f"{1e3 * seconds:.2g} ms"
