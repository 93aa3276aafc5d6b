"""A shutter and a pump source on the wire: emulated boxes, which know what really comes out, and their drivers."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from drivers.emulators.clock import VirtualClock
from drivers.emulators.sc10 import SC10Box
from drivers.emulators.series4000 import Series4000Box
from drivers.sc10 import SC10
from drivers.series4000 import ITC4000
from lasercontrol.lab_settings import LabSettings
from tests.drivers.stand import FAST, Served, served


class Wired:
    """A shutter and a source on sockets, and the boxes behind them."""

    def __init__(self, shutter_at: Served, source_at: Served, shutter_box: SC10Box, source_box: Series4000Box) -> None:
        self.shutter_at, self.source_at = shutter_at, source_at
        self.shutter_box, self.source_box = shutter_box, source_box
        self.shutter = SC10.at(shutter_at.resource, name="shutter", timeout_s=0.5, reconnect_s=0.2)
        self.source = ITC4000.at(source_at.resource, name="pump", timeout_s=0.5, reconnect_s=0.2)

    @property
    def emits(self) -> bool:
        """Whether light comes out, as the boxes know."""
        return self.shutter_box.is_open and self.source_box.emission_current_a > 0


@contextmanager
def wired() -> Iterator[Wired]:
    clock = VirtualClock(FAST)
    shutter, source = SC10Box("shutter", clock), Series4000Box("pump", clock, model="ITC4005")
    with served(shutter, clock) as shutter_at, served(source, clock) as source_at:
        wire = Wired(shutter_at, source_at, shutter, source)
        try:
            yield wire
        finally:
            wire.shutter.disconnect()
            wire.source.disconnect()


def lab_settings(
    wire: Wired, *, shutter_driver: str = "sc10", shutter_options: dict[str, Any] | None = None
) -> LabSettings:
    """The settings of a bench with this shutter and source; nobody is at the addresses of the other instruments."""
    nobody, nor_here = "TCPIP::127.0.0.1::1::SOCKET", "TCPIP::127.0.0.1::2::SOCKET"
    shutter = {"driver": shutter_driver, "resource": wire.shutter_at.resource, "options": shutter_options or {}}
    instruments = {
        "shutter": {**shutter, "timeout_s": 0.5},
        "pump": {"driver": "itc4000", "resource": wire.source_at.resource, "timeout_s": 0.5},
        "meter": {"driver": "pm100", "resource": nobody},
        "gratings": {"driver": "esp301", "resource": nor_here, "options": {"axis": 1}},
    }
    gratings = {"stage": "gratings", "kind": "glass", "material": "fused silica", "nominal_mm": 10.0}
    return LabSettings.model_validate(
        {
            "name": "bench",
            "instruments": instruments,
            "actuators": {"coarse": [gratings]},
            "diagnostics": {"power": {"instrument": "meter", "nominal_w": 1.0, "ceiling_w": 2.0}},
            "safety": {"shutter": "shutter", "source": "pump", "current_a": 2.0, "temperature_s": 0.0},
        }
    )
