"""What the benchmark found, for people."""

from collections.abc import Iterator
from typing import Any

from rich.table import Table

from lasercontrol.benchmark_wire import add_wire_rows

__all__ = ["BARS", "DEVICE_BAR", "tables_of"]

BARS = {"single_frog": 1_000, "batched_frog": 1_500, "batched_shg": 10_000}
"""Times the peer's own steps per second, per lane and step."""

DEVICE_BAR = 2_000_000
"""Lanes with FROG per second on one data-centre card."""


def tables_of(result: dict[str, Any]) -> Iterator[Table]:
    """Steps, stages, thinking, device, wire; what was not measured is left out."""
    yield _steps_table(result)
    stages = Table("µs per lane", *result["stages_us"]["1"], caption="what a step with FROG is made of")
    for lanes, parts in result["stages_us"].items():
        stages.add_row(f"{lanes} lane{'s' * (lanes != '1')}", *(f"{value:.1f}" for value in parts.values()))
    yield stages
    thinking = Table("CPU seconds", "a decision", "the longest", "once beforehand")
    for observe, seconds in result["estimator_s"].items():
        thinking.add_row(f"estimator, {observe}", *(f"{value:.3f}" for value in seconds.values()))
    if result["help_cpu_s"] is not None:
        thinking.add_row("lasercontrol --help", f"{result['help_cpu_s']:.3f}")
    yield thinking
    if result["device"]:
        lanes = Table(result["device"]["name"], "lanes per second", "bar: one data-centre card")
        for what, rate in result["device"]["lanes_per_s"].items():
            lanes.add_row(what.replace("_", " "), f"{rate:,.0f}", f"{DEVICE_BAR:,}")
        yield lanes
    wire = Table("over a wire", "through link and driver", "a bare socket", "ratio", "bar")
    add_wire_rows(wire, result["wire"])
    yield wire


def _steps_table(result: dict[str, Any]) -> Table:
    table = Table("environment", "steps per CPU second and lane", "times gym-laser", "bar")
    for name, rate in result["steps_per_s"].items():
        ratio = result["ratios"].get(name)
        table.add_row(
            name.replace("_", " "),
            f"{rate:,.0f}",
            "" if ratio is None else f"{ratio:,.0f}",
            f"{BARS[name]:,}" if name in BARS else "",
        )
    if result["peer"]:
        table.add_row("gym-laser 0.1.0", f"{1 / result['peer']['step_cpu_s']:,.2f}", "1")
    return table
