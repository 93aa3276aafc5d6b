"""The twin of a small rack on the ports of this machine, in a thread of this process."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from drivers.emulators.faults import Fault
from lasercontrol.aging.lab_rack import LabRack
from lasercontrol.aging.twin_rack import TwinRack
from lasercontrol.aging_settings import AgingConfig

SPEED = 50.0


def wired(**changes: Any) -> AgingConfig:
    """A laser on an ITC at constant current, one on an ITC at constant power, one on a SourceMeter with a TED."""
    address = {"resource": "TCPIP::127.0.0.1::{}::SOCKET", "timeout_s": 0.3}
    drivers = {
        "ld1": "itc4000",
        "pm1": "pm100",
        "ld2": "itc4000",
        "pm2": "pm100",
        "smu": "keithley2450",
        "ted": "ted4000",
    }
    instruments = {
        name: address | {"driver": driver, "resource": address["resource"].format(port)}  # type: ignore[attr-defined]
        for port, (name, driver) in enumerate(drivers.items(), start=1)
    }
    told: dict[str, Any] = {
        "name": "wired",
        "period_s": 5.0,
        "speed": SPEED,
        "reconnect_s": 0.2,
        "instruments": instruments,
        "lasers": [
            {"id": "A", "current_a": 0.1, "place": {"source": "ld1", "meter": "pm1"}},
            {
                "id": "B", "drive": "power", "current_a": 0.1, "power_w": 0.02,
                "place": {"source": "ld2", "meter": "pm2"},
            },
            {"id": "C", "current_a": 0.1, "place": {"source": "smu", "cooler": "ted"}},
        ],
        "recipe": {
            "ramp": {"rate_a_per_s": 0.005, "step_a": 0.01},
            "settle_s": 30.0,
            "dither": None,
            "stress": {"hours": 0.2, "mount_c": 50.0},
        },
        "limits": {"current_a": {"high": 0.15}, "voltage_v": {"high": 3.0}},
        "twin": {"free_ports": True},
    }  # fmt: skip
    return AgingConfig.model_validate(told | changes)


class Wire:
    """rack: connected. Boxes are worked from the loop's own thread."""

    def __init__(self, twin: TwinRack, rack: LabRack, loop: asyncio.AbstractEventLoop) -> None:
        self.twin, self.rack, self._loop = twin, rack, loop

    def do(self, act: Callable[[], Any]) -> Any:
        """In the twin's thread."""

        async def acted() -> Any:
            return act()

        return asyncio.run_coroutine_threadsafe(acted(), self._loop).result(10.0)

    def inject(self, instrument: str, kind: str, seconds: float = 1.0, count: int = 1) -> None:
        """Make something go wrong."""
        self.do(lambda: self.twin.services[instrument].inject(Fault(kind, seconds, count)))  # type: ignore[arg-type]

    def box(self, instrument: str) -> Any:
        """An emulated instrument."""
        return self.twin.services[instrument].box


@contextmanager
def wire(config: AgingConfig | None = None) -> Iterator[Wire]:
    """Up while the block runs; links are let go at the end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    config = config or wired()

    async def up() -> TwinRack:
        twin = TwinRack(config)
        await twin.start()
        return twin

    twin = asyncio.run_coroutine_threadsafe(up(), loop).result(20.0)
    addresses = {
        name: address.model_copy(update={"resource": twin.services[name].resource})
        for name, address in config.instruments.items()
    }
    rack = LabRack(config.model_copy(update={"instruments": addresses}))
    try:
        rack.connect()
        yield Wire(twin, rack, loop)
    finally:
        rack.close()
        asyncio.run_coroutine_threadsafe(twin.stop(), loop).result(20.0)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(10.0)
        loop.close()
