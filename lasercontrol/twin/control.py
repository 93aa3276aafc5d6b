"""The twin's control port: faults on demand, and the truth. One JSON object a line, one answer a line; loopback only.

{"inject": "meter", "kind": "late", "seconds": 2, "count": 1}     {"heal": "meter"} or {"heal": "all"}
{"close_interlock": "pump"}                                       a person closes what has tripped
{"state": true}    emission, shutters, setting, delay, addresses   {"score": true}    the pulse as it really is
{"stop": true}     the twin ends
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from drivers.emulators.faults import Fault
from drivers.emulators.server import Service
from lasercontrol.twin.boxes import Boxes
from lasercontrol.twin.laser import TwinLaser

__all__ = ["Control", "ControlPort"]


@runtime_checkable
class Interlocked(Protocol):
    """A box whose interlock a person can close."""

    def close_interlock(self) -> None:
        """It is closed; nothing comes on by itself."""


class ControlPort:
    """Answers requests, one a line; faults are alike for every twin. services: instrument → who serves it."""

    def __init__(self, services: Mapping[str, Service], stop: Callable[[], None]) -> None:
        self._services, self._stop = services, stop

    async def serve(self, port: int) -> asyncio.Server:
        """Listen on this machine alone."""
        return await asyncio.start_server(self._talk, "127.0.0.1", port)

    def answer(self, line: bytes) -> dict[str, Any]:
        """What a request gives; {"error": …} for one that is none."""
        try:
            told = json.loads(line)
            return self._done(told) if isinstance(told, dict) else {"error": "a request is a JSON object"}
        except KeyError as error:
            return {"error": f"the request has no {error}"}
        except (ValueError, TypeError, OverflowError, RecursionError) as error:
            return {"error": f"{type(error).__name__}: {error}"}

    def _done(self, told: dict[str, Any]) -> dict[str, Any]:
        if "inject" in told:
            fault = Fault(told["kind"], float(told.get("seconds", 1.0)), int(told.get("count", 1)))
            self._service(told["inject"]).inject(fault)
        elif "heal" in told:
            names = list(self._services) if told["heal"] == "all" else [told["heal"]]
            for name in names:
                self._service(name).heal()
        elif "close_interlock" in told:
            box = self._service(told["close_interlock"]).box
            if not isinstance(box, Interlocked):
                raise TypeError(f"{box.name} has no interlock")
            box.close_interlock()
        elif "stop" in told:
            self._stop()
        else:
            return self._own(told)
        return {"ok": True}

    def _own(self, told: dict[str, Any]) -> dict[str, Any]:
        """What only this twin knows."""
        raise ValueError(f"there is no such request; got {', '.join(told) or 'nothing'}")

    def _service(self, name: str) -> Service:
        if name not in self._services:
            raise ValueError(f"there is no instrument {name!r}; there are {', '.join(self._services)}")
        return self._services[name]

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(json.dumps(self.answer(line)).encode() + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError):  # ValueError: a line without end
            pass
        finally:
            writer.close()


class Control(ControlPort):
    """Of a bench; `stop` ends the twin."""

    def __init__(self, boxes: Boxes, laser: TwinLaser, stop: Callable[[], None]) -> None:
        super().__init__(boxes.services, stop)
        self._boxes, self._laser = boxes, laser

    def _own(self, told: dict[str, Any]) -> dict[str, Any]:
        if "score" in told:
            return self._laser.score()
        if "state" in told:
            return self._state()
        said = f"a request has inject, heal, close_interlock, state, score or stop; got {', '.join(told) or 'nothing'}"
        raise ValueError(said)

    def _state(self) -> dict[str, Any]:
        parts = self._laser.parts
        gdd, tod, fod = self._laser.setting()
        return {
            "pulse_energy": self._laser.pulse_energy,
            "shutter_open": parts.open(),
            "seeded": parts.seeded(),
            "source_energy": parts.energy(),
            "delay_ps": parts.delay_ps(),
            "setting": {"gdd_ps2": gdd, "tod_ps3": tod, "fod_ps4": fod},
            "addresses": dict(self._boxes.addresses),
        }
