"""A CSV log of another rack to a log of this program: read in a child process with limits, written as HDF5.

What the file does not say is not made up: a channel that it lacks is not in the log, a log without dates says so, and
what it was judged by is left to who judges it.
"""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lasercontrol.errors import CallerError, InputFileError, LogError
from lasercontrol.telemetry.csv_columns import CHANGE
from lasercontrol.telemetry.csv_grid import blocks_of, schema_of
from lasercontrol.telemetry.csv_rows import Readings, read_csv
from lasercontrol.telemetry.import_call import ImportCall
from lasercontrol.telemetry.row import Schema

__all__ = ["Imported", "import_csv"]

MEMORY_BYTES = 6_000_000_000
CPU_S = 600


@dataclass(frozen=True, slots=True)
class Imported:
    """What was imported, for people and as JSON."""

    sentences: tuple[str, ...]
    summary: dict[str, Any]


def import_csv(call: ImportCall) -> Imported:
    """Make a log of a CSV file. Raises InputFileError with file and line, and LogError where `out` exists."""
    if call.out.exists():
        raise LogError(call.out, "exists already; nothing was replaced.")
    if not call.out.parent.is_dir():
        raise LogError(call.out, "its folder does not exist.")
    if not call.path.is_file():
        raise InputFileError(call.path, None, "there is no such file.")
    making = call.out.with_name(f"{call.out.name}.importing")
    try:
        told = _in_child(call, making)
        _given_its_name(making, call.out)
    except FileExistsError:
        raise LogError(call.out, "exists already; nothing was replaced.") from None
    finally:
        making.unlink(missing_ok=True)
    return Imported(tuple(told["sentences"]), {**told["summary"], "out": str(call.out)})


def _given_its_name(making: Path, out: Path) -> None:
    """Unlike a rename, never over a file that came meanwhile, where the disk can do so."""
    try:
        os.link(making, out)
    except FileExistsError:
        raise
    except OSError:
        making.replace(out)


def _in_child(call: ImportCall, making: Path) -> dict[str, Any]:
    words = json.dumps(asdict(call) | {"path": str(call.path.absolute()), "out": str(making.absolute())})
    command = [sys.executable, "-P", "-m", "lasercontrol.telemetry.csv_import"]
    try:
        child = subprocess.run(command, input=words, capture_output=True, text=True, timeout=2 * CPU_S, check=False)  # noqa: S603
        told: dict[str, Any] = json.loads(child.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, ValueError):
        raise InputFileError(call.path, None, "cannot be read: it takes too long or too much memory.") from None
    if "refused" in told:
        raise InputFileError(call.path, told["line"], told["refused"])
    return told


# ---------------------------------------------------------------------------------------------- inside the child


def _told(readings: Readings, schema: Schema, out: Path) -> dict[str, Any]:
    moments = np.unique(np.frombuffer(readings.time_s)) / 3600
    hours = float(moments[-1] - moments[0])
    names = ", ".join(f"{channel.name} [{channel.unit}]" for channel in schema.channels)
    drive = schema.lasers[0].drive
    kept = "light" if drive == "power" else "current"
    dates = "with dates" if schema.recipe["imported"]["dated"] else "in hours of life, without dates"
    size = f"{len(schema.lasers)} lasers, {len(readings.time_s)} readings over {hours:,.0f} h {dates}"
    words = [f"{size}: {names}; {kept} kept constant."]
    if [channel.name for channel in schema.channels] == [CHANGE]:
        words.append("It holds a change in per cent and no recipe: a report judges it at 10 %.")
    summary = {
        "lasers": len(schema.lasers),
        "readings": len(readings.time_s),
        "hours": hours,
        "drive": schema.lasers[0].drive,
    }
    return {"sentences": words, "summary": {**summary, "bytes": out.stat().st_size}}


def _limit() -> None:
    if sys.platform == "win32":
        return
    import resource

    for what, limit in ((resource.RLIMIT_CPU, CPU_S), (resource.RLIMIT_AS, MEMORY_BYTES), (resource.RLIMIT_CORE, 0)):
        resource.setrlimit(what, (limit, limit))


def _main() -> None:
    from lasercontrol.telemetry.hdf5_file import write_log

    words = json.loads(sys.stdin.read())
    call = ImportCall(**words | {"path": Path(words["path"]), "out": Path(words["out"])})
    try:
        _limit()
        readings = read_csv(call.path, call.mapping, call.zone)
        schema = schema_of(readings, call)
        write_log(call.out, schema, blocks_of(readings, schema, call.path))
        told = _told(readings, schema, call.out)
    except InputFileError as error:
        told = {"refused": error.message, "line": error.line}
    except CallerError as error:
        told = {"refused": str(error), "line": None}
    except MemoryError:
        told = {"refused": "is too large to be read: it takes more than 6 GB.", "line": None}
    except OSError as error:
        told = {"refused": f"cannot be imported: {error.strerror or error}.", "line": None}
    print(json.dumps(told), flush=True)  # noqa: T201 — this is how a child answers


if __name__ == "__main__":
    _main()
