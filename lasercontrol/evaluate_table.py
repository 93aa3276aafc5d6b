"""The rows of an evaluation as tables for people; more is in the JSON."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.box import SIMPLE
from rich.table import Table

from lasercontrol.evaluate_row import Row

__all__ = ["tables_of"]


def tables_of(rows: list[Row]) -> Iterator[Table]:
    """Two tables per scenario, observation and noise: shots, then what they cost beside another agent.

    `>N` is a figure beyond the budget of N shots: that many lasers never got there.
    """
    for task in dict.fromkeys(_task(row) for row in rows):
        mine = [row for row in rows if _task(row) == task]
        yield _shots_table(mine)
        yield _cost_table(mine)


def _task(row: Row) -> tuple[Any, ...]:
    return row["scenario"], row["observe"], row["noise"]


def _titled(title: str, heads: tuple[str, ...]) -> Table:
    table = Table(title=title, title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("agent")
    for head in heads:
        table.add_column(head, justify="right")
    return table


def _shots_table(rows: list[Row]) -> Table:
    first, most = rows[0], max(row["lasers"] for row in rows)
    noise = "" if first["noise"] == 1 else f", noise x {first['noise']:g} ({first['pixel_noise']:.2g} of a pixel)"
    title = f"{first['scenario']}, {first['observe']}{noise}, {most} lasers: median shots to a share of the best peak"
    heads = ("90 %", "95 % (95 % interval)", "99 %", "90th pct.", "reach 95 %", "mean", "final", "travel", "refused")
    table = _titled(title, heads)
    for row in rows:
        table.add_row(*_shots_cells(row, most))
    return table


def _shots_cells(row: Row, most: int) -> list[str]:
    budget = row["shots"]
    low, high = (_shots(edge, budget) for edge in row["median_shots_95_interval"])
    fewer = f" (first {row['lasers']})" if row["lasers"] < most else ""
    return [
        _short(row["agent"]) + fewer,
        _shots(row["median_shots_90"], budget),
        f"{_shots(row['median_shots_95'], budget)} ({low} to {high})",
        _shots(row["median_shots_99"], budget),
        _shots(row["p90_shots_95"], budget),
        f"{row['share_95']:.0%} (>{row['share_95_lower']:.0%})",
        f"{row['mean_fraction']:.3f}",
        f"{row['mean_final_fraction']:.3f}",
        f"{row['mean_travel']:.2f}",
        str(row["limit_violations"]),
    ]


def _cost_table(rows: list[Row]) -> Table:
    rival = next((row["against"] for row in rows if "against" in row), None)
    ways = tuple(rows[0]["lab_minutes_95"])
    title = f"to 95 %: mean shots, lasers there within ten, minutes in a lab in the median ({' / '.join(ways)})"
    paired = () if rival is None else (f"minus {_short(rival)}",)
    ratio = () if rival is None else ("ratio",)
    table = _titled(title, ("mean shots", *paired, "in 10", "90 % in 10", "lab min", "CPU/decision", *ratio))
    for row in rows:
        table.add_row(*_cost_cells(row, ways, paired=rival is not None))
    if left := [
        f"{_short(row['agent'])} on {row['handed_over']} of {row['lasers']}" for row in rows if row["handed_over"]
    ]:
        table.caption, table.caption_justify = f"left the work to the agent behind it: {', '.join(left)}", "left"
    return table


def _cost_cells(row: Row, ways: tuple[str, ...], *, paired: bool) -> list[str]:
    low, high = row["mean_shots_95_interval"]
    beyond = ">" if row["median_shots_95"] > row["shots"] else ""
    cpu_s, ratio = row["cpu_per_decision_s"], row.get("cpu_ratio")
    cells = [_short(row["agent"]), f"{row['mean_shots_95']:.3g} ({low:.3g} to {high:.3g})"]
    if paired:
        cells.append(_difference(row) if "against" in row else "-")
    cells.append(f"{row['share_95_within_10']:.1%} (>{row['share_95_within_10_lower']:.1%})")
    cells.append(f"{row['share_90_within_10']:.1%}")
    cells.append(beyond + " / ".join(f"{row['lab_minutes_95'][way]:.2g}" for way in ways))
    cells.append("-" if cpu_s is None else _milliseconds(cpu_s))
    if paired:
        cells.append("-" if ratio is None else f"{ratio:.0f}" if ratio > 10 else f"{ratio:.2g}")
    return cells


def _short(agent: str) -> str:
    """A policy's file without its folder."""
    kind, colon, path = agent.partition(":")
    return f"{kind}{colon}{Path(path).stem}" if colon else agent


def _difference(row: Row) -> str:
    low, high = row["more_shots_95_interval"]
    return f"{row['more_shots_95']:+.3g} ({low:+.3g} to {high:+.3g})"


def _shots(shots: float, budget: int) -> str:
    return f">{budget}" if shots > budget else f"{shots:.4g}"


def _milliseconds(seconds: float) -> str:
    return f"{1e3 * seconds:.0f} ms" if seconds > 0.01 else f"{1e3 * seconds:.2g} ms"
