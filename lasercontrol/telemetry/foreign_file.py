"""HDF5 from anywhere: opened in a child process with limits, since a malformed file can crash the library.

The child gives what it finds as frames over a pipe, so that nothing but checked numbers and JSON comes back.
"""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

from lasercontrol.errors import InputFileError
from lasercontrol.telemetry.frame import Frame, FrameKind, FrameReader, framed
from lasercontrol.telemetry.frame_codec import (
    BadPayload,
    block_bytes,
    block_of,
    item_bytes,
    item_of,
    schema_bytes,
    schema_of,
    shape_of,
)
from lasercontrol.telemetry.row import Block, Event, Row, Schema, Sweep

__all__ = ["read_hdf5"]

MEMORY_BYTES = 2_000_000_000
CPU_S = 60
CPU_S_PER_GB = 60
Part = Block | Sweep | Event
SILENCE_S = 30.0  # a child that gives nothing for so long is stopped


def read_hdf5(path: Path, from_seq: int = 0, *, silence_s: float = SILENCE_S) -> tuple[Schema, Iterator[Part]]:
    """What an HDF5 file of this program holds, from from_seq on in the order of seq.

    Raises InputFileError, at once or while going on, where it is none, is malformed, or asks for too much.
    """
    frames = _frames(path, from_seq, silence_s)
    try:
        first = next(frames)
        if first.kind is not FrameKind.SCHEMA:
            raise InputFileError(path, None, "it holds no log.")
        schema = schema_of(first.payload)
    except BadPayload as error:
        raise InputFileError(path, None, f"{error}.") from error
    return schema, _parts(path, frames, schema)


def _parts(path: Path, frames: Iterator[Frame], schema: Schema) -> Iterator[Part]:
    shape = shape_of(schema)
    try:
        for frame in frames:
            part = block_of(frame, shape) if frame.kind is FrameKind.BLOCK else item_of(frame, shape)
            if not isinstance(part, Row):
                yield part
    except BadPayload as error:
        raise InputFileError(path, None, f"{error}.") from error


def _frames(path: Path, from_seq: int, silence_s: float) -> Iterator[Frame]:
    """Frames of the child until it ends in order. Raises InputFileError."""
    command = [sys.executable, "-P", "-m", "lasercontrol.telemetry.foreign_file", str(path.absolute()), str(from_seq)]
    # Filters of HDF5 are shared libraries that a file may ask for: none is loaded.
    environment = os.environ | {"HDF5_PLUGIN_PRELOAD": "::"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environment) as child:  # noqa: S603
        try:
            yield from _until_end(path, child, silence_s)
        finally:
            child.kill()


def _until_end(path: Path, child: "subprocess.Popen[bytes]", silence_s: float) -> Iterator[Frame]:
    assert child.stdout  # noqa: S101 — it was asked for
    pipe = child.stdout.fileno()
    reader = FrameReader(lambda size: os.read(pipe, size))
    while True:
        watch = threading.Timer(silence_s, child.kill)
        watch.start()
        try:
            frame = reader.next(final=True)
        finally:
            watch.cancel()
        if frame is None:
            raise InputFileError(path, None, _ending(child.wait()))
        if frame.kind is FrameKind.END:
            return
        if frame.kind is FrameKind.ERROR:
            raise InputFileError(path, None, f"{json.loads(frame.payload)}.")
        yield frame


def _ending(code: int) -> str:
    if code < 0:
        return f"it cannot be read: HDF5 crashed on it, or it took too long or too much (signal {-code})."
    return f"it cannot be read: its reader ended with status {code}."


# ---------------------------------------------------------------------------------------------- inside the child


def _limit(path: Path) -> None:
    """No more processor time and memory than a real log needs, and no file written."""
    if sys.platform == "win32":
        return
    import resource

    cpu_s = CPU_S + CPU_S_PER_GB * path.stat().st_size // 10**9
    for what, limit in (
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
    ):
        resource.setrlimit(what, (limit, limit))


def _give(path: Path, from_seq: int) -> None:
    from lasercontrol.telemetry.hdf5_reading import opened, parts_of, schema_in

    out = sys.stdout.buffer
    try:
        _limit(path)
        with opened(path) as file:
            schema = schema_in(file)
            out.write(schema_bytes(schema, from_seq))
            for part in parts_of(file, schema, from_seq):
                out.write(block_bytes(part) if isinstance(part, Block) else item_bytes(part, shape_of(schema)))
        out.write(framed(FrameKind.END, 0, b""))
    except Exception as error:  # noqa: BLE001 — whatever HDF5 makes of a malformed file is said to who asked
        words = "it asks for too much memory" if isinstance(error, MemoryError) else _first_line(error)
        out.write(framed(FrameKind.ERROR, 0, json.dumps(words).encode()))
    out.flush()


def _first_line(error: Exception) -> str:
    words = (str(error) or type(error).__name__).splitlines()[0].rstrip(".")
    return words if isinstance(error, BadPayload) else f"it cannot be read as HDF5: {words}"


if __name__ == "__main__":
    _give(Path(sys.argv[1]), int(sys.argv[2]))
    os._exit(0)  # HDF5 may crash while it tidies up
