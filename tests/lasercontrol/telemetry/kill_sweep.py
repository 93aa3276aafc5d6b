"""Kills a writer of a log before every call that changes a file, and looks at what is left.

    python -m tests.lasercontrol.telemetry.kill_sweep store|hdf5 FOLDER [EVERY]

Runs itself again under the shared library of `kill_shim`; every point is a forked process that dies by SIGKILL. Prints
one JSON object.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from lasercontrol.telemetry.frame_codec import Item
from lasercontrol.telemetry.hdf5_builder import build
from lasercontrol.telemetry.hdf5_reading import opened, parts_of, schema_in
from lasercontrol.telemetry.journal import Journal, journals
from lasercontrol.telemetry.row import Event
from lasercontrol.telemetry.store import Store, StoreSettings
from tests.lasercontrol.telemetry.kill_shim import armed, compiled
from tests.lasercontrol.telemetry.log_specimen import SCHEMA, flat, frames_of, held, item, items, same

__all__ = ["Outcome", "sweep"]

ROOT = Path(__file__).parents[3]
COUNT = 24
SIZES = (80, 6)  # of two journals: the first fills a chunk of 60 rows
ROTATE_BYTES = 2500


@dataclass(slots=True)
class Outcome:
    """Of all points: frames acknowledged and lost, read twice or changed; files that cannot be read; the slowest."""

    points: int = 0
    lost: int = 0
    wrong: int = 0
    unreadable: int = 0
    recovery_s: float = 0.0


def sweep(what: str, folder: Path, every: int = 1) -> Outcome:
    """Run the sweep in a process of its own; every: kill at each so many-th call alone."""
    library = compiled(folder)
    environment = os.environ | {"LD_PRELOAD": str(library)}
    command = [sys.executable, "-m", __name__, what, str(folder), str(every)]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr[-2000:])
    return Outcome(**json.loads(done.stdout))


def _until_done(folder: Path, every: int, work: Callable[[Path, int], None], look: Callable[..., None]) -> Outcome:
    outcome = Outcome()
    for torn in (False, True):
        calls = 0
        while True:
            place = folder / "log"
            shutil.rmtree(place, ignore_errors=True)
            place.mkdir()
            said, alive = _dies(work, place, calls, torn=torn)
            if alive:
                break
            outcome.points += 1
            look(place, said, outcome, torn=torn)
            calls += every
    return outcome


def _dies(work: Callable[[Path, int], None], place: Path, calls: int, *, torn: bool) -> tuple[bytes, bool]:
    """What the process said before its death, and whether it did not die."""
    reads, says = os.pipe()
    if work is _builds:
        _lay(place)
    child = os.fork()
    if not child:
        os.close(reads)
        os.dup2(says, 2)  # calls to 0, 1 and 2 are not counted
        armed(calls, torn=torn)
        work(place, 2)
        os._exit(0)
    os.close(says)
    with os.fdopen(reads, "rb") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        raise RuntimeError(said.decode(errors="replace"))
    return said, os.WIFEXITED(status)


# ------------------------------------------------------------------------------------------------------- the store


def _stores(place: Path, says: int) -> None:
    with Store(place, SCHEMA, settings=StoreSettings(hdf5=False, rotate_bytes=ROTATE_BYTES)) as store:
        for seq in range(COUNT):
            store.submit(item(seq))
            store.wait(seq, 10.0)
            os.write(says, bytes([store.acknowledged_seq]))


def _look_at_store(place: Path, said: bytes, outcome: Outcome, *, torn: bool) -> None:
    acknowledged = said[-1] + 1 if said else 0
    if not journals(place):
        outcome.lost += acknowledged
        return
    begin_s = time.monotonic()
    with Store.resume(place, settings=StoreSettings(hdf5=False)) as store:
        last = store.submit(item(COUNT))
        assert last is not None
        store.wait(last, 10.0)
    outcome.recovery_s = max(outcome.recovery_s, time.monotonic() - begin_s)
    found = held(place)
    before = next(at for at, each in enumerate(found) if isinstance(each, Event) and each.kind == "restart")
    outcome.lost += max(0, acknowledged - before)
    outcome.wrong += not same(found[:before], items(before))
    outcome.wrong += [each.seq for each in found] != list(range(before + 2))


# -------------------------------------------------------------------------------------------------------- the HDF5


def _lay(place: Path) -> None:
    for number, size in enumerate(SIZES):
        begin = sum(SIZES[:number])
        Journal(place, SCHEMA, number=number).append(frames_of(size, begin=begin), begin)


def _builds(place: Path, says: int) -> None:
    build(place)
    os.write(says, b"done")


def _look_at_hdf5(place: Path, said: bytes, outcome: Outcome, *, torn: bool) -> None:
    """Half of a superblock's 48 bytes on the disk, which no killed program leaves, cannot be read; nor need it be."""
    if not torn:
        outcome.unreadable += sum(not _reads(path) for path in place.glob("segment-*.h5"))
    begin_s = time.monotonic()
    build(place)
    outcome.recovery_s = max(outcome.recovery_s, time.monotonic() - begin_s)
    outcome.wrong += bool(said) and said != b"done"
    found = [each for path in sorted(place.glob("segment-*.h5")) for each in _inside(path)]
    outcome.wrong += not same(found, items(sum(SIZES)))


def _reads(path: Path) -> bool:
    """Whether a file, finished or not, can be read as far as its mark, with nothing wrong in it."""
    try:
        found = _inside(path)
    except (OSError, ValueError):
        return False
    return not found or same(found, items(len(found), begin=found[0].seq))


def _inside(path: Path) -> list[Item]:
    with opened(path) as file:
        return list(flat(parts_of(file, schema_in(file))))


if __name__ == "__main__":
    what, folder, every = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    pair = (_stores, _look_at_store) if what == "store" else (_builds, _look_at_hdf5)
    sys.stdout.write(json.dumps(asdict(_until_done(folder, every, *pair))))
