"""PyMeasure's own driver of the 2400, unmodified, over the wire to the emulated one."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.keithley2400 import Keithley2400Box
from tests.closeness import assert_close
from tests.drivers.stand import FAST, served

keithley = pytest.importorskip("pymeasure.instruments.keithley")


@pytest.fixture
def bench() -> Iterator[tuple[Any, Keithley2400Box]]:
    """Their driver, and what it is connected to."""
    clock = VirtualClock(FAST)
    box = Keithley2400Box("source", clock)
    with served(box, clock) as at:
        ends = {"read_termination": "\n", "write_termination": "\n"}
        smu = keithley.Keithley2400(at.resource, visa_library="@py", **ends)
        yield smu, box
        smu.adapter.close()


def test_it_sources_and_measures(bench: tuple[Any, Keithley2400Box]) -> None:
    smu, box = bench
    assert "MODEL 2400" in smu.id
    smu.source_mode = "current"
    smu.source_current_range_auto_enabled = True
    smu.compliance_voltage = 3.0
    smu.source_current = 0.2
    smu.source_enabled = True
    assert (smu.source_mode, smu.source_enabled, smu.compliance_voltage) == ("current", True, 3.0)
    assert_close(smu.current, 0.2, rel=1e-6)
    assert_close(smu.voltage, 1.41, rel=1e-6)
    everything = smu.measure_all()
    assert_close(everything["current"], 0.2, rel=1e-6)
    assert_close(everything["voltage"], 1.41, rel=1e-6)
    assert everything["status"] == 0
    assert_close(box.emission_current_a, 0.2, rel=1e-9)
    assert smu.check_errors() == []


def test_it_ramps_and_shuts_down(bench: tuple[Any, Keithley2400Box]) -> None:
    smu, box = bench
    smu.source_mode = "current"
    smu.source_enabled = True
    smu.ramp_to_current(0.1, steps=3, pause=0.0)
    assert_close(smu.source_current, 0.1, rel=1e-6)
    assert_close(box.emission_current_a, 0.1, rel=1e-9)
    smu.shutdown()
    until_s = time.monotonic() + 10.0  # it asks nothing at the end: its last words may still be on the way
    while box.emission_current_a and time.monotonic() < until_s:
        time.sleep(0.01)
    assert box.emission_current_a == 0


def test_its_measurement_switches_the_output_on(bench: tuple[Any, Keithley2400Box]) -> None:
    """As the manual says of `:MEAS?` (page 17-5); upstream warns of it nowhere. Ours asks `:READ?`, output on."""
    smu, box = bench
    smu.source_mode = "current"
    smu.source_current = 0.2
    assert box.emission_current_a == 0
    _ = smu.current
    assert_close(box.emission_current_a, 0.2, rel=1e-9)
