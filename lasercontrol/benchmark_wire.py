"""How fast instruments are asked over a wire: through link and driver, beside a bare socket that says the same bytes.

The instruments are emulated in a process of their own. The two sides take turns call by call, and what is given is
the median: a busy machine slows both.
"""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import cycle
from statistics import median

import numpy as np
from rich.table import Table

from drivers.instrument import ScpiInstrument
from drivers.link import Identity
from drivers.pm100 import PM100
from lasercontrol.benchmark_twin import TRACE_POINTS, TwinProcess

__all__ = ["WIRE_BARS", "add_wire_rows", "wire_speed"]

WIRE_BARS = {"query_ratio": 0.5, "steps_per_s": 1_000.0, "block_times": 1.5}
"""A query's rate as a share of a bare socket's, and checked steps per second: at least. The time of a trace of 400 kB
as a multiple of a bare socket's: at most."""

BLOCK_BYTES = len(b"#6400008") + 8 * TRACE_POINTS + len(b"\n")

Work = Callable[[], float]


class _Trace(ScpiInstrument):
    """The instrument with the long trace."""

    identity = Identity(pattern="BENCHMARK,TRACE")

    def trace(self) -> float:
        """Ask for it, and give its last sample."""
        return float(np.frombuffer(self.link.query_block("TRAC?"), "<f8")[-1])


def wire_speed(rounds: int = 9, slice_s: float = 0.1) -> dict[str, float]:
    """Rates, times and what WIRE_BARS bounds, from so many rounds in which every kind of work has slice_s."""
    with TwinProcess() as twin:
        found = [_round(twin, slice_s) for _ in range(rounds)]
    times = {f"{name}_s": median(one[name] for one in found) for name in found[0]}
    return times | {
        "query_ratio": median(one["bare_query"] / one["query"] for one in found),
        "steps_per_s": 1 / times["step_s"],
        "block_times": median(one["block"] / one["bare_block"] for one in found),
    }


def add_wire_rows(table: Table, speed: dict[str, float]) -> None:
    """Rows (what, ours, a bare socket's, ratio, bar) of a table."""
    for what, name, ratio in (("query", "query", "query_ratio"), ("trace of 400 kB", "block", "block_times")):
        ours, bare = f"{speed[f'{name}_s'] * 1e6:,.0f} µs", f"{speed[f'bare_{name}_s'] * 1e6:,.0f} µs"
        bar = f"{'at least' if ratio == 'query_ratio' else 'at most'} {WIRE_BARS[ratio]:g}"
        table.add_row(what, ours, bare, f"{speed[ratio]:.2f}", bar)
    bar = f"at least {WIRE_BARS['steps_per_s']:,.0f}/s"
    table.add_row("set, check, read back, measure", f"{speed['step_s'] * 1e6:,.0f} µs", "", "", bar)


def _round(twin: TwinProcess, slice_s: float) -> dict[str, float]:
    """Seconds of each kind of work, which take turns call by call, over connections of this round alone.

    New ones, because the system gives one connection more memory than the next, and keeps to it.
    """
    with _parties(twin) as works:
        calls = max(3, round(len(works) * slice_s / sum(_seconds(work) for work in works.values())))
        found = [[_seconds(work) for work in works.values()] for _ in range(calls)]
    return dict(zip(works, map(median, zip(*found, strict=True)), strict=True))


@contextmanager
def _parties(twin: TwinProcess) -> Iterator[dict[str, Work]]:
    """What is timed, each with its connection open."""
    meter = PM100.at(f"TCPIP::127.0.0.1::{twin.meter_port}::SOCKET", name="meter")
    tracer = _Trace.at(f"TCPIP::127.0.0.1::{twin.trace_port}::SOCKET", name="trace")
    with _bare(twin.meter_port) as bare_meter, _bare(twin.trace_port) as bare_trace:
        block = memoryview(bytearray(BLOCK_BYTES))
        counts = cycle((2, 3))
        try:
            yield {
                "bare_query": lambda: _ask(bare_meter),
                "query": lambda: meter.power_w,
                "step": lambda: _step(meter, next(counts)),
                "bare_block": lambda: _fill(bare_trace, block),
                "block": tracer.trace,
            }
        finally:
            meter.disconnect()
            tracer.disconnect()


def _bare(port: int) -> socket.socket:
    """A bare connection that asks who is there, as a link does: after that, traces come slower (measured: by 40 %)."""
    bare = socket.create_connection(("127.0.0.1", port))
    bare.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    bare.sendall(b"*IDN?\n")
    bare.recv(4096)
    return bare


def _ask(bare: socket.socket) -> float:
    bare.sendall(b"MEAS:POW?\n")
    reply = bare.recv(4096)
    while not reply.endswith(b"\n"):
        reply += bare.recv(4096)
    return float(reply)


def _fill(bare: socket.socket, block: memoryview) -> float:
    bare.sendall(b"TRAC?\n")
    filled = 0
    while filled < BLOCK_BYTES:
        filled += bare.recv_into(block[filled:])
    return float(np.frombuffer(block[8:-1], "<f8")[-1])


def _step(meter: PM100, averages: int) -> float:
    meter.averages = averages
    return meter.power_w


def _seconds(work: Work) -> float:
    """Wall-clock time of one call: an exchange is mostly waiting."""
    start_s = time.perf_counter()
    work()
    return time.perf_counter() - start_s
