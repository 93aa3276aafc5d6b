"""The fault matrix: each fault, each driver. A typed error in time, or the truth; never a wrong value."""

import time

import pytest

from drivers.emulators.faults import KINDS, Fault
from drivers.errors import InstrumentError
from tests.drivers.zoo import SPECIMENS, Specimen

TIMEOUT_S = 0.4
LIMIT_S = 8.0
"""A time-out, the recovery's attempts and what a busy machine adds; not a speed, but the end of all patience."""

CASES = [
    pytest.param(specimen, kind, id=f"{specimen.kind.__name__}-{kind}")
    for specimen in SPECIMENS
    for kind in KINDS
    if kind not in specimen.spared
]


@pytest.mark.parametrize(("specimen", "kind"), CASES)
def test_no_wrong_value_is_ever_returned(specimen: Specimen, kind: str) -> None:
    with specimen.serve(TIMEOUT_S) as (driver, at):
        assert _true(specimen, specimen.read(driver))
        at.inject(Fault(kind, seconds=2 * TIMEOUT_S if kind in {"late", "deaf"} else 0.2))  # type: ignore[arg-type]
        for _ in range(3):
            _read_or_typed_error(specimen, driver)
        at.heal()
        _heals(specimen, driver)


@pytest.mark.parametrize(("specimen", "kind"), CASES)
def test_a_set_is_confirmed_or_fails(specimen: Specimen, kind: str) -> None:
    if specimen.write is None:
        pytest.skip(f"{specimen.kind.__name__} sets nothing")
    with specimen.serve(TIMEOUT_S) as (driver, at):
        assert _true(specimen, specimen.read(driver))
        at.inject(Fault(kind, seconds=2 * TIMEOUT_S if kind in {"late", "deaf"} else 0.2))  # type: ignore[arg-type]
        start_s = time.monotonic()
        try:
            specimen.write(driver)
        except InstrumentError:
            assert time.monotonic() - start_s < LIMIT_S
        at.heal()
        deadline_s = time.monotonic() + LIMIT_S
        while True:  # a power cycle is told once, as a lost set point
            try:
                specimen.write(driver)
                break
            except InstrumentError:
                assert kind == "interlock" or time.monotonic() < deadline_s
                if kind == "interlock":
                    break


def _read_or_typed_error(specimen: Specimen, driver: object) -> None:
    start_s = time.monotonic()
    try:
        value = specimen.read(driver)
    except InstrumentError:
        assert time.monotonic() - start_s < LIMIT_S
    else:
        assert _true(specimen, value), f"{value} instead of {specimen.truth}, and nobody was told"


def _heals(specimen: Specimen, driver: object) -> None:
    """Within a few tries the truth is read again."""
    for attempt in range(8):
        try:
            assert _true(specimen, specimen.read(driver))
        except InstrumentError:
            if attempt == 7:
                raise
            time.sleep(0.1)
        else:
            return


def _true(specimen: Specimen, value: float) -> bool:
    return abs(value - specimen.truth) <= 1e-6 * abs(specimen.truth)
