"""The wire in `lasercontrol bench`: that it measures, and stops its twin. No speed is asserted."""

import math

import numpy as np
from rich.console import Console
from rich.table import Table

from lasercontrol.benchmark_twin import POWER_W, TwinProcess
from lasercontrol.benchmark_wire import WIRE_BARS, _parties, add_wire_rows, wire_speed
from tests.closeness import assert_close


def test_a_tiny_run_holds_every_figure() -> None:
    speed = wire_speed(rounds=1, slice_s=1e-6)
    assert speed.keys() > WIRE_BARS.keys()
    assert all(value > 0 and math.isfinite(value) for value in speed.values())


def test_both_sides_read_the_same() -> None:
    with TwinProcess() as twin, _parties(twin) as works:
        assert_close(np.array([works[name]() for name in ("bare_query", "query", "step")]), POWER_W, rel=1e-7)
        assert_close(np.array([works[name]() for name in ("bare_block", "block")]), 1.0, rel=1e-12)


def test_the_table_names_each_bar() -> None:
    console = Console(record=True, width=130)
    table = Table("over a wire", "ours", "a bare socket", "ratio", "bar")
    add_wire_rows(table, wire_speed(rounds=1, slice_s=1e-6))
    console.print(table)
    shown = console.export_text()
    assert all(bar in shown for bar in ("at least 0.5", "at most 1.5", "at least 1,000/s"))


def test_the_process_of_the_twin_ends_with_the_context() -> None:
    with TwinProcess() as twin:
        assert twin._process.poll() is None
    assert twin._process.poll() == 0
