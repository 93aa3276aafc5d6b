"""The job behind `lasercontrol twin`: boxes on their ports, until somebody ends it."""

import asyncio
import signal
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import yaml

from drivers.emulators.clock import VirtualClock
from drivers.emulators.faults import Fault
from lasercontrol.config import Config
from lasercontrol.config_file import find_config, load_config, overridden
from lasercontrol.errors import BenchError, CallerError, ConfigError
from lasercontrol.lab_settings import FaultSettings
from lasercontrol.twin.boxes import NOMINAL_A, Boxes
from lasercontrol.twin.control import Control
from lasercontrol.twin.laser import TwinLaser

__all__ = ["DEFAULT_SEED", "Twin", "run", "twin_config"]

DEFAULT_SEED = 1
REHEARSED = "-twin"
"""What a rehearsal's bench is called besides: its owner and its latch are not those of the real one."""

HEADER = """# Made by lasercontrol twin for a rehearsal. NOT for instruments: it switches its laser on by itself
# (safety.switch_on, switch_off, current_a), and its addresses are those of the twin while it runs.
"""
Say = Callable[[str], None]


class Twin:
    """Boxes, laser, clock and control port of a config; `start` and `stop` run in an event loop.

    Raises CallerError where the config has no `lab`; ConfigError for an instrument without box, a fault of none.
    """

    def __init__(self, config: Config, seed: int | None = None) -> None:
        if config.lab is None:
            raise CallerError("the config has no `lab` section: there are no instruments to be stood in for.")
        for number, fault in enumerate(config.twin.faults):
            if fault.instrument not in config.lab.instruments:
                said = f"is {fault.instrument!r}; the instruments are {', '.join(config.lab.instruments)}."
                raise ConfigError("config", None, f"twin.faults[{number}].instrument", said)
        self.config = config
        self.seed = next(known for known in (seed, config.session.seed, DEFAULT_SEED) if known is not None)
        self.clock = VirtualClock(config.twin.speed)
        self.laser = TwinLaser(config, self.seed)
        self.boxes = Boxes(config, self.laser, self.clock)
        self.ended = asyncio.Event()
        self.control = Control(self.boxes, self.laser, self.ended.set)
        self.control_port = 0
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen on every port; BenchError where one is taken."""
        try:
            for service in self._services():
                await service.start()
            self._server = await self.control.serve(self.config.twin.control_port)
        except OSError as error:
            await self.stop()
            raise BenchError(f"a port of the twin is taken ({error}); perhaps another twin runs.") from error
        self.control_port = self._server.sockets[0].getsockname()[1]
        for fault in self.config.twin.faults:
            asyncio.get_running_loop().call_later(fault.after_s, self._inject, fault)

    async def stop(self) -> None:
        """Hang up everywhere."""
        if self._server:
            self._server.close()
        for service in self._services():
            with suppress(Exception):  # what never started cannot be stopped
                await service.stop()

    def rewritten(self, path: Path) -> None:
        """The config with the addresses of the twin in it, as a new file; runs switch its light on and off themselves.

        At a real bench a person may do that, at the twin there is none.
        """
        told: dict[str, Any] = self.config.model_dump(mode="json", exclude_none=True)
        for instrument, resource in self.boxes.addresses.items():
            told["lab"]["instruments"][instrument]["resource"] = resource
        name = told["lab"]["name"]
        told["lab"]["name"] = name if f"-{name}".endswith(REHEARSED) else name + REHEARSED
        told["lab"]["safety"] |= {"switch_on": True, "switch_off": True}
        told["lab"]["safety"].setdefault("current_a", NOMINAL_A)
        try:
            with path.open("x", encoding="utf-8") as file:
                file.write(HEADER)
                yaml.safe_dump(told, file, allow_unicode=True, sort_keys=False)
        except OSError as error:
            raise CallerError(f"--rewritten {path}: cannot be written: {error.strerror}.") from error

    def _services(self) -> list[Any]:
        return list(dict.fromkeys(self.boxes.services.values()))

    def _inject(self, fault: FaultSettings) -> None:
        self.boxes.services[fault.instrument].inject(Fault(fault.kind, fault.seconds, fault.count))


def twin_config(
    name: str, *, speed: float | None = None, control_port: int | None = None, host: str | None = None
) -> Config:
    """A config by path or name, with what the command line says of its twin. Raises ConfigError."""
    changes = {
        "--speed": (("twin", "speed"), speed),
        "--port": (("twin", "control_port"), control_port),
        "--host": (("twin", "host"), host),
    }
    config = load_config(find_config(name))
    return overridden(config, {option: change for option, change in changes.items() if change[1] is not None})


def run(config: Config, *, seed: int | None, rewritten: Path | None, say: Say) -> None:
    """Serve until Ctrl-C, terminate or a stop over the control port; tells where everything is."""
    if rewritten and rewritten.exists():
        raise CallerError(f"--rewritten {rewritten}: there is such a file; delete it, or name another.")
    asyncio.run(_until_ended(config, seed, rewritten, say))


async def _until_ended(config: Config, seed: int | None, rewritten: Path | None, say: Say) -> None:
    twin = Twin(config, seed)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows: Ctrl-C ends the loop instead
            loop.add_signal_handler(number, twin.ended.set)
    await twin.start()
    try:
        for line in _welcome(twin):
            say(line)
        if rewritten:
            twin.rewritten(rewritten)
            say(f"  the config with these addresses is {rewritten}; changed in it: lab.name, switch_on, switch_off")
        say("  in another terminal: lasercontrol doctor, lasercontrol optimize; Ctrl-C here switches the twin off")
        await twin.ended.wait()
    finally:
        await twin.stop()
    say("the twin is switched off.")


def _welcome(twin: Twin) -> list[str]:
    assert twin.config.lab is not None  # noqa: S101 — checked on construction
    lines = [f"twin of the bench {twin.config.lab.name}, seed {twin.seed}, {twin.config.twin.speed:g} times our time:"]
    for name, resource in twin.boxes.addresses.items():
        lines.append(f"  {name:<16} {twin.config.lab.instruments[name].driver:<14} {resource}")
    lines.append(f"  {'control port':<16} {'JSON lines':<14} 127.0.0.1:{twin.control_port}")
    if twin.config.twin.host not in {"127.0.0.1", "localhost", "::1"}:
        lines.append(f"  LISTENS AT {twin.config.twin.host}: whoever reaches it can speak to these boxes.")
    return lines
