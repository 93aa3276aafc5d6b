"""PyMeasure's own driver of the PM100USB, unmodified, over the wire to the emulated one."""

from collections.abc import Iterator
from typing import Any

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import Fault
from drivers.emulators.pm100 import PM100Box
from tests.closeness import assert_close
from tests.drivers.stand import FAST, Served, served

thorlabs = pytest.importorskip("pymeasure.instruments.thorlabs")

# Upstream's base class of this meter warns of itself in every constructor.
pytestmark = pytest.mark.filterwarnings("ignore:It is not known whether this device support SCPI:FutureWarning")


@pytest.fixture
def bench() -> Iterator[tuple[Any, Served]]:
    """Their driver, and where it is connected to."""
    clock = VirtualClock(FAST)
    with served(PM100Box("meter", clock, lambda: 0.184), clock) as at:
        ends = {"read_termination": "\n", "write_termination": "\n"}
        meter = thorlabs.ThorlabsPM100USB(at.resource, visa_library="@py", **ends)
        yield meter, at
        meter.adapter.close()


def test_it_knows_the_head_and_reads_the_power(bench: tuple[Any, Served]) -> None:
    meter, _ = bench
    assert meter.is_power_sensor
    assert not meter.is_energy_sensor
    assert_close(meter.power, 0.184, rel=1e-7)


def test_it_sets_the_wavelength_within_the_heads_range(bench: tuple[Any, Served]) -> None:
    meter, _ = bench
    meter.wavelength = 1030
    assert_close(meter.wavelength, 1030.0, rel=1e-9)
    meter.wavelength = 1e6  # theirs goes to the end of the range without a word; ours raises OutOfRange
    assert_close(meter.wavelength, meter.wavelength_max, rel=1e-9)


def test_it_takes_over_range_for_a_power(bench: tuple[Any, Served]) -> None:
    """Upstream gives SCPI's code for over range as if it were watts; `drivers.pm100` raises OverRange."""
    meter, at = bench
    at.inject(Fault("over_range"))
    assert_close(meter.power, 9.9e37, rel=1e-9)
