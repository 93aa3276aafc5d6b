"""PyMeasure's LDC500 driver, as it is, drives the emulated controller.

Upstream: `tec.enabled` expects 1 or 0 as an answer, and `ld.enabled` and `ld.mode` expect words. By the manual (page
4-47) `TOKN` decides it for all of them at once, so that in either mode one of them cannot be read. Here words are on,
and the cooler is switched but not asked. On Ethernet it does not begin the conversation (page 4-10); the test does.
"""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from drivers.emulators.clock import VirtualClock
from drivers.emulators.ldc500 import LDC500Box
from tests.closeness import assert_close
from tests.drivers.stand import FAST, served

srs = pytest.importorskip("pymeasure.instruments.srs")
Error: type[Exception] = pytest.importorskip("pymeasure.errors").Error


@pytest.fixture
def bench() -> Iterator[tuple[Any, LDC500Box]]:
    clock = VirtualClock(FAST)
    box = LDC500Box("diode", clock, lambda current_a: 1.5 + 2.0 * current_a, lambda current_a: 1e-3 * current_a)
    with served(box, clock) as at:
        controller = srs.LDC500Series(at.resource, visa_library="@py", read_termination="\n", write_termination="\n")
        for greeting in ("", "ULOC 1", "TOKN ON"):
            controller.write(greeting)
        yield controller, box
        controller.adapter.close()


def test_it_reads_what_flows(bench: tuple[Any, LDC500Box]) -> None:
    controller, box = bench
    assert controller.id == "Stanford Research Systems,LDC501,s/n098023,ver2.00"
    assert controller.ld.interlock_closed
    controller.ld.current_limit = 200
    controller.ld.current_setpoint = 150
    controller.ld.enabled = True
    assert controller.ld.enabled
    assert controller.ld.mode == "CC"
    while not box.emission_current_a:
        time.sleep(0.001)
    assert_close(controller.ld.current, 150.0, rel=1e-6)
    assert_close(controller.ld.voltage, 1.8, rel=1e-4)
    assert_close(controller.pd.current, 150.0, rel=1e-4)
    assert_close(controller.pd.power, 1.5, rel=1e-4)


def test_its_errors_are_the_box_s(bench: tuple[Any, LDC500Box]) -> None:
    controller, box = bench
    with pytest.raises(Error, match="Error setting value"):
        controller.ld.current_setpoint = 450  # above the limit of 100 mA
    assert box.numbers["SILD"] == 0.0


def test_the_cooler_is_set(bench: tuple[Any, LDC500Box]) -> None:
    controller, box = bench
    controller.tec.enabled = True
    controller.tec.temperature_setpoint = 30.0
    assert box.cooler.on
    assert_close(controller.tec.temperature_setpoint, 30.0, rel=1e-9)
    with pytest.raises(KeyError):  # upstream: the answer is ON
        _ = controller.tec.enabled
