"""Benches whose instruments the twin stands in for, in this process: boxes on ports, round one laser."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from drivers.emulators.clock import VirtualClock
from drivers.registry import DRIVERS, driver_named
from lasercontrol.config import Config
from lasercontrol.lab.instruments import Instruments
from lasercontrol.twin.boxes import Boxes
from lasercontrol.twin.laser import Parts, TwinLaser
from tests.drivers.stand import FAST, Stand
from tests.lasercontrol.twin.runs import twin_settings

__all__ = ["FRESH", "NOT_STOOD_IN", "SOMEWHERE", "SOURCES", "STOOD_IN", "bench", "laser", "served", "wired"]

SOMEWHERE = "TCPIP::192.0.2.99::5025::SOCKET"  # not of this machine: the twin gives it a free port
ON_BENCH = {"power_meter", "spectrometer", "autocorrelator", "stage", "shutter", "current_source", "shaper"}
SOURCES = [name for name in DRIVERS if "current_source" in driver_named(name).roles]
STOOD_IN = [name for name in DRIVERS if ON_BENCH & set(driver_named(name).roles) and name != "example-plugin"]
VOLTS = "it sources voltage, not current"
FRESH = {"keithley2400": [VOLTS, "the output-enable line is not watched"], "keithley2450": [VOLTS]}
"""What a doctor finds of an instrument that was just switched on."""

NOT_STOOD_IN = [name for name in DRIVERS if name not in STOOD_IN]


def bench(name: str, at: str) -> Config:
    """The packaged twin with one instrument of this driver, in a role that it can fill."""
    it: dict[str, Any] = {"instruments": {"it": {"driver": name, "resource": at}}}
    if name == "dazzler":
        it["instruments"]["it"]["options"] = {"band_thz": [285.0, 297.0], "saved_to": at.removeprefix("dazzler://")}
    used: dict[str, Any] = {
        "power_meter": {"diagnostics": {"shg": {"instrument": "it", "reference_w": 1e-3}}},
        "spectrometer": {"diagnostics": {"spectrometer": {"instrument": "it"}}},
        "autocorrelator": {"diagnostics": {"autocorrelator": {"instrument": "it"}}},
        "stage": {"diagnostics": {"frog": {"stage": "it"}}, "instruments": {"delay_stage": None}},
        "shutter": {"safety": {"seed_shutter": "it"}},
        "current_source": {"safety": {"source": "it", "current_a": 0.05}, "instruments": {"pump": None}},
        "shaper": {"actuators": {"fine": {"instrument": "it"}}, "instruments": {"shaper": None}},
    }
    role = next(role for role in driver_named(name).roles if role in ON_BENCH)
    use = used[role]
    use["instruments"] = use.get("instruments", {}) | it["instruments"]
    return twin_settings(lab=use)


@cache
def laser() -> TwinLaser:
    """One for all: to make it takes longer than most tests here."""
    return TwinLaser(twin_settings(), seed=1)


@contextmanager
def served(config: Config) -> Iterator[tuple[Boxes, Config]]:
    """The boxes of a config on their ports, and the config with their addresses."""
    laser().parts = Parts()
    stand, boxes = Stand(), Boxes(config, laser(), VirtualClock(FAST))
    services = list(dict.fromkeys(boxes.services.values()))
    for service in services:
        stand.wait(service.start())
    assert config.lab
    addressed = {
        name: address.model_copy(update={"resource": boxes.addresses[name]})
        for name, address in config.lab.instruments.items()
    }
    lab = config.lab.model_copy(update={"instruments": addressed})
    try:
        yield boxes, config.model_copy(update={"lab": lab})
    finally:
        for service in services:
            stand.wait(service.stop())
        stand.close()


@contextmanager
def wired(config: Config) -> Iterator[Instruments]:
    """The drivers of a bench, its boxes served."""
    with served(config) as (_, at):
        assert at.lab
        instruments = Instruments(at.lab)
        try:
            yield instruments
        finally:
            instruments.disconnect()
