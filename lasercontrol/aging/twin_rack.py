"""A rack over the wire without a rack: servers on this machine that speak the instruments' protocols, equations behind.

Besides the requests of every twin (`lasercontrol.twin.control`) its control port knows, one JSON object a line:
{"fail": "A03", "mode": "sudden", "size": 0.8, "lasts_h": 2}      a failure begins now
{"disturb": "fibre-step", "laser": "A04", "seconds": 600, "size": 0.9}    the rig does something; no laser: all
{"chamber_c": 28}                                                  set temperature of the chamber
{"truth": true}                                                    what each laser has really lost, and what flows
"""

import asyncio
import math
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import Fault
from drivers.emulators.server import BoxServer
from lasercontrol.aging.twin_boxes import boxes_of
from lasercontrol.aging.twin_diodes import TwinDiodes
from lasercontrol.aging_settings import AgingConfig
from lasercontrol.errors import BenchError, CallerError, ConfigError
from lasercontrol.twin.control import ControlPort
from sim.rig import RigKind
from sim.wear import Mode

__all__ = ["TwinRack", "run"]

REHEARSED = "-twin"
"""What a rehearsal's rack is called besides: its owner and its latch are not those of the real one."""


class RackControl(ControlPort):
    """Failures and disturbances on demand, and the truth."""

    def __init__(self, twin: "TwinRack", stop: Callable[[], None]) -> None:
        super().__init__(twin.services, stop)
        self._twin = twin

    def _own(self, told: dict[str, Any]) -> dict[str, Any]:
        rack = self._twin.diodes.rack
        if "fail" in told:
            how = {"size": told.get("size"), "lasts_h": told.get("lasts_h")}
            rack.fail(self._twin.number(told["fail"]), Mode(told["mode"]), **how)
        elif "disturb" in told:
            end_s = rack.t_s + float(told.get("seconds", math.inf))
            laser = self._twin.number(told["laser"]) if "laser" in told else None
            size = float(told.get("size", 0.0))
            rack.disturb(RigKind(told["disturb"]), start_s=rack.t_s, end_s=end_s, laser=laser, size=size)
        elif "chamber_c" in told:
            rack.set_chamber(float(told["chamber_c"]))
        elif "truth" in told:
            return self._truth()
        else:
            raise ValueError(f"there is no such request; got {', '.join(told) or 'nothing'}")
        return {"ok": True}

    def _truth(self) -> dict[str, Any]:
        twin = self._twin
        lost, modes = twin.diodes.rack.loss(), twin.diodes.rack.modes
        lasers = {
            laser.id: {"loss": float(lost[n]), "mode": modes[n].value, "flowing_a": twin.diodes.flowing[n]()}
            for n, laser in enumerate(twin.config.lasers)
        }
        return {"t_s": twin.diodes.rack.t_s, "lasers": lasers}


class TwinRack:
    """`start` and `stop` run in an event loop. CallerError for a config without instruments; ConfigError for a driver
    without box and a fault of no instrument.
    """

    def __init__(self, config: AgingConfig) -> None:
        if not config.instruments:
            raise CallerError("the config has no `instruments`: there is nothing to be stood in for.")
        self.config, self.clock = config, VirtualClock(config.speed)
        self.diodes = TwinDiodes(config, self.clock)
        self.services = {
            name: BoxServer(box, self.clock, host=config.twin.host, port=_port(config, name))
            for name, box in boxes_of(config, self.diodes, self.clock).items()
        }
        for number, fault in enumerate(config.twin.faults):
            if fault.instrument not in self.services:
                said = f"is {fault.instrument!r}; the instruments are {', '.join(self.services)}."
                raise ConfigError("config", None, f"twin.faults[{number}].instrument", said)
        self.ended = asyncio.Event()
        self.control = RackControl(self, self.ended.set)
        self.control_port = 0
        self._server: asyncio.Server | None = None

    def number(self, laser_id: str) -> int:
        """A laser's position; ValueError for none."""
        ids = [laser.id for laser in self.config.lasers]
        if laser_id not in ids:
            raise ValueError(f"there is no laser {laser_id!r}")
        return ids.index(laser_id)

    async def start(self) -> None:
        """Listen on every port; BenchError where one is taken."""
        try:
            for service in self.services.values():
                await service.start()
            self._server = await self.control.serve(self.config.twin.control_port)
        except OSError as error:
            await self.stop()
            raise BenchError(f"a port of the twin is taken ({error}); perhaps another twin runs.") from error
        self.control_port = self._server.sockets[0].getsockname()[1]
        for fault in self.config.twin.faults:
            inject = self.services[fault.instrument].inject
            asyncio.get_running_loop().call_later(fault.after_s, inject, Fault(fault.kind, fault.seconds, fault.count))

    async def stop(self) -> None:
        """Hang up everywhere."""
        if self._server:
            self._server.close()
        for service in self.services.values():
            with suppress(Exception):  # what never started cannot be stopped
                await service.stop()

    def rewritten(self, path: Path) -> None:
        """The config with the addresses of the twin in it, as a new file. CallerError where it cannot be written."""
        told: dict[str, Any] = self.config.model_dump(mode="json", exclude_unset=True)
        for name, service in self.services.items():
            told["instruments"][name]["resource"] = service.resource
        name = self.config.name
        told["name"] = name if name.endswith(REHEARSED) else name + REHEARSED
        try:
            with path.open("x", encoding="utf-8") as file:
                yaml.safe_dump(told, file, allow_unicode=True, sort_keys=False)
        except OSError as error:
            raise CallerError(f"--rewritten {path}: cannot be written: {error.strerror}.") from error


def run(config: AgingConfig, *, rewritten: Path | None, say: Callable[[str], None]) -> None:
    """Serve until Ctrl-C, terminate or a stop over the control port; tells where everything is."""
    if rewritten and rewritten.exists():
        raise CallerError(f"--rewritten {rewritten}: there is such a file; delete it, or name another.")
    asyncio.run(_until_ended(config, rewritten, say))


async def _until_ended(config: AgingConfig, rewritten: Path | None, say: Callable[[str], None]) -> None:
    twin = TwinRack(config)
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C ends the loop instead
            asyncio.get_running_loop().add_signal_handler(number, twin.ended.set)
    await twin.start()
    try:
        say(f"twin of the rack {config.name}: {len(config.lasers)} lasers, {config.speed:g} times our time:")
        for name, service in twin.services.items():
            say(f"  {name:<16} {config.instruments[name].driver:<14} {service.resource}")
        say(f"  {'control port':<16} {'JSON lines':<14} 127.0.0.1:{twin.control_port}")
        if rewritten:
            twin.rewritten(rewritten)
            say(f"  the config with these addresses is {rewritten}")
        say("  in another terminal: lasercontrol monitor; Ctrl-C here switches the twin off")
        await twin.ended.wait()
    finally:
        await twin.stop()
    say("the twin is switched off.")


def _port(config: AgingConfig, name: str) -> int:
    """The port that the config names, where that is one of this machine; else a free one."""
    if config.twin.free_ports:
        return 0
    parts = config.instruments[name].resource.split("::")
    local = len(parts) > 3 and parts[1] in {"127.0.0.1", "localhost"}
    return int(parts[2]) if local and parts[2].isdigit() else 0
