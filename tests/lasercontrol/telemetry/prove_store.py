"""Proves at length what the suite proves in short: `make prove-store`, some ten minutes.

Every call of the journal and of the HDF5 writer is the last of one run; then a writer is killed at random, 200 times,
and goes on each time.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from itertools import pairwise
from pathlib import Path

import numpy as np

from lasercontrol.errors import LogError
from lasercontrol.telemetry.hdf5_builder import build
from lasercontrol.telemetry.log_reader import read_log
from lasercontrol.telemetry.row import Block, Event, Row, Schema
from lasercontrol.telemetry.seal import read_seal
from lasercontrol.telemetry.store import Store, StoreSettings
from tests.lasercontrol.telemetry.kill_shim import COMPILER
from tests.lasercontrol.telemetry.kill_sweep import sweep
from tests.lasercontrol.telemetry.log_specimen import schema

__all__ = ["killed_at_random"]

ROOT = Path(__file__).parents[3]
MODULE = "tests.lasercontrol.telemetry.prove_store"  # its own name, also where it is the program
LASERS = 20
RACK = schema(LASERS)
LONGEST_S = 0.7
RESUME_S = 30.0


def row(seq: int, of: Schema = RACK) -> Row:
    """A row whose numbers follow from its seq."""
    values = np.full((len(of.lasers), 5), seq, np.float32)
    quality, phase = np.zeros(values.shape, np.uint8), np.full(len(values), 4, np.uint8)
    return Row(seq, float(seq), 1.7e9 + seq, values, quality, phase, np.full(1, seq, np.float32))


def killed_at_random(folder: Path, kills: int, rng: np.random.Generator) -> dict[str, float]:
    """Let a writer run and kill it, so many times, and count what is lost, twice, or wrong."""
    slowest_s, acknowledged = 0.0, -1
    for _ in range(kills):
        slowest_s_now, last = _one_life(folder, rng.uniform(0.0, LONGEST_S))
        slowest_s, acknowledged = max(slowest_s, slowest_s_now), max(acknowledged, last)
    _finish(folder)
    seqs, wrong = [], 0
    for part in read_log(folder)[1]:
        if isinstance(part, Block):
            seqs.extend(part.seq.tolist())
            wrong += int(np.sum(part.values != part.seq[:, None, None]))
        else:
            seqs.append(part.seq)
            wrong += not (isinstance(part, Event) and part.kind == "restart")
    seals = [read_seal(path) for path in sorted(folder.glob("segment-*.h5"))]
    return {
        "kills": kills,
        "acknowledged": acknowledged + 1,
        "lost": len(set(range(acknowledged + 1)) - set(seqs)),
        "twice": len(seqs) - len(set(seqs)),
        "out_of_order": sum(a >= b for a, b in pairwise(seqs)),
        "wrong_values": wrong,
        "unsealed": sum(seal is None for seal in seals),
        "segments": len(seals),
        "slowest_resume_s": round(slowest_s, 3),
    }


def _finish(folder: Path) -> None:
    """Build what is missing, once the builder that outlived its writer has ended."""
    until_s = time.monotonic() + 10 * RESUME_S
    while True:
        try:
            build(folder)
        except LogError:
            if time.monotonic() > until_s:
                raise
            time.sleep(0.1)
        else:
            return


def _one_life(folder: Path, lives_s: float) -> tuple[float, int]:
    """Seconds that the writer took to go on, and the last seq that it said was acknowledged."""
    command = [sys.executable, "-m", MODULE, str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as child:
        assert child.stdout
        first = child.stdout.readline()
        time.sleep(lives_s)
        child.kill()
        lines = child.stdout.read().splitlines()
    whole = [line for line in lines if line.endswith(b".")]
    return float(first), int(whole[-1][:-1]) if whole else -1


def _write(folder: Path) -> None:
    """Log rows as fast as they are acknowledged, until killed."""
    begin_s = time.monotonic()
    settings = StoreSettings(rotate_bytes=1_000_000)
    store = Store.resume(folder, settings=settings) if folder.exists() else Store(folder, RACK, settings=settings)
    store.wait(store.next_seq - 1, RESUME_S)
    os.write(1, f"{time.monotonic() - begin_s}\n".encode())
    while True:
        for _ in range(3):
            store.submit(row(store.next_seq))
        store.wait(store.next_seq - 2, RESUME_S)  # some wait at every moment
        os.write(1, f"{store.acknowledged_seq}.\n".encode())
        time.sleep(0.001)


def _prove() -> int:
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if COMPILER:
            for what in ("store", "hdf5"):
                outcome = asdict(sweep(what, folder))
                sys.stdout.write(f"kill before every call, {what}: {json.dumps(outcome)}\n")
                bad += outcome["lost"] + outcome["wrong"] + outcome["unreadable"] + (outcome["recovery_s"] > 10)
        else:
            sys.stdout.write("no C compiler: the sweep over every call is left out\n")
        result = killed_at_random(folder / "random", 200, np.random.default_rng(1))
        sys.stdout.write(f"random kill -9: {json.dumps(result)}\n")
        names = ("lost", "twice", "out_of_order", "wrong_values", "unsealed")
        bad += sum(int(result[name]) for name in names) + (result["slowest_resume_s"] > 10)
    return int(bad > 0)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _write(Path(sys.argv[1]))
    sys.exit(_prove())
