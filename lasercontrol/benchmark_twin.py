"""Two emulated instruments in a process of their own, to time a link against: a power meter, and one with a long trace.

Started as `python -m lasercontrol.benchmark_twin`: says their ports as one line of JSON, and ends with its input.
"""

import asyncio
import json
import subprocess
import sys
from types import TracebackType
from typing import Self

import numpy as np

from drivers.emulators.clock import VirtualClock
from drivers.emulators.device import Box, ScpiBox
from drivers.emulators.pm100 import PM100Box
from drivers.emulators.server import BoxServer

__all__ = ["POWER_W", "TRACE_POINTS", "TraceBox", "TwinProcess"]

SPEED = 1e6  # virtual seconds for one of ours: no average is waited for
POWER_W = 0.184
TRACE_POINTS = 50_001  # as an optical spectrum analyser's longest trace: 400 kB


class TraceBox(ScpiBox):
    """An instrument with a trace of TRACE_POINTS little-endian doubles, from 0 to 1."""

    idn = "BENCHMARK,TRACE,0,1"

    def teach(self) -> None:
        """The trace, made once."""
        data = np.linspace(0, 1, TRACE_POINTS).astype("<f8").tobytes()
        block = f"#{len(str(len(data)))}{len(data)}".encode() + data
        self.tree.add("TRACe", query=lambda _: block)


async def _serve() -> None:
    clock = VirtualClock(SPEED)
    boxes: tuple[Box, ...] = (PM100Box("meter", clock, lambda: POWER_W), TraceBox("trace", clock))
    servers = [BoxServer(box, clock) for box in boxes]
    for server in servers:
        await server.start()
    sys.stdout.write(json.dumps([server.port for server in servers]) + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


class TwinProcess:
    """The process, from the side of the one who measures; use as a context. `meter_port` and `trace_port` listen."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "lasercontrol.benchmark_twin"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None  # noqa: S101 — opened above
        self.meter_port, self.trace_port = json.loads(self._process.stdout.readline())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        self._process.wait()


if __name__ == "__main__":
    asyncio.run(_serve())
